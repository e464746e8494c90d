"""An order behind its link."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from slotbridge.kit import clock
from slotbridge.portal import orders
from slotbridge.portal.models import Letter, Order
from slotbridge.portal.pages import calendar_file, words
from tests.portal.booking import file_at, member_of, take
from tests.portal.pages.conftest import TODAY

pytestmark = pytest.mark.django_db(databases=["portal"])


@pytest.fixture
def filed(doctor):
    return file_at(doctor, TODAY, "15:00")


def page(browser, order):
    return browser.get(f"/orders/{order.token}/")


def test_a_new_order_waits_for_the_clinic(browser, filed):
    shown = page(browser, filed)

    assert shown.all("h1") == ["Заявка отправлена"]
    assert "Ждём ответа клиники" in shown.main
    assert "Понедельник, 2 марта 15:00" in shown.main
    assert "местное время клиники: Москва, UTC+3" in shown.main
    assert "Воробьёва Анна Петровна" in shown.main


def test_an_accepted_order_is_an_appointment(browser, filed, practice):
    orders.answer_order(order=filed, accept=True, by=member_of(practice), comment="Снимок с собой")

    shown = page(browser, filed)

    assert shown.all("h1") == ["Вы записаны на приём"]
    assert "Снимок с собой" in shown.main


def test_a_rejected_order_tells_the_clinics_comment_and_leads_to_other_times(
    browser, filed, practice
):
    orders.answer_order(order=filed, accept=False, by=member_of(practice), comment="Врач болен")

    shown = page(browser, filed)

    assert shown.all("h1") == ["Приём не состоится"]
    assert "Врач болен" in shown.main
    assert "календарь" not in shown.main
    assert "понедельник, 2 марта, 15:00" in shown.link("Выбрать другое время").all("time")


def test_a_moved_order_says_where_from(browser, filed):
    take(filed, 1, start=clock.now().replace(hour=16, minute=30, tzinfo=None))

    shown = page(browser, filed)

    assert "Клиника перенесла ваш приём. Он был назначен на 2 марта, 15:00" in shown.main
    assert "Понедельник, 2 марта 16:30" in shown.main


def test_an_order_that_was_not_moved_says_nothing_of_it(browser, filed):
    take(filed, 1)

    assert "перенесла" not in page(browser, filed).main


def test_an_order_that_nobody_answered_is_shown_as_such(browser, filed, frozen):
    frozen.shift(timedelta(hours=5))

    shown = page(browser, filed)

    assert shown.all("h1") == ["Клиника не ответила"]
    assert "Отозвать" not in shown.main
    filed.refresh_from_db()
    assert filed.status == Order.Status.RECEIVED  # U-40


def test_a_past_appointment_is_over(browser, filed, frozen):
    take(filed, 1)
    frozen.shift(timedelta(hours=5))

    assert page(browser, filed).all("h1") == ["Время приёма прошло"]


def test_withdrawing_asks_first(browser, filed):
    asked = page(browser, filed).link("Отозвать заявку")
    filed.refresh_from_db()
    assert filed.status == Order.Status.RECEIVED
    assert page(browser, filed).link("Отозвать заявку").link("Нет, оставить").all("h1") == [
        "Заявка отправлена"
    ]

    shown = asked.press("Да, отозвать")

    assert shown.all("h1") == ["Вы отозвали заявку"]
    assert "Комментарий клиники" not in shown.main
    filed.refresh_from_db()
    assert (filed.status, filed.closed_by) == (Order.Status.REJECTED, "patient")
    assert Letter.objects.filter(kind=Letter.Kind.WITHDRAWN).count() == 1


def test_withdrawing_twice_is_withdrawing_once(browser, filed):
    asked = page(browser, filed).link("Отозвать заявку")

    assert asked.press("Да, отозвать").path == asked.press("Да, отозвать").path
    assert Letter.objects.filter(kind=Letter.Kind.WITHDRAWN).count() == 1


def test_what_has_begun_cannot_be_withdrawn(browser, filed, frozen):
    asked = page(browser, filed).link("Отозвать заявку")
    frozen.shift(timedelta(hours=5))

    assert asked.press("Да, отозвать").all("h1") == ["Клиника не ответила"]
    filed.refresh_from_db()
    assert filed.status == Order.Status.RECEIVED


def test_links_are_random_and_kept_from_others(browser, filed):
    shown = page(browser, filed)

    assert shown.response.headers["x-robots-tag"] == "noindex, nofollow"
    assert shown.response.headers["referrer-policy"] == "same-origin"
    assert shown.response.headers["cache-control"] == "no-store"
    browser.get(f"/orders/{filed.clinic.public_id}/", status=404)
    browser.get(f"/orders/{filed.number}/", status=404)


def test_the_link_stands_on_what_is_printed(browser, filed):
    assert f"http://localhost/orders/{filed.token}/" in page(browser, filed).main


def test_who_left_no_address_is_told_to_keep_the_link(browser, doctor):
    person = orders.Person(name1="Сорокина", name2="Вера", phone="+7 900 000-00-00")
    without = file_at(doctor, TODAY, "16:00", person)

    assert "Вы не оставили почту" in page(browser, without).main


def test_the_calendar_gets_the_appointment_without_the_link(browser, filed):
    response = browser.http.get(f"/orders/{filed.token}/appointment.ics")
    lines = response.text.replace("\r\n ", "").split("\r\n")

    assert response.headers["content-type"] == "text/calendar; charset=utf-8"
    assert "DTSTART:20260302T120000Z" in lines
    assert "DTEND:20260302T123000Z" in lines
    assert "STATUS:TENTATIVE" in lines
    assert "SUMMARY:Приём: Пихтова А. С." in lines
    assert "LOCATION:Клиника «Берёза»\\, Москва\\, ул. Лесная\\, 5" in lines
    assert str(filed.token) not in response.text


def test_a_moved_appointment_replaces_the_one_in_the_calendar(browser, filed, frozen):
    def event():
        text = browser.http.get(f"/orders/{filed.token}/appointment.ics").text
        pairs = (line.partition(":") for line in text.replace("\r\n ", "").split("\r\n"))
        return {name: value for name, _colon, value in pairs}

    before = event()
    frozen.shift(timedelta(minutes=5))
    take(filed, 1, start=clock.now().replace(hour=16, minute=30, tzinfo=None))
    after = event()

    assert (after["UID"], after["STATUS"]) == (before["UID"], "CONFIRMED")
    assert int(after["SEQUENCE"]) > int(before["SEQUENCE"])
    assert after["DTSTART"] == "20260302T133000Z"


def test_calendar_lines_are_short_and_part_no_letter(filed):
    filed.clinic.name = "Ж" * 200 + "; \\ \n конец"

    content = calendar_file.of_order(filed)

    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    assert all(line.decode() or line == b"" for line in content.split(b"\r\n"))
    whole = content.decode().replace("\r\n ", "")
    assert "Ж" * 200 + "\\; \\\\ \\n конец" in whole
    assert content.endswith(b"END:VCALENDAR\r\n")


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("Asia/Omsk", "Omsk, UTC+6"),
        ("America/St_Johns", "St Johns, UTC-3:30"),
        ("Asia/Kolkata", "Kolkata, UTC+5:30"),
        ("America/Indiana/Knox", "Knox, Indiana, UTC-6"),
        ("UTC", "UTC+0"),
        ("Etc/GMT-3", "UTC+3"),
    ],
)
def test_zones_are_named_by_their_towns(frozen, zone, text):
    assert words.zone(ZoneInfo(zone)) == text


def test_in_russian_the_towns_of_neighbours_have_russian_names(frozen):
    with translation.override("ru"):
        named = [words.zone(ZoneInfo(each)) for each in ("Asia/Almaty", "Europe/Minsk")]
    assert named == ["Алматы, UTC+5", "Минск, UTC+3"]
