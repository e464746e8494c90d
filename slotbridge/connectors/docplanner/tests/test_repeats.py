"""The same notification twice, damaged ones, and the queue they are pulled from.

Pull Multiple Notification.
"""

import json
from contextlib import suppress
from datetime import timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotbridge.connectors.docplanner.connector import DocplannerConnector
from slotbridge.connectors.docplanner.tests import golden
from slotbridge.connectors.docplanner.tests.golden import booking_told, told
from slotbridge.sync.contract import (
    Event,
    MessageUnreadable,
    TryLater,
)

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
    for read in (golden.read, DocplannerConnector.read_question):
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
    for read in (golden.read, DocplannerConnector.read_question):
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
