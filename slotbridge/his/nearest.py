"""Times to offer instead: what is free nearest to a visit that cannot stay where it is."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from slotbridge.his import free
from slotbridge.his.models import Schedule, Visit
from slotbridge.kit import clock

_AROUND = timedelta(days=14)

Offered = tuple[int, datetime, datetime]  # schedule, start, end


def nearest_free(*, visit: Visit, count: int = 3) -> list[Offered]:
    """Up to `count` free times as long as the visit, within two weeks of it and not in the past:
    (schedule id, start, end), the nearest in time first. The same practitioner's (room's,
    device's) in the same clinic; where those are too few, also others' of the clinic.

    Only reads: another may be faster, and booking then raises SlotTaken.
    """
    own = _offers(visit, {visit.schedule_id})
    if len(own) < count:
        clinic = Schedule.objects.filter(clinic=visit.clinic_id, is_active=True)
        others = set(clinic.values_list("pk", flat=True)) - {visit.schedule_id}
        own += _offers(visit, others)[: count - len(own)]
    return own[:count]


def _offers(visit: Visit, schedules: Collection[int]) -> list[Offered]:
    first = max(clock.now(), visit.start - _AROUND)
    slots = free.free_slots(schedules=schedules, start=first, end=visit.start + _AROUND)
    offers = [
        (slot.schedule_id, start, end)
        for slot in slots
        if not slot.service_ids or visit.service_id in slot.service_ids
        for free_start, free_end in slot.free
        for start, end in _pieces(free_start, free_end, visit.end - visit.start)
        if start >= first
    ]
    return sorted(offers, key=lambda offer: (abs(offer[1] - visit.start), offer[1], offer[0]))


def _pieces(
    start: datetime, end: datetime, length: timedelta
) -> Iterator[tuple[datetime, datetime]]:
    while start + length <= end:
        yield start, start + length
        start += length
