"""„Portale” → services and prices: what each address offers, and what staff decide of it."""

import pytest
from django.urls import reverse

from slotbridge.his import catalogue
from slotbridge.his.models import Service
from slotbridge.sync import services
from slotbridge.sync.contract import CatalogueRecord, ItemKind
from slotbridge.sync.models import Account, Listing, ListingService
from tests.web.house import CHANNEL, RECORDS
from tests.web.reading import content

PAGE = reverse("portal-services", args=[CHANNEL])


def at_address(id_, name, service, amount, **data):
    return CatalogueRecord(
        ItemKind.ADDRESS_SERVICE, id_, name, facility="f1", doctor="d1", address="a1",
        service=service, data={"price_minor": amount, "is_price_from": False, "is_visible": True}
        | data,
    )  # fmt: skip


THERE = [
    *(record for record in RECORDS if record.id != "as1"),
    CatalogueRecord(ItemKind.SERVICE, "s9", "Joga"),
    at_address("as1", "Konsultacja kardiologiczna", "s1", 20000),
    at_address("as9", "Joga", "s9", 9000),
    at_address("as10", "Masaż", "", 5000),
]


@pytest.fixture
def ready(house):
    house.connect()
    house.synchronise(THERE)
    return house


def row_of(service):
    return ListingService.objects.get(listing__address="a1", service=service)


def decide(client, what, service):
    return client.post(PAGE, {"what": what, "address": "a1", "service": service})


def test_ours_and_the_portals_stand_beside_each_other(ready, desk):
    echo = ready.services[1]
    ready.link(echo, "s2")
    catalogue.set_price(
        price_list=ready.clinic.price_lists.get(), service=echo, amount_minor=35000, is_from=True,
        by="a",
    )  # fmt: skip
    text = content(desk.get(PAGE, {"address": "a1"}))
    assert "Konsultacja kardiologiczna 200,00 zł 200,00 zł" in text
    assert "Echo serca od 350,00 zł" in text
    assert "Joga — 90,00 zł" in text
    assert "Masaż" in text


def test_a_parked_one_says_why_and_is_taken_up_again(ready, desk):
    ListingService.objects.filter(pk=row_of("s1").pk).update(problem="addAddressService: 403")
    assert "addAddressService: 403" in content(desk.get(PAGE))
    answer = decide(desk, "retry", "s1")
    assert answer.url == f"{PAGE}?address=a1"
    assert row_of("s1").problem == ""


def test_one_of_the_portals_is_given_to_us_and_left_again_with_a_name_to_it(ready, desk):
    decide(desk, "give", "s9")
    row = row_of("s9")
    assert (row.is_ours, row.given_by) == (True, ready.user("receptionist").username)
    assert [str(step.kind) for step in services.services_to_tell(row.listing)] == ["remove"]
    assert row.given_by in content(desk.get(PAGE, {"address": "a1"}))
    decide(desk, "leave", "s9")
    assert row_of("s9").is_ours is False


def test_where_the_portal_keeps_them_nothing_can_be_decided(ready, desk):
    Account.objects.update(settings={"services": "portal"})
    page = desk.get(PAGE, {"address": "a1"})
    assert page.status_code == 200
    assert 'name="what"' not in page.content.decode()


def test_who_only_looks_decides_nothing(ready, logged_in):
    auditor = logged_in("auditor")
    assert 'name="what"' not in auditor.get(PAGE).content.decode()
    assert decide(auditor, "give", "s9").status_code == 403


def test_another_clinics_service_is_not_to_be_had(ready, desk):
    assert decide(desk, "give", "none").status_code == 404
    assert decide(desk, "burn", "s9").status_code == 404
    assert desk.get(reverse("portal-services", args=["elsewhere"])).status_code == 404


def test_before_anything_is_mapped_it_says_what_to_do(house, desk):
    assert desk.get(PAGE).status_code == 200


def test_many_services_cost_no_more_queries(ready, desk, django_assert_max_num_queries):
    with django_assert_max_num_queries(40):
        desk.get(PAGE)
    listing = Listing.objects.get(address="a1")
    ListingService.objects.bulk_create(
        ListingService(
            organisation=ready.organisation, listing=listing, service=f"x{n}",
            asked_at=listing.patrol_due_at, due_at=listing.patrol_due_at,
        )
        for n in range(20)
    )  # fmt: skip
    with django_assert_max_num_queries(40):
        desk.get(PAGE)


def test_a_services_form_asks_for_its_public_name_and_ages(house, admin):
    filled = {"name": "Bilans", "duration_minutes": 15, "public_name": "Bilans dziecka"}
    refused = admin.post(reverse("service-new"), filled | {"min_age": 18, "max_age": 2})
    assert refused.status_code == 200
    admin.post(reverse("service-new"), filled | {"min_age": 2, "max_age": 18})
    made = Service.objects.get(name="Bilans")
    assert (made.public_name, made.min_age, made.max_age) == ("Bilans dziecka", 2, 18)
