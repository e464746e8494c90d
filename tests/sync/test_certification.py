"""The portal's acceptance flows, run against the sandbox: all of them pass, and one fault makes
just the step fail that is about it.
"""

import dataclasses
import json
from datetime import timedelta

import pytest

from slotbridge.his import catalogue, patients, slots, visits
from slotbridge.his.models import Patient, Slot, Visit
from slotbridge.kit import clock
from slotbridge.sandbox import actors, delivery, faults
from slotbridge.sandbox.models import Address, AddressService, Break
from slotbridge.sandbox.models import Booking as PortalBooking
from slotbridge.sandbox.patients import PatientData
from slotbridge.sync import accounts, links
from slotbridge.sync.certification import cleanup, report, running
from slotbridge.sync.certification.bench import Bench
from slotbridge.sync.certification.steps import Ending, Outcome
from slotbridge.sync.certification.visitor import CannotAct
from slotbridge.sync.contract import Heard
from slotbridge.sync.engine import Engine
from slotbridge.sync.models import Account
from tests.factories import PatientFactory
from tests.world import CHANNEL, World

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])

OUT, IN = "Synchronizing bookings: clinic to portal", "Synchronizing bookings: portal to clinic"
EVENTS = {Heard.BOOKED: "slot-booked"}


class AtTheSandbox:
    """The invented patient and the doctor, acting in the sandbox's own process."""

    patience = timedelta(seconds=20)

    def __init__(self, world):
        self.world = world

    def books(self, wish, patient):
        actors.patient_books(
            Address.objects.get(pk=wish.listing.address),
            wish.start,
            AddressService.objects.get(pk=wish.service),
            PatientData(
                name=patient.given_name,
                surname=patient.family_name,
                phone=patient.phone,
                email=patient.email,
            ),
        )

    def moves(self, booking, old, wish):
        actors.patient_moves(PortalBooking.objects.get(pk=booking), wish.start)

    def cancels(self, booking, wish):
        actors.patient_cancels(PortalBooking.objects.get(pk=booking))

    def adds_break(self, listing, start, end):
        actors.doctor_adds_break(Address.objects.get(pk=listing.address), start, end)

    def loses_next(self, heard):
        self.world.fault(EVENTS[heard], "lost")

    def waiting(self, left):
        pass


class Heard_:
    """Keeps the names of the steps as they begin; calls `then` at one of them."""

    def __init__(self, at="", then=None):
        self.begun, self.at, self.then = [], at, then

    def flow_begins(self, flow):
        pass

    def step_begins(self, name):
        self.begun.append(name)
        if name == self.at:
            self.at = ""
            self.then()

    def step_ended(self, step):
        pass


@pytest.fixture
def house(world):
    """A clinic that works: two services, slots tomorrow and on the day that will be used."""
    world.open(days=1, count=4)
    world.open(days=70, wall="09:00", count=4)
    world.settle()
    return world


def certify(world, *, visitor=None, at="", then=None, pause=None, **more):
    def passing(wait):
        world.clock.shift(timedelta(seconds=wait))
        delivery.deliver_due()

    account = Account.objects.get(pk=world.account.pk)
    connector = accounts.connect(account)
    engine = Engine("tests/certify")
    bench = Bench(
        account=account,
        engine=engine,
        connector=connector,
        pause=pause or passing,
        visitor=visitor or AtTheSandbox(world),
        patience=timedelta(seconds=20),
        **more,
    )
    try:
        return running.run(bench, Heard_(at, then))
    finally:
        engine.close()
        connector.close()


def outcomes(result, outcome):
    return [step.name for step in result.steps if step.outcome is outcome]


def failed(result):
    return outcomes(result, Outcome.FAILED)


def both_sides(world):
    """What either side has to show of slots, visits, breaks and patients."""
    return (
        world.portal_shows(),
        world.portal_bookings(),
        list(Break.objects.values_list("since", "till")),
        sorted(Slot.objects.values_list("start", "end", "channels")),
        Visit.objects.filter(status__in=Visit.ACTIVE).count(),
        Patient.objects.filter(is_active=True).count(),
    )


def test_all_flows_pass_and_leave_both_sides_as_they_were(house):
    before = both_sides(house)

    result = certify(house)

    assert [(step.name, step.reason) for step in result.steps if step.reason] == [
        (
            "A time limited to a service is changed",
            "The clinic offers one service only, so a time cannot be limited to another.",
        )
    ]
    assert result.ending is Ending.PASSED
    assert both_sides(house) == before
