"""What an administrator can type into the account form, and what becomes of it."""

from datetime import time, timedelta

import pytest

from slotbridge.connectors.medihost import choices
from slotbridge.connectors.medihost.connector import MedihostConnector
from slotbridge.connectors.medihost.tests.conftest import NO_ORDERS
from slotbridge.sync.contract import Refused


def test_an_empty_form_is_the_documents_cadence(portal):
    connector = portal.connector()
    assert MedihostConnector.wrong_settings({}) == {}
    assert connector.zone.key == "Europe/Moscow"
    assert connector.cadence.offer_at == time(3)
    assert connector.cadence.busy_all == timedelta(hours=1)
    assert connector.cadence.busy_changes == timedelta(minutes=30)
    assert connector.cadence.orders == timedelta(minutes=5)
    assert (connector.longest_step, connector.shows_names) == (120, False)


def test_every_default_is_one_that_the_form_itself_would_take():
    assert choices.wrong({field.name: field.default for field in choices.FIELDS}) == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("base_url", "www.medihost.ru"),
        ("base_url", "ftp://www.medihost.ru"),
        ("base_url", "https://"),
        ("base_url", "https://me:secret@www.medihost.ru"),
        ("base_url", "https://www.medihost.ru/?client_key=x"),
        ("base_url", "https://www.medihost.ru:port"),
        ("base_url", "https://медихост.рф"),
        ("base_url", "http://www.medihost.ru"),
        ("plain_http", "perhaps"),
        ("titles", "everything"),
        ("time_zone", "Moscow"),
        ("time_zone", "../../etc/passwd"),
        ("offer_at", "24:00"),
        ("offer_at", "3"),
        ("offer_at", "03:00:00"),
        ("busy_all_minutes", "14"),
        ("busy_all_minutes", "an hour"),
        ("busy_changes_minutes", "4"),
        ("busy_changes_minutes", "-5"),
        ("orders_seconds", "4"),
        ("orders_seconds", "٥٥"),
        ("longest_step", "1441"),
        ("longest_step", "1e3"),
    ],
)
def test_what_cannot_be_used_is_named_in_the_form_and_refused_by_the_connector(portal, name, value):
    wrong = MedihostConnector.wrong_settings({name: value})
    assert list(wrong) == [name]
    assert wrong[name].endswith(".")
    with pytest.raises(Refused, match=f"settings: {name} cannot be used") as refused:
        portal.connector(**{name: value})
    assert value not in str(refused.value)


@pytest.mark.parametrize(
    "typed",
    [
        "https://portal.example/",
        " https://portal.example ",
        "https://portal.example/services/import.php",
        "https://portal.example/services/export/",
        "https://portal.example/services",
    ],
)
def test_an_address_copied_from_a_letter_is_understood(typed):
    assert choices.read({"base_url": typed}).base_url == "https://portal.example"


def test_a_portal_may_lie_under_a_path(portal):
    portal.will(200, NO_ORDERS)
    portal.connector(base_url="https://clinics.example/medihost/").check()
    assert portal.requests[0].url.path == "/medihost/services/export.php"


@pytest.mark.parametrize("host", ["localhost:8200", "127.0.0.1:8200", "127.3.2.1", "[::1]:8200"])
def test_without_encryption_only_this_machine_is_spoken_to(host):
    assert choices.wrong({"base_url": f"http://{host}"}) == {}


@pytest.mark.parametrize("host", ["localhost.example", "10.0.0.7", "127.0.0.1.example", "0.0.0.0"])
def test_a_name_that_looks_like_this_machine_is_another_one(host):
    assert list(choices.wrong({"base_url": f"http://{host}"})) == ["base_url"]


def test_plain_http_is_used_where_somebody_said_so():
    asked = {"base_url": "http://www.medihost.ru", "plain_http": "yes"}
    assert choices.wrong(asked) == {}
    assert choices.read(asked).base_url == "http://www.medihost.ru"
