"""„Portale” → „Mapowania”: proposals accepted, links mended (R14-R20, A3, A12, A22, A23)."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from slotbridge.his import catalogue, organisation, staff
from slotbridge.sync import links
from slotbridge.sync.contract import CatalogueRecord, ItemKind
from slotbridge.sync.models import Link
from tests.web.house import CHANNEL, RECORDS, House
from tests.web.reading import content, read

PAGE = reverse("portal-mapping", args=[CHANNEL])
FIRST = "Accept : dr n. med. Gniewko Źrebiec – dr n. med. Gniewko Źrebiec"
KINDS = ["unit", "clinic", "practitioner", "service"]


def look(client, **query):
    return client.get(PAGE, query, headers={"accept-language": "en"})


def press(client, **data):
    return client.post(PAGE, data, follow=True, headers={"accept-language": "en"})


def buttons(page, name):
    """What pressing each of these buttons would send: {its text: its value}."""
    return {one.text: one.attributes["value"] for one in read(page).find("button", name=name)}


def linked(house, record):
    link = links.link_of(account=house.account, record=record)
    return link and link.item.external_id


def vanish(house, frozen, gone, *new):
    """The portal's lists are read a day later: without these records, with new ones."""
    frozen.shift(86400)
    house.synchronise([*(record for record in RECORDS if record.id not in gone), *new])


# --- before there is anything ------------------------------------------------------------------


def test_a3_before_the_lists_are_read_the_page_says_what_to_wait_for(house, admin):
    assert "have not been read yet. Configure the connection first." in content(look(admin))
    house.configure()
    assert "have not been read yet. Synchronisation is running." in content(look(admin))
    assert press(admin, kind="unit", all="90").status_code == 404


def test_a23_the_way_to_the_configuration_is_offered_to_who_may_go_there(house, admin, desk):
    (way,) = read(look(admin)).find("a", href=reverse("configuration-of", args=[CHANNEL]))
    assert way.text == "To the configuration"
    assert "To the configuration" not in content(look(desk))


def test_a_tab_without_records_says_so(house, admin):
    for person in house.people:
        staff.change_practitioner(practitioner=person, is_active=False, by="tests")
    house.synchronise()
    assert "There is nothing here yet." in content(look(admin, kind="practitioner"))


def test_a_portal_without_mapping_has_no_such_page(house, admin):
    house.medihost()
    assert admin.get(reverse("portal-mapping", args=["medihost"])).status_code == 404
    assert admin.get(reverse("portal-mapping", args=["nowhere"])).status_code == 404


def test_r14_the_end_of_the_synchronisation_leads_here(house, admin):
    house.synchronise()
    page = admin.get(reverse("configuration-of", args=[CHANNEL]))
    assert read(page).find("a", href=PAGE)
    assert read(admin.get(reverse("portal", args=[CHANNEL]))).find("a", href=PAGE)


# --- proposals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("unit", "95 % Lecznica Pod Lipą has an address in the same street and city"),
        ("clinic", "Lecznica Pod Lipą same street and city · ul. Wymyślona 7, Lipowo"),
        ("practitioner", "100 % dr n. med. Gniewko Źrebiec same name"),
        ("service", "100 % Echo serca same name"),
    ],
)
def test_r15_r17_r18_r19_each_kind_shows_its_proposals_with_score_and_reason(
    house, admin, kind, said
):
    house.synchronise()
    assert said in content(look(admin, kind=kind))
    assert Link.objects.count() == 0, "looking links nothing"


def test_one_press_accepts_one(house, admin):
    house.synchronise()
    value = buttons(look(admin, kind="practitioner"), "accept")[FIRST]
    page = press(admin, kind="practitioner", accept=value)
    assert linked(house, house.people[0]) == "d1"
    assert linked(house, house.people[1]) is None
    assert "dr n. med. Gniewko Źrebiec is linked to dr n. med. Gniewko Źrebiec." in content(page)


def test_all_from_a_score_are_accepted_with_one_press(house, admin):
    house.synchronise()
    assert buttons(look(admin, kind="practitioner"), "all") == {"Accept all from 90 % (2)": "90"}
    page = press(admin, kind="practitioner", only="open", above="90", all="90")
    assert [linked(house, person) for person in house.people] == ["d1", "d2", None, None]
    assert "2 records were linked." in content(page)
    assert page.redirect_chain[-1][0] == f"{PAGE}?kind=practitioner&only=open&above=90"
    assert buttons(page, "all") == {}


def test_the_score_can_be_set(house, admin):
    records = [CatalogueRecord(ItemKind.FACILITY, "f1", "Zdrowie i Uroda")]
    house.synchronise(records)
    assert buttons(look(admin, kind="unit"), "all") == {}
    assert buttons(look(admin, kind="unit", above="70"), "all") == {
        "Accept all from 70 % (2)": "70"
    }
    assert buttons(look(admin, kind="unit", above="1"), "all") == {}, "no such score: the default"


def test_only_what_is_not_linked_can_be_shown(house, admin):
    house.synchronise()
    house.link(house.people[0], "d1")
    assert "Źrebiec" in content(look(admin, kind="practitioner"))
    text = content(look(admin, kind="practitioner", only="open"))
    assert "Źrebiec" not in text
    assert "Ćwikła" in text
    for unit, item in zip(house.units, ("f1", "f2"), strict=True):
        house.link(unit, item)
    assert "Everything here has its counterpart." in content(look(admin, kind="unit", only="open"))


def test_the_tabs_count_what_is_linked(house, admin):
    house.connect()
    tabs = read(look(admin)).find("nav", **{"aria-label": "Kinds of records"})[0]
    assert tabs.text == (
        "Units linked: 1/2 Clinics / Wards linked: 1/3 Staff linked: 2/4 "
        "Commercial services linked: 1/3 Price lists linked: 1/3"
    )


def test_r16_the_price_lists_tab_names_clinics_without_a_ticked_list(house, admin):
    """A19: nothing of these is published."""
    house.connect()
    house.price_list(clinic=house.clinics[1], name="Zapasowy", used=False)
    text = content(look(admin, kind="price-list"))
    assert "Poradnia kardiologiczna Przychodnia przy Rynku ticked Cennik 2026" in text
    none = "none Nothing of this clinic is published until one is ticked."
    assert f"Poradnia dermatologiczna Przychodnia przy Rynku {none} Zapasowy" in text
    text = content(look(admin, kind="price-list", only="open"))
    assert "Cennik 2026" not in text
    assert "Zapasowy" in text


def test_a12_who_was_linked_meanwhile_stays_linked(house, admin):
    house.synchronise()
    value = buttons(look(admin, kind="practitioner"), "accept")[FIRST]
    house.link(house.people[0], "d2")
    page = press(admin, kind="practitioner", accept=value)
    assert linked(house, house.people[0]) == "d2"
    assert (
        "dr n. med. Gniewko Źrebiec was not linked: Somebody has linked it to "
        "lek. Żaneta Ćwikła-Nowak meanwhile." in content(page)
    )


def test_a12_a_counterpart_that_is_taken_is_refused_by_name(house, admin):
    house.synchronise()
    house.link(house.people[0], "d1")
    pair = f"practitioner/{house.people[1].public_id}/{house.item('d1').pk}"
    page = press(admin, kind="practitioner", accept=pair)
    assert linked(house, house.people[1]) is None
    assert "is already linked to dr n. med. Gniewko Źrebiec." in content(page)


def test_a12_a_service_that_would_not_be_clear_is_refused_by_name(house, admin):
    house.connect()
    listed = house.clinic.price_lists.get()
    catalogue.set_price(price_list=listed, service=house.services[1], amount_minor=100, by="tests")
    pair = f"service/{house.services[1].public_id}/{house.item('s1').pk}"
    page = press(admin, kind="service", accept=pair)
    assert linked(house, house.services[1]) is None
    assert "In Poradnia kardiologiczna the service “Konsultacja kardiologiczna”" in content(page)


# --- broken links ------------------------------------------------------------------------------


def test_a22_a_person_made_anew_there_is_offered_first_and_relinked_by_one_press(
    house, admin, frozen
):
    house.connect()
    new = CatalogueRecord(ItemKind.DOCTOR, "d77", "Gniewko Zrebiec", facility="f1")
    vanish(house, frozen, {"d1", "a1", "as1"}, new)
    assert linked(house, house.people[0]) == "d1", "nobody has linked it anew"

    page = look(admin, kind="unit")
    text = content(page)
    assert "Broken links 1" in text
    assert "100 % Gniewko Zrebiec re-created on the portal" in text
    value = buttons(page, "accept")["Relink : dr n. med. Gniewko Źrebiec – Gniewko Zrebiec"]
    press(admin, kind="unit", accept=value)

    assert linked(house, house.people[0]) == "d77"
    assert "Broken links" not in content(look(admin))


def test_a22_all_that_were_made_anew_are_relinked_at_once_and_the_others_wait(house, admin, frozen):
    house.connect()
    news = [
        CatalogueRecord(ItemKind.DOCTOR, "d77", "Gniewko Źrebiec", facility="f1"),
        CatalogueRecord(ItemKind.SERVICE, "s77", "Konsultacja kardiologiczna"),
    ]
    vanish(house, frozen, {"d1", "d2", "a1", "a2", "as1", "as2", "s1"}, *news)
    page = look(admin)
    assert "Broken links 3" in content(page)
    assert buttons(page, "relink") == {"Relink all 2 re-created": "1"}
    assert "Ćwikła" not in "".join(buttons(page, "accept"))

    page = press(admin, relink="1")

    assert [linked(house, one) for one in (*house.people[:2], house.service)] == [
        "d77",
        "d2",
        "s77",
    ]
    assert "2 records were linked." in content(page)
    assert "Broken links 1" in content(page)


def test_a22_broken_links_are_not_among_all_that_are_accepted(house, admin, frozen):
    house.synchronise()
    house.link(house.people[0], "d1")
    new = CatalogueRecord(ItemKind.DOCTOR, "d77", "Gniewko Źrebiec", facility="f1")
    vanish(house, frozen, {"d1", "a1", "as1"}, new)
    press(admin, kind="practitioner", all="90")
    assert [linked(house, person) for person in house.people[:2]] == ["d1", "d2"]


def test_a22_the_portals_page_and_the_first_page_say_that_a_link_is_broken(house, admin, frozen):
    house.connect()
    vanish(house, frozen, {"d1", "a1", "as1"})
    page = admin.get(reverse("portal", args=[CHANNEL]), headers={"accept-language": "en"})
    assert "1 link is broken" in content(page)
    assert read(page).find("a", href=f"{PAGE}#broken")
    home = admin.get(reverse("home"), headers={"accept-language": "en"})
    assert "1 things portals leave to a person" in content(home)


# --- who may -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "sees"),
    [("administrator", 200), ("receptionist", 200), ("auditor", 200), ("practitioner", 403)],
)
def test_the_office_looks_and_administrators_link(house, logged_in, role, sees):
    house.synchronise()
    client = logged_in(role)
    for kind in [*KINDS, "price-list"]:
        page = look(client, kind=kind)
        assert page.status_code == sees
        if role != "administrator":
            assert not read(page).find("button", name="accept")
            assert not read(page).find("button", name="all")
    pressed = press(client, kind="practitioner", all="90")
    assert pressed.status_code == (200 if role == "administrator" else 403)
    assert Link.objects.count() == (2 if role == "administrator" else 0)


def test_a_receptionist_is_not_led_to_pages_that_would_be_refused(house, desk):
    house.connect()
    for kind in [*KINDS, "price-list"]:
        for one in read(look(desk, kind=kind)).find("main")[0].all("a"):
            assert desk.get(one.attributes["href"], follow=True).status_code == 200


def test_another_organisations_records_are_not_linked(house, admin):
    house.synchronise()
    other = House("Inna Lecznica")
    other.synchronise()
    theirs = f"practitioner/{other.people[0].public_id}/{other.item('d1').pk}"
    assert press(admin, kind="practitioner", accept=theirs).status_code == 404
    mixed = f"practitioner/{house.people[0].public_id}/{other.item('d1').pk}"
    assert "was not linked" in content(press(admin, kind="practitioner", accept=mixed))
    assert Link.objects.count() == 0


@pytest.mark.parametrize(
    "data", [{}, {"accept": "unit/1/2"}, {"accept": "x"}, {"all": "1"}, {"all": "x"}]
)
def test_what_no_button_sends_is_not_there(house, admin, data):
    house.synchronise()
    assert press(admin, kind="unit", **data).status_code == 404


# --- many rows ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*KINDS, "price-list"])
def test_the_page_asks_as_often_for_many_rows_as_for_few(house, admin, kind):
    """Eight times for who looks and at which portal, then six times at most."""
    house.connect()
    look(admin, kind=kind)
    with CaptureQueriesContext(connection) as few:
        look(admin, kind=kind)
    for n in range(5):
        catalogue.add_service(
            organisation=house.organisation, name=f"Zabieg {n}", duration_minutes=20, by="tests"
        )
        person = {"given_name": "Jan", "family_name": f"Nowy {n}"}
        staff.add_practitioner(organisation=house.organisation, by="tests", **person)
        unit = organisation.add_unit(organisation=house.organisation, name=f"U {n}", by="tests")
        house.price_list(clinic=organisation.add_clinic(unit=unit, name=f"P {n}", by="tests"))
    with CaptureQueriesContext(connection) as many:
        page = look(admin, kind=kind)

    assert len(many) == len(few) <= 14
    assert len(list(read(page).all("tr"))) > 7
