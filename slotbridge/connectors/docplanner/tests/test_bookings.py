"""Bookings read, made, moved and canceled.

bookSlot, getBookings, getBooking, moveBooking, cancelBooking.
"""

from datetime import UTC, date, datetime, timedelta
from urllib.parse import unquote

import httpx
import pytest

from slotbridge.connectors.docplanner.tests.conftest import WARSAW
from slotbridge.sync.contract import (
    By,
    Gone,
    ListingRef,
    OutcomeUnknown,
    Refused,
    VisitToTell,
)

TUESDAY = date(2026, 3, 3)
EIGHT = datetime(2026, 3, 3, 7, 0, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
VISIT = VisitToTell(
    EIGHT,
    EIGHT + HALF_HOUR,
    "243665",
    marker="m4rk",
    given_name="Canary",
    family_name="Nightingale",
    phone="+48500500500",
)
HERE = "/api/v3/integration/facilities/1/doctors/123/addresses/111"
OTHER = ListingRef("1", "124", "222", WARSAW)
BOOKING = {
    "id": "77",
    "status": "booked",
    "start_at": "2026-03-03T08:00:00+01:00",
    "end_at": "2026-03-03T08:30:00+01:00",
    "duration": 30,
    "booked_by": "integration",
    "canceled_by": "",
    "address_service": {"id": "243665", "name": "konsultacja", "price": 150},
    "patient": {"name": "Rezerwacja", "phone": None},
    "comment": "Slotbridge m4rk",
    "_links": {"self": {"href": "/somewhere", "method": "GET"}},
}


def test_bookings_that_start_in_the_range_are_read_cancelled_ones_too(portal, connector, listing):
    later = BOOKING | {"id": "78", "start_at": "2026-03-03T09:00:00+01:00", "end_at": None}
    canceled = BOOKING | {"id": "79", "status": "canceled", "canceled_by": "user"}
    portal.will(json={"_items": [BOOKING, later, canceled]})
    found = connector.bookings(listing, EIGHT, EIGHT + timedelta(hours=1))
    assert [(each.id, each.is_booked) for each in found] == [("77", True), ("79", False)]
    assert (found[0].booked_by, found[0].price_minor, found[0].comment) == (
        By.US,
        15000,
        "Slotbridge m4rk",
    )
    assert portal.requests[0].url.params["with"] == (
        "booking.patient,booking.address_service,booking.presence,booking.confirmation"
    )


def test_a_booking_that_cannot_be_read_stops_only_itself(portal, connector, listing, caplog):
    broken = [{"id": "80"}, {"start_at": "2026-03-03T08:00:00+01:00"}, "Canary", None]
    portal.will(json={"_items": [*broken, BOOKING]})
    [found] = connector.bookings(listing, EIGHT, EIGHT + timedelta(hours=1))
    assert found.id == "77"
    [record] = caplog.records
    assert (record.message, record.count) == ("unreadable records", 4)


def test_pages_that_nobody_asked_for_are_read_to_the_last(portal, connector, listing):
    for number in (1, 2, 3):
        portal.will(json={"_items": [BOOKING | {"id": number}], "page": number, "pages": 3})
    found = connector.bookings(listing, EIGHT, EIGHT + timedelta(hours=1))
    assert [each.id for each in found] == ["1", "2", "3"]
    assert [request.url.params.get("page") for request in portal.requests] == [None, "2", "3"]


def test_a_booking_is_read_with_its_chain_of_moves(portal, connector, listing):
    chain = {"origin_booking_id": "70", "newest_booking_id": 79}
    portal.will(json=BOOKING | {"moving": chain})
    portal.will(json=BOOKING | {"moving": None})
    found = connector.booking(listing, "77")
    assert (found.origin_id, found.newest_id) == ("70", "79")
    assert connector.booking(listing, "77").newest_id == ""


def test_a_booking_that_is_not_there_is_gone(portal, connector, listing):
    portal.will_say(404, "Object not found")
    with pytest.raises(Gone):
        connector.booking(listing, "77")


def test_a_visit_is_booked_without_identity_and_with_its_marker(portal, connector, listing):
    portal.will(json=BOOKING)
    made = connector.book(listing, VISIT)
    method, path, body = portal.sent()
    assert (method, unquote(path)) == (
        "POST",
        f"{HERE}/slots/2026-03-03T08:00:00+01:00/book",
    )
    assert path.endswith("/slots/2026-03-03T08%3A00%3A00%2B01%3A00/book")
    assert body == {
        "address_service_id": "243665",
        "duration": 30,
        "patient": {"name": "Rezerwacja", "surname": "HIS", "phone": None},
        "comment": "Slotbridge m4rk",
    }
    assert (made.id, made.booked_by, made.start) == ("77", By.US, EIGHT)


@pytest.mark.parametrize(
    ("names", "patient"),
    [
        ({}, {"name": "Canary", "surname": "Nightingale", "phone": "+48500500500"}),
        ({"family_name": "", "phone": ""}, {"name": "Canary", "phone": None}),
        (
            {"given_name": "", "family_name": ""},
            {"name": "Rezerwacja", "surname": "HIS", "phone": None},
        ),
        ({"given_name": ""}, {"name": "Nightingale", "phone": "+48500500500"}),
    ],
)
def test_names_and_phones_are_sent_only_where_the_clinic_chose_so(portal, listing, names, patient):
    portal.will(json=BOOKING)
    told = {name: getattr(VISIT, name) for name in ("given_name", "family_name", "phone")} | names
    visit = VisitToTell(VISIT.start, VISIT.end, VISIT.service, VISIT.marker, **told)
    portal.connector(identity="yes").book(listing, visit)
    assert portal.sent()[2]["patient"] == patient


@pytest.mark.parametrize(
    "text",
    [
        "Unable to perform booking. Requested target slot (2026-03-03T08:00:00+01:00) not found",
        "Unable to perform booking. Slot (2026-03-03T08:00:00+01:00) does not support service 1",
        "Object not found",
        "something new",
    ],
)
def test_a_lost_race_is_a_404(portal, connector, listing, text):
    portal.will_say(404, text)
    with pytest.raises(Gone):
        connector.book(listing, VISIT)


@pytest.mark.parametrize(
    "text", ["Service does not exist", "Unable to book a visit for this address"]
)
def test_a_404_that_will_stay_is_refused(portal, connector, listing, text):
    portal.will_say(404, text)
    with pytest.raises(Refused, match=text) as refused:
        connector.book(listing, VISIT)
    assert not isinstance(refused.value, Gone)


@pytest.mark.parametrize(
    "answer", [httpx.Response(200), httpx.Response(200, json={}), httpx.Response(200, html="<p>")]
)
def test_a_success_that_names_no_booking_is_unknown(portal, connector, listing, answer):
    portal.answers.append(answer)
    with pytest.raises(OutcomeUnknown):
        connector.book(listing, VISIT)


def test_a_booking_that_comes_back_with_little_is_completed_from_what_was_asked(
    portal, connector, listing
):
    portal.will(json={"id": 5})
    made = connector.book(listing, VISIT)
    assert (made.id, made.start, made.end, made.booked_by) == ("5", EIGHT, VISIT.end, By.US)


def test_a_move_gives_a_new_booking(portal, connector, listing):
    portal.will(201, BOOKING | {"id": "78"})
    moved = connector.move(listing, "77", listing, VISIT)
    assert portal.sent() == (
        "POST",
        f"{HERE}/bookings/77/move",
        {
            "address_service_id": "243665",
            "start": "2026-03-03T08:00:00+01:00",
            "duration": 30,
        },
    )
    assert (moved.id, moved.address) == ("78", "111")


def test_a_move_to_another_doctor_names_the_address_and_believes_the_location(
    portal, connector, listing
):
    where = "/api/v3/integration/facilities/1/doctors/124/addresses/222/bookings/78"
    portal.will(201, headers={"Location": f"https://www.znanylekarz.pl{where}"})
    moved = connector.move(listing, "77", OTHER, VISIT)
    assert portal.sent()[2]["address_id"] == "222"
    assert (moved.id, moved.doctor, moved.address) == ("78", "124", "222")
    assert (moved.start, moved.end) == (VISIT.start, VISIT.end)


@pytest.mark.parametrize(
    "answer",
    [{}, {"json": {"id": "77"}}, {"headers": {"Location": "/elsewhere"}}, {"json": {"id": None}}],
)
def test_a_move_that_names_no_new_booking_is_unknown(portal, connector, listing, answer):
    portal.will(201, **answer)
    with pytest.raises(OutcomeUnknown):
        connector.move(listing, "77", listing, VISIT)


@pytest.mark.parametrize(
    ("status", "text"),
    [(409, "The visit has already been canceled or moved"), (404, "Object not found")],
)
def test_a_booking_that_was_moved_away_is_gone(portal, connector, listing, status, text):
    portal.will_say(status, text)
    with pytest.raises(Gone):
        connector.move(listing, "77", OTHER, VISIT)


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (400, "Service does not belong to the address"),
        (422, "This booking has a payment on it and the target address bills elsewhere"),
    ],
)
def test_a_move_that_the_portal_will_not_do_is_refused(portal, connector, listing, status, text):
    portal.will_say(status, text)
    with pytest.raises(Refused) as refused:
        connector.move(listing, "77", OTHER, VISIT)
    assert not isinstance(refused.value, Gone)


def test_a_move_out_of_the_facility_is_refused_before_it_is_sent(portal, connector, listing):
    with pytest.raises(Refused):
        connector.move(listing, "77", ListingRef("2", "124", "222", WARSAW), VISIT)
    assert portal.requests == []


def test_a_cancellation_without_a_reason_has_no_body(portal, connector, listing):
    portal.will(204)
    connector.cancel(listing, "77", "")
    assert portal.sent() == ("DELETE", f"{HERE}/bookings/77", None)


def test_canceling_what_is_not_booked_any_more_is_gone(portal, connector, listing):
    portal.will_say(400, "Visit 77 cannot be canceled because it is not booked")
    portal.will(json=BOOKING | {"status": "canceled"})
    with pytest.raises(Gone):
        connector.cancel(listing, "77", "")
    assert portal.operations == ["cancelBooking", "getBooking"]


def test_a_cancellation_that_the_portal_will_not_do_is_refused(portal, connector, listing):
    portal.will_say(400, "Unable to cancel a visit for this address")
    portal.will(json=BOOKING)
    with pytest.raises(Refused, match="Unable to cancel") as refused:
        connector.cancel(listing, "77", "")
    assert not isinstance(refused.value, Gone)
