"""Which site an account speaks to."""

import pytest

from slotbridge.connectors.docplanner import site
from slotbridge.connectors.docplanner.connector import DocplannerConnector
from slotbridge.sync.contract import Refused
from tests.contract_checker import Contract


def test_the_sites_are_those_of_the_contract():
    [server] = Contract().document["servers"]
    assert set(site.ZONES) == set(server["variables"]["domain"]["enum"])


def test_without_a_word_it_is_poland_pushed_and_nameless():
    read = site.read({})
    assert read.base_url == "https://www.znanylekarz.pl"
    assert read.zone == DocplannerConnector.zone_of({})
    assert (read.delivery, read.sends_identity) == (site.Delivery.PUSH, False)


def test_every_choice_of_the_form_is_understood(portal):
    for field in DocplannerConnector.settings_fields:
        for value, _label in field.choices:
            site.read({field.name: value})


def test_another_site_has_its_own_host_and_zone():
    read = site.read({"domain": "doctoralia.com.br"})
    assert read.base_url == "https://www.doctoralia.com.br"
    assert str(read.zone) == "America/Sao_Paulo"


def test_a_sandbox_takes_the_sites_place(portal):
    portal.will(json={"_items": []})
    portal.connector(base_url=" http://127.0.0.1:8100/ ").check()
    assert str(portal.requests[0].url) == "http://127.0.0.1:8100/api/v3/integration/facilities"
    assert portal.token_requests[0].url.host == "127.0.0.1"


@pytest.mark.parametrize(
    "settings",
    [
        {"domain": "znanylekarz.example"},
        {"delivery": "pigeon"},
        {"identity": "maybe"},
        {"base_url": "ftp://127.0.0.1"},
        {"base_url": "127.0.0.1:8100"},
        {"base_url": "http://"},
        {"base_url": "http://[::1"},
        {"base_url": "http://host:port"},
        {"base_url": "http://ho st"},
        {"base_url": "http://host\n.example"},
    ],
)
def test_a_setting_that_the_form_does_not_offer_is_refused(portal, settings):
    with pytest.raises(Refused, match="settings"):
        portal.connector(**settings)
