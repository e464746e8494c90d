"""The portal's acceptance flows, run against the sandbox: all of them pass, and one fault makes
just the step fail that is about it.
"""

import json
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from slotbridge.his import catalogue, slots, staff
from slotbridge.his.models import Patient, Slot, Visit
from slotbridge.kit import clock
from slotbridge.sandbox import actors, delivery, faults
from slotbridge.sandbox.models import Address, AddressService, Break
from slotbridge.sandbox.models import Booking as PortalBooking
from slotbridge.sandbox.models import Service as PortalService
from slotbridge.sandbox.patients import PatientData
from slotbridge.sync import accounts, links
from slotbridge.sync.certification import (
    notifications,
    report,
    running,
    schedule,
    visits_in,
)
from slotbridge.sync.certification.bench import Bench
from slotbridge.sync.certification.steps import Ending, Outcome
from slotbridge.sync.contract import Heard
from slotbridge.sync.engine import Engine
from slotbridge.sync.models import Account, CatalogueItem, Listing
from tests.factories import PatientFactory
from tests.world import CHANNEL, World

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])

IN = "Synchronizing bookings: portal to clinic"
EVENTS = {Heard.BOOKED: "slot-booked"}


# The schedule's first steps are enough where something has to be there.
OPENING = replace(schedule.FLOW, tasks=schedule.FLOW.tasks[:2])


class AtTheSandbox:
    """The invented patient and the doctor, acting in the sandbox's own process."""

    patience = timedelta(seconds=12)

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

    def moves(self, booking, old, wish):  # noqa: ARG002 - as a person needs it
        actors.patient_moves(PortalBooking.objects.get(pk=booking), wish.start)

    def cancels(self, booking, wish):  # noqa: ARG002 - as a person needs it
        actors.patient_cancels(PortalBooking.objects.get(pk=booking))

    def adds_break(self, listing, start, end):
        actors.doctor_adds_break(Address.objects.get(pk=listing.address), start, end)

    def loses_next(self, heard):
        self.world.fault(EVENTS[heard], "lost")

    def waiting(self, left):
        pass


class Audience:
    """Does something as a step begins: its name -> what."""

    def __init__(self, hooks):
        self.hooks = dict(hooks)

    def flow_begins(self, flow):
        pass

    def step_begins(self, name):
        self.hooks.pop(name, lambda: None)()

    def step_ended(self, step):
        pass


class House(World):
    """A clinic that works: two services, slots tomorrow and on the day that will be used."""

    def _build(self, doctors, **more):
        super()._build(doctors, **more)
        PortalService.objects.get_or_create(name="Recepta")
        service = catalogue.add_service(
            organisation=self.organisation, name="Recepta", duration_minutes=20, by="tests"
        )
        catalogue.set_price(
            price_list=self.price_list, service=service, amount_minor=8000, by="tests"
        )
        accounts.refresh_catalogue(account=self.account, by="tests")
        self.settle()
        item = CatalogueItem.objects.get(account=self.account, kind="service", name="Recepta")
        links.link(account=self.account, record=service, item_id=item.pk, by="tests")
        self.open(days=1, count=4)
        self.open(days=70, wall="09:00", count=4)
        self.settle()


@pytest.fixture
def house(frozen, db):
    made = House(frozen)
    yield made
    made.close()


def certify(world, *, visitor=None, hooks=(), pause=None, flows=running.FLOWS, **more):
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
        visitor=AtTheSandbox(world) if visitor is None else visitor or None,
        patience=timedelta(seconds=6),
        **more,
    )
    try:
        return running.run(bench, Audience(hooks), flows)
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


def test_all_flows_pass_with_evidence_and_leave_both_sides_as_they_were(house):
    PatientFactory(organisation=house.organisation, given_name="Łucja", family_name="Prawdziwa")
    before = both_sides(house)

    result = certify(house)

    assert [(step.name, step.reason) for step in result.steps if step.reason] == []
    assert result.ending is Ending.PASSED
    assert both_sides(house) == before
    _assert_evidence(house, result)
    _assert_history(house)
    _assert_nobody_named(house, result)


def _assert_evidence(world, result):
    """What was seen, and how soon."""
    said = {step.name: " ".join(step.evidence) for step in result.steps}
    first, last = PortalBooking.objects.filter(booked_by="user").order_by("pk")[:2]
    for name, line in {
        "Facilities and their resources are seen": f"Facilities: {world.portal.facility.pk}.",
        "Whoever is to work at the portal has a counterpart": (
            "practitioners that are to work: 1; linked: 1"
        ),
        "Address services stand as the price lists say": (
            "2 address services stand as the price lists say, 0 do not."
        ),
        "Opened times appear": "4 times were shown in ",
        "A booking becomes a visit with its patient": "Notification slot-booked came by push",
        "A move is followed to its new id": f"Booking {first.pk} became {last.pk}",
    }.items():
        assert line in said[name]


def _assert_history(world):
    """Invented patients are set aside; their visits stay as history."""
    invented = Patient.objects.filter(family_name="Certyfikacja")
    assert {patient.is_active for patient in invented} == {False}
    assert {visit.status for visit in Visit.objects.all()} == {"cancelled"}


def _assert_nobody_named(world, result):
    """The report holds no person and no secret."""
    both = report.as_markdown(subject(), result) + report.as_json(subject(), result)
    person, credentials = world.schedule.practitioner, world.portal.credentials
    traces = [
        person.family_name,
        person.given_name,
        "Prawdziwa",
        "Certyfikacja",
        "@example.org",
        "+48600100199",
        credentials.client_id,
        credentials.client_secret,
        accounts.notification_address(world.account),
    ]
    assert [trace for trace in traces if trace in both] == []


def _nobody_linked(world):
    """Somebody with slots to show, whom nobody linked."""
    other = staff.add_practitioner(
        organisation=world.organisation, given_name="Nowa", family_name="Osoba", by="tests"
    )
    own = slots.add_schedule(clinic=world.clinic, practitioner=other, by="tests")
    world.open(days=2, schedule=own)


# As these steps begin: one fault for each flow, and the end of what would go on.
FAULTS = {
    "Credentials are accepted": lambda w: w.fault("getFacilities", "status", status=500),
    "Whoever is to work at the portal has a counterpart": _nobody_linked,
    "A shortened time is changed": lambda w: w.fault("replaceSlots", "status", status=400),
    "A moved visit moves there": lambda w: w.fault("moveBooking", "status", status=500, times=None),
    "A move is followed to its new id": lambda w: w.fault("booking-moved", "lost"),
    "A break there does not hide what is offered": lambda w: w.fault(
        "deleteCalendarBreak", "status", status=403, times=None
    ),
}


def test_a_fault_in_each_flow_makes_just_its_step_fail(house):
    before = both_sides(house)
    hooks = {step: partial(break_, house) for step, break_ in FAULTS.items()}

    result = certify(house, hooks={**hooks, "Breaks are removed": faults.clear})

    assert failed(result) == list(FAULTS)
    assert result.ending is Ending.FAILED
    said = report.as_markdown(subject(), result)
    assert said.startswith("# Certification of Slotbridge with ZnanyLekarz: FAILED")
    assert [name for name in FAULTS if f"**{name}** – ✗ FAILED" not in said] == []
    Slot.objects.filter(practitioner__family_name="Osoba").delete()
    assert both_sides(house) == before


def test_what_cannot_be_withdrawn_is_said(house):
    name = "Invented times are withdrawn and removed"

    result = certify(house, hooks={name: lambda: _refuse_days(house)}, flows=[OPENING])

    assert failed(result) == [name]
    step = next(step for step in result.steps if step.name == name)
    assert "The portal goes on showing times that were withdrawn." in step.reason
    assert outcomes(result, Outcome.PASSED)[-1] == "The rest of the day is as before"


def _refuse_days(world):
    for operation in ("replaceSlots", "deleteSlots"):
        world.fault(operation, "status", status=400, times=None)


def test_ctrl_c_cleans_up_before_it_ends(house):
    before = both_sides(house)
    asked = []

    def passing(wait):
        house.clock.shift(timedelta(seconds=wait))
        delivery.deliver_due()
        if asked:  # again and again: a person presses it twice
            raise KeyboardInterrupt

    result = certify(
        house,
        hooks={"A booking becomes a visit with its patient": lambda: asked.append(1)},
        flows=[OPENING, visits_in.FLOW],
        pause=passing,
    )

    assert result.ending is Ending.COULD_NOT_RUN
    assert outcomes(result, Outcome.SKIPPED) == ["A booking becomes a visit with its patient"]
    assert both_sides(house) == before
    assert "The run was interrupted" in report.as_markdown(subject(), result)


def test_a_real_patient_who_took_an_invented_time_keeps_it(house):
    taken = []

    def somebody_books():
        service = house.address.services.get(service__name="Konsultacja")
        known = PatientData(
            name="Anna", surname="Zwykła", phone="+48600700801", email="a@example.org"
        )
        start = house.at(70, "21:30")
        taken.append(actors.patient_books(house.address, start, service, known))
        house.settle()

    result = certify(
        house,
        hooks={"Invented visits are cancelled on both sides": somebody_books},
        flows=[OPENING],
    )

    booking = taken[0]
    booking.refresh_from_db()
    assert booking.status == "booked"
    assert house.visits()[-1] == (booking.start, "booked", "")
    assert failed(result) == [
        "Invented visits are cancelled on both sides",
        "Invented times are withdrawn and removed",
    ]
    assert Slot.objects.filter(start=booking.start, channels=[]).count() == 1


def test_without_anybody_at_the_portal_it_says_what_to_do_in_the_report_for_programs(house):
    result = certify(house, visitor=False, flows=[OPENING, visits_in.FLOW, notifications.FLOW])

    assert (failed(result), result.ending) == ([], Ending.COULD_NOT_RUN)
    assert ["run it in a terminal" in each for each in result.obstacles] == [True]
    told = json.loads(report.as_json(subject(), result))
    assert (told["format"], told["result"], told["exit_code"]) == (1, "not-complete", 2)
    flows = {flow["name"]: flow for flow in told["flows"]}
    assert flows[IN]["required"]
    assert flows[IN]["steps"][1]["reason"] == told["obstacles"][0]
    assert flows["Real-time schedule updates"]["result"] == "passed"


def test_without_a_free_place_nothing_is_written(house):
    writes = len(house.wires.writes())

    result = certify(house, doctor="Nikt")

    assert (failed(result), result.ending) == ([], Ending.COULD_NOT_RUN)
    assert "No calendar of the portal is filled" in result.obstacles[0]
    assert len(house.wires.writes()) == writes


def test_a_day_without_a_free_evening_is_passed_over(house):
    house.open(days=70, wall="06:00", count=6)
    house.open(days=70, wall="11:00", count=22)
    house.settle()

    result = certify(house, flows=[OPENING])

    assert result.ending is Ending.PASSED
    stretch = next(step for step in result.steps if step.name == "A free stretch is found")
    assert (
        f"Times from {house.at(71, '20:00').astimezone(house.unit.tz):%Y-%m-%d %H:%M}"
        in (stretch.evidence[1])
    )


def test_a_calendar_with_nothing_else_is_emptied_again_without_a_person(frozen):
    world = World(frozen)

    result = certify(world, flows=[OPENING])

    assert result.ending is Ending.PASSED
    assert (world.portal_shows(), Slot.objects.count()) == ([], 0)
    assert not Listing.objects.filter(held_since__isnull=False).exists()
    world.close()


def subject():
    now = clock.now()
    return report.Subject(
        software="Slotbridge",
        portal="ZnanyLekarz",
        site="localhost:8100",
        channel=CHANNEL,
        is_sandbox=True,
        acted="the sandbox's control API",
        begun=now,
        ended=now,
    )
