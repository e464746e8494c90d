"""Breaks read, made and deleted.

addCalendarBreak, getCalendarBreaks, deleteCalendarBreak.
"""

from datetime import UTC, datetime, timedelta

import pytest

from slotbridge.sync.contract import (
    OutcomeUnknown,
    PortalBreak,
    Refused,
)

EIGHT = datetime(2026, 3, 3, 7, 0, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
HERE = "/api/v3/integration/facilities/1/doctors/123/addresses/111"
BREAK = {
    "id": "5",
    "since": "2026-03-03T08:00:00+01:00",
    "till": "2026-03-03T08:30:00+01:00",
    "description": "Slotbridge m4rk",
}
OURS = PortalBreak("5", EIGHT, EIGHT + HALF_HOUR, "Slotbridge m4rk")


@pytest.mark.parametrize(
    "answer",
    [
        {"json": BREAK},
        {"json": {"id": 5}},
        {"headers": {"Location": f"https://www.znanylekarz.pl{HERE}/breaks/5"}},
    ],
)
def test_a_break_hides_time_and_carries_the_marker(portal, connector, listing, answer):
    portal.will(201, **answer)
    assert connector.add_break(listing, EIGHT, EIGHT + HALF_HOUR, "m4rk") == OURS
    assert portal.sent() == (
        "POST",
        f"{HERE}/breaks",
        {name: BREAK[name] for name in ("since", "till", "description")},
    )


def test_a_break_that_is_there_already_is_found(portal, connector, listing):
    others = [BREAK | {"id": "4", "description": None}, BREAK | {"id": "3", "since": BREAK["till"]}]
    portal.will_say(409, "Break for given address, date range and description exists")
    portal.will(json={"_items": [*others, BREAK]})
    assert connector.add_break(listing, EIGHT, EIGHT + HALF_HOUR, "m4rk") == OURS


def test_a_conflict_without_an_equal_break_is_refused(portal, connector, listing):
    portal.will_say(409, "Break for given address, date range and description exists")
    portal.will(json={"_items": []})
    with pytest.raises(Refused):
        connector.add_break(listing, EIGHT, EIGHT + HALF_HOUR, "m4rk")


def test_a_break_made_without_a_word_is_looked_for(portal, connector, listing):
    portal.will(201)
    portal.will(json={"_items": [BREAK]})
    portal.will(201)
    portal.will(json={"_items": []})
    assert connector.add_break(listing, EIGHT, EIGHT + HALF_HOUR, "m4rk") == OURS
    with pytest.raises(OutcomeUnknown):
        connector.add_break(listing, EIGHT, EIGHT + HALF_HOUR, "m4rk")


def test_an_address_without_a_calendar_has_no_breaks(portal, connector, listing):
    portal.will_say(404, "Calendar not found for this address")
    assert connector.breaks(listing, EIGHT, EIGHT + timedelta(days=1)) == []


def test_a_break_that_is_not_there_any_more_is_deleted(portal, connector, listing):
    portal.will(204)
    connector.delete_break(listing, "5")
    portal.will_say(404, "Invalid break ID")
    connector.delete_break(listing, "5")
    assert portal.operations == ["deleteCalendarBreak", "deleteCalendarBreak"]
