"""When somebody or something is not there: what is free there then is not offered (A35)."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from slotbridge.his import audit, outbox
from slotbridge.his.free import RESOURCES
from slotbridge.his.models import Absence, Clinic, Device, Practitioner, Room, Slot


class EmptyTime(ValueError):
    """The end is not after the start: correct the times."""


def _record(absence: Absence) -> None:
    """Names the days of every schedule that the absence takes time from, in whatever clinic:
    those of the absent one, and those whose slots use the absent room or device.
    """
    (whose,) = (
        {kind: getattr(absence, f"{kind}_id")}
        for kind in RESOURCES
        if getattr(absence, f"{kind}_id") is not None
    )
    slots = Slot.objects.filter(start__lt=absence.end, end__gt=absence.start, **whose)
    touched = Q(**whose) | Q(pk__in=slots.values("schedule"))
    if absence.clinic_id is not None:
        touched &= Q(clinic=absence.clinic_id)
    outbox.record_span(touched, absence.start, absence.end)


@transaction.atomic
def add_absence(
    *,
    practitioner: Practitioner | None = None,
    room: Room | None = None,
    device: Device | None = None,
    clinic: Clinic | None = None,
    start: datetime,
    end: datetime,
    reason: str = Absence.Reason.OTHER,
    note: str = "",
    by: str,
) -> Absence:
    """Of one practitioner, room or device; everywhere, or in `clinic` only. Visits that are
    planned in this time stay: moving them is a decision for people.
    """
    (who,) = (who for who in (practitioner, room, device) if who is not None)
    if start >= end:
        raise EmptyTime(f"{start.isoformat()} to {end.isoformat()}")
    absence = Absence.objects.create(
        organisation=who.organisation,
        practitioner=practitioner,
        room=room,
        device=device,
        clinic=clinic,
        start=start,
        end=end,
        reason=Absence.Reason(reason),
        note=note,
    )
    _record(absence)
    audit.record(
        organisation=absence.organisation,
        actor=by,
        action="absence.add",
        target=absence,
        start=start.isoformat(),
        end=end.isoformat(),
    )
    return absence


@transaction.atomic
def remove_absence(*, absence: Absence, by: str) -> None:
    """Does nothing if somebody has just removed it."""
    present = Absence.objects.select_for_update().filter(pk=absence.pk).first()
    if present is None:
        return
    _record(present)
    audit.record(
        organisation=present.organisation, actor=by, action="absence.remove", target=present
    )
    present.delete()
