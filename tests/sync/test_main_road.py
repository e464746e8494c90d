"""Slots out, a booking in, a move and a cancellation both ways (R22-R26)."""

from datetime import timedelta

import pytest

from slotbridge.his import absences, slots
from slotbridge.his.models import Patient, Visit
from slotbridge.sandbox import actors
from slotbridge.sync.models import Booking
from tests.factories import PatientFactory
from tests.world import CHANNEL, World

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])


def test_ticked_slots_appear_on_the_portal_and_unticked_ones_do_not(world):
    """R2, R21, R22."""
    shown = world.open(wall="09:00", count=2)
    world.open(wall="12:00", count=2, visible=False)
    world.settle()
    assert world.portal_shows() == [slot.start for slot in shown]


def test_slots_withdrawn_vanish_from_the_portal(world):
    made = world.open(count=3)
    world.settle()
    slots.withdraw_slots(
        schedule=world.schedule, slot_ids=[made[1].pk], channel=CHANNEL, by="reception"
    )
    world.settle()
    assert world.portal_shows() == [made[0].start, made[2].start]


def test_a_booking_on_the_portal_becomes_a_visit_with_its_patient(world):
    """R3, R24, R24a, R26, R26a, R26b."""
    slot = world.open(count=2)[0]
    world.settle()
    writes = len(world.wires.writes())
    world.patient_books(slot.start)
    world.settle()
    assert world.visits() == [(slot.start, "booked", "")]
    patient = Patient.objects.get()
    assert (patient.given_name, patient.email, patient.origin_channel) == (
        "Łucja", "lucja@example.org", CHANNEL,
    )  # fmt: skip
    assert patient.verify == [Patient.Verify.NEW_FROM_PORTAL]
    assert len(world.wires.writes()) == writes, "the portal's own booking needs no write"
    visit = Visit.objects.get()
    assert (visit.price_minor, visit.currency, visit.price_differs) == (20000, "PLN", False)


def test_the_patient_is_found_by_e_mail_with_other_case_and_blanks(world):
    """R25, A49."""
    slot = world.open()[0]
    known = PatientFactory(
        organisation=world.organisation,
        given_name="Łucja",
        family_name="Świerczyńska",
        email="Lucja@Example.org",
        email_key="lucja@example.org",
    )
    world.settle()
    world.patient_books(slot.start, email=" LUCJA@example.ORG ")
    world.settle()
    assert Visit.objects.get().patient == known
    assert Patient.objects.count() == 1


def test_a_move_on_the_portal_moves_the_visit_and_keeps_it(world):
    """R24."""
    first, second = world.open(count=2)
    world.settle()
    booking = world.patient_books(first.start)
    world.settle()
    visit = Visit.objects.get()
    actors.patient_moves(booking, second.start)
    world.settle()
    assert world.visits() == [(second.start, "booked", "")]
    assert Visit.objects.get().pk == visit.pk
    assert world.portal_shows() == [first.start]
    assert Booking.objects.filter(status="booked").count() == 1
    assert Booking.objects.filter(status="moved", replaced_by__isnull=False).count() == 1


def test_a_cancellation_on_the_portal_cancels_the_visit(world):
    """R24."""
    slot = world.open(count=1)[0]
    world.settle()
    booking = world.patient_books(slot.start)
    world.settle()
    actors.patient_cancels(booking)
    world.settle()
    assert world.visits() == [(slot.start, "cancelled", "")]
    assert world.portal_shows() == [slot.start]


def test_pulled_notifications_do_the_same_as_pushed_ones(frozen):
    world = World(frozen, push=False)
    slot = world.open(count=1)[0]
    world.settle()
    world.patient_books(slot.start)
    world.after(seconds=6)
    assert world.visits() == [(slot.start, "booked", "")]
    world.close()


def test_a_time_is_published_minus_what_keeps_the_person_busy_elsewhere(world):
    """A35: a visit in another clinic of the same person."""
    world.open(count=2)
    world.settle()
    assert len(world.portal_shows()) == 2
    slots_elsewhere = world.at(1, "09:00")
    absences.add_absence(
        practitioner=world.schedule.practitioner,
        start=slots_elsewhere,
        end=slots_elsewhere + timedelta(minutes=30),
        by="reception",
    )
    world.settle()
    assert world.portal_shows() == [world.at(1, "09:30")]
