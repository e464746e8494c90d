"""Visits planned on, or moved to, a slot of which the portal has not heard yet (R23, A42)."""

import pytest

from slotbridge.his import slots, visits
from slotbridge.his.models import Visit
from slotbridge.sandbox import actors
from slotbridge.sandbox.models import Booking as AtPortal
from slotbridge.sandbox.models import Break
from slotbridge.sync.models import Account, ListingDay, VisitTarget
from tests.factories import PatientFactory
from tests.world import CHANNEL, World

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])


def quirk(world, **quirks):
    world.client.quirks = quirks
    world.client.save()


def patient(world):
    return PatientFactory(organisation=world.organisation)


def booked_there(world, start):
    world.settle()
    world.patient_books(start)
    world.settle()
    return Visit.objects.get()


def move(visit, slot):
    visits.move_visit(
        visit=visit, schedule=slot.schedule, start=slot.start, end=slot.end, by="reception"
    )


def writes_of(world, act):
    """What the portal was told by what `act` made due, as paths' last parts."""
    before = len(world.wires.writes())
    act()
    world.settle()
    return [path.rsplit("/", 1)[-1] for _method, path in world.wires.writes()[before:]]


def test_a42_a_portals_visit_moved_to_a_slot_opened_in_the_same_second_is_moved_there(world):
    [here] = world.open(count=1)
    visit = booked_there(world, here.start)

    def open_and_move():
        [new] = world.open(count=1, days=2)
        move(visit, new)

    told = writes_of(world, open_and_move)
    booking = AtPortal.objects.get(status="booked")
    assert booking.start == world.at(2)
    assert booking.patient["email"] == "lucja@example.org", "moved, not cancelled"
    assert not VisitTarget.objects.get().call_patient
    assert told == ["slots", "move"], "no more than has to be said"
    assert world.portal_shows() == [here.start]


def test_a42_a_visit_moves_to_a_new_slot_of_another_doctor(frozen, db):
    world = World(frozen, doctors=2)
    [here] = world.open(count=1)
    visit = booked_there(world, here.start)
    [there] = world.open(count=1, days=2, schedule=world.schedules[1])
    move(visit, there)
    world.settle()
    moved = AtPortal.objects.get(status="booked")
    assert (moved.start, moved.address_id) == (there.start, world.portal.addresses[1].pk)
    assert not VisitTarget.objects.get().call_patient
    world.close()


def test_r23_visits_planned_on_slots_opened_in_the_same_second_are_bookings_not_breaks(world):
    def open_and_plan():
        first, second, _free = world.open(count=3)
        world.plan(first, patient(world))
        world.plan(second, patient(world))

    told = writes_of(world, open_and_plan)
    assert told == ["slots", "book", "book"], "the day once, for both"
    assert [start for start, _ in world.portal_bookings()] == [world.at(1), world.at(1, "09:30")]
    assert world.portal_shows() == [world.at(1, "10:00")]
    assert not Break.objects.exists()
    assert not ListingDay.objects.exclude(problem="").exists()


def test_r23_a_visit_planned_on_a_slot_whose_box_was_just_ticked_is_a_booking(world):
    [slot] = world.open(count=1, visible=False)
    world.settle()

    def tick_and_plan():
        slots.publish_slots(
            schedule=world.schedule, slot_ids=[slot.pk], channel=CHANNEL, by="reception"
        )
        world.plan(slot, patient(world))

    assert writes_of(world, tick_and_plan) == ["slots", "book"]


def test_r23_room_is_made_by_urgent_writes_while_days_wait_for_the_budget(world):
    [known] = world.open(count=1)
    world.settle()
    Account.objects.update(writes_limit=40, writes_left=5)  # less than days leave to visits
    world.open(count=1, days=2)
    world.work()
    assert world.portal_shows() == [known.start]
    slot = world.schedule.slots.get(start=world.at(2))
    assert writes_of(world, lambda: world.plan(slot, patient(world))) == ["slots", "book"]


def test_r23_without_two_writes_left_room_waits_for_the_window_instead_of_lying_open(world):
    [known] = world.open(count=1)
    world.settle()
    reset = Account.objects.get().writes_reset_at
    Account.objects.update(writes_left=1)
    [slot] = world.open(count=1, days=2)
    world.plan(slot, patient(world))
    world.settle()
    assert (world.portal_shows(), world.portal_bookings()) == ([known.start], [])
    world.clock.move_to(reset)
    world.settle()
    assert world.portal_bookings() == [(slot.start, "booked")]


def test_a42_a_move_waits_for_a_portal_that_works_days_off_later(world):
    [here] = world.open(count=1)
    visit = booked_there(world, here.start)
    quirk(world, put_delay_seconds=12)
    [new] = world.open(count=1, days=2)
    move(visit, new)
    world.settle()
    assert world.portal_bookings() == [(here.start, "booked")], "not cancelled at once"
    writes = len([path for _, path in world.wires.writes() if path.endswith("/slots")])
    for _ in range(4):
        world.after(seconds=6)
    assert world.portal_bookings() == [(new.start, "booked")]
    assert not VisitTarget.objects.get().call_patient
    again = len([path for _, path in world.wires.writes() if path.endswith("/slots")])
    assert again == writes, "the day is not told otherwise in between"
    world.after(seconds=15)
    assert world.portal_shows() == [here.start]


def test_r23_a_plan_waits_for_a_portal_that_works_days_off_later(world):
    quirk(world, put_delay_seconds=12)
    [new] = world.open(count=1)
    world.plan(new, patient(world))
    for _ in range(5):
        world.after(seconds=6)
    assert world.portal_bookings() == [(new.start, "booked")]
    assert not Break.objects.exists()


def test_a42_a_move_to_a_time_that_was_wiped_at_the_portal_is_tried_again(world):
    """The portal has lost what it was told: the day is told again before anybody is phoned."""
    here, there = world.open(count=2)
    visit = booked_there(world, here.start)
    actors.doctor_changes_slots(world.address, world.at(1).date(), [])
    told = writes_of(world, lambda: move(visit, there))
    assert world.portal_bookings() == [(there.start, "booked")]
    assert told == ["move", "slots", "move"]
    assert world.portal_shows() == [here.start]


def test_a42_a_move_that_the_portal_never_takes_ends_with_a_call_after_all(world):
    here, there = world.open(count=2)
    visit = booked_there(world, here.start)
    world.fault("moveBooking", "status", status=404, times=None)
    move(visit, there)
    world.settle()
    assert not VisitTarget.objects.get().call_patient
    for _ in range(10):
        world.after(seconds=30)
    assert VisitTarget.objects.get().call_patient
    assert world.visits() == [(there.start, "booked", "")]
    assert world.portal_bookings() == [(there.start, "booked")], "booked anew by the clinic"
