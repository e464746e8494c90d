"""Orders as the clinic's staff find, read and answer them."""

from datetime import time, timedelta

import pytest

from slotbridge.portal import orders, own
from slotbridge.portal.models import Letter, Order
from slotbridge.portal.own import Period
from tests.portal.booking import PERSON, file_at, make_resource, occupy, work
from tests.portal.pages.conftest import TODAY
from tests.portal.staffing import logged_in, make_member, queries_of, rows_of

pytestmark = pytest.mark.django_db(databases=["portal"])
TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture
def doctor(practice):
    resource = make_resource(practice)
    for day in (TODAY, TOMORROW):
        work(resource, day, "8:00-18:00")
    return resource


@pytest.fixture
def browser(practice):
    return logged_in(make_member(practice))


@pytest.fixture
def order(doctor):
    return file_at(doctor, TOMORROW, "10:00")


def page_of(browser, order):
    return browser.get(f"/staff/{order.clinic.public_id}/orders/{order.token}/")


def list_of(browser, practice, query=""):
    return browser.get(f"/staff/{practice.public_id}/orders/{query}")


def filed_by(doctor, wall, name1, phone, day=TOMORROW):
    person = type(PERSON)(name1=name1, name2="Вера", phone=phone)
    return file_at(doctor, day, wall, person)


def shown(page):
    """The surnames in the list, in order."""
    return [cells[2].split()[0] for cells in rows_of(page)]


def test_everything_the_patient_wrote_is_there_to_read(browser, order):
    page = page_of(browser, order)

    for value in ("Воробьёва Анна Петровна", "+7 000", "anna@example.com", "Бурдин В. С."):
        assert value in page.main
    assert "Tuesday, 3 March 2026, 10:00" in page.main


def test_accepting_answers_the_order_and_tells_the_patient(browser, order):
    page = page_of(browser, order).press("Accept", comment="Возьмите полис")

    order.refresh_from_db()
    assert (order.status, order.comment) == (Order.Status.ACCEPTED, "Возьмите полис")
    assert Letter.objects.filter(order=order, kind=Letter.Kind.ACCEPTED).exists()
    assert "The patient is told" in page.main
    assert "anna accepted an order" in page.main


def test_the_history_tells_deeds_and_letters_in_order(browser, order, frozen):
    frozen.shift(timedelta(minutes=5))
    page = page_of(browser, order).press("Accept")

    history = page.tree.xpath("//h2[text()='History']/following-sibling::ul/li")
    assert [" ".join(each.text_content().split()) for each in history] == [
        "2 March, 10:00 the patient filed an order",
        "2 March, 10:00 letter to the patient: received, with the link not sent yet",
        "2 March, 10:00 letter to you: a new order not sent yet",
        "2 March, 10:05 anna accepted an order",
        "2 March, 10:05 letter to the patient: accepted not sent yet",
    ]


def test_rejecting_asks_first_and_keeps_the_comment(browser, order):
    asked = page_of(browser, order).press("Reject…", comment="Врач в отпуске")

    order.refresh_from_db()
    assert order.status == Order.Status.RECEIVED
    assert "cannot be undone" in asked.main

    asked.press("Reject the order")
    order.refresh_from_db()
    assert (order.status, order.closed_by) == (Order.Status.REJECTED, Order.Closer.STAFF)
    assert "Врач в отпуске" in order.comment


def test_an_accepted_order_can_still_be_cancelled(browser, order):
    accepted = page_of(browser, order).press("Accept")

    done = accepted.press("Cancel it…").press("Cancel the appointment")

    order.refresh_from_db()
    assert order.status == Order.Status.REJECTED
    assert "rejected" in done.main
    assert not done.tree.xpath("//main//button")


def test_an_answer_that_comes_too_late_changes_nothing_and_says_so(browser, order):
    open_since_morning = page_of(browser, order)
    orders.withdraw_order(order=order)

    page = open_since_morning.press("Accept")

    order.refresh_from_db()
    assert (order.status, order.closed_by) == (Order.Status.REJECTED, Order.Closer.PATIENT)
    assert "nothing was changed by you" in page.main


def test_whoever_has_waited_longest_comes_first(browser, practice, doctor, frozen):
    filed_by(doctor, "15:00", "Первая", "1")
    frozen.shift(timedelta(minutes=1))
    filed_by(doctor, "09:00", "Вторая", "2")

    assert shown(list_of(browser, practice)) == ["Первая", "Вторая"]


def test_lists_are_narrowed_by_state_and_day(browser, practice, doctor):
    accepted = filed_by(doctor, "09:00", "Первая", "1")
    page_of(browser, accepted).press("Accept")
    filed_by(doctor, "10:00", "Вторая", "2")
    filed_by(doctor, "15:00", "Третья", "3", day=TODAY)

    assert shown(list_of(browser, practice, "?state=accepted")) == ["Первая"]
    assert shown(list_of(browser, practice, f"?state=all&day={TOMORROW}")) == ["Первая", "Вторая"]
    assert shown(list_of(browser, practice, f"?state=waiting&day={TODAY}")) == ["Третья"]
    assert shown(list_of(browser, practice, "?state=nonsense&day=0001-01-01&page=-1")) == [
        "Вторая",
        "Третья",
    ]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("берёзкина", ["Берёзкина"]),
        ("бер вера", ["Берёзкина"]),
        ("БЕРЕЗКИНА", ["Берёзкина"]),
        ("дуб", ["Дубова"]),
        ("900 111", ["Берёзкина"]),
        ("8 (900) 111-22-33", ["Берёзкина"]),
        ("222-33-44", ["Дубова"]),
        ("кина", []),
        ("%", []),
        (".*", []),
        ("(", []),
    ],
)
def test_a_patient_is_found_by_name_or_phone(browser, practice, doctor, words, found):
    filed_by(doctor, "09:00", "Берёзкина", "+7 900 111-22-33")
    filed_by(doctor, "10:00", "Дубова", "8 (900) 222 33 44")

    page = list_of(browser, practice).press("Find", words=words)

    assert shown(page) == found


def test_no_name_that_was_looked_for_stands_in_an_address(browser, practice, order):
    page = list_of(browser, practice).press("Find", words="Воробьёва")

    assert shown(page) == ["Воробьёва"]
    assert page.path == f"/staff/{practice.public_id}/orders/"


def test_a_time_that_the_clinics_program_has_filled_is_marked(browser, practice, order):
    assert "clash" not in list_of(browser, practice).main

    occupy(order.resource, order.day, "10:15")

    assert "clash" in list_of(browser, practice).main
    assert "given this time to somebody else" in page_of(browser, order).main


def test_an_order_that_nobody_answered_in_time_is_marked_and_stays(
    browser, practice, order, frozen
):
    frozen.shift(timedelta(days=2))
    browser = logged_in(order.clinic.staff.get())

    assert "its time has passed" in list_of(browser, practice).main
    assert "Nobody answered this order" in page_of(browser, order).main
    order.refresh_from_db()
    assert order.status == Order.Status.RECEIVED


def test_orders_of_the_portals_own_resources_are_answered_here(browser, practice):
    room = own.add_own_resource(clinic=practice, name="Психолог", time_step=60, by="anna")
    own.set_hours(
        resource=room,
        first=TOMORROW,
        last=TOMORROW,
        weekdays=range(7),
        periods=[Period(540, 780)],
        by="anna",
    )
    order = file_at(room, TOMORROW, "09:00")

    page = page_of(browser, order)
    assert "the portal’s own" in page.main
    page.press("Accept")

    order.refresh_from_db()
    assert (order.status, order.time) == (Order.Status.ACCEPTED, time(9))


def test_the_short_address_of_letters_leads_to_the_order(browser, order):
    assert "Воробьёва" in browser.get(f"/staff/orders/{order.token}/").main


@pytest.mark.parametrize("path", ["", "orders/", "orders/?state=all"])
def test_the_number_of_queries_does_not_grow_with_the_orders(browser, practice, doctor, path):
    path = f"/staff/{practice.public_id}/{path}"
    file_at(doctor, TOMORROW, "09:00")
    one = queries_of(browser, path)
    second = make_resource(practice, mis_id=423)
    work(second, TOMORROW, "8:00-18:00")
    for wall in ("11:00", "12:00", "13:00"):
        file_at(doctor, TOMORROW, wall)
        file_at(second, TOMORROW, wall)

    assert queries_of(browser, path) == one
