"""Whatever happens in whatever order, HIS and Medihost end up agreeing, and no order is lost.

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
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from slotbridge.his import free, slots, visits
from slotbridge.his.models import Slot, Visit
from slotbridge.kit import clock
from slotbridge.portal import availability, withheld
from slotbridge.portal import orders as portal_orders
from slotbridge.portal.models import Order, StaffMember
from slotbridge.sync.engine import Engine
from slotbridge.sync.models import Booking, Exchange, VisitTarget
from tests.exchange_world import ExchangeWorld
from tests.factories import PatientFactory

EXAMPLES = int(os.environ.get("SLOTBRIDGE_CHAOS_EXAMPLES", "8"))
STEPS = int(os.environ.get("SLOTBRIDGE_CHAOS_STEPS", "20"))
STATUS = {"proposed": 0, "booked": 1, "cancelled": 3}

pick = st.integers(0, 1000)


def chosen(rows, number):
    return rows[number % len(rows)] if rows else None


class TwoSides(RuleBasedStateMachine):
    """Two practitioners, a handful of slots, and everybody at once."""

    def __init__(self):
        super().__init__()
        self.stack = ExitStack()
        for alias in ("default", "portal"):
            outer = transaction.atomic(using=alias)
            outer._from_testcase = True  # so that an import, which is durable, may run within
            self.stack.enter_context(outer)
        travel = time_machine.travel("2026-03-02T05:00:00+00:00", tick=False)
        self.world = ExchangeWorld(self.stack.enter_context(travel), doctors=2)
        self.stack.callback(self.world.close)
        for schedule, days in ((0, 1), (0, 2), (1, 1)):
            self.world.open(days=days, count=3, schedule=self.world.schedules[schedule])
        self.world.settle()
        self.desk = StaffMember.objects.create(
            clinic=self.world.portal, login="registratura", name="Вера", created_at=clock.now()
        )
        self.statuses = {}
        self.engines = 1

    # --- the clinic ---

    def slots(self):
        return list(Slot.objects.order_by("pk"))

    def live_visits(self):
        return list(
            Visit.objects.filter(status__in=["booked", "proposed"], start__gt=clock.now())
            .filter(expires_at=None)
            .order_by("pk")
        )

    @rule(number=pick)
    def receptionist_plans(self, number):
        with suppress(visits.SlotTaken, visits.NoSlot):
            patient = PatientFactory(organisation=self.world.organisation)
            note(f"planned {self.world.plan(chosen(self.slots(), number), patient)}")

    @rule(number=pick, to=pick)
    def receptionist_moves(self, number, to):
        visit, slot = chosen(self.live_visits(), number), chosen(self.slots(), to)
        if visit is not None:
            with suppress(visits.SlotTaken, visits.NoSlot, visits.VisitOver):
                visits.move_visit(
                    visit=visit,
                    schedule=slot.schedule,
                    start=slot.start,
                    end=slot.end,
                    by="reception",
                )
                note(f"moved {visit} to {slot.start} of schedule {slot.schedule_id}")

    @rule(number=pick)
    def receptionist_cancels(self, number):
        visit = chosen(self.live_visits(), number)
        if visit is not None:
            visits.cancel_visit(visit=visit, reason="", by="reception")
            note(f"cancelled {visit}")

    @rule(number=pick)
    def receptionist_accepts(self, number):
        visit = chosen([v for v in self.live_visits() if v.status == "proposed"], number)
        if visit is not None:
            visits.accept_visit(visit=visit, by="reception")
            note(f"accepted {visit}")

    @rule(number=pick, visible=st.booleans())
    def receptionist_ticks(self, number, visible):
        slot = chosen(self.slots(), number)
        change = slots.publish_slots if visible else slots.withdraw_slots
        change(schedule=slot.schedule, slot_ids=[slot.pk], channel="medihost", by="reception")

    # --- the portal ---

    def live_orders(self):
        return list(Order.objects.filter(status__in=[0, 1]).order_by("pk"))

    @rule(number=pick, doctor=st.integers(0, 1), who=st.sampled_from(["anna", "lucja", "miron"]))
    def patient_orders(self, number, doctor, who):
        schedule = self.world.schedules[doctor]
        start = chosen(self.world.portal_shows(schedule), number)
        if start is not None:
            with suppress(availability.JustTaken):
                order = self.world.patient_orders(
                    start, schedule=schedule, name=who, email=f"{who}@example.org"
                )
                note(f"ordered {order.number} at {start}")

    @rule(number=pick)
    def patient_withdraws(self, number):
        order = chosen(self.live_orders(), number)
        if order is not None:
            portal_orders.withdraw_order(order=order, by="patient")
            note(f"withdrew {order.number}")

    @rule(number=pick, accept=st.booleans())
    def the_clinic_answers_on_the_portals_page(self, number, accept):
        order = chosen([one for one in self.live_orders() if one.status == 0], number)
        if order is not None:
            portal_orders.answer_order(order=order, accept=accept, by=self.desk)
            note(f"answered {order.number} there: {accept}")

    # --- trouble and time ---

    @rule(where=st.sampled_from(["before", "after"]))
    def a_request_is_lost(self, where):
        self.world.wires.cut = where

    @rule()
    def the_worker_is_replaced(self):
        self.engines += 1
        self.world.engine.close()
        self.world.engine = Engine(f"tests/{self.engines}")

    @rule(seconds=st.sampled_from([1, 10, 70, 400, 1000]))
    def time_passes(self, seconds):
        self.world.clock.shift(timedelta(seconds=seconds))

    @rule(rounds=st.integers(1, 3))
    def the_worker_works(self, rounds):
        for _ in range(rounds):
            self.world.engine.run_once()
        self._statuses_only_climb()

    # --- in the end ---

    def _statuses_only_climb(self):
        for order in Order.objects.all():
            assert order.status >= self.statuses.get(order.number, 0), order.number
            self.statuses[order.number] = order.status

    def teardown(self):
        try:
            self.world.wires.cut = None
            for _ in range(3):
                self.world.after(minutes=16)
            for row in withheld.open_for(self.world.portal):
                withheld.release(withheld=row, by=self.desk.login)
            for _ in range(2):
                self.world.after(minutes=61)
            self._agree()
        finally:
            for alias in ("default", "portal"):
                transaction.set_rollback(True, using=alias)
            self.stack.close()

    def _agree(self):
        self._statuses_only_climb()
        assert not VisitTarget.objects.exclude(problem="").exists()
        self._every_order_is_a_visit()
        self._what_is_free_is_shown()
        assert Exchange.objects.get().withheld == {}

    def _every_order_is_a_visit(self):
        for order in Order.objects.order_by("number"):
            row = Booking.objects.filter(external_id=str(order.number)).first()
            if row is None or row.visit is None:
                assert order.status == 3, f"order {order.number} was never heard of"
                continue
            visit = row.visit
            assert STATUS[visit.status] == order.status, (order.number, visit.status)
            if order.status != 3:
                assert (visit.start, visit.end) == (order.start, order.end), order.number
                assert visit.schedule.practitioner_id == order.resource.mis_id

    def _what_is_free_is_shown(self):
        """Later than an hour from now; a clashing order closes its time there too."""
        now = clock.now()
        for schedule in self.world.schedules:
            open_here = [
                slot.start
                for slot in free.free_slots(
                    schedules=[schedule.pk],
                    start=now + timedelta(hours=1),
                    end=now + timedelta(days=30),
                    channel="medihost",
                )
                if slot.free == ((slot.start, slot.end),) and slot.start >= now + timedelta(hours=1)
            ]
            assert self.world.portal_shows(schedule) == open_here


@pytest.mark.django_db(databases=["default", "portal"])
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
