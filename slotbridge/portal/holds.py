"""Times held while somebody fills in the form, so that it is not in vain (section 14)."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from slotbridge.kit import clock
from slotbridge.portal import availability, limits, orders
from slotbridge.portal.models import Hold, Resource
from slotbridge.portal.router import DATABASE

KEPT_FOR = timedelta(minutes=10)


def hold_time(
    *, resource: Resource, start: datetime, instead: Hold | None = None, caller: str = ""
) -> Hold:
    """Keeps the free time that begins at `start` for ten minutes; `instead` is given back for it.
    `caller` is the visitor who asks (limits.caller_at), if it is one.

    Under the lock that orders are filed under: no order comes between the look and the hold.
    Raises JustTaken, limits.TooMuch.
    """
    with transaction.atomic(using=DATABASE):
        clinic = orders.lock(resource.clinic_id)
        current = Resource.objects.get(pk=resource.pk)
        current.clinic = clinic
        Hold.objects.filter(resource=current, expires_at__lte=clock.now()).delete()
        if caller:
            limits.judge_hold(clinic=clinic, caller=caller, instead=instead)
        free = availability.find(resource=current, start=start)
        if instead is not None:
            Hold.objects.filter(pk=instead.pk).delete()
        return Hold.objects.create(
            clinic=clinic,
            resource=current,
            day=free.day,
            time=free.time,
            duration=free.duration,
            start=free.start,
            end=free.start + timedelta(minutes=free.duration),
            expires_at=clock.now() + KEPT_FOR,
            caller=caller,
        )


def find(token: str) -> Hold | None:
    """The hold of a form's `token` while it lasts; None for anything else."""
    try:
        named = UUID(token)
    except ValueError:
        return None
    return Hold.objects.filter(token=named, expires_at__gt=clock.now()).first()


def remove_expired() -> int:
    """Only tidies up: an expired hold is in nobody's way. Returns how many there were."""
    count, _by_model = Hold.objects.filter(expires_at__lte=clock.now()).delete()
    return count
