"""Schedules and their slots: opened, changed, removed, offered on channels and taken back.

Slots are the HIS's alone (R27). Every function names the days it changed.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Cast

from slotbridge.his import audit, outbox
from slotbridge.his.absences import EmptyTime
from slotbridge.his.breaches import breach_of, unique
from slotbridge.his.free import RESOURCES, Span, active_visits
from slotbridge.his.models import (
    Clinic,
    Device,
    Funding,
    Practitioner,
    Room,
    Schedule,
    Service,
    Slot,
)
from slotbridge.his.occupancy import lock_owners
from slotbridge.his.organisation import known_channel
from slotbridge.kit import clock


class SlotOverlaps(Exception):
    """The time is in another slot of the same practitioner, room or device: choose another.

    `slot_ids` are the slots in the way, in whatever clinic; () if the given times overlap each
    other.
    """

    def __init__(self, slot_ids: Sequence[int]) -> None:
        super().__init__(f"slots in the way: {list(slot_ids)}")
        self.slot_ids = tuple(slot_ids)


class SlotHasVisit(Exception):
    """Refused until these visits are moved or cancelled (A36)."""

    def __init__(self, visit_ids: Sequence[int]) -> None:
        super().__init__(f"visits on the slots: {list(visit_ids)}")
        self.visit_ids = tuple(visit_ids)


class ForeignService(ValueError):
    """The service is of another organisation."""


@transaction.atomic
def add_schedule(
    *,
    clinic: Clinic,
    practitioner: Practitioner | None = None,
    room: Room | None = None,
    device: Device | None = None,
    by: str,
) -> Schedule:
    """Of one practitioner, room or device. Raises NameTaken if the clinic has it already."""
    with unique(
        "one_schedule_of_a_practitioner_in_a_clinic",
        "one_schedule_of_a_room_in_a_clinic",
        "one_schedule_of_a_device_in_a_clinic",
    ):
        schedule = Schedule.objects.create(
            organisation_id=clinic.organisation_id,
            clinic=clinic,
            practitioner=practitioner,
            room=room,
            device=device,
        )
    outbox.record_days(schedule, None)
    audit.record(
        organisation=schedule.organisation, actor=by, action="schedule.add", target=schedule
    )
    return schedule


def _in_the_way(slots: Iterable[Slot]) -> list[int]:
    """Slots that overlap these and share a practitioner, room or device with them."""
    overlapping = Q(pk__in=[])
    for slot in slots:
        shared = Q()
        for kind in RESOURCES:
            if getattr(slot, f"{kind}_id") is not None:
                shared |= Q(**{kind: getattr(slot, f"{kind}_id")})
        overlapping |= Q(start__lt=slot.end, end__gt=slot.start) & shared & ~Q(pk=slot.pk)
    return list(Slot.objects.filter(overlapping).order_by("pk").values_list("pk", flat=True))


@contextmanager
def _judged(slots: Iterable[Slot]) -> Iterator[None]:
    """Runs the block in a savepoint; a slot laid over another becomes SlotOverlaps."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if breach_of(error).startswith("slot_no_overlap_"):
            raise SlotOverlaps(_in_the_way(slots)) from None
        raise


def insert_slots(slots: Sequence[Slot], services: Mapping[Span, Iterable[int]]) -> None:
    """Writes new slots, each limited to the services that `services` names for its time.

    The caller holds the locks of their owners: two who overlap would else each wait for the
    other inside the exclusion constraint. Raises SlotOverlaps; nothing is written then.
    """
    with _judged(slots):
        Slot.objects.bulk_create(slots, batch_size=1000)
    links = Slot.services.through
    links.objects.bulk_create(
        (
            links(slot_id=slot.pk, service_id=service)
            for slot in slots
            for service in services.get((slot.start, slot.end), ())
        ),
        batch_size=1000,
    )


def days_of(schedule: Schedule, slots: Iterable[Slot]) -> set[date]:
    """Dates in the unit's zone that these slots touch: two for a slot over midnight."""
    tz = schedule.clinic.unit.tz
    return {day for slot in slots for day in clock.days_between(slot.start, slot.end, tz)}


def own_services(schedule: Schedule, services: Iterable[Service]) -> list[int]:
    """Their keys. The link table has no organisation, so the database cannot refuse these."""
    services = list(services)
    if any(service.organisation_id != schedule.organisation_id for service in services):
        raise ForeignService(f"schedule {schedule.pk}")
    return [service.pk for service in services]


def _check_times(ranges: Iterable[Span]) -> None:
    for start, end in ranges:
        if start >= end:
            raise EmptyTime(f"{start.isoformat()} to {end.isoformat()}")


@transaction.atomic
def open_slots(
    *,
    schedule: Schedule,
    ranges: Iterable[Span],
    channels: Collection[str] = (),
    services: Iterable[Service] = (),
    room: Room | None = None,
    funding: str = Funding.PRIVATE,
    note: str = "",
    by: str,
) -> list[Slot]:
    """New slots, made by hand: hidden unless `channels` are named (A32). All or none.

    Raises SlotOverlaps, EmptyTime, UnknownChannel.
    """
    ranges = list(ranges)
    _check_times(ranges)
    visible = sorted({known_channel(schedule.organisation_id, code) for code in channels})
    limited_to = own_services(schedule, services)
    room_id = schedule.room_id if room is None else room.pk
    tz = schedule.clinic.unit.tz
    slots = [
        Slot(
            organisation_id=schedule.organisation_id,
            schedule=schedule,
            practitioner_id=schedule.practitioner_id,
            room_id=room_id,
            device_id=schedule.device_id,
            day=clock.day_of(start, tz),
            start=start,
            end=end,
            channels=visible,
            funding=Funding(funding),
            note=note,
        )
        for start, end in ranges
    ]
    lock_owners(*slots)
    insert_slots(slots, dict.fromkeys(ranges, limited_to))
    outbox.record_days(schedule, days_of(schedule, slots))
    audit.record(
        organisation=schedule.organisation,
        actor=by,
        action="slots.open",
        target=schedule,
        slots=[slot.pk for slot in slots],
    )
    return slots


@transaction.atomic
def change_slot(
    *,
    slot: Slot,
    start: datetime | None = None,
    end: datetime | None = None,
    services: Collection[Service] | None = None,
    funding: str | None = None,
    note: str | None = None,
    by: str,
) -> Slot:
    """What is None stays. From now on the slot counts as made by hand: the template leaves it.

    Raises SlotHasVisit if a visit on it would stick out (A36), SlotOverlaps, EmptyTime.
    """
    schedule = slot.schedule
    lock_owners(slot)
    slot = Slot.objects.select_for_update().get(pk=slot.pk)
    days = days_of(schedule, [slot])
    slot.start = start or slot.start
    slot.end = end or slot.end
    _check_times([(slot.start, slot.end)])
    outside = active_visits().filter(Q(start__lt=slot.start) | Q(end__gt=slot.end), slot=slot)
    if sticking_out := list(outside.order_by("pk").values_list("pk", flat=True)):
        raise SlotHasVisit(sticking_out)
    slot.day = clock.day_of(slot.start, schedule.clinic.unit.tz)
    slot.note = slot.note if note is None else note
    slot.funding = slot.funding if funding is None else Funding(funding)
    slot.template_version = None
    with _judged([slot]):
        slot.save()
    if services is not None:
        slot.services.set(own_services(schedule, services))
    outbox.record_days(schedule, days | days_of(schedule, [slot]))
    audit.record(
        organisation=slot.organisation,
        actor=by,
        action="slot.change",
        target=slot,
        start=slot.start.isoformat(),
        end=slot.end.isoformat(),
    )
    return slot


@transaction.atomic
def delete_slots(*, schedule: Schedule, slot_ids: Collection[int], by: str) -> int:
    """How many were there. All or none: SlotHasVisit names the visits that stand in the way.

    A booking locks its slot FOR KEY SHARE or more before it reads it, so it either comes first
    and is seen here, or waits here and finds no slot.
    """
    slots = list(
        Slot.objects.select_for_update().filter(schedule=schedule, pk__in=slot_ids).order_by("pk")
    )
    visits = active_visits().filter(slot__in=slots)
    if on_them := list(visits.order_by("pk").values_list("pk", flat=True)):
        raise SlotHasVisit(on_them)
    found = [slot.pk for slot in slots]
    Slot.objects.filter(pk__in=found).delete()
    outbox.record_days(schedule, days_of(schedule, slots))
    audit.record(
        organisation=schedule.organisation,
        actor=by,
        action="slots.delete",
        target=schedule,
        slots=found,
    )
    return len(found)


def _set_visible(
    schedule: Schedule, slot_ids: Collection[int], channel: str, *, visible: bool, by: str
) -> int:
    code = Cast(Value(channel), Slot._meta.get_field("channels").base_field)  # noqa: SLF001 - Django's documented door
    shown_already = Q(channels__contains=[channel])
    slots = list(
        Slot.objects.select_for_update(no_key=True)
        .filter(~shown_already if visible else shown_already, schedule=schedule, pk__in=slot_ids)
        .order_by("pk")
    )
    changed = [slot.pk for slot in slots]
    function = "array_append" if visible else "array_remove"
    Slot.objects.filter(pk__in=changed).update(
        channels=Func(F("channels"), code, function=function)
    )
    outbox.record_days(schedule, days_of(schedule, slots))
    audit.record(
        organisation=schedule.organisation,
        actor=by,
        action="slots.publish" if visible else "slots.withdraw",
        target=schedule,
        channel=channel,
        slots=changed,
    )
    return len(changed)


@transaction.atomic
def publish_slots(*, schedule: Schedule, slot_ids: Collection[int], channel: str, by: str) -> int:
    """Ticks „Widoczność w serwisie …” (R21); returns how many were hidden there until now."""
    code = known_channel(schedule.organisation_id, channel)
    return _set_visible(schedule, slot_ids, code, visible=True, by=by)


@transaction.atomic
def withdraw_slots(*, schedule: Schedule, slot_ids: Collection[int], channel: str, by: str) -> int:
    """Takes the tick off; returns how many were visible there until now. With visits on them
    too: the free rest is withdrawn, the visits go on being exchanged until they are over (A34).
    """
    return _set_visible(schedule, slot_ids, channel, visible=False, by=by)


@transaction.atomic
def fund_slots(*, schedule: Schedule, slot_ids: Collection[int], funding: str, by: str) -> int:
    """Says who pays for these slots (A66); returns how many said otherwise until now. A visit that
    is on one keeps what it was booked with.
    """
    slots = list(
        Slot.objects.select_for_update(no_key=True)
        .filter(schedule=schedule, pk__in=slot_ids)
        .exclude(funding=Funding(funding))
        .order_by("pk")
    )
    changed = [slot.pk for slot in slots]
    Slot.objects.filter(pk__in=changed).update(funding=funding)
    outbox.record_days(schedule, days_of(schedule, slots))
    audit.record(
        organisation=schedule.organisation,
        actor=by,
        action="slots.fund",
        target=schedule,
        funding=Funding(funding).value,
        slots=changed,
    )
    return len(changed)
