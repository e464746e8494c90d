"""Both sides change one visit at once; the rules themselves are in tests.rules (A36)."""

import pytest

from slotbridge.his import patients, slots, visits
from slotbridge.his.models import Patient, Visit
from slotbridge.sandbox import actors
from slotbridge.sync import links, telling_visits
from slotbridge.sync.models import (
    VisitTarget,
)
from tests.factories import PatientFactory

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])


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
