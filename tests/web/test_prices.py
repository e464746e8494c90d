"""„Cenniki”: R16, A23-A29."""

from datetime import date

import pytest
from django.urls import reverse

from slotbridge.his.models import Price
from tests.web.house import CHANNEL
from tests.web.reading import content, errors, labels

BOX = "Cennik używany w serwisie ZnanyLekarz"


@pytest.fixture
def ready(house):
    house.synchronise()
    return house


def page_of(price_list):
    return reverse("price-list", args=[price_list.public_id])


def fields(price_list, **changed):
    return {
        "clinic": price_list.clinic.public_id,
        "name": price_list.name,
        "valid_from": "",
        "last_day": "",
        **changed,
    }


def set_price(client, price_list, service, amount, action="set", **more):
    return client.post(
        reverse("price-list-price", args=[price_list.public_id]),
        {"service": service.public_id, "amount": amount, "action": action, **more},
    )


def test_the_box_is_disabled_until_the_connection_is_configured(house, admin):
    page = admin.get(reverse("price-list-new"))

    assert "disabled" in labels(page)[BOX].attributes
    assert "Najpierw skonfiguruj połączenie." in content(page)


def test_a_new_list_is_made_and_ticked_in_one_go(ready, admin):
    admin.post(
        reverse("price-list-new"),
        {
            "clinic": ready.clinic.public_id,
            "name": "Cennik 2026",
            "valid_from": "2026-01-01",
            "last_day": "2026-12-31",
            "portal_znanylekarz": "on",
        },
    )

    made = ready.clinic.price_lists.get()
    assert (made.valid.lower, made.valid.upper) == (date(2026, 1, 1), date(2027, 1, 1))
    assert [use.channel for use in made.uses.all()] == [CHANNEL]


def test_a_second_ticked_list_is_refused_and_names_the_first(ready, admin):
    """R16, R16a, A24."""
    ready.price_list(name="Cennik główny")
    second = ready.price_list(name="Cennik letni", used=False)

    page = admin.post(page_of(second), fields(second, name="Inny", portal_znanylekarz="on"))

    assert "id_portal_znanylekarz_error" in errors(page)
    assert "W tej poradni zaznaczony jest już cennik „Cennik główny”" in content(page)
    second.refresh_from_db()
    assert (second.name, second.uses.count()) == ("Cennik letni", 0)


def test_unequal_prices_are_refused_with_service_lists_clinics_and_prices(ready, admin):
    """R16b, A26: on ticking."""
    ready.price_list(name="Cennik kardiologii", amount=20000)
    other = ready.price_list(ready.clinics[1], "Cennik dermatologii", amount=18050, used=False)

    page = admin.post(page_of(other), fields(other, portal_znanylekarz="on"))

    text = content(page)
    assert (
        "„Konsultacja kardiologiczna” kosztuje 180,50 zł w cenniku „Cennik dermatologii” "
        "(Poradnia dermatologiczna), a 200,00 zł w cenniku „Cennik kardiologii” "
        "(Poradnia kardiologiczna)." in text
    )
    assert other.uses.count() == 0


def test_a_price_changed_in_one_of_two_ticked_lists_is_refused_and_offered_for_all(ready, admin):
    """R16b, A26: on changing a price."""
    first = ready.price_list(name="Cennik kardiologii")
    second = ready.price_list(ready.clinics[1], "Cennik dermatologii")

    page = set_price(admin, first, ready.service, "230,00")

    assert "Zmień na 230,00 zł we wszystkich zaznaczonych cennikach naraz" in content(page)
    assert set(Price.objects.values_list("amount_minor", flat=True)) == {20000}

    set_price(admin, first, ready.service, "230,00", f"everywhere:{CHANNEL}")
    assert {price.price_list_id: price.amount_minor for price in Price.objects.all()} == {
        first.pk: 23000,
        second.pk: 23000,
    }


def test_a_service_added_to_a_ticked_list_at_another_price_is_refused(ready, admin):
    """R16b, A26: on adding a service."""
    ready.price_list(name="Cennik kardiologii")
    second = ready.price_list(ready.clinics[1], "Cennik dermatologii")
    set_price(admin, second, ready.services[1], "120")

    page = set_price(admin, ready.clinic.price_lists.get(), ready.services[1], "130")

    assert "Echo serca" in content(page)
    assert Price.objects.filter(service=ready.services[1]).count() == 1


@pytest.mark.parametrize(
    ("typed", "minor"),
    [
        ("150", 15000),
        ("149,5", 14950),
        ("149.99", 14999),
        ("1 250,00", 125000),
        ("1\u00a0250,00", 125000),
        ("0", 0),
    ],
)
def test_an_amount_is_read_exactly(ready, admin, typed, minor):
    price_list = ready.price_list(used=False)

    set_price(admin, price_list, ready.services[1], typed)

    assert price_list.prices.get(service=ready.services[1]).amount_minor == minor


@pytest.mark.parametrize("typed", ["", "abc", "-5", "1,234", "12.345", "1e3", "99999999"])
def test_what_is_no_amount_is_refused(ready, admin, typed):
    price_list = ready.price_list(used=False)

    page = set_price(admin, price_list, ready.services[1], typed)

    assert "Podaj kwotę taką jak 150 lub 149,50." in content(page)
    assert price_list.prices.count() == 1


def test_amounts_are_shown_in_zloty_with_two_decimals(ready, admin):
    price_list = ready.price_list(amount=125050)
    auditor_page = admin.get(page_of(price_list))

    assert 'value="1250,50"' in auditor_page.content.decode()


def test_the_least_price_of_a_range_is_marked(ready, admin):
    """A28."""
    price_list = ready.price_list(used=False)

    set_price(admin, price_list, ready.service, "100", is_from="on")

    assert price_list.prices.get().is_from


def test_a_price_is_removed(ready, admin):
    price_list = ready.price_list()

    set_price(admin, price_list, ready.service, "", "remove")

    assert price_list.prices.count() == 0


def test_taking_the_tick_off_asks_first_and_says_what_it_costs(ready, admin):
    """A29."""
    price_list = ready.price_list()
    ready.open(count=3, visible=True)

    page = admin.post(page_of(price_list), fields(price_list))

    text = content(page)
    assert "1 usługa nie będzie tam już oferowana." in text
    assert "3 wolne terminy tracą ostatnią usługę i zostaną wycofane." in text
    assert price_list.uses.count() == 1

    admin.post(page_of(price_list), fields(price_list, confirmed="1"))
    assert price_list.uses.count() == 0


def test_the_last_day_may_not_come_before_the_first(ready, admin):
    price_list = ready.price_list()

    page = admin.post(
        page_of(price_list),
        fields(price_list, valid_from="2026-05-01", last_day="2026-04-30", portal_znanylekarz="on"),
    )

    assert "id_last_day_error" in errors(page)
