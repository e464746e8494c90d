"""Two active visits never hold the same person or room at one time (promise 2), raced for with
real connections; first shown to happen with the guard taken away.
"""

import threading
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from itertools import combinations

import pytest
from django.db import OperationalError, connection, transaction

from slotbridge.his import occupancy, slots, visits
from slotbridge.his.models import Slot, Visit, VisitEvent
from tests.factories import (
    CHANNEL,
    OTHER_CHANNEL,
    PatientFactory,
    RoomFactory,
    ScheduleFactory,
    SlotFactory,
    VisitFactory,
)
from tests.his.races.together import together, without

pytestmark = pytest.mark.django_db(transaction=True)

HALF = timedelta(minutes=30)
THREADS = 20
ATTEMPTS = 200


@contextmanager
def without_constraint():
    """The guard taken away, and put back whatever happens."""
    with without("his_visit", "visit_no_double_booking_practitioner"):
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("TRUNCATE his_visit CASCADE")


def book(slot, patient, **changed):
    return visits.book_visit(
        **{
            "schedule": slot.schedule,
            "start": slot.start,
            "end": slot.end,
            "patient": patient,
            "by": "anna",
        }
        | changed
    )


def move(visit, slot, **changed):
    return visits.move_visit(
        **{
            "visit": visit,
            "schedule": slot.schedule,
            "start": slot.start,
            "end": slot.end,
            "by": "anna",
        }
        | changed
    )


def slots_in_a_row(schedule, count):
    first = SlotFactory(schedule=schedule)
    return [
        first,
        *(
            SlotFactory(schedule=schedule, start=first.start + n * HALF, end=first.end + n * HALF)
            for n in range(1, count)
        ),
    ]


def overlaps():
    """Pairs of active, unclashed visits that take one practitioner or room at one time."""
    active = list(Visit.objects.filter(status__in=Visit.ACTIVE, clash="").order_by("pk"))
    return [
        (a.pk, b.pk)
        for a, b in combinations(active, 2)
        if (a.practitioner_id == b.practitioner_id or (a.room_id and a.room_id == b.room_id))
        and a.start < b.end
        and b.start < a.end
    ]


def attempts(slot):
    """200 bookings in twenty threads, of different patients, from reception and two portals."""
    patients = PatientFactory.create_batch(THREADS)
    sides = ["", CHANNEL, OTHER_CHANNEL]

    def ten(n):
        outcomes = []
        for m in range(ATTEMPTS // THREADS):
            side = sides[(n + m) % 3]
            try:
                visit = book(slot, patients[n], channel=side, by=side or f"user{n}")
                outcomes.append(visit)
            except visits.SlotTaken as taken:
                outcomes.append(taken)
        return outcomes

    per_thread = together(*(partial(ten, n) for n in range(THREADS)))
    assert not [one for one in per_thread if isinstance(one, Exception)]
    return [outcome for outcomes in per_thread for outcome in outcomes]


def test_two_hundred_attempts_on_one_slot_have_one_winner():
    slot = SlotFactory(channels=[CHANNEL, OTHER_CHANNEL])

    outcomes = attempts(slot)

    (winner,) = (one for one in outcomes if isinstance(one, Visit))
    refusals = [one for one in outcomes if isinstance(one, visits.SlotTaken)]
    assert len(refusals) == ATTEMPTS - 1
    assert {one.visit_id for one in refusals} == {winner.pk}
    assert Visit.objects.get() == winner
    assert VisitEvent.objects.get().visit == winner


def test_the_same_attempts_double_book_without_the_constraint():
    with without_constraint():
        slot = SlotFactory(channels=[CHANNEL, OTHER_CHANNEL])

        outcomes = attempts(slot)

        assert len([one for one in outcomes if isinstance(one, Visit)]) > 1
        assert overlaps()


def test_confirmed_bookings_that_race_are_all_kept_and_one_has_the_time():
    slot = SlotFactory(channels=[CHANNEL, OTHER_CHANNEL])
    patients = PatientFactory.create_batch(8)

    kept = together(
        *(
            partial(book, slot, patient, channel=channel, by=channel, keep_clash=True)
            for patient, channel in zip(patients, [CHANNEL, OTHER_CHANNEL] * 4, strict=True)
        )
    )

    assert sorted(visit.clash for visit in kept) == [""] + ["taken"] * 7
    assert Visit.objects.count() == 8
    assert overlaps() == []


@contextmanager
def slow_writes():
    """Each written visit rests between its row and the check of the exclusion constraint: an
    index on a slow function is filled in between, since the constraint is made after it.
    """
    constraint = ("his_visit", "visit_no_double_booking_practitioner")
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION slowly(bigint) RETURNS bigint IMMUTABLE LANGUAGE plpgsql"
            " AS 'BEGIN PERFORM pg_sleep(0.2); RETURN $1; END'"
        )
        try:
            with without(*constraint):
                cursor.execute("CREATE INDEX slow_index ON his_visit (slowly(id))")
            yield
        finally:
            cursor.execute("DROP INDEX IF EXISTS slow_index")
            cursor.execute("DROP FUNCTION slowly")


@pytest.fixture
def crosswise():
    """Two visits, each to be moved to where the other is."""
    a, b = slots_in_a_row(ScheduleFactory(), 2)
    first, second = VisitFactory(slot=a), VisitFactory(slot=b)
    return partial(move, first, b), partial(move, second, a)


def test_two_visits_moved_crosswise_are_refused_and_never_deadlock(crosswise):
    with slow_writes():
        outcomes = together(*crosswise)

    assert [type(one) for one in outcomes] == [visits.SlotTaken] * 2
    assert {one.visit_id for one in outcomes} == set(Visit.objects.values_list("pk", flat=True))
    assert overlaps() == []


def test_without_locking_whose_time_it_is_they_deadlock(crosswise, monkeypatch):
    monkeypatch.setattr(occupancy, "lock_owners", lambda *_: None)

    with slow_writes():
        outcomes = together(*crosswise)

    assert OperationalError in {type(one) for one in outcomes}
    assert overlaps() == []


def test_crosswise_between_two_practitioners_and_a_shared_room():
    room = RoomFactory()
    a = SlotFactory(room=room)
    b = SlotFactory(schedule=ScheduleFactory(), start=a.end, end=a.end + HALF, room=room)
    first, second = VisitFactory(slot=a), VisitFactory(slot=b)

    for _ in range(5):
        outcomes = together(partial(move, first, b), partial(move, second, a))
        assert [type(one) for one in outcomes] == [visits.SlotTaken] * 2


def test_a_ring_of_moves_over_many_slots_never_deadlocks():
    ring = slots_in_a_row(ScheduleFactory(), 6)
    planned = [VisitFactory(slot=slot) for slot in ring[:5]]

    def go_round(visit, by):
        refusals = 0
        for n in range(10):
            try:
                move(visit, ring[(n * by) % 6])
            except visits.SlotTaken:
                refusals += 1
        return refusals

    outcomes = together(*(partial(go_round, visit, n + 1) for n, visit in enumerate(planned)))

    assert [one for one in outcomes if not isinstance(one, int)] == []
    assert overlaps() == []
    assert Visit.objects.count() == 5


def test_moves_and_bookings_that_race_for_one_slot_have_one_winner():
    target, *others = slots_in_a_row(ScheduleFactory(), 6)
    planned = [VisitFactory(slot=slot) for slot in others]
    patients = PatientFactory.create_batch(5)

    outcomes = together(
        *(partial(move, visit, target) for visit in planned),
        *(partial(book, target, patient) for patient in patients),
    )

    assert [type(one) for one in outcomes].count(Visit) == 1
    assert [type(one) for one in outcomes].count(visits.SlotTaken) == 9
    assert overlaps() == []


def test_a_visit_moved_by_two_at_once_ends_in_one_place():
    start, one, two = slots_in_a_row(ScheduleFactory(), 3)
    visit = VisitFactory(slot=start)

    together(partial(move, visit, one), partial(move, visit, two))

    moves = list(visit.events.order_by("pk").values_list("data", flat=True))
    assert moves[1]["from"] == moves[0]["to"]
    assert Visit.objects.get().slot_id == moves[1]["to"]["slot"]


def test_a_cancellation_and_a_move_at_once_leave_a_story_that_is_true():
    start, target = slots_in_a_row(ScheduleFactory(), 2)
    for _ in range(5):
        visit = VisitFactory(slot=start)

        together(
            partial(visits.cancel_visit, visit=visit, by=CHANNEL), partial(move, visit, target)
        )

        visit.refresh_from_db()
        assert visit.status == "cancelled"
        assert visit.events.order_by("pk").last().kind == "cancelled"


def test_bookings_of_different_parts_of_one_slot_do_not_hinder_each_other():
    slot = SlotFactory(minutes=120)
    patients = PatientFactory.create_batch(8)
    starts = [slot.start + n * timedelta(minutes=15) for n in range(8)]

    outcomes = together(
        *(
            partial(book, slot, patient, start=start, end=start + timedelta(minutes=15))
            for patient, start in zip(patients, starts, strict=True)
        )
    )

    assert [type(one) for one in outcomes] == [Visit] * 8


def test_a_booking_and_the_deletion_of_its_slot_do_not_both_succeed():
    schedule = ScheduleFactory()
    patient = PatientFactory()
    for slot in slots_in_a_row(schedule, 10):
        delete = partial(slots.delete_slots, schedule=schedule, slot_ids=[slot.pk], by="anna")

        booked, deleted = together(partial(book, slot, patient), delete)

        if isinstance(booked, Visit):
            assert isinstance(deleted, slots.SlotHasVisit)
        else:
            assert (type(booked), deleted) == (visits.NoSlot, 1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM his_visit WHERE slot_id IS NULL")
        assert cursor.fetchone() == (0,)


def test_a_booking_waits_for_a_slot_that_is_being_shortened_and_sees_it_short():
    slot = SlotFactory(minutes=60)
    patient = PatientFactory()
    shortened, go_on = threading.Event(), threading.Event()

    def shorten():
        with transaction.atomic():
            slots.change_slot(slot=slot, end=slot.start + HALF, by="anna")
            shortened.set()
            go_on.wait(0.5)

    def book_the_end():
        shortened.wait(10)
        try:
            return book(slot, patient, start=slot.start + HALF, end=slot.end)
        finally:
            go_on.set()

    _, outcome = together(shorten, book_the_end)

    assert isinstance(outcome, visits.NoSlot)


def test_a_slot_deleted_between_being_found_and_being_locked_is_no_slot(monkeypatch):
    slot = SlotFactory()
    lock_owners = occupancy.lock_owners

    def slow(*rows):
        Slot.objects.filter(pk=slot.pk).delete()
        lock_owners(*rows)

    monkeypatch.setattr(occupancy, "lock_owners", slow)

    with pytest.raises(visits.NoSlot):
        book(slot, PatientFactory())


def test_a_question_asked_twice_at_once_is_one_hold():
    slot = SlotFactory(channels=[CHANNEL])
    ask = partial(
        visits.hold,
        schedule=slot.schedule,
        start=slot.start,
        end=slot.end,
        lasting=HALF,
        channel=CHANNEL,
        by=CHANNEL,
    )

    held = together(ask, ask, ask)

    assert len({visit.pk for visit in held}) == 1


def test_an_expired_hold_raced_for_by_many_has_one_winner():
    slot = SlotFactory(channels=[CHANNEL, OTHER_CHANNEL])
    visits.hold(
        schedule=slot.schedule,
        start=slot.start,
        end=slot.end,
        lasting=-HALF,
        channel=CHANNEL,
        by=CHANNEL,
    )
    patients = PatientFactory.create_batch(6)

    outcomes = together(
        visits.remove_expired_holds, *(partial(book, slot, patient) for patient in patients)
    )

    assert isinstance(outcomes[0], int)
    assert [type(one) for one in outcomes[1:]].count(Visit) == 1
    assert [type(one) for one in outcomes[1:]].count(visits.SlotTaken) == 5


def test_a_clash_is_settled_once_while_others_book_and_cancel():
    slot = SlotFactory(channels=[CHANNEL])
    for _ in range(5):
        first, second = PatientFactory.create_batch(2)
        holder = book(slot, first)
        clashing = book(slot, second, channel=CHANNEL, by=CHANNEL, keep_clash=True)

        outcomes = together(
            partial(visits.cancel_visit, visit=holder, by="anna"),
            partial(visits.settle_clash, visit=clashing, by="ola"),
            partial(book, slot, first),
        )

        assert overlaps() == []
        assert {type(one) for one in outcomes} <= {Visit, visits.SlotTaken}
        for left in Visit.objects.filter(status="booked"):
            visits.cancel_visit(visit=left, by="anna")
