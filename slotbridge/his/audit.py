"""Who did what, appended in the transaction that does it."""

from django.db import models

from slotbridge.his.models import AuditEntry, Organisation
from slotbridge.kit import clock


def record(
    *,
    organisation: Organisation,
    actor: str,
    action: str,
    target: models.Model | None,
    **data: object,
) -> None:
    """Appends an entry. `data` names columns, numbers and codes, never a person's data: whoever
    reads the audit may not be allowed to read the record.
    """
    AuditEntry.objects.create(
        organisation=organisation,
        at=clock.now(),
        actor=actor,
        action=action,
        object_kind="" if target is None else str(target._meta.model_name),  # noqa: SLF001 - Django's documented door to a model's description
        object_id=None if target is None else target.pk,
        data=data,
    )
