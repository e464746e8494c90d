"""From a free time to an order, as a patient does it."""

import logging
import threading
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.db import connections

from slotbridge.kit import clock
from slotbridge.portal.models import Deed, Hold, Letter, Order
from tests.portal.booking import file_at, hear_of_occupancy, make_resource, work
from tests.portal.pages.conftest import TODAY, Browser

pytestmark = pytest.mark.django_db(databases=["portal"])
TAKEN = "Это время только что заняли."
SEND = "Отправить заявку"


def week(doctor):
    return f"/resources/{doctor.public_id}/"


def test_a_patient_finds_a_time_and_files_an_order(browser, doctor, person):
    page = browser.get("/").link("Берёза").link("Пихтова")
    form = page.press("15:00")
    assert "15:00" in form.main

    order = form.press(SEND, **person)

    assert order.path.startswith("/orders/")
    made = Order.objects.get()
    assert (made.day, f"{made.time:%H:%M}", made.status) == (TODAY, "15:00", 0)
    assert (made.name1, made.name2, made.name3) == ("Сорокина", "Вера", "Ильинична")
    assert (made.phone, made.email, made.aim) == (
        "+7 900 000-00-00",
        "vera@example.com",
        "консультация",
    )
    assert (made.language, made.consented_at) == ("ru", clock.now())
    assert "Заявка отправлена" in order.main
    assert Hold.objects.count() == 0
    assert not any("15:00" in each for each in browser.get(week(doctor)).all("time")[:18])


def test_a_chosen_time_is_kept_for_ten_minutes_and_hidden_from_others(browser, other, doctor):
    form = browser.get(week(doctor)).press("15:00")

    assert "сохранено за вами до 10:10" in form.main
    assert "понедельник, 2 марта, 15:00" not in other.get(week(doctor)).all("time")


def test_the_form_says_whose_clock_its_times_are_on(browser, practice):
    practice.time_zone = "Asia/Omsk"
    practice.save()
    doctor = make_resource(practice, 7, name="Ёлкин П. И.")
    work(doctor, TODAY, "18:00-20:00")

    page = browser.get(week(doctor))

    assert "Омск, UTC+6" in page.main
    assert "до 13:10" in page.press("18:00").main  # 07:00 UTC is 13:00 in Omsk


def test_two_patients_on_one_time_make_one_order(browser, other, doctor, person):
    first = browser.get(week(doctor))
    second = other.get(week(doctor))
    first.press("15:00").press(SEND, **person)

    told = second.press("15:00")

    assert told.status == 409
    assert TAKEN in told.main
    assert told.all("instead")[0].count("сегодня") == 6
    assert told.press("сегодня, 15:30").press(SEND, **person).path.startswith("/orders/")
    assert Order.objects.count() == 2


def test_the_time_right_after_the_taken_one_is_among_the_nearest(browser, other, doctor):
    """The closest are six, in the order of the day; none is cut off at its end."""
    second = other.get(week(doctor))
    *_earlier, last_but_one, last = second.tree.xpath(
        "//div[contains(@class, 'today')]//button/text()"
    )
    browser.get(week(doctor)).press(last_but_one)

    told = second.press(last_but_one)

    assert f"сегодня, {last}" in told.all("instead")[0]


def test_who_comes_second_keeps_what_was_typed(browser, doctor, person, frozen):
    form = browser.get(week(doctor)).press("15:00")
    frozen.shift(timedelta(minutes=11))
    file_at(doctor, TODAY, "15:00")

    told = form.press(SEND, **person)
    assert (told.status, TAKEN in told.main) == (409, True)
    assert "сохранено за вами" not in told.main

    again = told.press("сегодня, 15:30")
    assert again.status == 200
    assert "Новое время сохранено за вами" in again.main
    assert again.all("errorlist") == []
    again.press(SEND)

    made = Order.objects.latest("number")
    assert (f"{made.time:%H:%M}", made.name1, made.aim) == ("15:30", "Сорокина", "консультация")


def test_half_a_form_can_move_to_another_time(browser, doctor):
    form = browser.get(week(doctor)).press("15:00")
    Hold.objects.all().delete()
    file_at(doctor, TODAY, "15:00")
    told = form.press(SEND, name1="Сорокина", name2="Вера", phone="8 900 000-00-00", consent="on")

    moved = told.press("сегодня, 14:30", name2="")

    assert moved.status == 200
    assert moved.tree.get_element_by_id("id_name1").value == "Сорокина"


def test_a_lapsed_hold_does_not_matter_while_the_time_is_free(browser, doctor, person, frozen):
    form = browser.get(week(doctor)).press("15:00")
    frozen.shift(timedelta(minutes=11))

    assert "ещё свободно" in browser.get(form.path).main
    assert form.press(SEND, **person).path.startswith("/orders/")


def test_a_form_that_is_sent_twice_makes_one_order(browser, doctor, person):
    form = browser.get(week(doctor)).press("15:00")

    once, twice = form.press(SEND, **person), form.press(SEND, **person)

    assert once.path == twice.path
    assert Order.objects.count() == 1


def test_a_form_without_a_hold_that_is_sent_twice_makes_one_order(browser, doctor, person, frozen):
    form = browser.get(week(doctor)).press("15:00")
    frozen.shift(timedelta(minutes=11))

    once, twice = form.press(SEND, **person), form.press(SEND, **person)

    assert once.path == twice.path
    assert Order.objects.count() == 1


def at_once(*acts):
    """What each act returns, all begun in one moment on connections of their own."""
    start, answers = threading.Barrier(len(acts)), []

    def run(act):
        start.wait()
        try:
            answers.append(act())
        finally:
            connections["portal"].close()

    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return answers


@pytest.mark.django_db(databases=["portal"], transaction=True)
def test_a_form_that_is_sent_twice_at_once_makes_one_order(browser, doctor, person):
    form = browser.get(week(doctor)).press("15:00")

    def send():
        return form.press(SEND, **person).path

    assert at_once(send, send) == [f"/orders/{Order.objects.get().token}/"] * 2
    assert Letter.objects.filter(kind=Letter.Kind.FILED).count() == 1


@pytest.mark.django_db(databases=["portal"], transaction=True)
def test_two_forms_for_one_time_sent_at_once_make_one_order(browser, other, doctor, person, frozen):
    """What happens to the form above without the token that both its copies carry."""
    lapsed = browser.get(week(doctor)).press("15:00")
    frozen.shift(timedelta(minutes=11))
    forms = [lapsed, other.get(lapsed.path)]

    answers = at_once(*(lambda form=form: form.press(SEND, **person) for form in forms))

    assert sorted(each.status for each in answers) == [200, 409]
    assert Order.objects.count() == 1
    (told,) = (each for each in answers if each.status == 409)
    assert TAKEN in told.main
    assert told.tree.get_element_by_id("id_name1").value == "Сорокина"


def test_another_time_of_the_same_browser_gives_the_first_one_back(browser, other, doctor):
    page = browser.get(week(doctor))
    page.press("15:00")
    page.press("15:30")

    assert [f"{each.time:%H:%M}" for each in Hold.objects.all()] == ["15:30"]
    assert "сохранено за вами" in page.press("15:30").main  # pressed once more: still theirs
    assert "понедельник, 2 марта, 15:30" in browser.get(week(doctor)).all("time")
    assert "понедельник, 2 марта, 15:30" not in other.get(week(doctor)).all("time")


def test_a_link_to_a_form_lends_nobody_its_time(browser, other, doctor, person):
    """Else its sender could open the order that somebody else makes of it."""
    form = browser.get(week(doctor)).press("15:00")
    token = form.tree.xpath("//input[@name='token']")[0].value

    assert token not in form.path
    told = other.get(form.path, status=409)
    assert TAKEN in told.main
    assert token not in told.text


def test_errors_stand_beside_their_fields_and_what_was_typed_stays(browser, doctor):
    form = browser.get(week(doctor)).press("15:00")

    again = form.press(SEND, name1="  Сорокина ", name2="123", phone="телефон", email="счастье@ru")

    assert again.status == 422
    assert Order.objects.count() == 0
    fields = {each.get("name"): each for each in again.tree.xpath("//input[@aria-invalid='true']")}
    assert fields.keys() == {"name2", "phone", "email", "consent"}
    errors = again.tree.get_element_by_id("id_phone_error").text_content()
    assert "Номер неполный" in errors
    assert "id_phone_error" in fields["phone"].get("aria-describedby")
    assert (fields["phone"].value, fields["email"].value) == ("телефон", "счастье@ru")
    assert "id_phone_helptext" in fields["phone"].get("aria-describedby")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("8 900 000-00-00", "+7 900 000-00-00"),
        ("9000000000", "+7 900 000-00-00"),
        ("+48 600 100 200", "+48 600 100 200"),
        ("+1 (212) 555-0100", "+1 212-555-0100"),
    ],
)
def test_phones_of_any_country_are_kept_as_they_are_dialled(browser, doctor, person, typed, kept):
    form = browser.get(week(doctor)).press("15:00")

    form.press(SEND, **person | {"phone": typed})

    assert Order.objects.get().phone == kept


def test_an_unknown_number_is_asked_about_once(browser, doctor, person):
    form = browser.get(week(doctor)).press("15:00")
    asked = form.press(SEND, **person | {"phone": "+7 100 000-00-00"})
    assert "Такого номера мы не знаем: +7 1000000000" in asked.main

    assert asked.press(SEND).path.startswith("/orders/")
    assert Order.objects.get().phone == "+7 1000000000"


def test_without_consent_there_is_no_order(browser, doctor, person):
    form = browser.get(week(doctor)).press("15:00")

    again = form.press(SEND, **person | {"consent": ""})

    assert (again.status, Order.objects.count()) == (422, 0)
    assert "152-ФЗ" in again.main


def test_control_characters_do_not_reach_the_exchange(browser, doctor, person):
    form = browser.get(week(doctor)).press("15:00")

    form.press(SEND, **person | {"aim": "боль\x0bв\r\nспине\u200b"})

    assert Order.objects.get().aim == "боль в спине"


@pytest.mark.parametrize(
    "start", ["", "yesterday", "2026-03-02", "2026-03-02T25:00", "9999-12-31T23:59"]
)
def test_moments_that_are_none_are_no_page(browser, doctor, start):
    browser.get(f"{week(doctor)}order/?start={start}", status=404)


def test_a_time_that_is_not_on_the_grid_cannot_be_ordered(browser, doctor, person):
    form = browser.get(week(doctor)).press("15:00")
    form.tree.get_element_by_id("order").set(
        "action", f"{week(doctor)}order/?start=2026-03-02T15:07"
    )

    assert form.press(SEND, **person).status == 409
    assert Order.objects.count() == 0


def test_once_the_clinic_is_stale_the_form_leads_back(browser, doctor, person):
    form = browser.get(week(doctor)).press("15:00")
    hear_of_occupancy(doctor.clinic, clock.now() - timedelta(hours=25))

    told = form.press(SEND, **person)

    assert "Онлайн-запись приостановлена" in told.main
    assert Order.objects.count() == 0


def test_an_order_keeps_the_language_it_was_made_in(english, doctor, person):
    form = english.get(week(doctor)).press("15:00")
    assert "Who comes to the appointment" in form.main

    form.press("Send the order", **person)

    assert Order.objects.get().language == "en"


def test_forms_from_elsewhere_are_refused(doctor):
    told = Browser().post(f"{week(doctor)}hold/", {"start": "2026-03-02T15:00"})

    assert (told.status, "Форма устарела" in told.main) == (403, True)
    assert Hold.objects.count() == 0


def test_a_patients_name_reaches_no_log_no_address_and_no_record_of_deeds(
    browser, doctor, person, frozen, caplog
):
    """A canary flies through the whole flow, its faults too."""
    caplog.set_level(logging.DEBUG)
    canary = person | {"name1": "Канарейкина", "email": "canary@example.com"}
    form = browser.get(week(doctor)).press("15:00")
    seen = [form.press(SEND, **canary | {"phone": "x"})]
    frozen.shift(timedelta(minutes=11))
    file_at(doctor, TODAY, "15:00")
    seen.append(form.press(SEND, **canary))
    seen.append(seen[-1].press("сегодня, 15:30"))
    seen.append(seen[-1].press(SEND))
    seen.append(seen[-1].link("Отозвать заявку").press("Да, отозвать"))
    assert Order.objects.filter(name1="Канарейкина", status=Order.Status.REJECTED).count() == 1

    told = caplog.text + " ".join(each.path for each in seen)
    told += " ".join(str(each) for each in Deed.objects.values_list("actor", "action", "data"))

    assert "анарейкин" not in told
    assert "canary@" not in told
    assert quote("Канарейкина") not in told
