"""Who sees what: roles, organisations, log-in, headers, languages."""

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from slotbridge.his.models import Visit
from slotbridge.kit import clock
from slotbridge.sync.models import Booking
from slotbridge.web.views import session
from tests.factories import PASSWORD
from tests.web.house import CHANNEL, House
from tests.web.reading import content, menu, read

ADMINISTRATION = ["configuration", "services", "price-lists", "units", "clinics"]
OFFICE = ["patients", "portals", "staff"]
ALL = ["home", "visits", "schedules"]


def names_in_menu(client):
    return {path[-1] for path in menu(client.get(reverse("home")))}


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        ("administrator", ALL + OFFICE + ADMINISTRATION),
        ("auditor", ALL + OFFICE + ADMINISTRATION),
        ("receptionist", ALL + OFFICE),
        ("practitioner", ALL),
    ],
)
def test_a_role_opens_its_pages_and_no_others(house, logged_in, role, seen):
    client = logged_in(role)
    found = {name: client.get(reverse(name)).status_code for name in ALL + OFFICE + ADMINISTRATION}

    assert found == {name: 200 if name in seen else 403 for name in found}


def test_the_menu_leaves_out_what_would_be_refused(house, logged_in):
    assert "Cenniki" in names_in_menu(logged_in("administrator"))
    assert "Cenniki" not in names_in_menu(logged_in("receptionist"))
    assert names_in_menu(logged_in("practitioner")) == {"Dziś", "Wizyty", "Grafiki"}


def records_of(house):
    """The address of one record of each kind."""
    house.connect()
    made = house.open(visible=True)
    visit = house.book(made[0])
    return {
        "visit": reverse("visit", args=[visit.public_id]),
        "move": reverse("visit-move", args=[visit.public_id]),
        "schedule": reverse("schedule", args=[house.schedule.public_id]),
        "template": reverse("schedule-template", args=[house.schedule.public_id]),
        "generate": reverse("schedule-generate", args=[house.schedule.public_id]),
        "slot": reverse("slot", args=[made[1].public_id]),
        "patient": reverse("patient", args=[visit.patient.public_id]),
        "person": reverse("staff-person", args=[house.people[0].public_id]),
        "service": reverse("service", args=[house.service.public_id]),
        "price list": reverse("price-list", args=[house.clinic.price_lists.get().public_id]),
        "unit": reverse("unit", args=[house.unit.public_id]),
        "clinic": reverse("clinic", args=[house.clinic.public_id]),
        "moving": reverse("visit-free") + f"?visit={visit.public_id}",
        "planning for": reverse("visit-plan")
        + f"?slot={made[1].public_id}&patient={visit.patient.public_id}",
    }


def test_another_organisations_records_are_not_there(house, logged_in):
    mine = logged_in("administrator")
    theirs = records_of(House("Inna Lecznica"))

    found = {kind: mine.get(address).status_code for kind, address in theirs.items()}

    # Somebody else's slot is no slot: the page for choosing a time opens instead.
    assert found == {kind: 302 if kind == "planning for" else 404 for kind in theirs}


def test_another_organisations_records_cannot_be_changed(house, logged_in):
    mine = logged_in("administrator")
    other = House("Inna Lecznica")
    other.connect()
    slot, second = other.open(count=2)
    visit = other.book(slot)
    stranger = house.patient("Obcy", "Ktoś")
    posts = [
        (reverse("visit-mark", args=[visit.public_id]), {"mark": "arrived"}),
        (reverse("visit-cancel", args=[visit.public_id]), {"reason": "x"}),
        (reverse("visit-match", args=[visit.public_id]), {"action": "keep"}),
        (reverse("schedule-slots", args=[other.schedule.public_id]), {"action": "delete"}),
        (reverse("patient-merge", args=[visit.patient.public_id]), {"other": stranger.public_id}),
        (reverse("patient-merge", args=[stranger.public_id]), {"other": visit.patient.public_id}),
        (
            reverse("price-list-price", args=[other.clinic.price_lists.get().public_id]),
            {"service": other.service.public_id, "amount": "1", "action": "set"},
        ),
        (reverse("unit-room", args=[other.unit.public_id]), {"room-name": "x"}),
    ]

    assert [mine.post(address, data).status_code for address, data in posts] == [404] * len(posts)
    plan = reverse("visit-plan") + f"?slot={second.public_id}&patient={stranger.public_id}"
    assert mine.post(plan, {"start": second.start.isoformat()}).status_code == 302
    assert [visit.status for visit in Visit.objects.all()] == ["booked"]


def test_lists_and_searches_hold_ones_own_organisation_only(house, logged_in):
    other = House("Inna Lecznica")
    other.connect()
    other.clash(other.open(visible=True)[0])
    other.patient("Ukryta", "Osoba")
    mine = logged_in("administrator")

    assert "Ukryta" not in content(mine.get(reverse("patients"), {"q": "ukryta"}))
    assert "Borówka" not in content(mine.get(reverse("visits")))
    assert "Borówka" not in content(mine.get(reverse("home")))
    assert "W tych dniach nie ma nic wolnego." in content(mine.get(reverse("visit-free")))
    assert "Brak połączenia" in content(mine.get(reverse("portals")))


@pytest.fixture
def doctor(house, logged_in):
    return logged_in("practitioner", practitioner=house.people[0])


def test_a_practitioner_sees_own_visits_and_schedules_only(house, doctor):
    own = house.book(house.open(count=1)[0], house.patient("Jagna", "Borówka"))
    (slot,) = house.open(count=1, schedule=house.schedules[1])
    others = house.book(slot, house.patient("Wacława", "Łopian"))

    day = content(doctor.get(reverse("visits")))
    assert ("Jagna Borówka" in day, "Wacława Łopian" in day) == (True, False)
    assert doctor.get(reverse("visit", args=[own.public_id])).status_code == 200
    assert doctor.get(reverse("visit", args=[others.public_id])).status_code == 404
    assert doctor.get(reverse("schedule", args=[house.schedules[1].public_id])).status_code == 404
    assert "Ćwikła" not in content(doctor.get(reverse("schedules")))


def test_a_practitioner_marks_own_visits_and_changes_nothing_else(house, doctor):
    visit = house.book(house.open(count=1)[0])

    doctor.post(reverse("visit-mark", args=[visit.public_id]), {"mark": "arrived"})
    refused = [
        doctor.post(reverse("visit-cancel", args=[visit.public_id]), {"reason": "x"}),
        doctor.post(reverse("schedule-slots", args=[house.schedule.public_id]), {}),
        doctor.post(reverse("schedule", args=[house.schedule.public_id]), {}),
        doctor.get(reverse("patient", args=[visit.patient.public_id])),
    ]

    assert Visit.objects.get().status == "arrived"
    assert [answer.status_code for answer in refused] == [403] * 4


def test_a_practitioner_without_a_record_sees_nobodys_visits(house, logged_in):
    house.book(house.open(count=1)[0], house.patient("Jagna", "Borówka"))

    assert "Borówka" not in content(logged_in("practitioner").get(reverse("visits")))


def unassigned_booking(house):
    return Booking.objects.create(
        organisation=house.organisation,
        account=house.account,
        external_id="5000",
        start=house.at("10:00"),
        end=house.at("10:30"),
        seen_at=clock.now(),
        problem="No practitioner of ours is linked to this doctor and address.",
    )


def every_address(house):
    """One address of every page, with ids of this house."""
    known = {
        "visit": house.book(house.open(count=1)[0]).public_id,
        "schedule": house.schedule.public_id,
        "slot": house.open("12:00", 1)[0].public_id,
        "patient": house.patient().public_id,
        "staff": house.people[0].public_id,
        "service": house.service.public_id,
        "price": house.price_list(used=False).public_id,
        "unit": house.unit.public_id,
        "clinic": house.clinic.public_id,
        "portal": unassigned_booking(house).public_id,
    }
    fixed = {"channel": CHANNEL, "action": "pause"}
    for name, entries in get_resolver("slotbridge.web.urls").reverse_dict.lists():
        if isinstance(name, str):
            (_pattern, names), *_rest = entries[0][0]
            ids = {"public_id": known.get(name.split("-")[0])}
            yield name, reverse(name, kwargs={one: {**fixed, **ids}[one] for one in names})


BEFORE_LOG_IN = {"login", "logout", "language"}


def test_an_auditor_changes_nothing_anywhere(house, logged_in):
    auditor = logged_in("auditor")

    answers = {
        name: auditor.post(address, {}).status_code
        for name, address in every_address(house)
        if name not in BEFORE_LOG_IN
    }

    assert len(answers) > 35
    assert set(answers.values()) == {403}


def test_nothing_opens_without_logging_in(house):
    addresses = {
        name: address for name, address in every_address(house) if name not in BEFORE_LOG_IN
    }

    answers = {
        name: getattr(Client(), method)(address)
        for name, address in addresses.items()
        for method in ("get", "post")
    }

    assert {answer.status_code for answer in answers.values()} == {302}
    assert {answer.headers["Location"].split("?")[0] for answer in answers.values()} == {
        reverse("login")
    }


def test_somebody_without_an_organisation_is_told_so(house):
    user = house.user("administrator")
    user.organisation = None
    user.save()
    client = Client(headers={"accept-language": "pl"})
    client.login(username=user.username, password=PASSWORD)

    page = client.get(reverse("home"))

    assert page.status_code == 403
    assert "To konto nie należy do żadnego podmiotu." in content(page)


def test_logging_in_leads_to_where_one_wanted_and_out_again(house):
    client = Client(headers={"accept-language": "pl"})
    user = house.user("receptionist")
    wanted = reverse("patients")

    gate = client.get(wanted)
    wrong = client.post(gate.headers["Location"], {"username": user.username, "password": "źle"})
    assert read(wrong).find("div", role="alert")
    right = client.post(
        gate.headers["Location"],
        {"username": user.username, "password": PASSWORD, "next": wanted},
    )
    assert right.headers["Location"] == wanted

    client.post(reverse("logout"))
    assert client.get(wanted).status_code == 302


def test_the_language_is_switched_and_stays(house, logged_in):
    client = logged_in("receptionist")
    assert "Wizyty" in content(client.get(reverse("visits")))

    answer = client.post(reverse("language"), {"language": "en", "next": reverse("visits")})

    assert answer.headers["Location"] == reverse("visits")
    page = client.get(reverse("visits"))
    assert "No visits on this day." in content(page)
    assert read(page).find("html", lang="en")


@pytest.mark.parametrize("name", ["home", "login", "visits"])
def test_pages_forbid_scripts_and_styles_that_are_not_ours(house, logged_in, name):
    client = Client() if name == "login" else logged_in("receptionist")
    policy = client.get(reverse(name)).headers["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_no_page_needs_an_exception_from_that(house, admin):
    pages = [address for _name, address in every_address(house)]
    bodies = [admin.get(address).content.decode() for address in pages]

    assert [body for body in bodies if " style=" in body or " onclick=" in body] == []
    assert [body for body in bodies if "<style" in body or "<script" in body] == []


def test_pages_with_peoples_data_are_not_kept_by_browsers(house, desk):
    assert "no-store" in desk.get(reverse("patients")).headers["Cache-Control"]


def test_no_address_carries_a_key_of_the_database(house, admin):
    records_of(house)
    hrefs = [
        link.attributes["href"]
        for name in (*ALL, *OFFICE, *ADMINISTRATION, "visit-free")
        for link in read(admin.get(reverse(name))).all("a")
    ]

    assert [href for href in hrefs if any(part.isdigit() for part in href.split("/"))] == []


def test_a_page_that_is_not_there_says_so_in_our_own_clothes(house, admin):
    page = admin.get("/visits/00000000-0000-4000-8000-000000000000/")

    assert page.status_code == 404
    assert "Nie ma takiej strony ani wpisu" in content(page)


def test_a_form_that_was_open_too_long_is_refused_kindly(house):
    client = Client(enforce_csrf_checks=True, headers={"accept-language": "pl"})

    page = client.post(reverse("login"), {"username": "x", "password": "y"})

    assert page.status_code == 403
    assert "Ten formularz był otwarty zbyt długo" in content(page)


def test_the_page_of_a_failure_asks_the_database_nothing(db, rf, django_assert_num_queries):
    with django_assert_num_queries(0):
        page = session.broken(rf.get("/"))

    assert page.status_code == 500
    assert "Coś poszło nie tak" in content(page)


def test_the_stylesheet_that_pages_name_is_served(house):
    page = read(Client().get(reverse("login")))
    (sheet,) = page.find("link", rel="stylesheet")

    answer = Client().get(sheet.attributes["href"])

    assert answer.status_code == 200
    assert b"--brand" in b"".join(answer.streaming_content)
