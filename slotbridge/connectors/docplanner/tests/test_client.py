"""What the caller learns from each way in which a call can end."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from slotbridge.kit import clock, http
from slotbridge.sync.contract import (
    AccountRejected,
    Budget,
    Gone,
    OutcomeUnknown,
    PortalError,
    Refused,
    Token,
    TryLater,
    VisitToTell,
)

EIGHT = datetime(2026, 3, 3, 7, 0, tzinfo=UTC)
VISIT = VisitToTell(EIGHT, EIGHT + timedelta(minutes=30), "243665", marker="m4rk")
NEVER_SENT = [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout]
LOST = [httpx.ReadTimeout, httpx.WriteTimeout, httpx.ReadError, httpx.RemoteProtocolError]

# Every operation, as (does it, may it be repeated blindly).
CALLS = {
    "getFacilities": (lambda c, _: c.check(), True),
    "getSlots": (lambda c, at: c.offered(at, EIGHT, EIGHT + timedelta(days=1)), True),
    "replaceSlots": (lambda c, at: c.tell_days(at, {EIGHT.date(): []}, avoid={"x"}), True),
    "deleteSlots": (lambda c, at: c.tell_days(at, {EIGHT.date(): []}, avoid=set()), True),
    "getBookings": (lambda c, at: c.bookings(at, EIGHT, EIGHT + timedelta(days=1)), True),
    "getBooking": (lambda c, at: c.booking(at, "77"), True),
    "getCalendarBreaks": (lambda c, at: c.breaks(at, EIGHT, EIGHT + timedelta(days=1)), True),
    "deleteCalendarBreak": (lambda c, at: c.delete_break(at, "5"), True),
    "bookSlot": (lambda c, at: c.book(at, VISIT), False),
    "moveBooking": (lambda c, at: c.move(at, "77", at, VISIT), False),
    "cancelBooking": (lambda c, at: c.cancel(at, "77", "the doctor is ill"), False),
    "addCalendarBreak": (lambda c, at: c.add_break(at, VISIT.start, VISIT.end, "m4rk"), False),
}
READS = sorted(name for name in CALLS if name.startswith("get"))


@pytest.fixture(params=sorted(CALLS))
def call(request, connector, listing):
    """One operation, ready to be done."""
    do, repeatable = CALLS[request.param]

    def done():
        do(connector, listing)

    done.name, done.unclear = request.param, TryLater if repeatable else OutcomeUnknown
    return done


# --- the token -----------------------------------------------------------------------------------


def test_a_token_is_asked_for_as_documented(portal, connector):
    portal.will(json={"_items": []})
    connector.check()
    [asked] = portal.token_requests
    assert str(asked.url) == "https://www.znanylekarz.pl/oauth/v2/token"
    assert asked.content == b"grant_type=client_credentials&scope=integration"
    assert asked.headers["Authorization"] == httpx.BasicAuth("clinic", "s3cret")._auth_header
    assert asked.headers["User-Agent"] == http.USER_AGENT
    [sent] = portal.requests
    assert str(sent.url) == "https://www.znanylekarz.pl/api/v3/integration/facilities"
    assert sent.headers["User-Agent"] == http.USER_AGENT
    assert sent.headers["Authorization"] == "Bearer token-1"


def test_one_token_serves_until_expires_in_has_nearly_passed(portal, frozen):
    for minutes, tokens_by_then in ((0, 1), (58, 1), (1.5, 2)):
        frozen.shift(timedelta(minutes=minutes))
        portal.will(json={"_items": []})
        portal.connector().check()  # another process each time
        assert len(portal.token_requests) == tokens_by_then


@pytest.mark.parametrize("said", [None, "soon", -5, 0, True, 10**30])
def test_an_odd_lifetime_does_not_turn_into_a_flood_of_token_requests(portal, connector, said):
    portal.token_will(json={"access_token": "t", "expires_in": said})
    for _ in range(3):
        portal.will(json={"_items": []})
        connector.check()
    assert len(portal.token_requests) == 1
    assert portal.tokens.kept.expires_at <= clock.now() + timedelta(days=1)


def test_a_refused_token_is_renewed_once_and_the_call_repeated(portal, connector):
    portal.tokens.kept = Token("stale", clock.now() + timedelta(minutes=30))
    portal.will_say(401, "Invalid credentials.")
    portal.will(json={"_items": []})
    connector.check()
    assert [r.headers["Authorization"] for r in portal.requests] == [
        "Bearer stale",
        "Bearer token-1",
    ]
    assert portal.tokens.kept.value == "token-1"


def test_a_refused_token_is_not_tried_twice(portal, connector):
    for answer in (200, 401, 200):
        portal.will(answer, {"_items": []})
    for _ in range(2):
        connector.check()
    used = [request.headers["Authorization"] for request in portal.requests]
    assert used == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


def test_a_token_that_another_machine_renewed_is_used_before_a_new_one(portal, connector):
    portal.will(json={"_items": []})
    connector.check()
    portal.tokens.kept = Token("from-the-other", clock.now() + timedelta(minutes=30))
    portal.will_say(401, "Invalid credentials.")
    portal.will(json={"_items": []})
    connector.check()
    assert portal.requests[-1].headers["Authorization"] == "Bearer from-the-other"
    assert len(portal.token_requests) == 1


def test_a_new_token_that_is_refused_too_rejects_the_account(portal, call):
    portal.will(401, {"message": "Authentication credentials could not be found."})
    with pytest.raises(AccountRejected):
        call()
    assert len(portal.token_requests) == 1


@pytest.mark.parametrize("status", [400, 401, 403])
def test_refused_credentials_reject_the_account(portal, connector, status):
    portal.token_will(status, {"error": "invalid_client"})
    with pytest.raises(AccountRejected):
        connector.check()
    assert len(portal.token_requests) == 1


def test_without_login_or_password_nothing_is_asked(portal, connector):
    object.__setattr__(connector._client._access, "password", "")
    with pytest.raises(AccountRejected):
        connector.check()
    assert portal.token_requests == []


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(405, html="<h1>Are you human?</h1>"),
        httpx.Response(403, html="<h1>Are you human?</h1>"),
        httpx.Response(503),
        httpx.Response(429),
        httpx.Response(301, headers={"Location": "https://www.znanylekarz.pl/oauth/v2/token"}),
        httpx.Response(200, html="<h1>Maintenance</h1>"),
        httpx.Response(200, json={"access_token": "line\nbreak", "expires_in": 3600}),
        httpx.Response(200, json=[]),
        httpx.ReadTimeout("scripted"),
        httpx.ConnectError("scripted"),
    ],
)
def test_no_token_for_now_is_a_reason_to_wait(portal, call, answer):
    portal.token_answers.append(answer)
    with pytest.raises(TryLater):
        call()
    assert portal.requests == []
    assert portal.tokens.kept is None


# --- no answer -----------------------------------------------------------------------------------


@pytest.mark.parametrize("error", NEVER_SENT)
def test_without_a_connection_nothing_was_done(portal, call, error):
    portal.will_fail(error)
    with pytest.raises(TryLater):
        call()


@pytest.mark.parametrize("error", LOST)
def test_a_lost_answer_is_unknown_only_where_repeating_does_harm(portal, call, error):
    portal.will_fail(error)
    with pytest.raises(call.unclear):
        call()


# --- an answer -----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
def test_a_failing_server_leaves_a_write_unknown(portal, call, status):
    portal.will(status)
    with pytest.raises(call.unclear):
        call()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_no_answer(portal, call, status):
    portal.will(status, headers={"Location": "https://znanylekarz.pl/"})
    with pytest.raises(call.unclear):
        call()
    assert len(portal.requests) == 1


@pytest.mark.parametrize("status", [403, 404, 405])
def test_a_web_firewall_in_the_way_did_nothing(portal, call, status):
    portal.will(status, html="<h1>Are you human?</h1>")
    with pytest.raises(TryLater):
        call()


def test_405_is_the_firewall_whatever_it_says(portal, call):
    portal.will(405)
    with pytest.raises(TryLater):
        call()


def test_over_the_limit_nothing_was_done(portal, call):
    portal.will(429)
    with pytest.raises(TryLater):
        call()


def test_forbidden_is_refused_for_good_and_says_why(portal, call):
    portal.will_say(403, "You are not authorized to see this address")
    with pytest.raises(Refused, match="You are not authorized to see this address") as refused:
        call()
    assert not isinstance(refused.value, Gone)


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize(
    "answer",
    [
        {"content": b"{cut"},
        {"content": b""},
        {"content": b"[" * 100_000},
        {"json": {"unheard": "of"}},
        {"json": {"_items": None}},
        {"json": 7},
        {"html": "<h1>Maintenance</h1>"},
    ],
)
def test_garbage_is_never_taken_for_an_empty_answer(portal, connector, listing, name, answer):
    portal.answers.append(httpx.Response(200, **answer))
    with pytest.raises((TryLater, Refused)):
        CALLS[name][0](connector, listing)


@pytest.mark.parametrize("items", ["_items", "results"])
def test_both_spellings_of_a_collection_are_read(portal, connector, listing, items):
    portal.will(json={items: [{"id": 5, "since": "2026-03-03T08:00:00+01:00", "till": EIGHT_30}]})
    [found] = connector.breaks(listing, EIGHT, EIGHT + timedelta(hours=1))
    assert (found.id, found.start) == ("5", EIGHT)


EIGHT_30 = "2026-03-03T08:30:00+01:00"


@pytest.mark.parametrize(
    "errors",
    [
        {"slots[0].end": ["End date should be less than or equal to 15.05.2026, 11:45."]},
        ["End date should be less than or equal to 15.05.2026, 11:45."],
    ],
)
def test_both_shapes_of_errors_are_understood(portal, connector, listing, errors):
    portal.will_say(400, "Invalid arguments", errors)
    with pytest.raises(Refused, match="A period ends too far ahead"):
        connector.tell_days(listing, {EIGHT.date(): []}, avoid={"x"})


# --- what is never told --------------------------------------------------------------------------


def test_no_error_repeats_what_was_sent_or_what_the_portal_wrote_about_it(portal, call, caplog):
    secret = "Canary Nightingale 243665 2026-03-03"
    endings = [
        httpx.Response(400, json={"message": f"{secret} is wrong", "errors": [secret]}),
        httpx.Response(422, json={"message": [secret], "errors": {secret: [secret]}}),
        httpx.Response(500, text=secret),
        httpx.ReadTimeout(secret),
        httpx.ConnectError(secret),
    ]
    for ending in endings:
        portal.answers.append(ending)
        if call.name == "getBookings" and getattr(ending, "status_code", 0) == 400:
            portal.answers.append(ending)  # asked again without the scope nobody declares
        if call.name == "cancelBooking" and getattr(ending, "status_code", 0) == 400:
            portal.will(json={"id": "77", "status": "booked", "start_at": EIGHT_30, "duration": 5})
        with pytest.raises(PortalError) as error:
            call()
        told = f"{error.value!s} {error.value!r}"
        for private in ("Canary", "243665", "2026-03-03", "m4rk", "s3cret", "token-", "/111"):
            assert private not in told
    assert "Canary" not in caplog.text


# --- limits --------------------------------------------------------------------------------------


def limits(remaining, reset="2026-03-02T08:01:00+01:00"):
    return {
        "X-RateLimit-Limit": "40",
        "X-RateLimit-Used": str(40 - remaining),
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": reset,
    }


def test_the_budget_is_that_of_the_last_write_not_of_reads(portal, connector, listing):
    portal.will(json={"_items": []}, headers=limits(7999))
    connector.check()
    assert connector.budget is None
    portal.will(204, headers=limits(12))
    connector.delete_break(listing, "5")
    at_reset = datetime(2026, 3, 2, 7, 1, tzinfo=UTC)
    assert connector.budget == Budget(40, 12, at_reset)
    portal.will(502)  # from in front of the portal: says nothing of limits
    with pytest.raises(TryLater):
        connector.delete_break(listing, "5")
    assert connector.budget == Budget(40, 12, at_reset)
    portal.will(204)  # the limiter is off
    connector.delete_break(listing, "6")
    assert connector.budget is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (limits(0), 60),
        (limits(0, "2026-03-02T06:00:00+01:00"), 0),
        (limits(0, "2027-03-02T06:00:00+01:00"), 3600),
        (limits(0) | {"Retry-After": "17"}, 17),
        ({"Retry-After": "Mon, 02 Mar 2026 07:00:30 GMT"}, 30),
        ({"Retry-After": "9" * 50}, 3600),
        (limits(30), 10),  # not the quota: the same PUT is still being processed
        ({}, 10),
        ({"Retry-After": "later"} | limits(0, "soon"), 10),
    ],
)
def test_429_says_how_long_to_wait(portal, connector, listing, headers, seconds):
    portal.will(429, headers=headers)
    with pytest.raises(TryLater) as later:
        connector.tell_days(listing, {EIGHT.date(): []}, avoid={"x"})
    assert later.value.retry_after == timedelta(seconds=seconds)


def test_a_cancellation_sends_its_reason_in_the_body(portal, connector, listing):
    portal.will(204)
    connector.cancel(listing, "77", "the doctor is ill")
    [sent] = portal.requests
    assert (sent.method, json.loads(sent.content)) == ("DELETE", {"reason": "the doctor is ill"})
