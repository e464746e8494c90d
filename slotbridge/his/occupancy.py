"""Whose time a visit takes, and the one write that the exclusion constraints judge.

Nobody asks whether a time is free and then takes it. Whoever may put a visit under the
constraints locks the rows of its practitioner, room and device first: two such writes at once
would otherwise each wait for the other's row inside the constraint's check, and PostgreSQL would
end one of them as a deadlock instead of telling it that the time is taken.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from django.db import IntegrityError, models, transaction
from django.db.models import Q, QuerySet

from slotbridge.his.breaches import breach_of
from slotbridge.his.models import Absence, Device, Practitioner, Room, Schedule, Slot, Visit
from slotbridge.his.models.base import time_range

_KINDS: tuple[tuple[str, type[models.Model]], ...] = (
    ("practitioner", Practitioner),
    ("room", Room),
    ("device", Device),
)
_CONSTRAINTS = frozenset(f"visit_no_double_booking_{kind}" for kind, _ in _KINDS)

Owner = Schedule | Slot | Visit


class SlotTaken(Exception):
    """Somebody else has this time: offer another one. `visit_id` is the visit that has it, None
    if that one went away meanwhile.
    """

    def __init__(self, visit_id: int | None) -> None:
        super().__init__(f"taken by visit {visit_id}")
        self.visit_id = visit_id


class NoSlot(Exception):
    """There is nothing to book at this time: no slot, not on this channel, or an absence."""

    def __init__(self, schedule_id: int) -> None:
        super().__init__(f"schedule {schedule_id}")
        self.schedule_id = schedule_id


@dataclass(frozen=True)
class Place:
    """[start, end) on a schedule, and the slot that contains it."""

    schedule: Schedule
    slot: Slot | None
    start: datetime
    end: datetime
    is_absence: bool

    @classmethod
    def of(cls, visit: Visit) -> Self:
        """Where the visit lies already."""
        return cls(visit.schedule, visit.slot, visit.start, visit.end, is_absence=False)

    def is_open_for(self, channel: str) -> bool:
        """Whether there is a slot here, visible on `channel`; "" is reception, which sees all."""
        if self.slot is None or self.is_absence:
            return False
        return not channel or channel in self.slot.channels


def find(schedule: Schedule, start: datetime, end: datetime, *beside: Owner) -> Place:
    """Finds the slot that contains [start, end). Locks the practitioner, room and device of it
    and of the rows `beside`, once and all together, then the slot, so that it is not deleted or
    shortened meanwhile.
    """
    if start >= end:
        raise ValueError("a visit starts before it ends")
    slots = Slot.objects.alias(span=time_range()).filter(
        _same_owners(schedule),
        organisation_id=schedule.organisation_id,
        schedule=schedule,
        span__contains=(start, end),
    )
    # At most one, since slots do not overlap; an order would only mislead the query planner.
    seen = next(iter(slots), None)
    lock_owners(seen or schedule, *beside)
    if seen is not None:
        # Once more: while we waited it may have been changed, or deleted. One opened in its
        # place since is somebody else's next booking.
        again = slots.select_for_update(no_key=True).filter(pk=seen.pk, room=seen.room_id)
        seen = next(iter(again), None)
    absence = Absence.objects.filter(
        _same_owners(seen or schedule),
        Q(clinic=None) | Q(clinic=schedule.clinic_id),
        organisation_id=schedule.organisation_id,
        start__lt=end,
        end__gt=start,
    )
    return Place(schedule, seen, start, end, is_absence=absence.exists())


def lock_owners(*rows: Owner) -> None:
    """Locks the practitioners, rooms and devices of these rows, always in the same order."""
    for kind, model in _KINDS:
        ids = _ids(kind, rows)
        if ids:
            owners = model._default_manager.filter(pk__in=ids).order_by("pk")  # noqa: SLF001 - Django's documented door to a model that is only known as a class
            list(owners.select_for_update(no_key=True).values_list("pk", flat=True))


def lay(visit: Visit, place: Place) -> None:
    """Gives the visit its time and whom it takes; keeps the channels it is exchanged with and
    adds those of the slot (A34, A42). Saves nothing.
    """
    owner = place.slot or place.schedule
    visit.schedule = place.schedule
    visit.clinic_id = place.schedule.clinic_id
    visit.slot = place.slot
    visit.practitioner_id = owner.practitioner_id
    visit.room_id = owner.room_id
    visit.device_id = owner.device_id
    visit.start, visit.end = place.start, place.end
    of_slot = place.slot.channels if place.slot else []
    visit.channels = sorted({*visit.channels, *of_slot} | {visit.origin_channel} - {""})


def save_unclashed(visit: Visit) -> None:
    """Saves the visit as one that holds its time; the database decides. Raises SlotTaken."""
    visit.clash = Visit.Clash.NONE
    try:
        with transaction.atomic():
            visit.save()
    except IntegrityError as error:
        if breach_of(error) not in _CONSTRAINTS:
            raise
        # From None: the database quotes the rows.
        raise SlotTaken(_first(_others(visit).filter(clash=""))) from None


def save_on_free_time(visit: Visit) -> None:
    """As `save_unclashed`, and heeds visits in a clash: no constraint stands for them, but the
    time is not free. Their writers hold the owners' locks, as the caller does. Raises SlotTaken.
    """
    clashing = _first(_others(visit).exclude(clash=""))
    if clashing is not None:
        raise SlotTaken(clashing)
    save_unclashed(visit)


def overlapping(row: Owner, start: datetime, end: datetime) -> QuerySet[Visit]:
    """Visits of whatever status that share a practitioner, room or device with `row` then."""
    return Visit.objects.alias(span=time_range()).filter(
        _same_owners(row), organisation_id=row.organisation_id, span__overlap=(start, end)
    )


def _others(visit: Visit) -> QuerySet[Visit]:
    others = overlapping(visit, visit.start, visit.end).exclude(pk=visit.pk)
    return others.filter(status__in=Visit.ACTIVE)


def _first(visits: QuerySet[Visit]) -> int | None:
    # Sorted here: with a LIMIT the planner would walk a practitioner's visits from the oldest on.
    return min(visits.values_list("start", "pk"), default=(None, None))[1]


def _ids(kind: str, rows: tuple[Owner, ...]) -> set[int]:
    return {key for row in rows if (key := getattr(row, f"{kind}_id")) is not None}


def _same_owners(row: Owner) -> Q:
    same = Q()
    for kind, _ in _KINDS:
        if ids := _ids(kind, (row,)):
            same |= Q(**{f"{kind}__in": ids})
    return same
