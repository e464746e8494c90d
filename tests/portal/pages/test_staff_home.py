"""The overview: is the exchange alive, and what waits for a person."""

from datetime import timedelta

import pytest

from slotbridge.kit import clock
from slotbridge.portal import withheld
from slotbridge.portal.models import Deed, ReceivedDocument, SectionImport, WithheldDeletion
from tests.portal.booking import hear_of_occupancy, make_clinic
from tests.portal.staffing import logged_in, make_member, make_operator

pytestmark = pytest.mark.django_db(databases=["portal"])


@pytest.fixture
def browser(practice):
    return logged_in(make_member(practice))


def home(browser, practice):
    return browser.get(f"/staff/{practice.public_id}/")


@pytest.mark.parametrize(
    ("age", "light", "told"),
    [
        (timedelta(minutes=5), "up to date", "what is really free"),
        (timedelta(hours=2), "late", "may be shown times that are taken"),
        (timedelta(hours=24), "not offered", "offers none of your program’s times"),
    ],
)
def test_the_light_says_how_old_the_occupancy_is_and_what_to_do(
    browser, practice, age, light, told
):
    hear_of_occupancy(practice, clock.now() - age)

    page = home(browser, practice)

    assert page.all("light") == [light]
    assert told in page.main


def test_before_the_first_import_it_says_what_is_missing(db_of_portal, frozen):
    clinic = make_clinic(fresh=False)
    page = home(logged_in(make_member(clinic)), clinic)

    assert page.all("light") == ["nothing yet"]
    assert "The portal’s operator issues the client key" in page.main


def test_the_operator_is_led_to_where_the_first_key_is_issued(db_of_portal, frozen):
    clinic = make_clinic(fresh=False)
    page = home(logged_in(make_operator()), clinic)

    assert page.link("Issue a key").path == f"/operator/clinics/{clinic.public_id}/"


def test_what_came_a_moment_ago_came_just_now(browser, practice):
    assert "10:00, just now. Patients see" in home(browser, practice).main


def test_each_section_says_when_it_came_last(browser, practice):
    SectionImport.objects.create(
        clinic=practice, section="Schedules", at=clock.now() - timedelta(days=3)
    )

    listed = home(browser, practice).all("sections")[0]

    assert "Schedules27 February, 10:00" in listed
    assert "Occupancy2 March, 10:00" in listed
    assert "Groupsnever" in listed


def test_times_are_on_the_clinics_clock_and_say_so(db_of_portal, frozen):
    clinic = make_clinic("Asia/Vladivostok")
    page = home(logged_in(make_member(clinic)), clinic)

    assert "2 March, 17:00" in page.main
    assert "(Vladivostok, UTC+10)" in page.text
    assert "It is 17:00 there." in page.text


@pytest.fixture
def held(practice):
    return WithheldDeletion.objects.create(
        clinic=practice, section="Appointments", count=41, at=clock.now()
    )


def test_one_press_releases_what_was_withheld(browser, practice, held):
    page = home(browser, practice)
    assert "41 deletions in Appointments (occupancy)" in page.main
    assert "lets the next import of Appointments remove up to 41 rows" in page.main

    done = page.press("Release 41 deletions")

    held.refresh_from_db()
    assert (held.released_by, held.ended_at) == ("anna", None)
    assert "released" in done.main
    assert not done.tree.xpath("//main//button")
    assert Deed.objects.filter(actor="anna", action="deletions-released").count() == 1


def test_a_number_that_has_changed_since_is_not_released(browser, practice, held):
    page = home(browser, practice)
    WithheldDeletion.objects.update(count=900)

    told = page.press("Release 41 deletions")

    held.refresh_from_db()
    assert held.released_at is None
    assert "Nothing was released now" in told.main


def test_what_a_colleague_released_meanwhile_stays_theirs(browser, practice, held):
    page = home(browser, practice)
    withheld.release(withheld=held, by="boris")

    told = page.press("Release 41 deletions")

    held.refresh_from_db()
    assert held.released_by == "boris"
    assert "somebody else has released it" in told.main


def test_the_last_imports_are_there_with_their_results(browser, practice):
    for outcome in ("ok", "partial", "error", ""):
        ReceivedDocument.objects.create(
            clinic=practice,
            received_at=clock.now(),
            size=2048,
            outcome=outcome,
            sections=[{"name": "Resources", "mode": "", "received": 70}],
        )

    page = home(browser, practice)

    assert [each for each in page.all("badge") if each != "0"] == [
        "under way",
        "refused",
        "applied in part",
        "applied",
    ]
    assert "Resources 70" in page.main


def test_with_nothing_to_do_it_says_what_comes_here(browser, practice):
    page = home(browser, practice)

    assert "No order waits for an answer" in page.main
    assert "Nothing was received yet" in page.main
    assert "Withheld" not in page.main
