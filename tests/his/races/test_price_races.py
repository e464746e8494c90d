"""R16a and R16b under concurrent edits: the rules are the database's, so no order of events
breaks them. Each race is first shown to end badly without the rule.
"""

import pytest

from slotbridge.his import catalogue
from slotbridge.his.models import OfferedPrice, Organisation, Price, PriceList, PriceListUse
from tests.factories import (
    CHANNEL,
    ClinicFactory,
    PriceFactory,
    PriceListFactory,
    ServiceFactory,
)
from tests.his.races.together import kinds, together, without

pytestmark = pytest.mark.django_db(transaction=True)

ONE_LIST = ("his_pricelistuse", "one_price_list_per_clinic_channel_day")
ONE_PRICE = ("his_offeredprice", "same_price_on_a_channel_and_day")
ROUNDS = 5


def tick(price_list):
    return lambda: catalogue.use_price_list(price_list=price_list, channel=CHANNEL, by="anna")


def price(price_list, service, amount_minor):
    return lambda: catalogue.set_price(
        price_list=price_list, service=service, amount_minor=amount_minor, by="ewa"
    )


def untick_all():
    PriceListUse.objects.all().delete()


def offered(service):
    return sorted(
        OfferedPrice.objects.filter(service=service).values_list("amount_minor", flat=True)
    )


def test_two_administrators_tick_two_lists_of_one_clinic():
    clinic = ClinicFactory()
    lists = [PriceListFactory(clinic=clinic) for _ in range(2)]
    with without(*ONE_LIST):
        assert kinds(together(*map(tick, lists))) == ["PriceListUse", "PriceListUse"]
        assert PriceListUse.objects.count() == 2
        untick_all()

    for _ in range(ROUNDS):
        assert kinds(together(*map(tick, lists))) == ["PriceListUse", "SecondPriceList"]
        assert PriceListUse.objects.count() == 1
        untick_all()


def test_one_administrator_changes_a_price_while_another_ticks():
    service = ServiceFactory()
    mine, theirs = (PriceFactory(service=service, amount_minor=200_00).price_list for _ in range(2))
    tick(mine)()

    def back():
        theirs.uses.all().delete()
        Price.objects.update(amount_minor=200_00)

    with without(*ONE_PRICE):
        assert kinds(together(tick(theirs), price(mine, service, 250_00))) == [
            "Price",
            "PriceListUse",
        ]
        assert offered(service) == [200_00, 250_00]
        back()

    for _ in range(ROUNDS):
        outcome = kinds(together(tick(theirs), price(mine, service, 250_00)))
        assert outcome in (["Price", "UnequalPrices"], ["PriceListUse", "UnequalPrices"])
        assert len(set(offered(service))) == 1
        back()


def test_a_price_is_added_to_a_list_while_the_list_is_ticked():
    service = ServiceFactory()
    theirs = PriceFactory(service=service, amount_minor=200_00).price_list
    tick(theirs)()
    mine = PriceListFactory()

    def back():
        mine.uses.all().delete()
        mine.prices.all().delete()

    with without(*ONE_PRICE):
        assert kinds(together(tick(mine), price(mine, service, 250_00))) == [
            "Price",
            "PriceListUse",
        ]
        assert offered(service) == [200_00, 250_00]
        back()

    for _ in range(ROUNDS):
        outcome = kinds(together(tick(mine), price(mine, service, 250_00)))
        assert outcome in (["Price", "UnequalPrices"], ["PriceListUse", "UnequalPrices"])
        assert offered(service) == [200_00]
        back()


def test_a_price_added_while_its_list_is_ticked_is_offered_in_whatever_order():
    for _ in range(ROUNDS):
        service, mine = ServiceFactory(), PriceListFactory()

        assert kinds(together(tick(mine), price(mine, service, 250_00))) == [
            "Price",
            "PriceListUse",
        ]
        assert offered(service) == [250_00]


def test_two_prices_are_raised_everywhere_at_once_and_stay_equal():
    service = ServiceFactory()
    for _ in range(3):
        tick(PriceFactory(service=service, amount_minor=200_00).price_list)()

    def everywhere(amount_minor):
        return lambda: catalogue.set_price_everywhere(
            organisation=Organisation.objects.get(),
            channel=CHANNEL,
            service=service,
            amount_minor=amount_minor,
            by="anna",
        )

    for _ in range(ROUNDS):
        assert kinds(together(everywhere(250_00), everywhere(260_00))) == ["list", "list"]
        assert offered(service) in ([250_00] * 3, [260_00] * 3)


def test_the_rules_hold_for_rows_written_past_the_functions():
    """Two connections that do not know of each other and take no lock of ours."""
    clinic = ClinicFactory()
    lists = [PriceListFactory(clinic=clinic) for _ in range(2)]

    def write(price_list):
        return lambda: PriceListUse.objects.create(
            organisation=price_list.organisation,
            price_list=price_list,
            channel=CHANNEL,
            clinic=clinic,
            valid=price_list.valid,
            currency=price_list.currency,
        )

    outcome = kinds(together(*map(write, lists)))

    # The database may also end one of the two as a deadlock: refused either way.
    assert outcome in (["IntegrityError", "PriceListUse"], ["OperationalError", "PriceListUse"])
    assert PriceListUse.objects.count() == 1
    assert PriceList.objects.count() == 2
