"""A booking that is moved at the portal without our hearing of it, and then cancelled there."""

import pytest

from slotbridge.his import visits
from slotbridge.his.models import Visit
from slotbridge.sandbox import actors
from slotbridge.sync.models import Booking, Listing, VisitTarget

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])


@pytest.fixture
def moved(world):
    """The first of two times was booked there and moved to the second; the move was lost."""
    first, second = world.open(count=2)
    world.settle()
    booking = world.patient_books(first.start)
    world.settle()
    world.fault("booking-moved", "lost")
    return actors.patient_moves(booking, second.start)


def test_a38_the_cancellation_of_a_booking_moved_unheard_cancels_the_visit(world, moved):
    actors.patient_cancels(moved)
    world.settle()

    assert Visit.objects.get().status == "cancelled"
    assert not Booking.objects.filter(status="booked").exists()


def test_a38_both_lost_are_found_by_comparing(world, moved):
    world.fault("booking-canceled", "lost")
    actors.patient_cancels(moved)
    world.after(minutes=16)

    assert Visit.objects.get().status == "cancelled"
    assert not Booking.objects.filter(status="booked").exists()


def test_a44_a_visit_cancelled_on_both_sides_comes_to_rest(world, moved):
    world.fault("booking-canceled", "lost")
    actors.patient_cancels(moved)
    visits.cancel_visit(visit=Visit.objects.get(), by="reception")
    world.settle()
    Listing.objects.update(patrol_due_at="2026-03-02T07:00:00Z")
    world.settle()

    target = VisitTarget.objects.get()
    assert target.asked == target.answered < 10
    assert not Booking.objects.filter(status="booked").exists()
