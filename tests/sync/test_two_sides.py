"""Both sides change one visit at once (A36, A42-A47, A59)."""

import pytest

from slotbridge.his import patients, slots, visits
from slotbridge.his.models import Patient, Visit
from slotbridge.sandbox import actors
from slotbridge.sandbox.models import Booking as AtPortal
from slotbridge.sync import bookings, links, telling_visits
from slotbridge.sync.lights import waiting
from slotbridge.sync.models import (
    VisitTarget,
)
from tests.factories import PatientFactory
from tests.world import World

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])


def test_of_two_moves_ours_stands(world):
    """A44."""
    first, second, third = world.open(count=3)
    world.settle()
    booking = world.patient_books(first.start)
    world.settle()
    visits.move_visit(visit=Visit.objects.get(), start=second.start, end=second.end, by="reception")
    actors.patient_moves(booking, third.start)
    world.settle()
    world.after(minutes=16)
    assert world.visits() == [(second.start, "booked", "")]
    assert world.portal_bookings() == [(second.start, "booked")]
    assert world.portal_shows() == [first.start, third.start]


def test_a_cancellation_here_beats_a_move_there(world):
    """A44."""
    first, second = world.open(count=2)
    world.settle()
    booking = world.patient_books(first.start)
    world.settle()
    visits.cancel_visit(visit=Visit.objects.get(), reason="", by="reception")
    actors.patient_moves(booking, second.start)
    world.settle()
    world.after(minutes=16)
    assert [status for _, status, _ in world.visits()] == ["cancelled"]
    assert world.portal_bookings() == []
    assert world.portal_shows() == [first.start, second.start]


def test_a_cancellation_there_beats_a_move_here(world):
    """A44."""
    first, second = world.open(count=2)
    world.settle()
    booking = world.patient_books(first.start)
    world.settle()
    visits.move_visit(visit=Visit.objects.get(), start=second.start, end=second.end, by="reception")
    actors.patient_cancels(booking)
    world.settle()
    world.after(minutes=16)
    assert [status for _, status, _ in world.visits()] == ["cancelled"]
    assert world.portal_bookings() == []


def test_a_lost_race_becomes_a_break_and_the_patients_booking_a_clash(world):
    """A40, A46, and behaviour.md section 9: a lost race is a 404."""
    [slot] = world.open(count=1)
    world.settle()
    world.fault("slot-booked", "lost")
    world.patient_books(slot.start)
    world.plan(slot, PatientFactory(organisation=world.organisation))
    world.settle()
    world.after(minutes=1)
    assert world.visits() == [(slot.start, "booked", ""), (slot.start, "booked", "taken")]
    assert VisitTarget.objects.get(visit__clash="").told == "break"


def test_a_visit_moved_where_the_portal_cannot_show_it_is_cancelled_there(frozen):
    """A42: and staff are asked to phone."""
    world = World(frozen, doctors=2)
    [here] = world.open(count=1)
    [there] = world.open(count=1, schedule=world.schedules[1], wall="11:00", visible=False)
    world.settle()
    world.patient_books(here.start)
    links.link(account=world.account, record=world.schedules[1].practitioner, item_id=None, by="a")
    world.settle()
    visits.move_visit(
        visit=Visit.objects.get(),
        schedule=world.schedules[1],
        start=there.start,
        end=there.end,
        by="reception",
    )
    world.settle()
    booking = AtPortal.objects.get()
    assert booking.status == "canceled"
    assert booking.cancel_reason
    assert VisitTarget.objects.get().call_patient
    assert waiting(world.account).parked_visits == 1
    telling_visits.patient_was_called(target=VisitTarget.objects.get(), by="reception")
    assert waiting(world.account).parked_visits == 0
    assert world.visits() == [(there.start, "booked", "")]
    world.close()


def test_a_slot_with_a_visit_is_not_deleted(world):
    """A36."""
    [slot] = world.open(count=1)
    world.settle()
    world.patient_books(slot.start)
    world.settle()
    with pytest.raises(slots.SlotHasVisit):
        slots.delete_slots(schedule=world.schedule, slot_ids=[slot.pk], by="reception")


def test_a_visit_whose_service_is_no_longer_offered_is_moved_all_the_same(world):
    """It keeps, at the portal, the service that it was booked for."""
    first, second = world.open(count=2)
    world.settle()
    world.patient_books(first.start)
    world.settle()
    links.link(account=world.account, record=world.service, item_id=None, by="a")
    visits.move_visit(visit=Visit.objects.get(), start=second.start, end=second.end, by="reception")
    while world.engine.run_once():  # the visit goes first, while its new time is still offered
        pass
    assert world.portal_bookings() == [(second.start, "booked")]
    assert not VisitTarget.objects.get().call_patient


def test_a_cancellation_there_after_the_visit_began_is_shown_until_somebody_has_read_it(world):
    """A59: what happened in the room stands."""
    [slot] = world.open(count=1)
    world.settle()
    booking = world.patient_books(slot.start)
    world.settle()
    world.clock.move_to(slot.start)
    world.clock.shift(60)
    visits.mark_arrived(visit=Visit.objects.get(), by="reception")
    actors.patient_cancels(booking)
    world.settle()
    assert [status for _, status, _ in world.visits()] == ["arrived"]
    [marked] = bookings.for_a_person(world.account)
    assert "begun" in marked.problem
    assert waiting(world.account).unassigned == 1
    bookings.note_seen(booking=marked, by="reception")
    assert not bookings.for_a_person(world.account).exists()


def test_merging_patients_does_not_disturb_the_portal(world):
    slot = world.open()[0]
    world.settle()
    world.patient_books(slot.start)
    world.settle()
    writes = len(world.wires.writes())
    keep = PatientFactory(organisation=world.organisation)
    patients.merge(survivor=keep, absorbed=Patient.objects.exclude(pk=keep.pk).get(), by="a")
    world.settle()
    assert len(world.wires.writes()) == writes


def test_a_paid_booking_is_cancelled_and_booked_anew(world):
    """A43: the portal refuses to move it with 422."""
    first, second = world.open(count=2)
    world.settle()
    world.patient_books(first.start)
    world.settle()
    world.fault("moveBooking", "status", status=422)
    visits.move_visit(visit=Visit.objects.get(), start=second.start, end=second.end, by="reception")
    world.settle()
    assert world.portal_bookings() == [(second.start, "booked")]
    assert world.portal_shows() == [first.start]
    assert world.visits() == [(second.start, "booked", "")]


def test_a_visit_cancelled_on_both_sides_is_cancelled_once(world):
    [slot] = world.open(count=1)
    world.settle()
    booking = world.patient_books(slot.start)
    world.settle()
    world.fault("booking-canceled", "lost")
    actors.patient_cancels(booking)
    visits.cancel_visit(visit=Visit.objects.get(), reason="", by="reception")
    world.settle()
    assert world.visits() == [(slot.start, "cancelled", "")]
    assert world.portal_shows() == [slot.start]
    assert not VisitTarget.objects.exclude(problem="").exists()


def test_a_cancellation_that_the_portal_refuses_is_parked_with_its_reason(world):
    [slot] = world.open(count=1)
    world.settle()
    world.patient_books(slot.start)
    world.settle()
    world.fault("cancelBooking", "status", status=403)
    visits.cancel_visit(visit=Visit.objects.get(), reason="", by="reception")
    world.settle()
    target = VisitTarget.objects.get()
    assert "cancelBooking: 403" in target.problem
    telling_visits.retry_visit(target=target, by="reception")
    world.settle()
    assert world.portal_bookings() == []
