"""Whatever happens in whatever order, HIS and portal end up agreeing, and nobody is lost.

A short run in the suite; `make chaos` runs it for longer.
"""

import os
from contextlib import ExitStack, suppress
from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    precondition,
    rule,
    run_state_machine_as_test,
)

from slotbridge.his import free, slots, visits
from slotbridge.his.models import Slot, Visit
from slotbridge.kit import clock
from slotbridge.sandbox import actors, faults
from slotbridge.sandbox.models import Booking as AtPortal
from slotbridge.sandbox.models import Break
from slotbridge.sync import telling_days, telling_visits
from slotbridge.sync.engine import Engine
from slotbridge.sync.models import Booking, InboxMessage, ListingDay, VisitTarget
from tests.factories import PatientFactory
from tests.world import CHANNEL, World

EXAMPLES = int(os.environ.get("SLOTBRIDGE_CHAOS_EXAMPLES", "12"))
STEPS = int(os.environ.get("SLOTBRIDGE_CHAOS_STEPS", "20"))

# What becomes of the notification of an act on the portal, and of a call that we make.
FATES = st.sampled_from(
    ["told", "told", "lost", "twice", "swapped", "delayed", "malformed", "unknown"]
)
CALLS = ["bookSlot", "moveBooking", "cancelBooking", "addCalendarBreak", "deleteCalendarBreak"]
READS = ["getBookings", "getBooking", "getSlots", "getCalendarBreaks", "replaceSlots"]
ANSWERS = st.sampled_from(["given", "given", "429", "500", "timeout-before", "timeout-after"])
PEOPLE = ["lucja", "anna", "gniewko", "miron", "perpetua"]

pick = st.integers(0, 1000)


def chosen(rows, number):
    return rows[number % len(rows)] if rows else None


class TwoSides(RuleBasedStateMachine):
    """One practitioner, a handful of slots, and everybody at once."""

    def __init__(self):
        super().__init__()
        self.stack = ExitStack()
        self.stack.enter_context(transaction.atomic(using="default"))
        self.stack.enter_context(transaction.atomic(using="sandbox"))
        travel = time_machine.travel("2026-03-02T07:00:00+00:00", tick=False)
        self.world = World(self.stack.enter_context(travel), doctors=2)
        self.stack.callback(self.world.close)
        for schedule, days in ((0, 1), (0, 2), (1, 1)):
            self.world.open(days=days, count=3, schedule=self.world.schedules[schedule])
        self.world.settle()
        self.booked_there = set()
        self.engines = 1

    def answers(self, answer, *calls):
        """The next of each of these calls ends like this."""
        for call in calls:
            if answer.isdecimal():
                self.world.fault(call, "status", status=int(answer))
            elif answer != "given":
                self.world.fault(call, answer)

    def fate(self, event, fate):
        if fate != "told":
            self.world.fault(event, fate, seconds=90)

    # --- the clinic ---

    def slots(self):
        return list(Slot.objects.order_by("pk"))

    def live_visits(self):
        return list(Visit.objects.filter(status="booked", start__gt=clock.now()).order_by("pk"))

    @rule(number=pick, answer=ANSWERS)
    def receptionist_plans(self, number, answer):
        self.answers(answer, "bookSlot", "addCalendarBreak")
        slot = chosen(self.slots(), number)
        with suppress(visits.SlotTaken, visits.NoSlot):
            visit = self.world.plan(slot, PatientFactory(organisation=self.world.organisation))
            note(f"planned {visit} at {visit.start}")

    @rule(number=pick, to=pick, answer=ANSWERS)
    def receptionist_moves(self, number, to, answer):
        self.answers(answer, "moveBooking", "deleteCalendarBreak")
        visit, slot = chosen(self.live_visits(), number), chosen(self.slots(), to)
        if visit is None:
            return
        with suppress(visits.SlotTaken, visits.NoSlot, visits.VisitOver):
            visits.move_visit(
                visit=visit,
                schedule=slot.schedule,
                start=slot.start,
                end=slot.end,
                by="reception",
            )
            note(f"moved {visit} to {slot.start} of schedule {slot.schedule_id}")

    @rule(number=pick, answer=ANSWERS)
    def receptionist_cancels(self, number, answer):
        self.answers(answer, "cancelBooking", "deleteCalendarBreak")
        visit = chosen(self.live_visits(), number)
        if visit is not None:
            visits.cancel_visit(visit=visit, reason="", by="reception")
            note(f"cancelled {visit}")

    @rule(number=pick, visible=st.booleans())
    def receptionist_ticks(self, number, visible):
        slot = chosen(self.slots(), number)
        change = slots.publish_slots if visible else slots.withdraw_slots
        change(schedule=slot.schedule, slot_ids=[slot.pk], channel=CHANNEL, by="reception")

    # --- the portal ---

    @rule(listed=st.booleans())
    def the_portal_lists_cancelled_bookings_or_not(self, listed):
        self.world.client.quirks = {"canceled_listed": listed}
        self.world.client.save()

    def bookings(self):
        return list(AtPortal.objects.filter(status="booked", booked_by="user").order_by("pk"))

    @rule(number=pick, address=st.integers(0, 1), who=st.sampled_from(PEOPLE), fate=FATES)
    def patient_books(self, number, address, who, fate):
        self.fate("slot-booked", fate)
        at = self.world.portal.addresses[address]
        start = chosen(self.world.portal_shows(at), number)
        if start is None:
            return
        booking = actors.patient_books(
            at,
            start,
            at.services.get(),
            actors.PatientData(name=who, surname="Zmyślona", email=f"{who}@example.org"),
        )
        self.booked_there.add(booking.pk)
        note(f"booked {booking.pk} at {start}")

    @rule(number=pick, to=pick, address=st.integers(0, 1), fate=FATES)
    def patient_moves(self, number, to, address, fate):
        self.fate("booking-moved", fate)
        booking, at = chosen(self.bookings(), number), self.world.portal.addresses[address]
        start = chosen(self.world.portal_shows(at), to) if booking else None
        if start is not None:
            moved = actors.patient_moves(booking, start, address=at, service=at.services.get())
            self.booked_there.add(moved.pk)
            note(f"moved {booking.pk} to {start} of {at.pk}: {moved.pk}")

    @rule(number=pick, fate=FATES)
    def patient_cancels(self, number, fate):
        self.fate("booking-canceled", fate)
        booking = chosen(self.bookings(), number)
        if booking is not None:
            actors.patient_cancels(booking)
            note(f"cancelled {booking.pk}")

    @rule(number=pick, fate=FATES)
    def doctor_makes_a_break(self, number, fate):
        self.fate("break-created", fate)
        start = chosen(self.world.portal_shows(), number)
        if start is not None:
            with suppress(actors.Refused):
                actors.doctor_adds_break(self.world.address, start, start + timedelta(minutes=30))

    @rule()
    def doctor_clears_a_day(self):
        actors.doctor_changes_slots(self.world.address, self.world.at(1).date(), [])

    # --- trouble ---

    @rule(call=st.sampled_from(CALLS + READS), answer=ANSWERS)
    def a_call_will_fail(self, call, answer):
        self.answers(answer, call)

    @rule()
    def the_worker_is_replaced(self):
        self.engines += 1
        self.world.engine.close()
        self.world.engine = Engine(f"tests/{self.engines}")

    # --- time ---

    @rule(seconds=st.sampled_from([1, 10, 70, 400, 1000]))
    def time_passes(self, seconds):
        self.world.clock.shift(timedelta(seconds=seconds))

    @rule(rounds=st.integers(1, 3))
    def the_worker_works(self, rounds):
        for _ in range(rounds):
            self.world.work()

    @precondition(lambda self: self.engines < 6)
    @rule()
    def everything_settles(self):
        self.world.settle()

    # --- in the end ---

    def teardown(self):
        try:
            self._come_to_rest()
            self._agree()
        finally:
            for alias in ("default", "sandbox"):
                transaction.set_rollback(True, using=alias)
            self.stack.close()

    def _come_to_rest(self):
        faults.clear()
        for _ in range(4):
            self.world.after(minutes=16)
        for row in ListingDay.objects.exclude(problem=""):
            telling_days.retry_day(listing_day=row, by="tests")
        for target in VisitTarget.objects.exclude(problem=""):
            telling_visits.retry_visit(target=target, by="tests")
        for listing in self.world.account.listings.filter(held_since__isnull=False):
            telling_days.release_held(listing=listing, by="tests")
        for _ in range(2):
            self.world.after(minutes=16)

    def _agree(self):
        assert not VisitTarget.objects.exclude(doubt="").exists()
        assert not InboxMessage.objects.filter(state="new").exists()
        self._every_booking_is_a_visit()
        self._every_visit_closes_its_time()
        self._what_is_free_is_shown()

    def _every_booking_is_a_visit(self):
        for booking in AtPortal.objects.filter(status="booked"):
            row = Booking.objects.get(external_id=str(booking.pk))
            assert row.status == "booked", booking.pk
            assert row.visit is not None, booking.pk
            assert row.visit.status == "booked", (booking.pk, row.visit)
            assert (row.visit.start, row.visit.end) == (booking.start, booking.end)
            address = next(a for a in self.world.portal.addresses if a.pk == booking.address_id)
            number = self.world.portal.addresses.index(address)
            assert row.visit.schedule_id == self.world.schedules[number].pk
        lost = self.booked_there - {
            int(external) for external in Booking.objects.values_list("external_id", flat=True)
        }
        ended = set(
            AtPortal.objects.filter(pk__in=lost, status="canceled").values_list("pk", flat=True)
        )
        assert lost == ended, "only bookings that ended before we heard of them may be unknown"

    def _every_visit_closes_its_time(self):
        for visit in self.live_visits():
            number = [s.pk for s in self.world.schedules].index(visit.schedule_id)
            address = self.world.portal.addresses[number]
            assert visit.start not in self.world.portal_shows(address), visit
        for break_ in Break.objects.all():
            told = VisitTarget.objects.filter(break_id=str(break_.pk))
            slot = Slot.objects.filter(start__lt=break_.till, end__gt=break_.since)
            hidden = slot.filter(
                channels__contains=[CHANNEL], schedule=self.world.schedules[0]
            ).exclude(visits__status="booked")
            assert told.exists() or not hidden.exists(), "a foreign break hides a free slot"

    def _what_is_free_is_shown(self):
        now = clock.now()
        for number, schedule in enumerate(self.world.schedules):
            open_here = sorted(
                slot.start
                for slot in free.free_slots(
                    schedules=[schedule.pk],
                    start=now,
                    end=now + timedelta(days=84),
                    channel=CHANNEL,
                )
                if slot.free == ((slot.start, slot.end),)
            )
            assert self.world.portal_shows(self.world.portal.addresses[number]) == open_here


@pytest.mark.django_db(databases=["default", "sandbox"])
@pytest.mark.timeout(3600)
def test_both_sides_agree_whatever_happens():
    run_state_machine_as_test(
        TwoSides,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
            derandomize="CI" in os.environ,
        ),
    )
