"""Patrol finds what nobody told us, and says what it did (A37, A38)."""

import pytest

from slotbridge.his.models import Visit
from slotbridge.sandbox import actors
from slotbridge.sandbox.models import Booking as AtPortal
from slotbridge.sandbox.models import Break
from slotbridge.sync import bookings, links
from slotbridge.sync.contract import VisitToTell
from slotbridge.sync.lights import waiting
from slotbridge.sync.models import Booking, Difference, VisitTarget
from tests.factories import PatientFactory
from tests.world import World

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])


def found():
    return sorted(Difference.objects.values_list("kind", "done"))


@pytest.fixture
def booked(world):
    """A visit booked on the portal, where cancelled bookings are not listed any more."""
    slot = world.open(count=2)[0]
    world.settle()
    world.client.quirks = {"canceled_listed": False}
    world.client.save()
    world.patient_books(slot.start)
    world.settle()
    world.after(seconds=40)
    return slot


def test_a_cancelled_booking_that_is_listed_no_more_is_read_and_cancelled_here(world, booked):
    world.fault("booking-canceled", "lost")
    actors.patient_cancels(AtPortal.objects.get())
    world.after(minutes=16)
    assert world.visits() == [(booked.start, "cancelled", "")]
    assert found() == [("booking-changed", "taken-over")]


def test_a_move_that_nobody_told_is_followed(world, booked):
    world.fault("booking-moved", "lost")
    actors.patient_moves(AtPortal.objects.get(), booked.end)
    world.after(minutes=16)
    assert world.visits() == [(booked.end, "booked", "")]
    assert Visit.objects.count() == 1


def test_a_move_to_somebody_who_is_not_linked_is_left_for_a_person(frozen):
    """Not a cancellation: the visit stays until somebody has asked the patient."""
    world = World(frozen, doctors=2)
    [here] = world.open(count=1)
    [there] = world.open(count=1, schedule=world.schedules[1], wall="11:00")
    world.settle()
    world.patient_books(here.start)
    world.settle()
    other = world.portal.addresses[1]
    offered = other.services.get()
    world.fault("booking-moved", "lost")
    actors.patient_moves(AtPortal.objects.get(), there.start, address=other, service=offered)
    world.account.listings.filter(address=str(other.pk)).update(address="unknown")
    world.after(minutes=16)
    world.after(minutes=16)
    assert world.visits() == [(here.start, "booked", "")]
    [row] = bookings.for_a_person(world.account)
    assert "not linked" in row.problem
    assert found().count(("booking-changed", "taken-over")) == 1, "said once"
    world.close()


def test_a_booking_that_the_portal_does_not_know_any_more_is_left_for_a_person(world, booked):
    """Nothing is cancelled on a guess."""
    AtPortal.objects.all().delete()
    world.after(minutes=16)
    world.after(minutes=16)
    assert world.visits() == [(booked.start, "booked", "")]
    assert found().count(("booking-there", "left")) == 1, "said once"
    assert booked.start not in world.portal_shows(), "and the time is not given away"
    assert waiting(world.account).unassigned == 1


def test_our_own_booking_whose_answer_was_lost_is_known_by_its_marker(world):
    slot = world.open(count=2)[0]
    world.settle()
    world.fault("bookSlot", "timeout-after")
    visit = world.plan(slot, PatientFactory(organisation=world.organisation))
    world.settle()
    VisitTarget.objects.update(doubt="", answered=1)  # as if the doubt itself had been lost
    world.after(minutes=16)
    world.after(minutes=16)
    row = Booking.objects.get()
    assert (row.visit, row.status) == (visit, "booked")
    assert Visit.objects.count() == 1


def test_a_booking_made_by_this_integration_for_no_visit_here_is_shown_to_staff(world):
    slot = world.open(count=2)[0]
    world.settle()
    connector = world.engine._connectors[world.account.pk][1]
    listing = world.account.listings.get()
    service = str(world.portal_service.pk)
    connector.book(listing.ref, VisitToTell(slot.start, slot.end, service, "0" * 32))
    world.after(minutes=16)
    [row] = bookings.for_a_person(world.account)
    assert "Made by this integration" in row.problem
    assert Visit.objects.count() == 0


def test_a_break_on_a_day_off_is_none_of_our_business(world):
    world.open(count=1)
    world.settle()
    actors.doctor_adds_break(world.address, world.at(1, "20:00"), world.at(1, "21:00"))
    world.settle()
    assert Break.objects.count() == 1
    assert found() == []


def test_an_unassigned_booking_is_not_said_again_and_again(frozen):
    world = World(frozen)
    [slot] = world.open(count=1)
    world.settle()
    world.patient_books(slot.start)
    links.link(account=world.account, record=world.schedule.practitioner, item_id=None, by="a")
    world.settle()
    world.account.listings.update(is_active=True)  # its calendar is still compared
    for _ in range(3):
        world.after(minutes=16)
    assert Difference.objects.filter(kind="booking-changed").count() == 0
    world.close()


def lost(world, *events):
    for event in events:
        world.fault(event, "lost", times=None)


def test_a_confirmation_that_nobody_told_is_found(world, booked):
    lost(world, "booking-confirmed")
    actors.patient_confirms(AtPortal.objects.get())
    world.after(minutes=16)
    assert Booking.objects.get().is_confirmed
    assert Visit.objects.get().is_confirmed
    assert found() == [("booking-changed", "taken-over")]
    world.after(minutes=16)
    assert len(found()) == 1, "said once"


def test_who_came_is_found_though_nobody_told(world, booked):
    """A59: kept beside what the room says."""
    lost(world, "presence-marked")
    world.clock.move_to(booked.start)
    world.after(minutes=5)
    actors.doctor_marks_presence(AtPortal.objects.get(), True)
    world.after(minutes=16)
    assert Booking.objects.get().presence == "present"
    assert found() == [("booking-changed", "taken-over")]
    world.after(minutes=16)
    assert len(found()) == 1


def test_a_payment_that_nobody_told_is_found(world):
    actors.adviser_sets_address(world.address, takes_payment=True)
    slot = world.open(count=2)[0]
    world.settle()
    booking = world.patient_books(slot.start)
    world.settle()
    world.after(seconds=40)
    before = Visit.objects.get().payment
    lost(world, "booking-payment-status-changed")
    actors.patient_pays(booking)
    world.after(minutes=16)
    assert (before, Visit.objects.get().payment) == ("not-paid", "paid")


def test_a_copy_of_a_break_at_a_coupled_address_is_judged_by_what_it_hides_here(world):
    """R28: the copy goes where the HIS offers that time; the break on the screen's own calendar is
    none of our business.
    """
    slot = world.open(count=2)[0]
    world.settle()
    world.after(seconds=40)
    online = actors.adviser_opens_online_address(world.address)
    lost(world, "break-created")
    actors.doctor_adds_break(online, slot.start, slot.end, on_coupled=True)
    assert slot.start not in world.portal_shows()
    world.after(minutes=16)
    assert slot.start in world.portal_shows()
    assert [held.address for held in Break.objects.all()] == [online]
    assert found() == [("break", "removed")]
