"""What is sent, and what the caller learns from each way in which a call can end."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from slotbridge.connectors.medihost.client import LARGEST_ANSWER
from slotbridge.connectors.medihost.tests.conftest import KEY, NO_ORDERS
from slotbridge.kit import clock, http
from slotbridge.sync.contract import AccountRejected, PortalError, Refused, TryLater
from slotbridge.sync.exchange.contract import Answer, OrderState, Telling, Told
from slotbridge.wire.medihost.result import Message, Outcome, Result, write_result

SINCE = datetime(2026, 3, 2, 6, 50, 0, 900_000, tzinfo=UTC)
TELLING = Telling(answers=(Answer("3", OrderState.ACCEPTED),))
LOST = [
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.ReadTimeout,
    httpx.WriteTimeout,
    httpx.ReadError,
    httpx.RemoteProtocolError,
    httpx.PoolTimeout,
]
BOTH = {
    "import.php": lambda connector: connector.tell(TELLING),
    "export.php": lambda connector: connector.orders(SINCE),
}


@pytest.fixture(params=sorted(BOTH))
def script(request):
    return request.param


@pytest.fixture
def call(script, connector):
    return lambda: BOTH[script](connector)


def refusal(*codes):
    messages = tuple(Message(code, "Иванова Анна, +7 900 000-00-00") for code in codes)
    return write_result(Result(Outcome.ERROR, messages=messages)).decode()


# --- what is sent --------------------------------------------------------------------------------


def test_a_document_is_posted_as_a_form_as_the_protocol_says(portal, connector):
    portal.will(200)
    connector.tell(TELLING)
    [sent] = portal.requests
    assert (sent.method, str(sent.url)) == (
        "POST",
        "https://www.medihost.ru/services/import.php",
    )
    assert sent.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert sent.headers["User-Agent"] == http.USER_AGENT
    assert list(portal.form) == ["xml"]
    [document] = portal.form["xml"]
    assert document.startswith('<?xml version="1.0" encoding="UTF-8"?>')
    assert f'<MediExchange ClientKey="{KEY}">' in document


def test_orders_are_asked_for_by_whole_seconds_of_utc(portal, connector):
    portal.will(200, NO_ORDERS)
    connector.orders(SINCE)
    [sent] = portal.requests
    assert (sent.method, sent.url.path) == ("GET", "/services/export.php")
    assert portal.query == {"client_key": [KEY], "start": [str(int(SINCE.timestamp()))]}
    assert sent.headers["Cache-Control"] == "no-cache"


def test_no_order_is_older_than_the_clock_that_counts_them(portal, connector):
    portal.will(200, NO_ORDERS)
    connector.orders(datetime(1969, 1, 1, tzinfo=UTC))
    assert portal.query["start"] == ["0"]


def test_a_check_is_a_read_of_nothing(portal, connector):
    portal.will(200, NO_ORDERS)
    connector.check()
    assert portal.requests[0].method == "GET"
    assert portal.query["start"] == [str(int(clock.now().timestamp()))]


def test_without_a_key_nothing_is_sent(portal, script):
    with pytest.raises(AccountRejected):
        BOTH[script](portal.connector(key=" "))
    assert portal.requests == []


def test_certificates_are_looked_at(connector):
    # The transport of a test has none: what counts is what httpx is asked for without one.
    verified = http.client("https://portal.example")._transport._pool._ssl_context
    assert verified.check_hostname
    assert verified.verify_mode.name == "CERT_REQUIRED"


# --- how a call ends ----------------------------------------------------------------------------


@pytest.mark.parametrize("error", LOST)
def test_no_answer_means_again_later(portal, call, script, error):
    portal.will_fail(error(f"https://www.medihost.ru/?client_key={KEY}"))
    with pytest.raises(TryLater) as later:
        call()
    assert str(later.value) == f"{script}: {error.__name__}"


def test_a_certificate_that_nobody_vouches_for_is_named(portal, call, script):
    portal.will_fail(httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed"))
    with pytest.raises(TryLater, match=f"{script}: the certificate is not trusted"):
        call()


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_portal_that_cannot_just_now_is_asked_again(portal, call, script, status):
    portal.will(status)
    with pytest.raises(TryLater, match=f"{script}: {status}") as later:
        call()
    assert later.value.retry_after is None


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ("60", timedelta(minutes=1)),
        ("Mon, 02 Mar 2026 07:10:00 GMT", timedelta(minutes=10)),
        ("Mon, 02 Mar 2026 06:00:00 GMT", timedelta()),
        ("999999999999", timedelta(hours=1)),
        ("soon", None),
        ("-5", None),
    ],
)
def test_the_portals_wish_to_be_left_alone_is_handed_on(portal, call, said, wait):
    portal.will(503, refusal("E_BUSY"), headers={"Retry-After": said})
    with pytest.raises(TryLater, match="503, E_BUSY") as later:
        call()
    assert later.value.retry_after == wait


@pytest.mark.parametrize("status", [400, 404, 405, 413, 422])
def test_what_the_portal_cannot_use_is_for_a_person(portal, call, script, status):
    portal.will(status, refusal("E_TOO_LARGE"))
    with pytest.raises(Refused) as refused:
        call()
    assert str(refused.value) == f"{script}: {status}, E_TOO_LARGE"


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("body", ["Доступ запрещён", refusal("E_KEY")])
def test_a_refused_key_rejects_the_account(portal, call, status, body):
    portal.will(status, body)
    with pytest.raises(AccountRejected):
        call()


@pytest.mark.parametrize("code", ["E_KEY", "E_KEY_MISSING"])
@pytest.mark.parametrize("status", [200, 400])
def test_a_code_says_that_the_key_is_meant_whatever_the_status(portal, call, code, status):
    portal.will(status, refusal(code))
    with pytest.raises(AccountRejected, match=code):
        call()


def test_a_code_says_that_the_portal_is_busy_whatever_the_status(portal, call):
    portal.will(200, refusal("E_BUSY"))
    with pytest.raises(TryLater, match="E_BUSY"):
        call()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(portal, call, status):
    portal.will(status, headers={"Location": "http://elsewhere.example/"})
    with pytest.raises(Refused, match="the address leads to another one"):
        call()
    assert len(portal.requests) == 1


def test_an_answer_without_end_is_not_read_to_its_end(portal, call):
    portal.answers.append(httpx.Response(200, content=b" " * (LARGEST_ANSWER + 1)))
    with pytest.raises(Refused, match="the answer is larger than"):
        call()


@pytest.mark.parametrize("status", [200, 302, 400, 403, 500])
def test_no_error_tells_who_was_meant_or_with_which_key(portal, call, status):
    portal.will(status, refusal("E_DATE", f"E_{KEY}", "<script>", "E_RANGE"))
    with pytest.raises(PortalError) as error:
        call()
    assert "E_DATE, E_RANGE" in str(error.value)
    for secret in (KEY, "Иванова", "900", "script>"):
        assert secret not in f"{error.value!r} {error.value}"


# --- successes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("body", ["", "OK", "<html><body>1</body></html>", "<MediExchange/>"])
def test_a_success_that_says_nothing_is_one(portal, connector, body):
    """U-26: nobody knows what the real portal answers; its status is enough."""
    portal.will(200, body)
    assert connector.tell(TELLING) == Told()


@pytest.mark.parametrize(
    "body",
    ["", "OK", "<html><body>Войдите</body></html>", "<MediExchange><Orders><o ID='1'"],
)
def test_orders_are_never_taken_from_what_is_no_list_of_them(portal, connector, body):
    portal.will(200, body)
    with pytest.raises(TryLater, match=r"export\.php: an answer that cannot be read, E_"):
        connector.orders(SINCE)


@pytest.mark.parametrize(
    ("header", "answered_at"),
    [
        ("Mon, 02 Mar 2026 06:58:30 GMT", datetime(2026, 3, 2, 6, 58, 30, tzinfo=UTC)),
        ("today", datetime(2026, 3, 2, 7, tzinfo=UTC)),
        (None, datetime(2026, 3, 2, 7, tzinfo=UTC)),
    ],
)
def test_the_next_fetch_goes_by_the_portals_clock(portal, connector, header, answered_at):
    portal.will(200, NO_ORDERS, headers={"Date": header} if header else None)
    assert connector.orders(SINCE).answered_at == answered_at
