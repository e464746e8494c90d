"""Environment, secrets, waiting, and the way out to portals."""

from datetime import timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotbridge.kit import backoff, env, http
from slotbridge.kit.secretbox import SecretBox, WrongKey

# --- environment ---


def test_a_wrong_value_stops_the_start_and_names_its_variable(monkeypatch):
    monkeypatch.setenv("SLOTBRIDGE_X", "maybe")
    with pytest.raises(SystemExit, match="SLOTBRIDGE_X: write yes or no"):
        env.flag("SLOTBRIDGE_X", default=False)
    with pytest.raises(SystemExit, match="SLOTBRIDGE_X: write a whole number from 1 to 5"):
        env.number("SLOTBRIDGE_X", 1, least=1, most=5)


@pytest.mark.parametrize(
    ("raw", "value"), [("yes", True), ("0", False), ("On", True), ("no", False)]
)
def test_flags_are_written_as_people_write_them(monkeypatch, raw, value):
    monkeypatch.setenv("SLOTBRIDGE_X", raw)
    assert env.flag("SLOTBRIDGE_X", default=not value) is value


def test_a_number_is_read_within_its_bounds(monkeypatch):
    monkeypatch.setenv("SLOTBRIDGE_X", " 7 ")
    assert env.number("SLOTBRIDGE_X", 1, least=1, most=9) == 7


def test_words_are_separated_by_commas(monkeypatch):
    monkeypatch.setenv("SLOTBRIDGE_X", "a, b,,c ")
    assert env.words("SLOTBRIDGE_X", "") == ["a", "b", "c"]


def test_a_database_url_is_taken_apart():
    entry = env.database(
        "DATABASE_URL", "postgresql://ann:p%40ss@db.example:5433/clinic?sslmode=require"
    )
    assert (entry["USER"], entry["PASSWORD"], entry["HOST"], entry["PORT"], entry["NAME"]) == (
        "ann", "p@ss", "db.example", "5433", "clinic",
    )  # fmt: skip
    assert entry["OPTIONS"] == {"sslmode": "require"}


def test_a_unix_socket_is_named_by_host():
    assert (
        env.database("DATABASE_URL", "postgresql://ann@/clinic?host=/run/pg")["HOST"] == "/run/pg"
    )


@pytest.mark.parametrize(
    "url", ["mysql://x/y", "postgresql://ann:secret@db", "postgresql://a:b:c/d"]
)
def test_a_wrong_database_url_is_refused_without_repeating_its_password(url):
    with pytest.raises(SystemExit) as refused:
        env.database("DATABASE_URL", url)
    assert "secret" not in str(refused.value)


# --- secrets ---


@given(st.binary(max_size=200))
def test_what_is_sealed_opens_again(value):
    box = SecretBox(["one" * 11])
    assert box.open(box.seal(value)) == value


def test_a_key_is_replaced_while_the_system_runs():
    old = SecretBox(["old" * 11])
    sealed = old.seal("tajne")
    assert SecretBox(["new" * 11, "old" * 11]).open_text(sealed) == "tajne"
    with pytest.raises(WrongKey):
        SecretBox(["new" * 11]).open(sealed)


def test_a_box_needs_a_secret():
    with pytest.raises(ValueError, match="at least one"):
        SecretBox([])


# --- waiting ---


@given(st.integers(1, 60), st.one_of(st.none(), st.integers(0, 7200)))
def test_waiting_grows_to_a_limit_and_never_undercuts_what_was_asked(attempts, asked):
    retry_after = None if asked is None else timedelta(seconds=asked)
    waited = backoff.wait(attempts, retry_after)
    assert waited <= max(backoff.LONGEST * 1.25, retry_after or timedelta())
    assert waited >= (retry_after or timedelta())
    assert waited >= min(backoff.FIRST * 2 ** min(attempts - 1, 16), backoff.LONGEST) * 0.75


# --- the way out ---


def test_a_client_has_a_time_out_an_agent_and_follows_no_redirect():
    def portal(request):
        assert request.headers["User-Agent"].startswith("Slotbridge/")
        return httpx.Response(301, headers={"Location": "https://elsewhere.example/"})

    with http.client("https://portal.example", transport=httpx.MockTransport(portal)) as client:
        assert client.timeout.read
        assert client.get("/").status_code == 301


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8100", "http://[::1]/", "http://10.1.2.3", "http://169.254.169.254/"]
)
def test_portals_inside_our_own_network_are_refused(url):
    with pytest.raises(http.PrivateAddress):
        http.refuse_private(url)


def test_a_public_address_is_let_through():
    http.refuse_private("https://8.8.8.8/")
