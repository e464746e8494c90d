"""What the state machine stands on: a clinic with its portal, drawn anew for each run."""

from contextlib import ExitStack
from datetime import timedelta

import time_machine
from django.db import transaction
from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize

from slotbridge.his.models import Slot, Visit
from slotbridge.kit import clock
from slotbridge.sandbox import actors, chores, faults
from slotbridge.sandbox.models import OPTIONAL_EVENTS
from slotbridge.sandbox.models import Booking as AtPortal
from slotbridge.sync.models import Account
from tests.both_portals import BothPortals
from tests.world import World

DATABASES = ("default", "sandbox", "portal")

# What becomes of the notification of an act on the portal, and of a call that we make.
FATES = st.sampled_from(
    ["told", "told", "told", "lost", "twice", "swapped", "delayed", "malformed", "unknown"]
)
LOSSES = {"lost", "malformed", "unknown"}
ANSWERS = st.sampled_from(
    ["given", "given", "given", "429", "500", "503", "timeout-before", "timeout-after"]
)

pick = st.integers(0, 1000)
which = st.integers(0, 1)

# Where the portal's documents are silent or disputed, it may be either way (sandbox.quirks).
QUIRKS = st.fixed_dictionaries(
    {
        "echo_own_calls": st.booleans(),
        "canceled_listed": st.booleans(),
        "no_slots_404": st.sampled_from(["mixed", "always", "never"]),
        "put_enables_calendar": st.booleans(),
        "moves_anywhere": st.booleans(),
        "errors_as_object": st.booleans(),
    }
)
# How one run's portal treats its client: by push, by queue, or both; and in some runs it tells
# nothing at all, so that comparing alone must do.
PORTALS = st.fixed_dictionaries(
    {
        "delivery": st.sampled_from(["both", "push", "pull"]),
        "is_mute": st.sampled_from([False, False, True]),
        "asks": st.booleans(),
        "takes_payment": st.booleans(),
    }
)


def chosen(rows, number):
    return rows[number % len(rows)] if rows else None


class Ground(RuleBasedStateMachine):
    """Two practitioners, a handful of slots, and everybody at once."""

    world = None
    is_mute = False
    has_lost = False  # whether a notification never came, so that only comparing knows
    engines = 1

    def __init__(self):
        super().__init__()
        self.booked_there = set()
        self.stack = ExitStack()
        for alias in DATABASES:
            run = transaction.atomic(using=alias)
            run._from_testcase = True  # as Django's own tests: durable blocks may begin in it
            self.stack.enter_context(run)

    @initialize(
        portal=PORTALS, quirks=QUIRKS, on_two_portals=st.sampled_from([False, False, False, True])
    )
    def the_clinic_is_connected(self, portal, quirks, on_two_portals):
        travel = time_machine.travel("2026-03-02T07:00:00+00:00", tick=False)
        kind = BothPortals if on_two_portals else World
        self.world = kind(self.stack.enter_context(travel), doctors=2)
        self.stack.callback(self.world.close)
        client, account = self.world.client, self.world.account
        client.delivery, client.quirks = portal["delivery"], quirks
        client.opted_in, client.is_pms = list(OPTIONAL_EVENTS), True
        client.asks_slot_booking = client.asks_booking_moving = portal["asks"]
        client.save()
        account.refresh_from_db()
        Account.objects.filter(pk=account.pk).update(
            settings={**account.settings, "delivery": portal["delivery"]}
        )
        if portal["takes_payment"]:  # each doctor's money goes elsewhere
            for n, address in enumerate(self.world.portal.addresses):
                actors.adviser_sets_address(address, takes_payment=True, payment_account=f"PL{n}")
        self.is_mute = self.has_lost = portal["is_mute"]
        self.mute()
        for schedule, days, wall in ((0, 0, "08:30"), (0, 1, "09:00"), (1, 1, "09:00")):
            self.world.open(days=days, wall=wall, count=3, schedule=self.world.schedules[schedule])
        self.world.settle()

    def mute(self):
        if self.is_mute:
            faults.script("*", "lost", client=self.world.client, times=None)

    # --- trouble ---

    def answers(self, answer, *calls):
        """The next of each of these calls ends like this."""
        for call in calls:
            if answer.isdecimal():
                self.world.fault(call, "status", status=int(answer))
            elif answer != "given":
                self.world.fault(call, answer)

    def fate(self, event, fate):
        if fate != "told" and not self.is_mute:
            self.has_lost = self.has_lost or fate in LOSSES
            self.world.fault(event, fate, seconds=90)

    # --- who and what there is ---

    @property
    def addresses(self):
        return self.world.portal.addresses

    def slots(self):
        return list(Slot.objects.order_by("pk"))

    def live_visits(self):
        return list(Visit.objects.filter(status="booked", start__gt=clock.now()).order_by("pk"))

    def begun_visits(self):
        return list(
            Visit.objects.filter(
                status__in=["booked", "arrived"], start__lte=clock.now(), patient__isnull=False
            ).order_by("pk")
        )

    def bookings(self, **those):
        return list(AtPortal.objects.filter(status="booked", **those).order_by("pk"))

    def service_at(self, address):
        """The one that the clinic's is linked to; None while the doctor has it removed."""
        return address.services.filter(service__name="Konsultacja").first()

    # --- time ---

    def pass_time(self, **span):
        self.world.clock.shift(timedelta(**span))
        chores.run()
        note(f"it is {clock.now():%H:%M:%S}")
