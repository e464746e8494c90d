"""Notifications: the contract's own examples, their oddities, repeats and garbage."""

import json
from datetime import UTC, date, datetime

import pytest

from slotbridge.connectors.docplanner import messages
from slotbridge.connectors.docplanner.connector import DocplannerConnector
from slotbridge.connectors.docplanner.tests import golden
from slotbridge.connectors.docplanner.tests.golden import booking_told, told
from slotbridge.sync.contract import (
    By,
    Event,
    Heard,
    MessageUnreadable,
    Payer,
    PortalBooking,
    PortalPatient,
    Question,
)
from tests.contract_checker import Contract

CONTRACT = Contract()
LINCOLN = PortalPatient(
    given_name="Abraham",
    family_name="Lincoln",
    email="example@example.com",
    phone="+48123123123",
    birth_date=date(1985, 1, 1),
    national_id="894237492",
    sex="male",
)


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


# --- the contract's own examples -----------------------------------------------------------------


def test_the_golden_files_are_the_contracts_examples():
    examples = [each["value"] for each in CONTRACT.document["components"]["examples"].values()]
    notifications = {each["name"]: each for each in examples if "created_at" in each}
    assert {name: json.loads(golden.body(name)) for name in golden.events()} == notifications
    assert notifications.keys() == CONTRACT.document["x-notification-schemas"].keys()
    assert notifications.keys() == messages.EVENTS.keys()


def test_a_patient_booked():
    assert golden.read(golden.body("slot-booked")) == Event(
        heard=Heard.BOOKED,
        name="slot-booked",
        facility="1",
        doctor="123",
        address="111",
        booking="6263715",
        said_at=utc(2021, 5, 12, 9, 18, 34),
        hint=PortalBooking(
            id="6263715",
            facility="1",
            doctor="123",
            address="111",
            is_booked=True,
            start=utc(2021, 5, 26, 15),
            end=utc(2021, 5, 26, 15, 30),
            booked_by=By.PATIENT,
            service="243665",
            price_minor=5000,
            patient=LINCOLN,
            comment="Additional information about the visit",
            payer=Payer.PATIENT,
        ),
    )


def test_a_patient_canceled():
    event = golden.read(golden.body("booking-canceled"))
    assert (event.heard, event.booking) == (Heard.CANCELED, "6263715")
    assert (event.hint.is_booked, event.hint.canceled_by) == (False, By.PATIENT)


def test_a_move_names_the_booking_before_and_after():
    event = golden.read(golden.body("booking-moved"))
    assert (event.heard, event.old_booking, event.booking) == (Heard.MOVED, "6263715", "6264532")
    assert (event.hint.id, event.hint.start) == ("6264532", utc(2021, 5, 27, 10))
    assert (event.hint.is_booked, event.hint.booked_by) == (True, By.CLINIC)


@pytest.mark.parametrize("name", golden.events())
def test_every_example_is_read_as_what_it_is_about(name):
    event = golden.read(golden.body(name))
    heard = messages.EVENTS[name]
    assert event.heard is heard
    assert (event.name, event.facility, event.doctor, event.address) == (name, "1", "123", "111")
    assert bool(event.booking) == (heard in messages.OF_A_BOOKING)


def test_the_portal_asks_before_a_patient_books():
    assert DocplannerConnector.read_question(golden.body("slot-booking")) == Question(
        facility="1",
        doctor="123",
        address="111",
        start=utc(2021, 5, 26, 15),
        end=utc(2021, 5, 26, 15, 30),
        service="243665",
    )


def test_the_portal_asks_before_a_patient_moves():
    assert DocplannerConnector.read_question(golden.body("booking-moving")) == Question(
        facility="1",
        doctor="123",
        address="111",
        start=utc(2021, 5, 27, 10),
        end=utc(2021, 5, 27, 10, 30),
        service="243665",
        moving="6263715",
    )


@pytest.mark.parametrize("name", sorted(set(golden.events()) - {"slot-booking", "booking-moving"}))
def test_what_only_tells_is_no_question(name):
    assert DocplannerConnector.read_question(golden.body(name)) is None


# --- oddities ------------------------------------------------------------------------------------


def test_an_event_that_nobody_knows_is_kept_and_does_nothing():
    body = golden.body("slot-booked").replace(b"slot-booked", b"slot-overbooked")
    event = golden.read(body)
    assert (event.heard, event.name, event.address) == (Heard.NOTHING, "slot-overbooked", "111")


@pytest.mark.parametrize(
    ("patient", "read"),
    [
        (None, None),
        ({}, None),
        ([], None),
        ({"name": "Żaneta"}, PortalPatient(given_name="Żaneta")),
        (
            dict.fromkeys(("name", "surname", "email", "phone", "birth_date", "nin", "gender")),
            PortalPatient(),
        ),
        (
            {"name": " Ada\u0000\ud800 ", "phone": 48123123123, "birth_date": "1985-13-01"},
            PortalPatient(given_name="Ada", phone="48123123123"),
        ),
        (
            {"gender": "f", "marketing_consent": None, "data_privacy_consent": True},
            PortalPatient(sex="female", consents={"data-privacy": True}),
        ),
        ({"gender": "x", "marketing_consent": "yes", "nin": False}, PortalPatient()),
    ],
)
def test_a_patient_may_lack_anything(patient, read):
    assert golden.read(booking_told(patient=patient)).hint.patient == read


@pytest.mark.parametrize(
    ("changes", "booked", "canceled_by"),
    [
        ({"status": "booked"}, True, None),
        ({"status": "canceled", "canceled_by": "doctor"}, False, By.CLINIC),
        ({"status": "canceled", "canceled_by": "integration"}, False, By.US),
        ({"status": "canceled", "canceled_by": "2021-05-14T15:45:57+01:00"}, False, None),
        ({"status": "confirmed"}, True, None),
        ({"status": "gone", "canceled_by": "user"}, False, By.PATIENT),
        ({"status": None, "canceled_at": "null,"}, True, None),
        ({"status": None, "canceled_at": "2021-05-14T15:45:57+01:00"}, False, None),
    ],
)
def test_whether_it_is_booked_is_read_from_what_there_is(changes, booked, canceled_by):
    hint = golden.read(booking_told(**changes)).hint
    assert (hint.is_booked, hint.canceled_by) == (booked, canceled_by)


@pytest.mark.parametrize(
    ("said", "by"),
    [("user", By.PATIENT), ("doctor", By.CLINIC), ("integration", By.US), ("", By.PATIENT)],
)
def test_who_booked(said, by):
    assert golden.read(booking_told(booked_by=said)).hint.booked_by is by


@pytest.mark.parametrize(
    ("price", "minor"), [(50, 5000), ("50", 5000), (49.99, 4999), (0, 0), (None, None), ("?", None)]
)
def test_a_price_of_whole_units_becomes_minor_ones(price, minor):
    service = {"id": 7, "price": price}
    hint = golden.read(booking_told(address_service=service)).hint
    assert (hint.service, hint.price_minor) == ("7", minor)


def test_a_booking_to_be_paid_says_so():
    hint = golden.read(booking_told(visit_payment=True)).hint
    assert hint.payment == "to-be-paid"


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        ({"end_at": None, "duration": "45"}, utc(2021, 5, 26, 15, 45)),
        ({"end_at": "2021-05-26T14:00:00+01:00", "duration": 20}, utc(2021, 5, 26, 15, 20)),
        ({"start_at": "2021-05-26T17:00:00+0200"}, utc(2021, 5, 26, 15, 30)),
    ],
)
def test_times_are_read_in_every_spelling(changes, end):
    hint = golden.read(booking_told(**changes)).hint
    assert (hint.start, hint.end) == (utc(2021, 5, 26, 15), end)


def test_the_doubled_hour_of_autumn_keeps_its_two_meanings():
    for offset, hour in (("+02:00", 0), ("+01:00", 1)):
        times = {"start_at": f"2026-10-25T02:30:00{offset}", "end_at": None}
        hint = golden.read(booking_told(**times)).hint
        assert hint.start == utc(2026, 10, 25, hour, 30)


@pytest.mark.parametrize("start", ["2021-05-26T16:00:00", "tomorrow", 7, None])
def test_without_a_readable_time_the_booking_is_still_worth_reading(start):
    event = golden.read(booking_told(start_at=start))
    assert (event.booking, event.hint) == ("6263715", None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b"[]",
        b"7",
        b"[" * 100_000,
        b"1" * 10_000,
        b'{"name": "slot-booked"}',
        b'{"name": "", "data": {}}',
        b'{"name": ["slot-booked"], "data": {}}',
        b'{"name": "slot-booked", "data": []}',
        golden.body("slot-booked")[:400],
        told("slot-booked", visit_booking=None),
        told("slot-booked", address=None),
        told("break-created", doctor={"id": None}),
        booking_told(id="../../1"),
        booking_told(id=""),
        booking_told("booking-moved", "old_visit_booking", id=None),
        b'{"name": "slot-booked", "data": {}, "x": "' + b"x" * 2**20 + b'"}',
    ],
)
def test_what_cannot_be_read_says_so_and_quotes_nothing(body):
    with pytest.raises(MessageUnreadable) as unreadable:
        golden.read(body)
    assert "Lincoln" not in str(unreadable.value)
    assert len(DocplannerConnector.message_key(body)) <= 128


@pytest.mark.parametrize(
    "body",
    [
        told("slot-booking", visit_booking_request=None),
        told("slot-booking", facility=None),
        told("booking-moving", canceling_booking=None),
        booking_told("slot-booking", "visit_booking_request", start_at="soon"),
    ],
)
def test_a_question_that_cannot_be_read_is_not_granted(body):
    with pytest.raises(MessageUnreadable):
        DocplannerConnector.read_question(body)
