from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slotbridge.his.free import FreeSlot, Spans, free_slots
from slotbridge.his.models import Visit
from slotbridge.kit import clock
from tests.factories import (
    CHANNEL,
    OTHER_CHANNEL,
    AbsenceFactory,
    ClinicFactory,
    DeviceFactory,
    HoldFactory,
    PractitionerFactory,
    RoomFactory,
    ScheduleFactory,
    ServiceFactory,
    SlotFactory,
    VisitFactory,
    at_wall,
)

pytestmark = pytest.mark.django_db


def slot_at(schedule, wall, minutes=60, **columns):
    return SlotFactory(
        schedule=schedule, start=at_wall(schedule, 0, wall), minutes=minutes, **columns
    )


def free_of(slot):
    """What is free of the slot, in minutes from its start."""
    (found,) = (
        each
        for each in free_slots(schedules=[slot.schedule_id], start=slot.start, end=slot.end)
        if each.slot_id == slot.pk
    )
    return [
        tuple((instant - slot.start) // timedelta(minutes=1) for instant in span)
        for span in found.free
    ]


def busy(slot, first, last, **columns):
    """A visit from minute `first` to minute `last` of the slot."""
    start = slot.start + timedelta(minutes=first)
    return VisitFactory(schedule=slot.schedule, start=start, minutes=last - first, **columns)


def test_an_untouched_slot_is_free_as_a_whole_and_says_its_services():
    service = ServiceFactory()
    slot = slot_at(ScheduleFactory(), "09:00", services=[service])

    assert free_slots(schedules=[slot.schedule_id], start=slot.start, end=slot.end) == [
        FreeSlot(
            slot_id=slot.pk,
            schedule_id=slot.schedule_id,
            start=slot.start,
            end=slot.end,
            service_ids=frozenset({service.pk}),
            free=((slot.start, slot.end),),
        )
    ]


def test_a_visit_takes_its_time_and_no_minute_more():
    slot = slot_at(ScheduleFactory(), "09:00")
    busy(slot, 20, 40)
    busy(slot, -30, 0)
    busy(slot, 60, 90)

    assert free_of(slot) == [(0, 20), (40, 60)]


def test_a_taken_slot_is_there_with_nothing_free():
    slot = slot_at(ScheduleFactory(), "09:00")
    busy(slot, 0, 30)
    busy(slot, 30, 60)

    assert free_of(slot) == []


@pytest.mark.parametrize("status", [Visit.Status.CANCELLED, Visit.Status.NOSHOW])
def test_a_visit_that_does_not_take_place_takes_no_time(status):
    slot = slot_at(ScheduleFactory(), "09:00")
    busy(slot, 0, 60, status=status)

    assert free_of(slot) == [(0, 60)]


def test_a_clashing_visit_takes_time_too():
    slot = slot_at(ScheduleFactory(), "09:00")
    busy(slot, 0, 30)
    busy(slot, 10, 45, clash=Visit.Clash.TAKEN)

    assert free_of(slot) == [(45, 60)]


def test_a_hold_takes_time_until_it_expires(frozen):
    slot = slot_at(ScheduleFactory(), "09:00")
    HoldFactory(schedule=slot.schedule, start=slot.start, minutes=30)

    assert free_of(slot) == [(30, 60)]
    frozen.shift(timedelta(minutes=10))
    assert free_of(slot) == [(0, 60)]


def test_a_person_is_in_one_place_at_a_time():
    practitioner = PractitionerFactory()
    here = slot_at(ScheduleFactory(practitioner=practitioner), "09:00")
    elsewhere = ScheduleFactory(practitioner=practitioner)
    VisitFactory(schedule=elsewhere, start=at_wall(elsewhere, 0, "09:15"), minutes=15)

    assert free_of(here) == [(0, 15), (30, 60)]


def test_a_room_or_a_device_that_is_in_use_makes_nobody_free():
    room, device = RoomFactory(), DeviceFactory()
    slot = slot_at(ScheduleFactory(), "09:00", room=room, device=device)
    colleague = ScheduleFactory()
    busy(slot, 0, 10, practitioner=colleague.practitioner, room=room)
    busy(slot, 20, 30, practitioner=colleague.practitioner, device=device)

    assert free_of(slot) == [(10, 20), (30, 60)]


@pytest.mark.parametrize("kind", ["practitioner", "room", "device"])
def test_whoever_is_absent_is_not_free(kind):
    slot = slot_at(ScheduleFactory(), "09:00", room=RoomFactory(), device=DeviceFactory())
    who = {"practitioner": None, kind: getattr(slot, kind)}
    AbsenceFactory(**who, start=slot.start - timedelta(days=3), end=slot.start + timedelta(0, 60))

    assert free_of(slot) == [(1, 60)]


def test_an_absence_from_one_clinic_leaves_the_others_alone():
    practitioner = PractitionerFactory()
    here = slot_at(ScheduleFactory(practitioner=practitioner), "09:00")
    there = slot_at(ScheduleFactory(practitioner=practitioner), "10:00")
    AbsenceFactory(
        practitioner=practitioner,
        clinic=here.schedule.clinic,
        start=here.start,
        end=there.end,
    )

    assert free_of(here) == []
    assert free_of(there) == [(0, 60)]


def test_slots_that_only_touch_the_span_are_not_in_it():
    schedule = ScheduleFactory()
    before, inside, after = (slot_at(schedule, wall) for wall in ("08:00", "09:00", "10:00"))

    found = free_slots(schedules=[schedule.pk], start=before.end, end=after.start)

    assert [slot.slot_id for slot in found] == [inside.pk]


def test_a_slot_that_sticks_out_of_the_span_is_told_whole():
    slot = slot_at(ScheduleFactory(), "09:00")
    busy(slot, 50, 60)
    middle = slot.start + timedelta(minutes=20)

    (found,) = free_slots(
        schedules=[slot.schedule_id], start=middle, end=middle + timedelta(minutes=1)
    )

    assert found.free == ((slot.start, slot.start + timedelta(minutes=50)),)


def test_a_channel_sees_its_slots_only():
    schedule = ScheduleFactory()
    shown = slot_at(schedule, "09:00", channels=[CHANNEL, OTHER_CHANNEL])
    slot_at(schedule, "10:00", channels=[OTHER_CHANNEL])
    slot_at(schedule, "11:00")

    found = free_slots(
        schedules=[schedule.pk],
        start=shown.start,
        end=shown.start + timedelta(days=1),
        channel=CHANNEL,
    )

    assert [slot.slot_id for slot in found] == [shown.pk]


def test_no_schedule_has_no_slot():
    assert free_slots(schedules=[], start=clock.now(), end=clock.now()) == []


def test_many_schedules_and_days_are_four_queries(django_assert_num_queries):
    schedules = [ScheduleFactory() for _ in range(3)]
    for schedule in schedules:
        for wall in ("09:00", "10:00"):
            busy(slot_at(schedule, wall), 0, 30)
    start = at_wall(schedules[0], 0, "00:00")

    with django_assert_num_queries(4):
        found = free_slots(
            schedules=[schedule.pk for schedule in schedules],
            start=start,
            end=start + timedelta(days=1),
        )

    assert len(found) == 6


START = datetime(2026, 3, 2, 8, tzinfo=UTC)
span_minutes = st.tuples(st.integers(-10, 70), st.integers(1, 40)).map(
    lambda span: (span[0], span[0] + span[1])
)


def at(minute):
    return START + timedelta(minutes=minute)


def minutes_of(spans):
    return {minute for first, last in spans for minute in range(first, last)}


@settings(deadline=None, max_examples=40)
@given(
    visits=st.lists(st.tuples(span_minutes, st.sampled_from(["practitioner", "room"])), max_size=6),
    absences=st.lists(
        st.tuples(span_minutes, st.sampled_from([None, "here", "there"])), max_size=3
    ),
    cuts=st.sets(st.integers(1, 59), max_size=4),
)
def test_free_is_every_minute_of_a_slot_in_which_nobody_is_busy(visits, absences, cuts):
    schedule, there, room = ScheduleFactory(), ClinicFactory(), RoomFactory()
    other = PractitionerFactory()
    edges = [0, *sorted(cuts), 60]
    for first, last in pairwise(edges):
        SlotFactory(
            schedule=schedule, start=at(first), end=at(last), room=room, day=date(2026, 3, 2)
        )
    for (first, last), kind in visits:
        who = {"practitioner": other, "room": room} if kind == "room" else {}
        VisitFactory(schedule=schedule, start=at(first), end=at(last), clash="taken", **who)
    clinics = {None: None, "here": schedule.clinic, "there": there}
    for (first, last), where in absences:
        AbsenceFactory(
            practitioner=schedule.practitioner,
            clinic=clinics[where],
            start=at(first),
            end=at(last),
        )

    found = free_slots(schedules=[schedule.pk], start=START, end=at(60))

    counted = [where != "there" for _, where in absences]
    taken = minutes_of(span for span, _ in visits) | minutes_of(
        span for (span, _), counts in zip(absences, counted, strict=True) if counts
    )
    free = [
        tuple((instant - START) // timedelta(minutes=1) for instant in span)
        for slot in found
        for span in slot.free
    ]
    assert minutes_of(free) == set(range(60)) - taken
    assert free == sorted(free)
    assert all(first < last for first, last in free)
    # Nothing is cut where nobody is busy: within a slot, pieces never touch.
    for slot in found:
        assert all(a[1] < b[0] for a, b in pairwise(slot.free))


def test_spans_find_what_overlaps_and_not_what_touches():
    hour = [datetime.combine(date(2026, 3, 2), time(n), UTC) for n in range(10)]
    spans = Spans([(hour[3], hour[4]), (hour[1], hour[2]), (hour[4], hour[5]), (hour[7], hour[8])])

    assert spans.within(hour[2], hour[3]) == []
    assert spans.within(hour[1], hour[4]) == [(hour[1], hour[2]), (hour[3], hour[5])]
    assert spans.within(hour[5], hour[7]) == []
    assert spans.within(hour[8], hour[9]) == []
