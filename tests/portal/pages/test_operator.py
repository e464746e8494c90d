"""The operators' pages: clinics, keys, people, and everything side by side."""

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from slotbridge.kit import clock
from slotbridge.portal import keys, staff
from slotbridge.portal.models import ClientKey, Clinic, ReceivedDocument, StaffMember
from slotbridge.portal.pages import words
from tests.portal.booking import hear_of_occupancy, make_clinic
from tests.portal.staffing import (
    PASSWORD,
    logged_in,
    make_member,
    make_operator,
    queries_of,
    rows_of,
)

pytestmark = pytest.mark.django_db(databases=["portal"])
GUID = re.compile(r"\b[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}\b")


@pytest.fixture
def olga(db_of_portal, frozen):
    return make_operator()


@pytest.fixture
def browser(olga):
    return logged_in(olga)


@pytest.fixture
def clinic(browser):
    return make_clinic()


def page_of(browser, clinic):
    return browser.get(f"/operator/clinics/{clinic.public_id}/")


def test_an_empty_portal_says_how_to_begin(browser):
    page = browser.get("/operator/")

    assert "No clinic yet" in page.main
    assert page.link("Add a clinic").path == "/operator/clinics/add/"


def test_a_clinic_is_added_with_its_zone_and_limits(browser):
    page = browser.get("/operator/clinics/add/").press(
        "Add the clinic",
        name="Клиника «Тайга»",
        time_zone="Asia/Novosibirsk",
        lead_minutes="120",
        most_mib="64",
        allowed_addresses="192.0.2.7\n198.51.100.0/24",
    )

    made = Clinic.objects.get()
    assert (made.time_zone, made.lead_minutes) == ("Asia/Novosibirsk", 120)
    assert made.most_bytes == 64 * 1024 * 1024
    assert made.allowed_addresses == ["192.0.2.7/32", "198.51.100.0/24"]
    assert "Issue its key next" in page.main
    assert "Asia/Novosibirsk now 14:00" in page.main


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"name": ""}, "required"),
        ({"allowed_addresses": "192.0.2.300"}, "“192.0.2.300” is neither"),
        ({"lead_minutes": "-5"}, "greater than or equal to 0"),
        ({"most_elements": "5"}, "greater than or equal to 1000"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_saved(browser, typed, told):
    page = browser.get("/operator/clinics/add/").press(
        "Add the clinic", **{"name": "Клиника"} | typed
    )

    assert page.status == 422
    assert told in page.main
    assert not Clinic.objects.exists()


def test_a_zone_that_is_not_on_the_list_is_refused(browser, clinic):
    page = browser.get(f"/operator/clinics/{clinic.public_id}/edit/").press(
        "Save", time_zone="Mars/Olympus"
    )

    assert page.status == 422
    clinic.refresh_from_db()
    assert clinic.time_zone == "Europe/Moscow"


def zones_on(page):
    return page.tree.xpath("//select[@name='time_zone']//option/@value")


def test_every_zone_that_is_offered_is_named_by_a_place_and_its_offset(browser):
    zones = zones_on(browser.get("/operator/clinics/add/"))

    assert {"Europe/Moscow", "America/Indiana/Knox", "Asia/Almaty"} <= set(zones)
    assert not {"UTC", "Etc/GMT-3", "Australia/West", "localtime"} & set(zones)
    named = [words.zone(ZoneInfo(each)) for each in zones]
    assert len(set(named)) == len(named) > 400
    odd = [each for each in named if not re.fullmatch(r"\D+, UTC[+-]1?\d(:\d\d)?", each)]
    assert odd == []


def test_a_zone_under_a_name_that_is_out_of_use_stays(browser):
    clinic = make_clinic("Europe/Kiev")
    page = browser.get(f"/operator/clinics/{clinic.public_id}/edit/")

    page.press("Save", phone="+380 44 000-00-00")

    clinic.refresh_from_db()
    assert (clinic.time_zone, clinic.phone) == ("Europe/Kiev", "+380 44 000-00-00")


def test_settings_are_changed_and_stand_in_the_log(browser, clinic):
    page = browser.get(f"/operator/clinics/{clinic.public_id}/edit/").press(
        "Save", phone="+7 495 000-00-01", time_zone="Asia/Omsk"
    )

    assert "Asia/Omsk" in page.main
    assert "olga changed the clinic's settings (changed: phone, time_zone)" in page.main


def test_saving_without_a_change_keeps_every_setting(browser, clinic):
    Clinic.objects.update(allowed_addresses=["192.0.2.0/24"], most_bytes=50_000_000, is_open=False)
    before = Clinic.objects.values().get()

    browser.get(f"/operator/clinics/{clinic.public_id}/edit/").press("Save")

    assert Clinic.objects.values().get() == before


def test_a_key_is_shown_once_with_all_that_is_needed_to_use_it(browser, clinic):
    page = page_of(browser, clinic).press("Issue a key")

    (key,) = page.tree.xpath("//input[@id='key']/@value")
    assert keys.find(key).clinic == clinic
    assert "/services/import.php" in page.main
    assert "/services/export.php" in page.main
    assert "?client_key" not in page.text
    (example,) = [each for each in page.all("pre") if "client_key" in each]
    assert key not in example
    assert key not in page_of(browser, clinic).text


def test_a_page_sent_again_by_a_reload_issues_no_second_key(browser, clinic):
    page = page_of(browser, clinic)
    page.press("Issue a key")

    again = page.press("Issue a key")

    assert ClientKey.objects.count() == 1
    assert not GUID.search(again.main)


def test_two_keys_can_be_valid_and_no_third(browser, clinic):
    page_of(browser, clinic).press("Issue a key")
    page = page_of(browser, clinic)
    page.press("Issue a second key")

    full = page_of(browser, clinic)

    assert full.main.count("valid") >= 2
    assert "Two keys are valid, which is the most" in full.main
    assert not [each for each in full.all("button") if "Issue" in each]


def test_revoking_asks_first_and_names_the_last_use(browser, clinic):
    key = keys.issue_key(clinic=clinic, by="olga")
    ClientKey.objects.update(last_used_at=clock.now())

    asked = page_of(browser, clinic).link("Revoke…")
    assert "last used on 2 March 2026, 10:00" in asked.main
    assert "the clinic’s only key" in asked.main
    assert keys.find(key)

    done = asked.press("Revoke the key")
    assert keys.find(key) is None
    assert "opens nothing any more" in done.main


def test_a_stale_page_does_not_revoke_the_key_that_took_the_place(browser, clinic):
    keys.issue_key(clinic=clinic, by="olga", key="AAAAAAAA-5179-4CC4-A2A0-F681618ED9EA")
    asked = page_of(browser, clinic).link("Revoke…")
    keys.revoke_key(key=ClientKey.objects.get(), by="pavel")
    key = keys.issue_key(clinic=clinic, by="pavel", key="BBBBBBBB-5179-4CC4-A2A0-F681618ED9EA")

    assert asked.press("Revoke the key").status == 404

    assert keys.find(key)


def test_a_person_gets_a_first_password_and_can_log_in(browser, clinic):
    page = browser.get(f"/operator/clinics/{clinic.public_id}/people/add/").press(
        "Add", login="Vera", name="Вера", email="vera@example.com"
    )

    (password,) = page.all("secret")
    made = staff.log_in(login="vera", password=password, address="192.0.2.1")
    assert (made.clinic, made.email, made.is_operator) == (clinic, "vera@example.com", False)
    assert password not in browser.get(f"/operator/people/{made.public_id}/").text


@pytest.mark.parametrize("login", ["olga", "OLGA", "две буквы", "ab"])
def test_a_login_that_is_taken_or_cannot_be_typed_is_refused(browser, clinic, login):
    page = browser.get(f"/operator/clinics/{clinic.public_id}/people/add/").press(
        "Add", login=login, name="Вера"
    )

    assert page.status == 422
    assert StaffMember.objects.count() == 1


def test_a_new_password_ends_the_old_one(browser, clinic):
    anna = make_member(clinic)
    inside = logged_in(anna)

    page = browser.get(f"/operator/people/{anna.public_id}/").press("Make a new password")

    (password,) = page.all("secret")
    assert "Log in" in inside.get("/staff/").title
    with pytest.raises(staff.WrongLogin):
        staff.log_in(login="anna", password=PASSWORD, address="192.0.2.1")
    assert staff.log_in(login="anna", password=password, address="192.0.2.1") == anna


def test_people_are_switched_off_and_on(browser, clinic):
    anna = make_member(clinic)
    page = browser.get(f"/operator/people/{anna.public_id}/")

    off = page.press("Switch off")
    assert "switched off" in off.main
    assert not StaffMember.objects.get(pk=anna.pk).is_active

    assert "May log in again" in off.press("Switch on again").main


def test_the_last_operator_stays(browser, olga):
    page = browser.get(f"/operator/people/{olga.public_id}/").press("Switch off")

    assert "only operator who can log in" in page.main
    assert StaffMember.objects.get().is_active


def test_an_operator_adds_another_one(browser):
    page = browser.get("/operator/operators/add/").press("Add", login="pavel", name="Павел")

    (password,) = page.all("secret")
    assert staff.log_in(login="pavel", password=password, address="192.0.2.1").is_operator
    assert [cells[1] for cells in rows_of(browser.get("/operator/operators/"))] == ["olga", "pavel"]


def test_clinics_stand_with_their_lights_each_on_its_own_clock(browser):
    east = make_clinic("Asia/Vladivostok")
    Clinic.objects.filter(pk=east.pk).update(name="Восток")
    hear_of_occupancy(east, clock.now() - timedelta(hours=3))
    ReceivedDocument.objects.create(clinic=east, received_at=clock.now(), size=1, outcome="ok")
    make_clinic(fresh=False, is_open=False)

    rows = rows_of(browser.get("/operator/"))

    assert sorted(rows) == [
        ["Восток", "late", "2 March 2026, 17:00", "0", "0", "Asia/Vladivostok"],
        ["Клиника «Берёза» closed", "nothing yet", "never", "0", "0", "Europe/Moscow"],
    ]
    assert len(rows_of(browser.get("/operator/?q=восток"))) == 1


def test_imports_of_all_clinics_are_listed_and_lead_to_the_clinics_page(browser, clinic):
    for outcome in ("ok", "error"):
        ReceivedDocument.objects.create(
            clinic=clinic, received_at=clock.now(), size=1, outcome=outcome
        )

    assert len(rows_of(browser.get("/operator/imports/"))) == 2
    refused = browser.get("/operator/imports/?outcome=error")
    assert [cells[2] for cells in rows_of(refused)] == ["refused"]
    assert refused.link("2 March").path.startswith(f"/staff/{clinic.public_id}/imports/")


@pytest.mark.parametrize("path", ["", "imports/", "withheld/", "log/", "operators/"])
def test_the_number_of_queries_does_not_grow_with_the_clinics(browser, path):
    from slotbridge.portal.models import WithheldDeletion

    def fill(number):
        clinic = make_clinic()
        ReceivedDocument.objects.create(
            clinic=clinic, received_at=clock.now(), size=1, outcome="ok"
        )
        WithheldDeletion.objects.create(
            clinic=clinic, section="Resources", count=40, at=clock.now()
        )
        make_operator(f"operator{number}")
        make_member(clinic, f"member{number}")

    fill(1)
    one = queries_of(browser, f"/operator/{path}")
    for number in (2, 3, 4):
        fill(number)

    assert queries_of(browser, f"/operator/{path}") == one


def test_the_log_is_narrowed_to_a_clinic_and_needs_no_right_address(browser, clinic):
    other = make_clinic()
    make_member(clinic, "anna")
    make_member(other, "boris")

    listed = rows_of(browser.get(f"/operator/log/?clinic={clinic.public_id}"))
    assert [cells[2] for cells in listed] == ["added a person who may log in (login anna)"]

    assert len(rows_of(browser.get("/operator/log/?clinic=nonsense"))) > 1
