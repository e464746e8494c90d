"""The mapping fields of R15, R17-R19: A3, A12, A22, A23."""

import pytest
from django.urls import reverse

from slotbridge.his.models import Practitioner, Service
from slotbridge.sync import links
from tests.web.house import RECORDS
from tests.web.reading import content, errors, labels, options

FIELDS = {
    "unit": "Placówka w serwisie ZnanyLekarz",
    "clinic": "Adres w serwisie ZnanyLekarz",
    "staff-person": "Osoba w serwisie ZnanyLekarz",
    "service": "Usługa z serwisu ZnanyLekarz",
}


def record(house, name):
    return {
        "unit": house.unit,
        "clinic": house.clinic,
        "staff-person": house.people[0],
        "service": house.service,
    }[name]


def address(house, name):
    return reverse(name, args=[record(house, name).public_id])


def form_of(client, address, **changed):
    """What the page's form would send, with these fields changed."""
    page = client.get(address)
    data = {}
    for field in labels(page).values():
        if field is None or "disabled" in field.attributes or "name" not in field.attributes:
            continue
        if field.tag == "select":
            chosen = [o for o in field.all("option") if "selected" in o.attributes]
            data[field.attributes["name"]] = chosen[0].attributes["value"] if chosen else ""
        elif field.attributes.get("type") != "checkbox" or "checked" in field.attributes:
            data[field.attributes["name"]] = field.attributes.get("value", "")
    return {**data, **changed}


def save(client, address, **changed):
    return client.post(address, form_of(client, address, **changed))


@pytest.mark.parametrize("name", FIELDS)
def test_the_field_is_shown_disabled_until_the_connection_is_configured(house, admin, name):
    """A23."""
    page = admin.get(address(house, name))

    assert "disabled" in labels(page)[FIELDS[name]].attributes
    assert "Najpierw skonfiguruj połączenie." in content(page)


@pytest.mark.parametrize("name", FIELDS)
def test_the_field_waits_while_the_synchronisation_runs(house, admin, name):
    """R14, A3."""
    house.configure()

    page = admin.get(address(house, name))

    assert "disabled" in labels(page)[FIELDS[name]].attributes
    assert "Trwa synchronizacja." in content(page)


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("unit", ["Lecznica Pod Lipą", "Lecznica Pod Lipą, filia"]),
        (
            "clinic",
            ["Filia — ul. Zmyślona 2, Lipowo", "Lecznica Pod Lipą — ul. Wymyślona 7, Lipowo"],
        ),
        ("staff-person", ["dr n. med. Gniewko Źrebiec", "lek. Żaneta Ćwikła-Nowak"]),
        ("service", ["Echo serca", "Konsultacja kardiologiczna"]),
    ],
)
def test_the_field_lists_what_the_portal_holds(house, admin, name, names):
    """R15, R17, R18, R19, A14: under the printed labels; a clinic chooses among places."""
    house.synchronise()

    found = options(admin.get(address(house, name)), FIELDS[name])

    assert sorted(found) == sorted(["— brak —", *names])


@pytest.mark.parametrize(
    ("name", "external_id"),
    [("unit", "f1"), ("clinic", "p1"), ("staff-person", "d1"), ("service", "s1")],
)
def test_a_record_gets_its_counterpart_and_loses_it_again(house, admin, name, external_id):
    house.synchronise()
    row = record(house, name)

    save(admin, address(house, name), portal_znanylekarz=house.item(external_id).pk)
    assert links.link_of(account=house.account, record=row).item.external_id == external_id

    save(admin, address(house, name), portal_znanylekarz="")
    assert links.link_of(account=house.account, record=row) is None


def test_saving_another_field_leaves_the_counterpart(house, admin):
    house.connect()

    save(admin, address(house, "service"), duration_minutes="25")

    assert Service.objects.get(pk=house.service.pk).duration_minutes == 25
    assert links.link_of(account=house.account, record=house.service) is not None


def test_two_persons_are_never_one_and_then_nothing_is_saved(house, admin):
    """A12."""
    house.synchronise()
    house.link(house.people[0], "d1")
    other = reverse("staff-person", args=[house.people[1].public_id])

    page = save(admin, other, title="prof.", portal_znanylekarz=house.item("d1").pk)

    assert "Ta osoba jest już powiązana z: dr n. med. Gniewko Źrebiec." in content(page)
    assert "id_portal_znanylekarz_error" in errors(page)
    assert Practitioner.objects.get(pk=house.people[1].pk).title == "lek."
    assert links.link_of(account=house.account, record=house.people[1]) is None


def test_the_choice_says_whom_a_portal_person_belongs_to(house, admin):
    house.synchronise()
    house.link(house.people[0], "d1")

    page = admin.get(reverse("staff-person", args=[house.people[1].public_id]))

    assert "dr n. med. Gniewko Źrebiec (powiązane: dr n. med. Gniewko Źrebiec)" in options(
        page, FIELDS["staff-person"]
    )


def test_a_vanished_counterpart_is_shown_as_broken_and_not_replaced(house, admin, frozen):
    """A22."""
    house.connect()
    frozen.shift(86400)
    house.synchronise([record for record in RECORDS if record.id not in {"d1", "a1", "as1"}])

    page = admin.get(address(house, "staff-person"))
    chosen = next(
        one
        for one in labels(page)[FIELDS["staff-person"]].all("option")
        if "selected" in one.attributes
    )

    assert "Powiązanie zerwane" in content(page)
    assert chosen.text == "dr n. med. Gniewko Źrebiec (zniknęło z serwisu)"
    assert "zerwane" in content(admin.get(reverse("staff")))


def test_a_new_record_can_be_mapped_at_once(house, admin):
    house.synchronise()

    admin.post(
        reverse("service-new"),
        {
            "name": "Echo kontrolne",
            "duration_minutes": "15",
            "portal_znanylekarz": house.item("s2").pk,
        },
    )

    made = Service.objects.get(name="Echo kontrolne")
    assert links.link_of(account=house.account, record=made).item.external_id == "s2"


def test_a_name_in_use_is_refused_beside_its_field(house, admin):
    page = admin.post(reverse("service-new"), {"name": "Echo serca", "duration_minutes": "15"})

    assert errors(page)["id_name_error"] == "To jest już zajęte: wybierz inne."
    assert "Nic nie zapisano." in content(page)


def test_a_record_is_taken_out_of_use_not_deleted(house, admin):
    data = form_of(admin, address(house, "service"))
    del data["is_active"]

    admin.post(address(house, "service"), data)

    assert not Service.objects.get(pk=house.service.pk).is_active
    assert "nieużywane" in content(admin.get(reverse("services")))


def test_a_unit_of_another_zone_keeps_its_zone_while_it_has_slots(house, admin):
    house.open()

    page = save(admin, address(house, "unit"), time_zone="Europe/London")

    assert "id_time_zone_error" in errors(page)


def test_rooms_are_added_to_a_unit(house, admin):
    answer = admin.post(
        reverse("unit-room", args=[house.unit.public_id]), {"room-name": "Gabinet 3"}
    )

    assert answer.status_code == 302
    assert [room.name for room in house.unit.rooms.order_by("name")][-1] == "Gabinet 3"


def test_clinics_are_listed_with_wards_and_their_addresses(house, admin):
    house.connect()
    admin.post(
        reverse("clinic-new"),
        {"unit": house.unit.public_id, "name": "Oddział dzienny", "kind": "ward"},
    )

    text = content(admin.get(reverse("clinics")))

    assert "Oddział dzienny oddział" in text
    assert "Poradnia kardiologiczna Przychodnia przy Rynku kardiologia Lecznica Pod Lipą" in text
