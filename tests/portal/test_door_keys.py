"""Who is let in: the life of a key, addresses, HTTPS, the slow-down, proxies (U-6)."""

import io
import threading
from datetime import timedelta
from ipaddress import ip_address

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.db import connections, transaction

from slotbridge.kit import clock
from slotbridge.kit.callers import Caller
from slotbridge.portal import keys
from slotbridge.portal.callers import caller_of
from slotbridge.portal.models import ClientKey, Clinic, Deed, FailedTry
from slotbridge.portal.router import DATABASE
from slotbridge.wire.medihost.problems import DocumentRefused

pytestmark = pytest.mark.django_db(databases=["portal"])

HERE = Caller(ip_address("127.0.0.1"), is_secure=False)
AWAY = Caller(ip_address("192.0.2.7"), is_secure=True)
OTHER = Caller(ip_address("192.0.2.8"), is_secure=True)
STRANGE = "00000000-0000-0000-0000-000000000000"


def admitted(caller, key, **more):
    """The clinic, or the code of the refusal."""
    try:
        return keys.admit(caller=caller, key=key, **more).clinic
    except keys.SlowDown as slow:
        return slow.seconds
    except DocumentRefused as refused:
        return refused.problem.code


def test_a_key_is_a_guid_that_is_seen_once_and_kept_as_its_digest(clinic):
    key = keys.issue_key(clinic=clinic, by="olga")

    kept = ClientKey.objects.get(created_by="olga")
    assert keys._GUID.fullmatch(key)
    assert keys.find(key) == kept
    assert kept.hint == key[:4]
    assert key not in repr(vars(kept))
    assert Deed.objects.filter(action="key.issue", actor="olga", data={"key": kept.pk}).exists()


def test_a_key_is_taken_in_any_case_and_with_braces(clinic, key):
    for text in (key.lower(), f"{{{key}}}", f"  {{{key.lower()}}}\n"):
        assert admitted(AWAY, text) == clinic


def test_keys_are_exchanged_without_a_gap(clinic, key):
    new = keys.issue_key(clinic=clinic, by="olga")
    assert admitted(AWAY, key) == admitted(AWAY, new) == clinic

    keys.revoke_key(key=keys.find(key), by="olga")

    assert admitted(AWAY, key) == "E_KEY"
    assert admitted(AWAY, new) == clinic
    assert Deed.objects.filter(action="key.revoke").count() == 1


def test_a_clinic_has_two_valid_keys_at_most(clinic, key):
    keys.issue_key(clinic=clinic, by="olga")
    with pytest.raises(keys.TooManyKeys):
        keys.issue_key(clinic=clinic, by="olga")

    keys.revoke_key(key=keys.find(key), by="olga")

    assert keys.find(keys.issue_key(clinic=clinic, by="olga")).place == 1


def test_revoking_again_keeps_the_first_time_and_records_nothing(clinic, key, frozen):
    found = keys.find(key)
    keys.revoke_key(key=found, by="olga")
    first = found.revoked_at
    frozen.shift(60)

    keys.revoke_key(key=found, by="pavel")

    assert found.revoked_at == first
    assert Deed.objects.filter(action="key.revoke").count() == 1


def test_a_key_opens_its_own_clinic_only(clinic, key):
    other = Clinic.objects.create(name="Другая клиника", created_at=clock.now())
    its_key = keys.issue_key(clinic=other, by="olga")

    assert admitted(AWAY, its_key) == other
    assert admitted(AWAY, key) == clinic


def test_the_last_use_of_a_key_is_noted(clinic, key, frozen):
    assert keys.find(key).last_used_at is None

    admitted(AWAY, key)

    assert keys.find(key).last_used_at == clock.now()


@pytest.mark.parametrize("key", [None, "", "  ", "{}"])
def test_no_key_is_not_a_wrong_key(clinic, key):
    assert admitted(AWAY, key) == "E_KEY_MISSING"
    assert not FailedTry.objects.exists()


@pytest.mark.parametrize("wrong", [STRANGE, "юникод", "x" * 10_000, "9DDDE578", "\0"])
def test_a_wrong_key_is_refused_whatever_it_looks_like(clinic, wrong):
    assert admitted(AWAY, wrong) == "E_KEY"


def test_two_keys_that_differ_are_refused_even_if_one_is_right(clinic, key):
    assert admitted(AWAY, key, others=[STRANGE]) == "E_KEY"
    assert admitted(AWAY, key, others=[f"{{{key.lower()}}}"]) == clinic


def test_an_allow_list_of_addresses_and_networks_shuts_out_all_others(clinic, key):
    Clinic.objects.update(allowed_addresses=["192.0.2.7", "2001:db8::/32"])

    assert admitted(AWAY, key) == clinic
    assert admitted(Caller(ip_address("2001:db8::1"), is_secure=True), key) == clinic
    assert admitted(OTHER, key) == "E_KEY"
    assert admitted(HERE, key) == "E_KEY"


def test_plain_http_is_refused_unless_allowed_or_within_this_machine(clinic, key):
    plain = Caller(AWAY.address, is_secure=False)
    assert admitted(plain, key) == "E_KEY"
    assert admitted(HERE, key) == clinic
    assert admitted(Caller(ip_address("::1"), is_secure=False), key) == clinic

    Clinic.objects.update(allows_plain_http=True)

    assert admitted(plain, key) == clinic


def test_ten_failures_in_ten_minutes_slow_an_address_down_until_the_first_is_old(
    clinic, key, frozen
):
    revoked = keys.issue_key(clinic=clinic, by="olga")
    keys.revoke_key(key=keys.find(revoked), by="olga")
    for _minute in range(5):
        assert admitted(AWAY, STRANGE) == admitted(AWAY, revoked) == "E_KEY"
        frozen.shift(60)

    assert admitted(AWAY, key) == 300  # also with a right one: a guess must not pay
    assert admitted(OTHER, key) == clinic
    frozen.shift(299)
    assert admitted(AWAY, key) == 1
    frozen.shift(1)
    assert admitted(AWAY, key) == clinic


def test_asking_while_slowed_down_does_not_prolong_it(clinic, key, frozen):
    for _failure in range(10):
        admitted(AWAY, STRANGE)
    for _minute in range(10):
        assert admitted(AWAY, key) == 600 - _minute * 60
        frozen.shift(60)

    assert admitted(AWAY, key) == clinic


def request(address, scheme="http", **headers):
    named = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    environ = {"REQUEST_METHOD": "GET", "wsgi.input": io.BytesIO(), "REMOTE_ADDR": address}
    return WSGIRequest(environ | {"wsgi.url_scheme": scheme} | named)


def seen(*args, **kwargs):
    caller = caller_of(request(*args, **kwargs))
    return str(caller.address), caller.is_secure


def test_forwarding_headers_of_strangers_are_not_believed(settings):
    settings.PORTAL_PROXIES = ["10.0.0.0/8"]

    assert seen("192.0.2.7", x_forwarded_for="127.0.0.1", x_forwarded_proto="https") == (
        "192.0.2.7",
        False,
    )
    assert seen("192.0.2.7", scheme="https") == ("192.0.2.7", True)


def test_through_our_proxies_the_caller_is_whom_the_outermost_one_saw(settings):
    settings.PORTAL_PROXIES = ["10.0.0.0/8", "::1"]
    told = {"x_forwarded_proto": "https"}

    assert seen("10.1.1.1", x_forwarded_for="127.0.0.1, 192.0.2.7, 10.2.2.2", **told) == (
        "192.0.2.7",
        True,
    )
    assert seen("::1", x_forwarded_for="[2001:db8::7]:4711") == ("2001:db8::7", False)
    assert seen("10.1.1.1", x_forwarded_for="192.0.2.7:80", **told) == ("192.0.2.7", True)
    assert seen("10.1.1.1", scheme="https", x_forwarded_proto="http") == ("10.1.1.1", False)
    assert seen("10.1.1.1", x_forwarded_for="unknown", **told) == ("0.0.0.0", True)


def test_a_caller_is_known_by_its_plain_address():
    assert seen("::ffff:192.0.2.7") == ("192.0.2.7", False)
    assert seen("fe80::1%eth0") == ("fe80::1", False)
    assert seen("") == ("0.0.0.0", False)


@pytest.mark.django_db(databases=["portal"], transaction=True)
def test_two_operators_at_once_do_not_make_a_third_key(clinic, key):
    def issue(clinic, results, barrier):
        try:
            barrier.wait()
            results.append(keys.issue_key(clinic=clinic, by="olga"))
        except keys.TooManyKeys as error:
            results.append(type(error))
        finally:
            connections[DATABASE].close()

    results, barrier = [], threading.Barrier(2)
    racers = [threading.Thread(target=issue, args=(clinic, results, barrier)) for _n in range(2)]
    for each in racers:
        each.start()
    for each in racers:
        each.join()

    assert results.count(keys.TooManyKeys) == 1
    assert ClientKey.objects.filter(clinic=clinic, revoked_at=None).count() == 2


@pytest.mark.django_db(databases=["portal"], transaction=True)
def test_without_the_constraint_both_operators_would_get_a_key(clinic, key):
    """The race above, with the guard taken away."""
    constraint = next(c for c in ClientKey._meta.constraints if c.name == keys._PLACE)
    with connections[DATABASE].schema_editor() as editor:
        editor.remove_constraint(ClientKey, constraint)
    try:
        for _operator in range(2):
            keys.issue_key(clinic=clinic, by="olga")
        assert ClientKey.objects.filter(clinic=clinic, revoked_at=None).count() == 3
    finally:
        with transaction.atomic(using=DATABASE):
            ClientKey.objects.all().delete()
        with connections[DATABASE].schema_editor() as editor:
            editor.add_constraint(ClientKey, constraint)


def test_old_failures_do_not_count(clinic, key, frozen):
    FailedTry.objects.bulk_create(
        FailedTry(address="192.0.2.7", at=clock.now() - timedelta(minutes=10)) for _n in range(50)
    )

    assert admitted(AWAY, key) == clinic
