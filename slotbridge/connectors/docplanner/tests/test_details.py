"""What bookings and notifications say beside times; prices; who pays; where messages come from."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotbridge.connectors.docplanner import fields, site
from slotbridge.connectors.docplanner.tests import golden
from slotbridge.connectors.docplanner.tests.golden import booking_told, told
from slotbridge.sync.contract import (
    Gone,
    Heard,
    MessageUnreadable,
    Offer,
    OpenPeriod,
    OutcomeUnknown,
    Payer,
    Refused,
    ServiceAtAddress,
    TryLater,
)

EIGHT = datetime(2026, 3, 3, 7, 0, tzinfo=UTC)
TUESDAY = date(2026, 3, 3)
BOOKING = {
    "id": "77",
    "status": "booked",
    "start_at": "2026-03-03T08:00:00+01:00",
    "duration": 30,
    "patient": {"name": "Abelard"},
    "address_service": None,
}
SERVICE = {"id": "55", "service_id": "5", "price": 149}
WANTED = ServiceAtAddress("5", "55", price_minor=19999)

# --- notifications of details --------------------------------------------------------------------


def test_a_confirmation_a_payment_and_a_presence_carry_what_changed():
    confirmed = golden.read(golden.body("booking-confirmed"))
    paid = golden.read(golden.body("booking-payment-status-changed"))
    absent = golden.read(golden.body("presence-marked"))
    assert {each.heard for each in (confirmed, paid, absent)} == {Heard.DETAILS}
    assert (confirmed.booking, confirmed.hint.is_confirmed) == ("6263715", True)
    assert (paid.booking, paid.hint.payment) == ("6263715", "paid")
    assert (absent.booking, absent.hint.presence) == ("6264532", "absent")


@pytest.mark.parametrize(
    ("event", "part"), [("booking-confirmed", "id"), ("presence-marked", "start_at")]
)
def test_details_of_no_booking_or_of_no_time_are_parked(event, part):
    with pytest.raises(MessageUnreadable):
        golden.read(booking_told(event, **{part: None}))


@pytest.mark.parametrize(("said", "read"), [("PRESENT", "present"), ("absent", "absent"), (7, "")])
def test_presence_is_read_in_both_spellings(said, read):
    assert golden.read(told("presence-marked", presence=said)).hint.presence == read


@pytest.mark.parametrize(
    ("changes", "payer"),
    [
        ({}, None),
        ({"insurance": None}, Payer.PATIENT),
        ({"insurance": {"id": 13, "name": "NFZ"}}, Payer.INSURANCE),
        ({"insurance": {"id": "1", "plan": ""}}, Payer.PATIENT),
    ],
)
def test_who_pays_is_read_from_the_insurance(portal, connector, listing, changes, payer):
    portal.will(json=BOOKING | changes)
    assert connector.booking(listing, "77").payer is payer


def test_number_13_is_public_in_poland_only(portal, listing):
    portal.will(json=BOOKING | {"insurance": {"id": "13"}})
    assert portal.connector(domain="doctoralia.es").booking(listing, "77").payer is Payer.PATIENT


@pytest.mark.parametrize(
    ("url", "read"),
    [("https://video.example/a", "https://video.example/a"), ("javascript:alert(1)", ""), (7, "")],
)
def test_only_a_link_is_taken_for_the_address_of_a_video_visit(
    portal, connector, listing, url, read
):
    extras = {"insurance_number": "CARD", "is_returning": True}
    portal.will(json=BOOKING | {"videocall_url": url, "patient": {"name": "Abelard"} | extras})
    assert connector.booking(listing, "77").video_url == read


# --- prices --------------------------------------------------------------------------------------


@pytest.mark.parametrize("domain", site.ZONES)
def test_a_price_is_minor_units_of_the_sites_currency(portal, listing, domain):
    """149 and 199.99 in all currencies with hundredths; Chile's peso has none."""
    connector = portal.connector(domain=domain)
    whole = connector.currency_of({"domain": domain}) == "CLP"
    portal.will(json={"_items": [SERVICE]})
    [found] = connector.services_at(listing)
    assert found.price_minor == (149 if whole else 14900)
    portal.will(200, SERVICE)
    connector.change_service(listing, WANTED)
    assert portal.sent()[2]["price"] == (19999 if whole else 199.99)


@given(st.integers(0, 10_000_000_00))
def test_a_price_is_written_with_its_own_digits_and_read_back_the_same(minor):
    written = json.dumps(fields.price(minor, 2))
    assert len(written.partition(".")[2]) <= 2
    assert fields.price_minor(json.loads(written), 2) == minor


# --- who may book a period -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payer", "said"),
    [
        (Payer.PATIENT, {"insurance_accepted": "without-insurance-only"}),
        (
            Payer.INSURANCE,
            {"insurance_accepted": "with-insurance-only", "insurance_providers": [13]},
        ),
        (
            Payer.EITHER,
            {"insurance_accepted": "with-and-without-insurance", "insurance_providers": [13]},
        ),
    ],
)
def test_a_period_says_who_may_book_it(portal, connector, listing, payer, said):
    period = OpenPeriod(EIGHT, EIGHT + timedelta(hours=1), (Offer("11", 30),), payer)
    portal.will(201)
    connector.tell_days(listing, {TUESDAY: [period]}, avoid=set())
    [slot] = portal.sent()[2]["slots"]
    assert {key: value for key, value in slot.items() if key.startswith("insurance")} == said


def test_where_nobody_insures_publicly_such_periods_are_refused_before_they_are_sent(
    portal, listing
):
    abroad = portal.connector(domain="miodottore.it")
    period = OpenPeriod(EIGHT, EIGHT + timedelta(hours=1), (Offer("11", 30),), Payer.INSURANCE)
    with pytest.raises(Refused, match="no public insurance"):
        abroad.tell_days(listing, {TUESDAY: [period]}, avoid=set())
    assert portal.requests == []


# --- what was done, and what is there already ----------------------------------------------------


def test_a_service_that_is_there_already_is_the_one_that_was_to_be_made(portal, connector, listing):
    """409 of addAddressService."""
    portal.will_say(409, "The address service you are trying to add already exists in the system")
    portal.will(json={"_items": [SERVICE | {"id": "54", "service_id": "4"}, SERVICE]})
    assert connector.add_service(listing, WANTED) == "55"


def test_a_mark_whose_answer_was_lost_is_looked_for_and_not_made_again(portal, connector, listing):
    for shown, fails in (("present", False), (None, True)):
        portal.will(503)
        portal.will(json=BOOKING)
        portal.will(json={"_items": [BOOKING | {"presence": shown}]})
        if fails:
            with pytest.raises(OutcomeUnknown):
                connector.mark_presence(listing, "77", present=True)
        else:
            connector.mark_presence(listing, "77", present=True)


def test_a_break_is_not_deleted_again_without_a_look(portal, connector, listing):
    portal.will(503)
    with pytest.raises(TryLater):
        connector.delete_break(listing, "9")
    portal.will_say(404, "Invalid break ID")
    connector.delete_break(listing, "9")
    assert portal.operations == ["deleteCalendarBreak", "getCalendarBreak"]


def test_a_date_whose_deletion_is_unknown_is_put_empty_from_then_on(portal, connector, listing):
    portal.will(503)
    with pytest.raises(TryLater):
        connector.tell_days(listing, {TUESDAY: []}, avoid=set())
    portal.will(201)
    connector.tell_days(listing, {TUESDAY: []}, avoid=set())
    assert portal.operations == ["deleteSlots", "replaceSlots"]


@pytest.mark.parametrize(("days", "ending"), [(1, None), (-1, Refused)])
def test_409_in_unknown_words_is_a_confirmation_that_is_there_unless_the_visit_is_past(
    portal, connector, listing, days, ending
):
    start = (datetime(2026, 3, 2, 8, tzinfo=UTC) + timedelta(days=days)).isoformat()
    portal.will_say(409, "Wizyta")
    portal.will(json=BOOKING | {"start_at": start})
    if ending is None:
        connector.confirm(listing, "77")
    else:
        with pytest.raises(ending) as refused:
            connector.confirm(listing, "77")
        assert not isinstance(refused.value, Gone)


# --- where notifications come from ---------------------------------------------------------------


def test_a61_the_published_addresses_are_read_without_a_token(portal, connector):
    portal.will(json={"API": ["192.0.2.7", "2001:DB8::1", "198.51.100.0/24"]})
    found = connector.published_addresses()
    assert found == {"192.0.2.7", "2001:db8::1", "198.51.100.0/24"}
    assert portal.token_requests == []
    [asked] = portal.requests
    assert str(asked.url) == "https://www.znanylekarz.pl/public/docs/public-ips.json"
    assert "Authorization" not in asked.headers


@pytest.mark.parametrize(
    "answer", [{"status": 404}, {"json": {"API": []}}, {"json": {"API": ["192.0.2.7", "soon"]}}]
)
def test_a61_the_text_file_stands_in_and_half_a_list_is_none(portal, connector, answer):
    portal.will(**answer)
    portal.will(content=b"192.0.2.7\n192.0.2.8\n")
    assert connector.published_addresses() == {"192.0.2.7", "192.0.2.8"}
    portal.will(**answer)
    portal.will(content=b"")
    with pytest.raises(TryLater):
        connector.published_addresses()
