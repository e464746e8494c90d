"""A sister site of the portal in another country: its own currency, and no price in any other."""

import pytest

from slotbridge.his import catalogue
from slotbridge.sync import accounts, services
from slotbridge.sync.contract import ServiceAtAddress
from slotbridge.sync.shown import why_not_shown
from tests.world import CHANNEL, PORTAL, World

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])


@pytest.fixture
def chile(frozen, db):
    world = World(frozen, linked=False)
    accounts.configure(
        account=world.account,
        login=world.portal.credentials.client_id,
        password=world.portal.credentials.client_secret,
        settings={"base_url": PORTAL, "delivery": "both", "domain": "doctoralia.cl"},
        by="tests",
    )
    world.settle()
    world.link_all()
    yield world
    world.close()


def prices_there(world):
    return list(world.address.services.values_list("price_minor", flat=True))


def test_a_price_in_zloty_is_none_in_chile_and_staff_read_why(chile):
    before = prices_there(chile)
    [slot] = chile.open(days=1, count=1)
    chile.settle()
    assert (chile.portal_shows(), prices_there(chile)) == ([], before)
    reasons = {reason.code: reason.sentence for reason in why_not_shown(slot, CHANNEL)}
    assert "CLP" in reasons["service-other-currency"]


def test_a_price_in_pesos_is_told_as_it_is_and_read_back_as_it_is(chile):
    """A peso has no hundredths: 15 990 pesos are neither 159,90 nor alike with 15 900."""
    pesos = catalogue.add_price_list(
        clinic=chile.clinic, name="Lista", valid_from=None, valid_to=None, currency="CLP", by="a"
    )
    catalogue.set_price(price_list=pesos, service=chile.service, amount_minor=15990, by="a")
    catalogue.stop_using_price_list(price_list=chile.price_list, channel=CHANNEL, by="a")
    catalogue.use_price_list(price_list=pesos, channel=CHANNEL, by="a")
    [slot] = chile.open(days=1, count=1)
    chile.settle()
    assert chile.portal_shows() == [slot.start]
    assert prices_there(chile) == [15990 * 100], "the sandbox keeps hundredths"


@pytest.mark.parametrize(
    ("wanted", "read", "alike"),
    [(35050, 35000, True), (35000, 35000, True), (15990, 15940, False), (35050, 35100, False)],
)
def test_a31_only_what_was_lost_in_reading_is_no_difference(wanted, read, alike):
    want = ServiceAtAddress(service="1", price_minor=wanted)
    there = ServiceAtAddress(service="1", price_minor=read)
    assert services.reads_alike(want, there) is alike
