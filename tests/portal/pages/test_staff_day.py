"""A day at the clinic, and the hours of the portal's own resources."""

from datetime import timedelta

import pytest

from slotbridge.kit import clock
from slotbridge.portal import own
from slotbridge.portal.models import Order, Resource, WorkingDay
from tests.portal.booking import file_at, make_clinic, make_resource, occupy, work
from tests.portal.pages.conftest import TODAY, Browser
from tests.portal.staffing import logged_in, make_member, queries_of, rows_of

pytestmark = pytest.mark.django_db(databases=["portal"])
TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture
def doctor(practice):
    resource = make_resource(practice)
    work(resource, TOMORROW, "8:00-10:00", "11:00-12:00")
    return resource


@pytest.fixture
def browser(practice):
    return logged_in(make_member(practice))


def day_of(browser, clinic, day=TOMORROW, more=""):
    return browser.get(f"/staff/{clinic.public_id}/day/?day={day}{more}")


def columns(page):
    return {
        each.find("h2").text_content().strip(): " ".join(each.text_content().split())
        for each in page.tree.xpath("//div[@class='timetable']/section")
    }


def test_a_day_shows_hours_titles_orders_and_what_is_free(browser, practice, doctor):
    occupy(doctor, TOMORROW, "08:30")
    file_at(doctor, TOMORROW, "11:00")

    column = columns(day_of(browser, practice))["Бурдин В. С."]

    assert "08:00–10:00, 11:00–12:00" in column
    assert "08:30–09:00 Печёркина М. И." in column
    assert "11:00–11:30 Воробьёва Анна waiting" in column
    assert column.endswith("4 free 08:00 09:00 09:30 11:30")


def test_titles_are_shown_to_the_staff_alone(browser, practice, doctor):
    """U-12: the one page that shows them."""
    occupy(doctor, TOMORROW, "08:30")
    assert "Печёркина" in day_of(browser, practice).main

    for path in (f"/clinics/{practice.public_id}/", f"/resources/{doctor.public_id}/"):
        answer = Browser("en").http.get(path)
        assert "Печёркина" not in answer.text


def test_what_began_earlier_and_lasts_into_the_day_is_there(browser, practice, doctor):
    occupy(doctor, TODAY - timedelta(days=5), "09:00", duration=7 * 24 * 60)
    occupy(doctor, TODAY, "23:30", duration=60)
    occupy(doctor, TODAY - timedelta(days=3), "09:00", duration=60)

    column = columns(day_of(browser, practice))["Бурдин В. С."]

    assert column.count("Печёркина") == 2
    assert "Nothing is offered to patients." in column


def test_appointments_without_a_length_take_one_step(browser, practice, doctor):
    occupy(doctor, TOMORROW, "09:00", duration=None)

    assert "09:00–09:30" in columns(day_of(browser, practice))["Бурдин В. С."]


def test_a_hidden_resource_shows_only_the_orders_that_people_count_on(browser, practice, doctor):
    file_at(doctor, TOMORROW, "09:00")
    occupy(doctor, TOMORROW, "11:00")
    Resource.objects.update(hidden_at=clock.now())

    (column,) = columns(day_of(browser, practice)).values()

    assert "hidden" in column
    assert "Воробьёва" in column
    assert "Печёркина" not in column
    assert "free" not in column


def test_resources_without_anything_that_day_stand_apart(browser, practice, doctor):
    make_resource(practice, mis_id=1, name="Нестеров О. П.")

    page = day_of(browser, practice)

    assert list(columns(page)) == ["Бурдин В. С."]
    assert "1 resource without hours on this dayНестеров О. П." in page.main


def test_another_clinics_day_never_mixes_in(browser, practice, doctor):
    """Its ids are unique only within it: another clinic has a 422 as well."""
    theirs = make_resource(make_clinic(), name="Чужой")
    work(theirs, TOMORROW, "8:00-20:00")
    occupy(theirs, TOMORROW, "09:00")
    file_at(theirs, TOMORROW, "15:00")

    page = day_of(browser, practice)

    assert list(columns(page)) == ["Бурдин В. С."]
    assert "Печёркина" not in page.main
    assert "Воробьёва" not in page.main


@pytest.mark.parametrize(
    "query", ["?day=nonsense", "?day=", "?group=7", "?day=0001-01-01", "?day=9999-12-31"]
)
def test_an_address_typed_by_hand_shows_a_day(browser, practice, doctor, query):
    browser.get(f"/staff/{practice.public_id}/day/{query}")


def test_the_number_of_queries_grows_neither_with_resources_nor_with_entries(browser, practice):
    path = f"/staff/{practice.public_id}/day/?day={TOMORROW}"

    def fill(mis_id):
        resource = make_resource(practice, mis_id=mis_id)
        work(resource, TOMORROW, "8:00-18:00")
        occupy(resource, TOMORROW, "09:00")
        file_at(resource, TOMORROW, "12:00")

    fill(1)
    own.add_own_resource(clinic=practice, name="Психолог", time_step=30, by="anna")
    practice.refresh_from_db()  # the number of the last resource
    one = queries_of(browser, path)
    for mis_id in (2, 3, 4):
        fill(mis_id)

    assert queries_of(browser, path) == one


def add(browser, practice, **typed):
    page = browser.get(f"/staff/{practice.public_id}/resources/add/")
    return page.press("Add", **{"name": "Психолог", "time_step": "50", "pos": "0"} | typed)


HOURS = {
    "first": "2026-03-02",
    "last": "2026-03-08",
    "weekdays": ["0", "2"],
    "works": "yes",
    "start": "09:00",
    "end": "18:00",
}


def test_an_own_resource_is_added_and_given_hours(browser, practice):
    page = add(browser, practice)
    assert "Set its hours" in page.main

    done = page.press("Set these hours", **HOURS | {"break_start": "13:00", "break_end": "14:00"})

    assert "The hours are set" in done.main
    assert "Wed 4 March 09:00–13:00, 14:00–18:00" in done.main
    assert sorted(WorkingDay.objects.values_list("day", "periods")) == [
        (TODAY, [540, 780, 840, 1080]),
        (TODAY + timedelta(days=2), [540, 780, 840, 1080]),
    ]


def test_midnight_is_the_days_end(browser, practice):
    add(browser, practice).press("Set these hours", **HOURS | {"start": "20:00", "end": "00:00"})

    assert WorkingDay.objects.first().periods == [1200, 1440]


def test_days_off_are_cleared(browser, practice):
    page = add(browser, practice).press("Set these hours", **HOURS)

    page.press("Set these hours", **HOURS | {"works": "no", "weekdays": ["0"]})

    assert [each.day for each in WorkingDay.objects.all()] == [TODAY + timedelta(days=2)]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"start": "18:00", "end": "09:00"}, "ends before it begins"),
        ({"start": ""}, "when work begins and ends"),
        ({"break_start": "13:00"}, "both ends of the break"),
        ({"break_start": "08:00", "break_end": "10:00"}, "within the working hours"),
        ({"first": "2026-03-09"}, "before the first one"),
        ({"last": "2028-03-09"}, "At most a year"),
        ({"weekdays": []}, "at least one day of the week"),
    ],
)
def test_hours_that_cannot_be_are_told_beside_the_field(browser, practice, typed, told):
    page = add(browser, practice).press("Set these hours", **HOURS | typed)

    assert page.status == 422
    assert told in page.main
    assert not WorkingDay.objects.exists()


def test_an_own_resource_is_changed_hidden_and_shown_again(browser, practice):
    page = add(browser, practice).press("Save", name="Логопед", time_step="30")
    assert "Логопед" in page.main

    page.press("Hide from patients").press("Show it again")

    found = Resource.objects.get()
    assert (found.name, found.time_step, found.hidden_at) == ("Логопед", 30, None)


def test_imported_resources_have_no_page_to_change_them(browser, practice, doctor):
    listed = browser.get(f"/staff/{practice.public_id}/resources/")

    assert rows_of(listed) == []
    assert "Your program sends 1 resource" in listed.main
    browser.get(f"/staff/{practice.public_id}/resources/{doctor.public_id}/", status=404)


def test_orders_stay_where_hours_are_taken_away(browser, practice):
    page = add(browser, practice).press("Set these hours", **HOURS | {"weekdays": ["1"]})
    order = file_at(Resource.objects.get(), TOMORROW, "09:00")

    page.press("Set these hours", **HOURS | {"works": "no", "weekdays": ["1"]})

    order.refresh_from_db()
    assert order.status == Order.Status.RECEIVED
    assert "Воробьёва" in day_of(browser, practice).main
