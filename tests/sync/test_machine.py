"""Whatever happens in whatever order, HIS and portals end up agreeing, and nobody is lost.

A short run in the suite; `make chaos` runs it for longer. Who acts is in `machine_clinic` and
`machine_portal`; what must hold in the end is in `machine_rest`.
"""

import os

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from slotbridge.sync.engine import Engine
from tests.sync.machine_clinic import AtTheDesk
from tests.sync.machine_ground import ANSWERS, DATABASES, Ground
from tests.sync.machine_portal import OnThePortal
from tests.sync.machine_rest import InTheEnd

EXAMPLES = int(os.environ.get("SLOTBRIDGE_CHAOS_EXAMPLES", "8"))
STEPS = int(os.environ.get("SLOTBRIDGE_CHAOS_STEPS", "20"))

# Every operation that the hub calls.
CALLS = [
    "token", "getFacilities", "getDoctors", "getAddresses", "getServices",
    "getAddressServices", "addAddressService", "updateAddressService", "deleteAddressService",
    "getCalendarBreaks", "addCalendarBreak", "deleteCalendarBreak",
    "getSlots", "replaceSlots", "deleteSlots", "bookSlot",
    "getBookings", "getBooking", "moveBooking", "cancelBooking", "confirmBooking",
    "markPatientPresence", "markPatientAbsence", "Pull Multiple Notification",
]  # fmt: skip


class TwoSides(AtTheDesk, OnThePortal, InTheEnd, Ground):
    """Everybody at once, while calls fail, workers are replaced and time passes."""

    @rule(call=st.sampled_from(CALLS), answer=ANSWERS)
    def a_call_will_fail(self, call, answer):
        self.answers(answer, call)

    @rule()
    def the_worker_is_replaced(self):
        self.engines += 1
        self.world.engine.close()
        self.world.engine = Engine(f"tests/{self.engines}")

    @rule(seconds=st.sampled_from([1, 10, 70, 400, 1000, 2400]))
    def time_passes(self, seconds):
        self.pass_time(seconds=seconds)

    @rule(rounds=st.integers(1, 3))
    def the_worker_works(self, rounds):
        for _ in range(rounds):
            self.world.work()

    @precondition(lambda self: self.engines < 6)
    @rule()
    def everything_settles(self):
        self.world.settle()

    def teardown(self):
        try:
            if self.world is not None:
                self.come_to_rest()
                self.agree()
        finally:
            for alias in DATABASES:
                transaction.set_rollback(True, using=alias)
            self.stack.close()


@pytest.mark.django_db(databases=DATABASES)
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
