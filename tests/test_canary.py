"""A canary patient runs through every flow: the name must reach no log, error, URL or portal."""

import logging

import pytest
from django.test import Client

from slotbridge.config.logs import formatter
from slotbridge.his import patients, visits
from slotbridge.his.models import AuditEntry, Patient, Visit, VisitEvent
from slotbridge.sandbox import actors
from slotbridge.sandbox.models import Booking as AtPortal
from slotbridge.sandbox.models import Break
from slotbridge.sync import accounts
from slotbridge.sync.models import Booking, Difference, InboxMessage, ListingDay, VisitTarget
from tests.factories import PatientFactory
from tests.world import World

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])

CANARY = "Kanarkowska"
EMAIL = "kanarkowska@example.org"
PHONE = "+48601602603"
TRACES = (CANARY, EMAIL, PHONE, "601602603")


class Kept(logging.Handler):
    """Keeps every line of whatever logger, as our formatter writes it."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.lines = []

    def emit(self, record):
        self.lines.append(self.format(record))


@pytest.fixture
def written():
    root, handler = logging.getLogger(), Kept()
    handler.setFormatter(formatter())
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler.lines
    root.removeHandler(handler)
    root.setLevel(level)


def assert_clean(what, texts):
    for text in texts:
        for trace in TRACES:
            assert trace.lower() not in str(text).lower(), f"{what} knows the canary"


def play(world):
    """Everything that can happen to a patient's visit on the main road, faults included."""
    first, second, third = world.open(count=3)
    world.settle()
    data = actors.PatientData(name="Zofia", surname=CANARY, phone=PHONE, email=EMAIL)
    booking = actors.patient_books(
        world.address, first.start, world.portal_service, data, comment=f"mówi {CANARY}"
    )
    world.settle()
    moved = actors.patient_moves(booking, second.start)
    world.settle()
    world.fault("moveBooking", "status", status=500)
    visit = Visit.objects.get()
    visits.move_visit(visit=visit, start=third.start, end=third.end, by="reception")
    world.settle()
    world.after(minutes=1)
    world.fault("cancelBooking", "timeout-after")
    visits.cancel_visit(visit=Visit.objects.get(), reason="", by="reception")
    world.settle()
    world.after(minutes=1)
    return moved


def test_the_flows_leave_no_trace_of_the_patient(frozen, written):
    world = World(frozen)
    play(world)
    here = PatientFactory(
        organisation=world.organisation, given_name="Zofia", family_name=CANARY, phone=PHONE
    )
    slot = world.open(days=2, count=1)[0]
    world.settle()
    world.fault("bookSlot", "status", status=400)
    world.plan(slot, here, comment=f"przyjdzie {CANARY}")
    world.settle()
    patients.merge(
        survivor=here, absorbed=Patient.objects.exclude(pk=here.pk).get(), by="reception"
    )
    world.after(minutes=16)
    assert_clean("a log line", written)
    assert_clean("a URL", [path for _, path in world.wires.requests])
    assert_clean("the story", VisitEvent.objects.values_list("data", flat=True))
    assert_clean("the audit", AuditEntry.objects.values_list("data", flat=True))
    for rows in (ListingDay, VisitTarget, Booking, InboxMessage):
        assert_clean(rows.__name__, rows.objects.values_list("problem", flat=True))
    assert_clean("a difference", Difference.objects.values_list("data", flat=True))
    assert_clean("a sealed body", (bytes(m.sealed_body) for m in InboxMessage.objects.all()))
    ours = AtPortal.objects.filter(booked_by="integration", moved_from=None)
    assert ours.exists() or Break.objects.exists()
    assert_clean("the portal", ours.values_list("patient", "comment", "label"))
    assert_clean("the portal", Break.objects.values_list("description", flat=True))
    world.close()


def test_a_message_that_breaks_us_leaves_no_trace_either(frozen, written, monkeypatch):
    world = World(frozen)
    [slot] = world.open(count=1)
    world.settle()

    def explode(**values):
        raise RuntimeError(f"cannot register {values}")

    monkeypatch.setattr(patients, "match_or_register", explode)
    actors.patient_books(
        world.address,
        slot.start,
        world.portal_service,
        actors.PatientData(name="Zofia", surname=CANARY, phone=PHONE, email=EMAIL),
    )
    world.settle()
    message = InboxMessage.objects.get()
    assert message.state == InboxMessage.State.PARKED
    assert_clean("the problem", [message.problem])
    assert any("work parked" in line for line in written)
    assert_clean("a log line", written)
    world.close()


def test_a_broken_request_to_the_hook_is_not_quoted(frozen, written):
    world = World(frozen)
    body = f'{{"name": "slot-booked", "data": {{"patient": "{CANARY}"'
    path = accounts.notification_address(world.account).removeprefix("http://localhost:8000")
    Client().post(path, body, content_type="application/json")
    world.settle()
    assert_clean("a log line", written)
    assert_clean("the problem", InboxMessage.objects.values_list("problem", flat=True))
    world.close()
