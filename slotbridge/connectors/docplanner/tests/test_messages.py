"""Notifications: the contract's own examples, their oddities, repeats and garbage."""

import json
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotbridge.connectors.docplanner import messages
from slotbridge.connectors.docplanner.connector import DocplannerConnector
from slotbridge.connectors.docplanner.tests import golden
from slotbridge.sync.contract import (
    By,
    Event,
    Heard,
    MessageUnreadable,
    PortalBooking,
    PortalPatient,
    Question,
    TryLater,
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


def told(event, **changes):
    """The golden notification with parts of its data replaced; None removes one."""
    body = json.loads(golden.body(event))
    for name, value in changes.items():
        body["data"][name] = value
        if value is None:
            del body["data"][name]
    return json.dumps(body).encode()


def booking_told(event="slot-booked", part="visit_booking", **changes):
    booking = json.loads(golden.body(event))["data"][part]
    return told(event, **{part: booking | changes})


# --- the contract's own examples -----------------------------------------------------------------


def test_the_golden_files_are_the_contracts_examples():
    examples = [each["value"] for each in CONTRACT.document["components"]["examples"].values()]
    notifications = {each["name"]: each for each in examples if "created_at" in each}
    assert {name: json.loads(golden.body(name)) for name in golden.events()} == notifications
    assert notifications.keys() == CONTRACT.document["x-notification-schemas"].keys()
    assert notifications.keys() == messages.EVENTS.keys()


def test_a_patient_booked():
    assert DocplannerConnector.read_message(golden.body("slot-booked")) == Event(
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
        ),
    )


def test_a_patient_canceled():
    event = DocplannerConnector.read_message(golden.body("booking-canceled"))
    assert (event.heard, event.booking) == (Heard.CANCELED, "6263715")
    assert (event.hint.is_booked, event.hint.canceled_by) == (False, By.PATIENT)


def test_a_move_names_the_booking_before_and_after():
    event = DocplannerConnector.read_message(golden.body("booking-moved"))
    assert (event.heard, event.old_booking, event.booking) == (Heard.MOVED, "6263715", "6264532")
    assert (event.hint.id, event.hint.start) == ("6264532", utc(2021, 5, 27, 10))
    assert (event.hint.is_booked, event.hint.booked_by) == (True, By.CLINIC)


@pytest.mark.parametrize("name", golden.events())
def test_every_example_is_read_as_what_it_is_about(name):
    event = DocplannerConnector.read_message(golden.body(name))
    heard = messages.EVENTS[name]
    assert event.heard is heard
    assert (event.name, event.facility, event.doctor, event.address) == (name, "1", "123", "111")
    assert bool(event.booking) == (heard in {Heard.BOOKED, Heard.CANCELED, Heard.MOVED})


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
    event = DocplannerConnector.read_message(body)
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
    assert DocplannerConnector.read_message(booking_told(patient=patient)).hint.patient == read


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
    hint = DocplannerConnector.read_message(booking_told(**changes)).hint
    assert (hint.is_booked, hint.canceled_by) == (booked, canceled_by)


@pytest.mark.parametrize(
    ("said", "by"),
    [("user", By.PATIENT), ("doctor", By.CLINIC), ("integration", By.US), ("", By.PATIENT)],
)
def test_who_booked(said, by):
    assert DocplannerConnector.read_message(booking_told(booked_by=said)).hint.booked_by is by


@pytest.mark.parametrize(
    ("price", "minor"), [(50, 5000), ("50", 5000), (49.99, 4999), (0, 0), (None, None), ("?", None)]
)
def test_a_price_of_whole_units_becomes_minor_ones(price, minor):
    service = {"id": 7, "price": price}
    hint = DocplannerConnector.read_message(booking_told(address_service=service)).hint
    assert (hint.service, hint.price_minor) == ("7", minor)


def test_a_booking_to_be_paid_says_so():
    hint = DocplannerConnector.read_message(booking_told(visit_payment=True)).hint
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
    hint = DocplannerConnector.read_message(booking_told(**changes)).hint
    assert (hint.start, hint.end) == (utc(2021, 5, 26, 15), end)


def test_the_doubled_hour_of_autumn_keeps_its_two_meanings():
    for offset, hour in (("+02:00", 0), ("+01:00", 1)):
        times = {"start_at": f"2026-10-25T02:30:00{offset}", "end_at": None}
        hint = DocplannerConnector.read_message(booking_told(**times)).hint
        assert hint.start == utc(2026, 10, 25, hour, 30)


@pytest.mark.parametrize("start", ["2021-05-26T16:00:00", "tomorrow", 7, None])
def test_without_a_readable_time_the_booking_is_still_worth_reading(start):
    event = DocplannerConnector.read_message(booking_told(start_at=start))
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
        DocplannerConnector.read_message(body)
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


# --- repeats -------------------------------------------------------------------------------------

keys = st.sampled_from(["name", "data", "created_at", "facility", "visit_booking", "break", "id"])
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["slot-booked", "slot-booking", "break-moved", "2026-03-02T08:00:00Z"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(keys | st.text(max_size=5), inner, max_size=5)
    ),
    max_leaves=20,
)


def shuffled(value, order):
    """The same JSON with the keys of every object in another order."""
    if isinstance(value, dict):
        items = sorted(value.items(), key=lambda item: hash((order, item[0])))
        return {key: shuffled(each, order) for key, each in items}
    return [shuffled(each, order) for each in value] if isinstance(value, list) else value


@given(st.sampled_from(golden.events()), st.integers(), st.integers(0, 4), st.booleans())
def test_a_repeat_has_the_same_key_however_it_is_written(event, order, indent, ascii_only):
    body = golden.body(event)
    again = shuffled(json.loads(body), order)
    written = json.dumps(again, indent=indent, ensure_ascii=ascii_only).encode()
    assert DocplannerConnector.message_key(written) == DocplannerConnector.message_key(body)


def test_every_example_has_a_key_of_its_own():
    found = {DocplannerConnector.message_key(golden.body(name)) for name in golden.events()}
    assert len(found) == len(golden.events())
    assert all(len(key) <= 128 for key in found)


@pytest.mark.parametrize(
    "other",
    [
        booking_told(id="6263716"),
        booking_told(start_at="2021-05-26T16:30:00+01:00"),
        booking_told(canceled_at="2021-05-26T16:30:00+01:00"),
        booking_told(address_service={"id": "243666"}),
        told("slot-booked", address={"id": "112"}),
        golden.body("slot-booked").replace(b"10:18:34", b"10:18:35"),
        golden.body("slot-booked").replace(b"slot-booked", b"booking-confirmed"),
    ],
)
def test_another_notification_has_another_key(other):
    one = DocplannerConnector.message_key(golden.body("slot-booked"))
    assert DocplannerConnector.message_key(other) != one


def test_the_same_instant_in_another_offset_and_an_id_as_a_number_are_the_same_notification():
    again = booking_told(id=6263715, start_at="2021-05-26T17:00:00+02:00")
    body = golden.body("slot-booked")
    assert DocplannerConnector.message_key(again) == DocplannerConnector.message_key(body)


@given(st.binary(max_size=200) | values.map(lambda value: json.dumps(value).encode()))
def test_garbage_is_unreadable_and_nothing_worse(body):
    assert 0 < len(DocplannerConnector.message_key(body)) <= 128
    for read in (DocplannerConnector.read_message, DocplannerConnector.read_question):
        with suppress(MessageUnreadable):
            read(body)


@given(st.sampled_from(golden.events()), st.data())
def test_one_damaged_part_of_a_notification_is_unreadable_at_worst(event, data):
    body = json.loads(golden.body(event))
    part = body["data"][data.draw(st.sampled_from(sorted(body["data"])))]
    if isinstance(part, dict):
        part[data.draw(st.sampled_from(sorted(part)))] = data.draw(values)
    damaged = json.dumps(body).encode()
    assert len(DocplannerConnector.message_key(damaged)) <= 128
    for read in (DocplannerConnector.read_message, DocplannerConnector.read_question):
        try:
            found = read(damaged)
        except MessageUnreadable:
            continue
        if isinstance(found, Event) and found.hint:
            assert found.hint.start < found.hint.end
            assert found.hint.start.utcoffset() == timedelta()


# --- the queue -----------------------------------------------------------------------------------


def test_pulled_notifications_have_the_same_keys_as_pushed_ones(portal):
    told = [json.loads(golden.body(name)) for name in ("slot-booked", "booking-canceled")]
    portal.will(json={"notifications": told, "remaining": 7})
    found = portal.connector(delivery="both").pull()
    assert [DocplannerConnector.message_key(body) for body in found] == [
        DocplannerConnector.message_key(golden.body(name))
        for name in ("slot-booked", "booking-canceled")
    ]
    assert dict(portal.requests[0].url.params) == {"limit": "25"}


@pytest.mark.parametrize("message", ["No notifications found", "Nic tu nie ma"])
def test_an_empty_queue_is_a_404(portal, message):
    portal.will_say(404, message)
    assert portal.connector(delivery="pull").pull() == []


def test_a_web_page_in_the_queues_place_is_not_an_empty_queue(portal):
    for status in (200, 404):
        portal.will(status, html="<h1>Maintenance</h1>")
        with pytest.raises(TryLater):
            portal.connector(delivery="pull").pull()


def test_with_push_only_nothing_is_pulled(portal):
    assert portal.connector(delivery="push").pull() == []
    assert portal.connector().pull() == []
    assert portal.requests == []


def test_a_pulled_answer_that_cannot_be_read_is_kept_whole_for_it_is_off_the_queue(portal):
    portal.answers.append(httpx.Response(200, content=b'{"notifications": [{"name"'))
    portal.will(json={"notifications": [7, {"name": "slot-booked"}], "remaining": 0})
    pulling = portal.connector(delivery="pull")
    for kept in ([b'{"notifications": [{"name"'], [b"7", b'{"name": "slot-booked"}']):
        assert pulling.pull() == kept
