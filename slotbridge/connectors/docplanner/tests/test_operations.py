"""All 44 operations: the list is the contract's, each is a typed call, each refusal is sorted.

The scripted portal checks what is asked against the contract; here also what it answers.
"""

from datetime import timedelta
from urllib.parse import unquote

import httpx
import pytest

from slotbridge.connectors.docplanner import messages, operations
from slotbridge.connectors.docplanner.answers import Conflict, Invalid, complaint
from slotbridge.connectors.docplanner.operations import PUSHED
from slotbridge.connectors.docplanner.tests.calls import CALLS, HEADERS
from slotbridge.sync.contract import (
    AccountRejected,
    Gone,
    OutcomeUnknown,
    Refused,
    TryLater,
)
from tests.contract_checker import METHODS, Contract

CONTRACT = Contract()
CONTENT = {"Content-Type": "application/vnd.docplanner+json; charset=UTF-8"}


@pytest.fixture
def api(connector):
    return connector._api


# --- the list ------------------------------------------------------------------------------------


def test_the_operations_are_those_of_the_contract_to_the_letter():
    declared = {
        (operation["operationId"], method.upper(), path)
        for path, methods in CONTRACT.document["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    }
    ours = {(each.name, each.method, each.path) for each in operations.EVERY}
    assert ours == declared
    assert len(operations.EVERY) == len(ours) == 44


def test_every_operation_but_the_portals_own_call_is_made_below():
    assert CALLS.keys() == {each.name for each in operations.EVERY if each is not PUSHED}


def test_only_reading_and_the_replacement_of_slots_are_ever_repeated_blindly():
    repeatable = {each.name for each in operations.EVERY if each.repeatable}
    reads = {each.name for each in operations.EVERY if each.method == "GET"}
    assert repeatable == reads | {"replaceSlots"}


# --- each of them --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CALLS)
def test_an_operation_is_asked_and_answered_as_the_contract_says(portal, api, name):
    call, (status, body), expected, path, sent = CALLS[name]
    answer = httpx.Response(status, json=body, headers=CONTENT | HEADERS.get(name, {}))
    if body is None:
        answer = httpx.Response(status)
    portal.answers.append(answer)
    assert call(api) == expected
    assert portal.operations == [name]
    _method, asked, given = portal.sent()
    assert (unquote(asked).removeprefix("/api/v3/integration"), given) == (path, sent)
    answer.request = portal.requests[0]
    assert CONTRACT.check(answer) == name


@pytest.mark.parametrize("name", CALLS)
def test_an_unknown_outcome_is_told_from_one_that_may_be_repeated(portal, api, name):
    reads = portal_reads(name)
    unclear = TryLater if reads or name == "replaceSlots" else OutcomeUnknown
    for failure in (httpx.ReadTimeout("scripted"), httpx.Response(503), httpx.Response(302)):
        portal.answers.append(failure)
        with pytest.raises(unclear):
            CALLS[name][0](api)
    portal.will(429)
    portal.will_fail(httpx.ConnectError)
    portal.will(403, html="<h1>Are you human?</h1>")
    for _ in range(3):
        with pytest.raises(TryLater):
            CALLS[name][0](api)
    portal.will_say(401, "Invalid credentials.")
    portal.will_say(401, "Invalid credentials.")
    with pytest.raises(AccountRejected):
        CALLS[name][0](api)


def portal_reads(name):
    [operation] = [each for each in operations.EVERY if each.name == name]
    return operation.method == "GET"


# --- what a refusal means ------------------------------------------------------------------------

DONE, EMPTY = "done", "empty"
E_G = "Validation error message, e.g.: "
SORTED = [
    ("updateAddress", 400, "Invalid arguments", Invalid),
    ("updateAddress", 403, "This address does not belong to this doctor", Refused),
    ("removeAddressIntegration", 403, "You are not authorized to use this feature", Refused),
    ("addAddressService", 400, f"{E_G}Invalid price value for service.", Invalid),
    (
        "addAddressService",
        409,
        "The address service you are trying to add already exists",
        Conflict,
    ),
    ("getAddressService", 403, "This service does not belong to this address", Gone),
    ("updateAddressService", 403, "This service does not belong to this address", Gone),
    ("updateAddressService", 404, "Object not found", Gone),
    ("deleteAddressService", 403, "You are not authorized to see this address", Refused),
    ("deleteAddressService", 404, "Object not found", Gone),
    (
        "addAddressInsuranceProvider",
        400,
        f"{E_G}Insurance provider with given ID is already assigned to this address.",
        DONE,
    ),
    ("addAddressInsuranceProvider", 400, "Plans of another provider", Invalid),
    (
        "addAddressInsuranceProvider",
        404,
        "Provided insurance provider ID not found in dictionary",
        Refused,
    ),
    (
        "updateOrCreateAddressInsuranceProvider",
        404,
        "Provided insurance provider ID not found in dictionary",
        Refused,
    ),
    ("updateOrCreateAddressInsuranceProvider", 404, "Object not found", Gone),
    (
        "deleteAddressInsuranceProvider",
        400,
        f"{E_G}Insurance provider with given ID is not assigned to this address.",
        DONE,
    ),
    ("deleteAddressInsuranceProvider", 400, "Something else", Invalid),
    ("getCalendar", 404, "Calendar does not exist", EMPTY),
    ("getCalendar", 404, "Object not found", Gone),
    ("enableCalendar", 409, "Calendar already enabled", DONE),
    ("enableCalendar", 400, "Could not enable calendar on disabled address", Invalid),
    (
        "enableCalendar",
        422,
        "Cannot activate calendar on address 111, profile/address is not commercial",
        Refused,
    ),
    ("enableCalendar", 403, "You are not authorized to make changes on this calendar", Refused),
    ("disableCalendar", 409, "Calendar already disabled", DONE),
    ("getCalendarBreaks", 404, "Calendar not found for this address", EMPTY),
    ("getCalendarBreaks", 404, "Invalid date given.", Refused),
    ("addCalendarBreak", 400, 'Param "since" is required!', Invalid),
    (
        "addCalendarBreak",
        409,
        "Break for given address, date range and description exists",
        Conflict,
    ),
    ("addCalendarBreak", 422, "Invalid date range", Refused),
    ("getCalendarBreak", 404, "Invalid break ID", Gone),
    ("moveCalendarBreak", 404, "Invalid break ID", Gone),
    ("moveCalendarBreak", 422, "Same Date Range", DONE),
    ("moveCalendarBreak", 422, "Till (b) cannot be set before since (a)", Refused),
    ("deleteCalendarBreak", 404, "Invalid break ID", Gone),
    ("getSlots", 404, "No slots found on given address", EMPTY),
    ("getSlots", 400, "Date range must not exceed 180 days", Invalid),
    ("replaceSlots", 400, "Insurance provider(s) with id (13) not found for address id", Invalid),
    (
        "replaceSlots",
        422,
        "Cannot activate calendar on address 111, profile/address is not commercial",
        Refused,
    ),
    ("deleteSlots", 404, "Object not found", Gone),
    ("bookSlot", 404, "Service does not exist", Refused),
    ("bookSlot", 404, "Unable to perform booking. Requested target slot (x) not found", Gone),
    ("bookSlot", 422, "Cannot activate calendar on address 111", Refused),
    ("getBooking", 404, "Object not found", Gone),
    ("cancelBooking", 400, f"{E_G}Visit 77 cannot be canceled because it is not booked", Invalid),
    ("cancelBooking", 404, "Object not found", Gone),
    ("moveBooking", 403, "This address does not belong to this facility", Refused),
    ("moveBooking", 403, "This booking does not belong to this address", Gone),
    ("moveBooking", 409, "The visit has already been canceled or moved", Gone),
    ("moveBooking", 422, "This booking has a payment on it", Refused),
    ("confirmBooking", 400, f"{E_G}confirmed_by value is invalid", Invalid),
    ("confirmBooking", 400, "Integration is not authorized for this address", Invalid),
    ("confirmBooking", 403, "This booking does not belong to this address", Gone),
    ("confirmBooking", 404, "Object not found", Gone),
    ("confirmBooking", 409, "Visit has already been confirmed", DONE),
    ("confirmBooking", 409, "Visit has been canceled", Gone),
    ("confirmBooking", 409, "Visit has been deleted", Gone),
    ("confirmBooking", 409, "Visit is in the past", Conflict),
    ("requestOpinion", 400, f"{E_G}Phone number is invalid.", Invalid),
    ("requestOpinion", 403, "Visit not found", Gone),
    ("requestOpinion", 403, "Doctor is not related with facility", Refused),
    ("requestOpinion", 409, "Opinion already exists", Conflict),
    ("requestOpinion", 422, "Cannot send request", Refused),
    ("markPatientPresence", 400, f"{E_G}Visit is in the future", Invalid),
    ("markPatientPresence", 404, "This visit does not belong to this doctor", Gone),
    ("markPatientPresence", 409, "Visit is marked as canceled", Gone),
    ("markPatientAbsence", 400, f"{E_G}Visit is in the future", Invalid),
    ("markPatientAbsence", 404, "This visit does not belong to this doctor", Gone),
    ("markPatientAbsence", 409, "Visit is marked as canceled", Gone),
    ("Pull Notification", 404, "No notifications found", EMPTY),
    ("Pull Multiple Notification", 404, "No notifications found", EMPTY),
    ("Release Notifications", 403, "You are not allowed to use this method", Refused),
]


@pytest.mark.parametrize("refusal", SORTED, ids=lambda refusal: " ".join(map(str, refusal[:3])))
def test_a_refusal_is_what_the_caller_does_next(portal, api, refusal):
    name, status, text, ending = refusal
    portal.will_say(status, text)
    if ending in {DONE, EMPTY}:
        assert not QUIET.get(name, CALLS[name][0])(api)
        return
    with pytest.raises(Refused) as refused:
        CALLS[name][0](api)
    assert type(refused.value) is ending


QUIET = {"Pull Notification": lambda api: api.notifications.pull_notification()}


# Examples that say nothing, or only where in our own body something is.
UNSAID = {
    "InvalidArgumentsError",
    "MoveBookingValidationError",
    "PostBookValidationError",
    "PutSlotsValidationError",
    "ParameterRequiredSince",
    "ParameterRequiredTill",
}


def test_every_refusal_of_the_contract_is_understood_and_told_without_a_value():
    examples = CONTRACT.document["components"]["examples"]
    errors = {name: each["value"] for name, each in examples.items() if "errors" in each["value"]}
    told = {name: complaint(httpx.Response(400, json=value)) for name, value in errors.items()}
    assert {name for name, said in told.items() if not said} == UNSAID
    assert not any(digit in "".join(told.values()) for digit in "345679")  # of days, weeks, a year


def test_the_releases_of_an_hour_are_counted_and_the_wait_is_known(portal, api):
    portal.will(429, headers={"Retry-After": "1800"})
    with pytest.raises(TryLater) as later:
        api.notifications.release_notifications()
    assert later.value.retry_after == timedelta(minutes=30)


def test_the_portals_own_call_has_an_event_for_each_callback():
    """The 44th operation is answered, not called: messages.py reads each of its 17 callbacks."""
    [pushed] = [
        methods["post"]
        for path, methods in CONTRACT.document["paths"].items()
        if path == PUSHED.path
    ]
    callbacks = {event for callback in pushed["callbacks"].values() for event in callback}
    assert callbacks == messages.EVENTS.keys()
    assert len(callbacks) == 17
