"""Every page opens, for an empty organisation and for a full one."""

import pytest
from django.conf import settings
from django.urls import reverse

LISTS = [
    "home",
    "visits",
    "visit-free",
    "schedules",
    "patients",
    "portals",
    "staff",
    "configuration",
    "services",
    "price-lists",
    "units",
    "clinics",
    "schedule-new",
    "patient-new",
    "staff-new",
    "service-new",
    "price-list-new",
    "unit-new",
    "clinic-new",
]


def full(house):
    house.connect()
    made = house.open(visible=True)
    visit = house.book(made[0])
    house.clash(made[1])
    return made, visit


@pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES])
@pytest.mark.parametrize("name", LISTS)
def test_page_opens(house, logged_in, name, language):
    admin = logged_in("administrator")
    address = reverse(name)
    before = admin.get(address, headers={"accept-language": language})
    full(house)
    after = admin.get(address, headers={"accept-language": language})

    assert [before.status_code, after.status_code] == [200, 200]


def test_pages_of_one_record_open(house, admin):
    made, visit = full(house)
    price_list = house.clinic.price_lists.get()
    pages = [
        reverse("visit", args=[visit.public_id]),
        reverse("visit-move", args=[visit.public_id])
        + f"?slot={made[3].public_id}&start={made[3].start:%Y-%m-%dT%H:%M:%SZ}",
        reverse("visit-plan") + f"?slot={made[2].public_id}",
        reverse("visit-plan") + f"?slot={made[2].public_id}&q=bor",
        reverse("visit-plan") + f"?slot={made[2].public_id}&patient={visit.patient.public_id}",
        reverse("visit-free") + f"?visit={visit.public_id}",
        reverse("schedule", args=[house.schedule.public_id]),
        reverse("schedule-template", args=[house.schedule.public_id]),
        reverse("slot", args=[made[0].public_id]),
        reverse("patient", args=[visit.patient.public_id]),
        reverse("staff-person", args=[house.people[0].public_id]),
        reverse("service", args=[house.service.public_id]),
        reverse("price-list", args=[price_list.public_id]),
        reverse("unit", args=[house.unit.public_id]),
        reverse("clinic", args=[house.clinic.public_id]),
        reverse("configuration-of", args=["znanylekarz"]),
        reverse("portal", args=["znanylekarz"]),
    ]

    assert {page: admin.get(page).status_code for page in pages} == dict.fromkeys(pages, 200)
