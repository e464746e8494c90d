"""Every label of jHIS's manual stands where the manual says, letter by letter."""

import re

import pytest
from django.conf import settings
from django.urls import reverse

from tests.web.house import PORTAL
from tests.web.reading import labels, menu, read

MANUAL = settings.PACKAGE.parent / "docs" / "reference" / "jhis-znanylekarz.md"


def printed():
    """The table of section 4.1: {label: place}, of our side only."""
    table = MANUAL.read_text().split("### 4.1")[1].split("### 4.2")[0]
    rows = re.findall(r"^\| (.+?) \| „(.+?)” \| (.+?) \|", table, re.MULTILINE)
    return {label: (place, kind) for place, label, kind in rows if not place.startswith("portal")}


def test_the_manual_was_read():
    assert len(printed()) == 20  # 21 lines: „Personel” stands twice
    assert "Cennik używany w serwisie ZnanyLekarz" in printed()


@pytest.fixture
def connected(house):
    house.connect()
    house.open()
    return house


def pages(house):
    """The page of each place that the manual names."""
    return {
        "Konfiguracja": reverse("configuration"),
        "service form": reverse("service", args=[house.service.public_id]),
        "price list form": reverse("price-list", args=[house.clinic.price_lists.get().public_id]),
        "unit form": reverse("unit", args=[house.unit.public_id]),
        "clinic form": reverse("clinic", args=[house.clinic.public_id]),
        "person form": reverse("staff-person", args=[house.people[0].public_id]),
        "slot form in a schedule": reverse("schedule", args=[house.schedule.public_id]),
    }


def test_each_field_stands_on_its_form_and_is_bound_to_its_label(connected, admin):
    """R8, R9, R10, R15, R16, R17, R18, R19, R21: as the manual prints them."""
    found = {
        label: admin.get(pages(connected)[place])
        for label, (place, kind) in printed().items()
        if kind.startswith(("field", "box"))
    }

    assert len(found) == 9
    assert [label for label, page in found.items() if labels(page).get(label) is None] == []


def test_the_button_of_the_configuration_is_the_last_of_its_form(connected, admin):
    """R11."""
    form = next(
        one
        for one in read(admin.get(reverse("configuration"))).all("form")
        if one.find("input", name="login")
    )

    assert [button.text for button in form.all("button")][-1] == "Uaktualnij"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (("Administracja", "Konfiguracja"), "configuration"),
        (("Administracja", "Słowniki", "Usługi komercyjne"), "services"),
        (("Administracja", "Cenniki"), "price-lists"),
        (("Administracja", "Struktura organizacyjna", "Opieka medyczna"), "units"),
        (("Personel", "Personel"), "staff"),
        (("Grafiki",), "schedules"),
        (("Wizyty",), "visits"),
        (("Pacjenci",), "patients"),
        (("Portale",), "portals"),
    ],
)
def test_each_function_stands_under_its_menu_path(admin, path, name):
    """R7, R15, R16, R17, R19."""
    lines = menu(admin.get(reverse("home")))

    assert lines[path] == reverse(name)
    assert all(part in printed() or len(path) == 1 for part in path)


def test_medical_care_has_the_two_tabs(house, admin):
    """R17, R18, A65."""
    tabs = read(admin.get(reverse("units"))).find("nav", **{"class": "tabs"})[0]

    assert {tab.text: tab.attributes["href"] for tab in tabs.all("a")} == {
        "Przychodnie": reverse("units"),
        "Poradnie / Oddziały": reverse("clinics"),
    }


def test_each_slot_of_a_day_has_the_visibility_box(connected, admin):
    """R21."""
    page = read(admin.get(pages(connected)["slot form in a schedule"]))
    boxes = page.find("button", role="checkbox")

    assert [box.attributes["aria-label"] for box in boxes] == [
        f"Widoczność w serwisie {PORTAL}, {wall}" for wall in ("09:00", "09:30", "10:00", "10:30")
    ]


def test_another_portal_has_the_same_labels_with_its_own_name(house, admin):
    house.channel.name = "Inny Serwis"
    house.channel.save()

    page = admin.get(reverse("service", args=[house.service.public_id]))

    assert "Usługa z serwisu Inny Serwis" in labels(page)
