"""What a visitor sees who takes too many times of a clinic; nobody else sees anything of it."""

from datetime import timedelta
from ipaddress import ip_address

import pytest

from slotbridge.portal import holds, limits
from slotbridge.portal.models import Hold, Order
from tests.portal.booking import at, file_at
from tests.portal.pages.conftest import TODAY, Browser

pytestmark = pytest.mark.django_db(databases=["portal"])
TOMORROW = TODAY + timedelta(days=1)
ADDRESS = "192.0.2.7"
CALLER = limits.caller_at(ip_address(ADDRESS))
WALLS = [f"{hour:02}:{minute:02}" for hour in (9, 10, 11, 12, 14) for minute in (0, 30)]
REFUSAL = "С вашего подключения к интернету выбрано слишком много приёмов в этой клинике"
SEND = "Отправить заявку"


def visitor(address=ADDRESS, language="ru"):
    """A browser that brings no cookies, as a script does."""
    return Browser(language, address)


def choose(browser, doctor, wall):
    return browser.get(f"/resources/{doctor.public_id}/").press(f"2 марта, {wall}")


def hold_all_one_may(doctor):
    for wall in WALLS[: limits.MOST_HOLDS]:
        holds.hold_time(resource=doctor, start=at(doctor, TOMORROW, wall), caller=CALLER)


def test_a_script_cannot_hold_a_whole_day(doctor):
    walls = [*WALLS[4:], "15:00", "15:30", "16:00"]  # from 11:00 on, with an hour's lead
    statuses = [choose(visitor(), doctor, wall).status for wall in walls[: limits.MOST_HOLDS]]
    assert set(statuses) == {200}

    told = choose(visitor(), doctor, "17:30")

    assert told.status == 429
    assert f"{REFUSAL}: попробуйте снова через 10 минут или позвоните в клинику." in told.main
    assert "+7 495 000-00-00" in told.all("note")[0]
    assert told.title.startswith("Ошибка")
    assert told.response.headers["Retry-After"] == "600"
    assert Hold.objects.count() == limits.MOST_HOLDS
    assert "сохранено за вами" in choose(visitor("192.0.2.8"), doctor, "17:30").main


def test_one_too_many_order_is_refused_and_what_was_typed_stays(doctor, person, frozen):
    for wall in WALLS[: limits.MOST_ORDERS]:
        file_at(doctor, TOMORROW, wall, caller=CALLER)
    frozen.shift(timedelta(minutes=39))
    browser = visitor()
    form = choose(browser, doctor, "15:00")

    told = form.press(SEND, **person)

    assert told.status == 429
    assert f"{REFUSAL}: попробуйте снова через 21 минуту" in told.main
    assert "Всё, что вы написали, сохранено." in told.main
    assert told.response.headers["Retry-After"] == "1260"
    assert told.tree.get_element_by_id("id_name1").value == person["name1"]
    assert Order.objects.count() == limits.MOST_ORDERS

    frozen.shift(timedelta(minutes=21))
    assert told.press(SEND).path.startswith("/orders/")


def test_others_order_meanwhile(doctor, person):
    for wall in WALLS[: limits.MOST_ORDERS]:
        file_at(doctor, TOMORROW, wall, caller=CALLER)
    form = choose(visitor("192.0.2.8"), doctor, "15:00")
    assert form.press(SEND, **person).path.startswith("/orders/")


def test_another_time_instead_of_a_taken_one_keeps_what_was_typed_too(doctor, person):
    form = choose(visitor(), doctor, "15:00")
    Hold.objects.all().delete()
    file_at(doctor, TODAY, "15:00")
    taken = form.press(SEND, **person)
    hold_all_one_may(doctor)

    told = taken.press("сегодня, 15:30")

    assert (told.status, REFUSAL in told.main) == (429, True)
    assert told.tree.get_element_by_id("id_name1").value == person["name1"]


def test_who_changes_the_time_again_and_again_holds_one(doctor):
    browser = visitor()
    for _round in range(limits.MOST_HOLDS):
        for wall in ("15:00", "15:30"):
            assert choose(browser, doctor, wall).status == 200
    assert Hold.objects.count() == 1


def test_it_is_said_in_english(doctor):
    hold_all_one_may(doctor)
    told = choose_in_english(doctor)
    assert "Too many appointments at this clinic have been chosen from your" in told.main
    assert "try again in 10 minutes, or call the clinic." in told.main


def choose_in_english(doctor):
    page = visitor(language="en").get(f"/resources/{doctor.public_id}/")
    return page.press("2 March, 15:00")


def test_patients_behind_our_own_proxy_are_told_apart(doctor, settings):
    settings.PORTAL_PROXIES = ["127.0.0.1"]
    hold_all_one_may(doctor)
    statuses = []
    for address in (ADDRESS, "192.0.2.8"):
        browser = visitor("127.0.0.1")
        browser.http.headers["X-Forwarded-For"] = f"192.0.2.99, {address}"
        statuses.append(choose(browser, doctor, "15:00").status)
    assert statuses == [429, 200]
