"""The log of who did what on the portal: appended in the transaction of the deed itself."""

from __future__ import annotations

from slotbridge.kit import clock
from slotbridge.portal.models import Clinic, Deed

SYSTEM = "system"


def record(*, by: str, action: str, clinic: Clinic | None = None, **data: object) -> None:
    """`by` is a login, "patient", "mis" or "system"; `data` holds numbers and codes, never a
    person's name, phone number or the like.
    """
    Deed.objects.create(clinic=clinic, at=clock.now(), actor=by, action=action, data=data)
