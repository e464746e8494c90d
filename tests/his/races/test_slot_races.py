"""A slot and what happens to it at once: bookings, deletions, other slots, generating."""

from datetime import timedelta

import pytest

from slotbridge.his import slots, templates, visits
from slotbridge.his.models import Slot, Visit
from slotbridge.his.templates import PeriodSpec
from tests.factories import (
    PatientFactory,
    PractitionerFactory,
    ScheduleFactory,
    SlotFactory,
    a_monday,
    at_wall,
)
from tests.his.races.together import kinds, together, without

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 5


def deletion(slot):
    return lambda: slots.delete_slots(schedule=slot.schedule, slot_ids=[slot.pk], by="anna")


def booking(slot, patient):
    return lambda: visits.book_visit(
        schedule=slot.schedule, start=slot.start, end=slot.end, patient=patient, by="ewa"
    )


def test_a_slot_is_deleted_or_booked_and_never_both():
    schedule, patient = ScheduleFactory(), PatientFactory()
    for n in range(ROUNDS):
        slot = SlotFactory(schedule=schedule, start=at_wall(schedule, n, "09:00"))

        outcome = kinds(together(deletion(slot), booking(slot, patient)))

        stands = Slot.objects.filter(pk=slot.pk).exists()
        booked = Visit.objects.filter(start=slot.start, status=Visit.Status.BOOKED).exists()
        assert outcome == (["SlotHasVisit", "Visit"] if booked else ["NoSlot", "int"])
        assert stands == booked


def test_a_slot_is_booked_or_shortened_and_the_visit_never_sticks_out():
    schedule, patient = ScheduleFactory(), PatientFactory()
    for n in range(ROUNDS):
        slot = SlotFactory(schedule=schedule, start=at_wall(schedule, n, "09:00"))

        def shorten(slot=slot):
            return slots.change_slot(slot=slot, end=slot.start + timedelta(minutes=5), by="anna")

        outcome = kinds(together(shorten, booking(slot, patient)))

        assert outcome in (["SlotHasVisit", "Visit"], ["NoSlot", "Slot"])


def test_generating_waits_for_a_booking_or_comes_first():
    schedule, patient = ScheduleFactory(), PatientFactory()
    monday = a_monday(schedule.clinic.unit.tz)
    start = at_wall(schedule, 0, "09:00").astimezone(schedule.clinic.unit.tz).time()
    period = PeriodSpec(0, start, start.replace(minute=30), 30)

    def generate():
        return templates.generate_slots(schedule=schedule, first=monday, last=monday, by="anna")

    for _ in range(ROUNDS):
        templates.save_template(schedule=schedule, periods=[period], by="anna")
        generate()
        slot = Slot.objects.get()
        templates.save_template(schedule=schedule, periods=[], by="anna")

        outcome = together(generate, booking(slot, patient))

        stands = Slot.objects.filter(pk=slot.pk).exists()
        assert kinds(outcome) == ["Generated", "Visit" if stands else "NoSlot"]
        assert outcome[0].booked_kept == int(stands)
        Visit.objects.update(status=Visit.Status.CANCELLED)
        Slot.objects.all().delete()


def test_two_who_generate_at_once_make_each_slot_once():
    schedule = ScheduleFactory()
    monday = a_monday(schedule.clinic.unit.tz)
    start = at_wall(schedule, 0, "09:00").astimezone(schedule.clinic.unit.tz).time()
    templates.save_template(
        schedule=schedule,
        periods=[PeriodSpec(n, start, start.replace(hour=17), 20) for n in range(7)],
        by="anna",
    )

    def generate():
        return templates.generate_slots(
            schedule=schedule, first=monday, last=monday + timedelta(days=6), by="anna"
        )

    for _ in range(ROUNDS):
        one, other = together(generate, generate)

        assert sorted([(one.added, one.kept), (other.added, other.kept)]) == [
            (0, 7 * 24),
            (7 * 24, 0),
        ]
        Slot.objects.all().delete()


def test_two_clinics_open_the_same_time_of_one_person():
    practitioner = PractitionerFactory()
    schedules = [ScheduleFactory(practitioner=practitioner) for _ in range(2)]
    start = at_wall(schedules[0], 0, "09:00")

    def opening(schedule, start):
        return lambda: slots.open_slots(
            schedule=schedule, ranges=[(start, start + timedelta(minutes=30))], by="anna"
        )

    with without("his_slot", "slot_no_overlap_practitioner"):
        both = [opening(schedule, start) for schedule in schedules]
        assert kinds(together(*both)) == ["list", "list"]
        Slot.objects.all().delete()

    for n in range(ROUNDS):
        then = start + timedelta(days=n)
        both = [opening(schedule, then) for schedule in schedules]
        assert kinds(together(*both)) == ["SlotOverlaps", "list"]
        assert Slot.objects.filter(start=then).count() == 1
