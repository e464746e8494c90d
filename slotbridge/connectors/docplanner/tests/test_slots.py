"""Whole dates told, free starts read.

replaceSlots, deleteSlots, getSlots.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from slotbridge.connectors.docplanner.tests.conftest import WARSAW
from slotbridge.kit import clock
from slotbridge.sync.contract import (
    Gone,
    ListingRef,
    Offer,
    OfferedStart,
    OpenPeriod,
    Refused,
    TryLater,
)

TUESDAY = date(2026, 3, 3)
EIGHT = datetime(2026, 3, 3, 7, 0, tzinfo=UTC)
HERE = "/api/v3/integration/facilities/1/doctors/123/addresses/111"


def morning(day=TUESDAY):
    start = datetime(day.year, day.month, day.day, 8, tzinfo=WARSAW).astimezone(UTC)
    return OpenPeriod(start, start + timedelta(hours=2), (Offer("11", 30), Offer("12", 45)))


def test_a_day_is_told_whole_in_one_put(portal, connector, listing):
    portal.will(201)
    digest = connector.tell_days(listing, {TUESDAY: [morning()]}, avoid=set())
    assert portal.sent() == (
        "PUT",
        f"{HERE}/slots",
        {
            "slots": [
                {
                    "start": "2026-03-03T08:00:00+01:00",
                    "end": "2026-03-03T10:00:00+01:00",
                    "address_services": [
                        {"address_service_id": "11", "duration": 30},
                        {"address_service_id": "12", "duration": 45},
                    ],
                    "insurance_accepted": "without-insurance-only",
                }
            ]
        },
    )
    assert len(digest) == 64


def test_twelve_weeks_go_in_one_request(portal, connector, listing):
    portal.will(201)
    days = [TUESDAY + timedelta(days=n) for n in range(83)]
    connector.tell_days(listing, {day: [morning(day)] for day in days}, avoid=set())
    assert portal.operations == ["replaceSlots"]


def test_the_same_again_within_three_minutes_is_said_differently(portal, connector, listing):
    taken = set()
    for _ in range(3):
        portal.will(201)
        taken.add(connector.tell_days(listing, {TUESDAY: [morning()]}, avoid=taken))
    assert len(taken) == 3
    bodies = {request.content for request in portal.requests}
    assert len(bodies) == 3


def test_what_cannot_be_said_differently_waits_until_it_may_be_repeated(portal, connector, listing):
    start, end = clock.day_bounds(TUESDAY, WARSAW)
    full = {TUESDAY: [OpenPeriod(start, end, (Offer("11", 30), Offer("12", 45)))]}
    portal.will(201)
    digest = connector.tell_days(listing, full, avoid=set())
    with pytest.raises(TryLater) as later:
        connector.tell_days(listing, full, avoid={digest})
    assert later.value.retry_after == timedelta(minutes=3)
    assert len(portal.requests) == 1


def test_a_lone_emptied_date_is_deleted(portal, connector, listing):
    portal.will(204)
    digest = connector.tell_days(listing, {TUESDAY: []}, avoid=set())
    assert portal.sent() == ("DELETE", f"{HERE}/slots/2026-03-03", None)
    assert digest


def test_a_deletion_does_not_overtake_a_put_that_is_still_being_processed(
    portal, connector, listing
):
    portal.will(201)
    told = connector.tell_days(listing, {TUESDAY: [morning()]}, avoid=set())
    portal.will(201)
    connector.tell_days(listing, {TUESDAY: []}, avoid={told})
    assert portal.operations == ["replaceSlots", "replaceSlots"]
    assert portal.sent()[2]["slots"][0]["address_services"] == []


def test_where_there_is_no_calendar_to_delete_from_the_date_is_put_empty(
    portal, connector, listing
):
    portal.will_say(404, "Object not found")
    portal.will(201)
    connector.tell_days(listing, {TUESDAY: []}, avoid=set())
    assert portal.operations == ["deleteSlots", "replaceSlots"]


def test_an_empty_list_of_slots_is_never_sent(portal, connector, listing):
    with pytest.raises(ValueError, match="empty"):
        connector.tell_days(listing, {}, avoid=set())
    assert portal.requests == []


def test_what_lies_beyond_twelve_weeks_is_refused_before_it_is_sent(portal, connector, listing):
    day = TUESDAY + timedelta(weeks=12)
    with pytest.raises(Refused):
        connector.tell_days(listing, {day: [morning(day)]}, avoid=set())
    assert portal.requests == []


def test_days_of_another_zone_than_the_portals_are_not_told(portal, connector):
    elsewhere = ListingRef("1", "123", "111", ZoneInfo("America/Lima"))
    with pytest.raises(Refused):
        connector.tell_days(elsewhere, {TUESDAY: []}, avoid=set())
    assert portal.requests == []


def test_a_calendar_of_an_address_that_is_not_paid_for_is_refused(portal, connector, listing):
    text = "Cannot activate calendar on address 111, profile/address is not commercial"
    portal.will_say(422, text)
    with pytest.raises(Refused, match="422, Profile or address is not commercial"):
        connector.tell_days(listing, {TUESDAY: [morning()]}, avoid=set())


def test_free_starts_are_read_with_their_services(portal, connector, listing):
    portal.will(
        json={
            "_items": [
                {"start": "2026-03-03T08:00:00+01:00", "address_services": services("11", "12")},
                {"start": "2026-03-03T08:15:00+01:00", "address_services": services("12")},
                {"start": "2026-03-03T08:30:00+01:00", "address_services": None},
                {"start": "2026-03-03T09:00:00+01:00", "address_services": services("11")},
            ]
        }
    )
    end = EIGHT + timedelta(hours=1)
    assert connector.offered(listing, EIGHT, end) == {
        OfferedStart(EIGHT, "11"),
        OfferedStart(EIGHT, "12"),
        OfferedStart(EIGHT + timedelta(minutes=15), "12"),
    }
    assert dict(portal.requests[0].url.params) == {
        "start": "2026-03-03T08:00:00+01:00",
        "end": "2026-03-03T09:00:00+01:00",
        "with": "slot.services",
    }


def services(*ids):
    return {"_items": [{"id": each, "name": "konsultacja"} for each in ids]}


def test_no_slots_may_be_a_404_or_an_empty_list(portal, connector, listing):
    portal.will_say(404, "No slots found on given address")
    portal.will(json={"_items": []})
    for _ in range(2):
        assert connector.offered(listing, EIGHT, EIGHT + timedelta(days=1)) == frozenset()


def test_an_address_that_is_gone_is_not_an_empty_one(portal, connector, listing):
    portal.will_say(404, "Object not found")
    with pytest.raises(Gone):
        connector.offered(listing, EIGHT, EIGHT + timedelta(days=1))


def test_slots_without_services_are_not_taken_for_slots_that_nobody_can_book(
    portal, connector, listing
):
    for _spelling in range(2):
        portal.will(json={"_items": [{"start": "2026-03-03T08:00:00+01:00"}]})
    with pytest.raises(Refused, match="does not say which services"):
        connector.offered(listing, EIGHT, EIGHT + timedelta(days=1))


def test_no_range_is_longer_than_the_portal_reads(portal, connector, listing):
    for _ in range(3):
        portal.will(json={"_items": []})
    connector.offered(listing, EIGHT, EIGHT + timedelta(days=365))
    edges = [tuple(map(request_edge(request), ("start", "end"))) for request in portal.requests]
    assert all(end - start <= timedelta(days=180) for start, end in edges)
    assert [edges[0][0], edges[-1][1]] == [EIGHT, EIGHT + timedelta(days=365)]
    assert [end for _start, end in edges[:-1]] == [start for start, _end in edges[1:]]


def request_edge(request):
    return lambda name: datetime.fromisoformat(request.url.params[name])
