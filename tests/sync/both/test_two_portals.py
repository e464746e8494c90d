"""H-1 to H-4: one schedule on two portals, and the same minute chosen on both."""

import pytest

from slotbridge.his import visits
from slotbridge.his.models import Visit
from slotbridge.portal import orders as portal_orders
from slotbridge.portal.models import Appointment
from slotbridge.sandbox.models import Break
from tests.both_portals import BothPortals
from tests.factories import PatientFactory

pytestmark = pytest.mark.django_db(databases=["default", "sandbox", "portal"])


@pytest.fixture
def world(db, frozen):
    made = BothPortals(frozen)
    made.open()
    made.settle()
    yield made
    made.close()


def ordered():
    return Visit.objects.get(origin_channel="medihost")


def test_one_schedule_is_offered_on_both(world):
    assert world.portal_shows() == world.medihost_shows() != []


def test_a_booking_on_the_first_closes_the_time_on_the_second_at_once(world):
    start = world.at(1, "09:30")

    world.patient_books(start)
    world.settle()

    assert start not in world.medihost_shows()
    assert len(world.medihost_shows()) == 3


def test_an_order_on_the_second_closes_the_time_on_the_first_when_it_is_heard_of(world):
    start = world.at(1, "09:30")

    world.patient_orders(start)
    world.after(minutes=5)

    assert start not in world.portal_shows()
    assert world.portal_bookings() == [], "it waits for an answer: nothing is booked there yet"


def test_an_accepted_order_blocks_its_time_on_the_first_and_names_nobody(world):
    start = world.at(1, "09:30")
    world.patient_orders(start)
    world.after(minutes=5)

    visits.accept_visit(visit=ordered(), by="reception")
    world.settle()

    assert world.orders() == [(1, 1, start)]
    assert start not in world.portal_shows()
    hidden = Break.objects.get()
    assert hidden.since == start
    assert "Zimorodek" not in hidden.description


def test_an_order_withdrawn_on_the_second_frees_the_time_on_the_first(world):
    start = world.at(1, "09:30")
    order = world.patient_orders(start)
    world.after(minutes=5)

    portal_orders.withdraw_order(order=order, by="patient")
    world.after(minutes=5)

    assert start in world.portal_shows()


@pytest.mark.parametrize("accepts", [True, False])
def test_the_same_minute_on_both_portals_keeps_both_patients_for_the_desk(world, accepts):
    """H-3: the first commit has the slot; the order is shown as clashing, and the desk decides."""
    start = world.at(1, "09:30")
    world.patient_books(start)
    world.patient_orders(start)

    world.after(minutes=5)

    assert world.visits() == [(start, "booked", ""), (start, "proposed", "taken")]
    if accepts:
        visits.move_visit(
            visit=ordered(), start=world.at(1, "10:00"), end=world.at(1, "10:30"), by="reception"
        )
        visits.accept_visit(visit=ordered(), by="reception")
    else:
        visits.cancel_visit(visit=ordered(), reason="zajęte", by="reception")
    world.after(hours=1)

    free = [world.at(1, "09:00"), world.at(1, "10:30")]
    if accepts:
        assert world.orders() == [(1, 1, world.at(1, "10:00"))]
    else:
        assert world.orders() == [(1, 3, start)]
        free.insert(1, world.at(1, "10:00"))
    assert world.portal_shows() == world.medihost_shows() == free


def test_no_patient_of_one_portal_is_named_on_the_other(world):
    world.patient_books(world.at(1, "09:00"))
    world.plan(
        world.schedule.slots.order_by("start")[1], PatientFactory(organisation=world.organisation)
    )
    world.settle()

    assert set(Appointment.objects.values_list("title", flat=True)) == {"занято"}


def test_a_portal_that_is_away_does_not_hold_up_the_other(world):
    start = world.at(1, "09:30")
    world.fault("*", "status", times=None, status=503)
    world.patient_orders(start)

    world.after(minutes=5)

    assert world.visits() == [(start, "proposed", "")]
