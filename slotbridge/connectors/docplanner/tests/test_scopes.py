"""The three spellings of `with`: which one the portal understands is seen from what it answers."""

from datetime import UTC, datetime, timedelta

from slotbridge.connectors.docplanner.api.bookings import SCOPES, UNDECLARED

EIGHT = datetime(2026, 3, 3, 7, 0, tzinfo=UTC)
TILL = EIGHT + timedelta(days=1)
BARE = {"id": "77", "status": "booked", "start_at": "2026-03-03T08:00:00+01:00", "duration": 30}
WHOLE = BARE | {"patient": {"name": "Abelard"}, "address_service": None}
SLOT = {"start": "2026-03-03T08:00:00+01:00"}
OFFERED = SLOT | {"address_services": {"_items": [{"id": "11"}]}}
ALL = (*SCOPES, UNDECLARED)

COMMAS = [("with", ",".join(ALL))]
AMPERSANDS = [("with", ALL[0]), *((scope, "") for scope in ALL[1:])]
BRACKETS = [("with[]", scope) for scope in ALL]


def asked(portal):
    """How the scopes of each request were written."""
    return [
        [(key, value) for key, value in request.url.params.multi_items() if "." in key + value]
        for request in portal.requests
    ]


def answers(portal, *items):
    portal.will(json={"_items": list(items)})


def test_a_comma_list_that_is_understood_is_all_that_is_ever_sent(portal, connector, listing):
    for _ in range(2):
        answers(portal, WHOLE)
        connector.bookings(listing, EIGHT, TILL)
    assert asked(portal) == [COMMAS, COMMAS]


def test_the_next_spelling_is_tried_once_and_kept_for_the_connection(portal, connector, listing):
    answers(portal, BARE)
    answers(portal, BARE | {"patient": {"name": "Abelard"}})  # the first scope alone
    answers(portal, WHOLE)
    [found] = connector.bookings(listing, EIGHT, TILL)
    assert found.patient.given_name == "Abelard"
    answers(portal, WHOLE)
    connector.bookings(listing, EIGHT, TILL)
    assert asked(portal) == [COMMAS, AMPERSANDS, BRACKETS, BRACKETS]


def test_one_value_alone_is_not_asked_for_twice_in_the_same_words(portal, connector, listing):
    answers(portal, SLOT)
    answers(portal, OFFERED)
    [found] = connector.offered(listing, EIGHT, TILL)
    assert found.service == "11"
    answers(portal, WHOLE)
    connector.bookings(listing, EIGHT, TILL)
    assert asked(portal) == [[("with", "slot.services")], [("with[]", "slot.services")], BRACKETS]


def test_one_value_that_is_understood_says_nothing_of_several(portal, connector, listing):
    answers(portal, OFFERED)
    connector.offered(listing, EIGHT, TILL)
    answers(portal, BARE)
    answers(portal, WHOLE)
    connector.bookings(listing, EIGHT, TILL)
    assert asked(portal)[1:] == [COMMAS, AMPERSANDS]


def test_where_no_spelling_helps_the_contracts_is_kept_and_nothing_is_lost(
    portal, connector, listing
):
    for _ in range(3):
        answers(portal, BARE)
    assert [each.id for each in connector.bookings(listing, EIGHT, TILL)] == ["77"]
    answers(portal, BARE)
    assert [each.id for each in connector.bookings(listing, EIGHT, TILL)] == ["77"]
    assert asked(portal) == [COMMAS, AMPERSANDS, BRACKETS, COMMAS]


def test_an_empty_answer_teaches_nothing(portal, connector, listing):
    answers(portal)
    connector.bookings(listing, EIGHT, TILL)
    answers(portal, BARE)
    answers(portal, WHOLE)
    connector.bookings(listing, EIGHT, TILL)
    assert asked(portal) == [COMMAS, COMMAS, AMPERSANDS]


def test_a_scope_that_nobody_declared_is_left_out_once_it_is_refused(portal, connector, listing):
    portal.will_say(400, "Invalid arguments")
    answers(portal, WHOLE)
    connector.bookings(listing, EIGHT, TILL)
    answers(portal, WHOLE)
    connector.bookings(listing, EIGHT, TILL)
    declared = [("with", ",".join(SCOPES))]
    assert asked(portal) == [COMMAS, declared, declared]
