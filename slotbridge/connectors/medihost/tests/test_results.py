"""What the portal says became of a document, in our words."""

import pytest

from slotbridge.sync.contract import Refused
from slotbridge.sync.exchange.contract import Part, Refusal, RowRefusal, Telling, Told
from slotbridge.wire.medihost.result import (
    Message,
    Outcome,
    Result,
    SectionCounts,
    write_result,
)


@pytest.fixture
def told(portal, connector):
    """What telling ends in if the portal answers this."""

    def answered(*messages, sections=(), outcome=Outcome.PARTIAL):
        result = Result(outcome, 48213, None, tuple(sections), messages)
        portal.will(200, write_result(result).decode())
        return connector.tell(Telling())

    return answered


def test_all_well_is_counts(told):
    sections = [
        SectionCounts("Resources", received=70, added=2, unchanged=68),
        SectionCounts("Appointments", "diff", received=3, updated=3),
    ]
    found = told(sections=sections, outcome=Outcome.OK)
    assert (found.refused, found.withheld) == ((), {})
    assert found.counts["Resources"]["added"] == 2
    assert found.counts["Appointments"] == {
        "received": 3,
        "added": 0,
        "updated": 3,
        "unchanged": 0,
        "removed": 0,
        "withheld": 0,
        "parked": 0,
        "skipped": 0,
    }


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("E_ORDER_FINAL", RowRefusal.ENDED),
        ("E_ORDER_UNKNOWN", RowRefusal.UNKNOWN),
        ("E_STATUS", RowRefusal.WRONG),
        ("E_OF_LATER", RowRefusal.WRONG),
    ],
)
def test_an_answer_that_was_not_taken_is_named_by_its_order(told, code, why):
    message = Message(code, "The order has ended.", "Orders", line=5, key="3", attribute="Status")
    refusal = Refusal(Part.ANSWERS, "3", why, f"The order has ended. [{code}]")
    assert told(message).refused == (refusal,)


@pytest.mark.parametrize(
    ("key", "ours"),
    [
        ("Visit/12", "visit/12"),
        ("VisitRoom/12", "visit-room/12"),
        ("visitdevice/12", "visit-device/12"),
        ("Absence/12", "absence/12"),
        ("SchedEvent/12", "SchedEvent/12"),
        ("", ""),
    ],
)
def test_an_occupied_time_that_was_not_taken_has_our_key(told, key, ours):
    [refusal] = told(Message("E_RANGE", "Out of range.", "Appointments", key=key)).refused
    assert (refusal.part, refusal.key, refusal.why) == (Part.BUSY, ours, RowRefusal.WRONG)


@pytest.mark.parametrize("section", ["ResourceGroups", "Resources", "Schedules"])
def test_a_row_of_the_offer_keeps_its_key(told, section):
    [refusal] = told(Message("E_LONG", "Too long.", section, key="7/03.03.2026")).refused
    assert (refusal.part, refusal.key) == (Part.OFFER, "7/03.03.2026")


def test_warnings_refuse_nothing(told):
    message = Message("W_NO_HOURS", "No working time.", "Schedules", key="7/03.03.2026")
    assert told(message).refused == ()


def test_deletions_that_were_withheld_are_counted_by_part(told):
    sections = [
        SectionCounts("Resources", withheld=12),
        SectionCounts("Schedules", withheld=30),
        SectionCounts("Appointments", "full", withheld=400),
        SectionCounts("Orders"),
    ]
    warning = Message("W_WITHHELD", "Deletions are withheld.", "Appointments")
    assert told(warning, sections=sections).withheld == {Part.OFFER: 42, Part.BUSY: 400}


def test_a_document_that_was_not_applied_is_refused_though_the_status_is_200(told):
    with pytest.raises(Refused, match=r"import\.php: 200, E_SYNC_MODE"):
        told(Message("E_SYNC_MODE", "Unknown."), outcome=Outcome.ERROR)


def test_a_sentence_too_long_for_a_page_keeps_its_code(told):
    [refusal] = told(Message("E_RANGE", "long " * 1000, "Orders", key="3")).refused
    assert len(refusal.text) < 300
    assert refusal.text.endswith("[E_RANGE]")


def test_an_empty_result_is_a_success(told):
    assert told(outcome=Outcome.OK) == Told()
