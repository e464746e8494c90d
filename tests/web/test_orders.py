"""Orders of portals: seen first, accepted, rejected, moved; overbooking is chosen (U-42)."""

from datetime import timedelta

import pytest
from django.urls import reverse

from slotbridge.his import absences, visits
from slotbridge.his.models import Visit
from tests.web.house import MEDIHOST
from tests.web.reading import content, read

HOME = reverse("home")
DAY = reverse("visits")
ACCEPT = "Przyjmij"
REJECT = "Odrzuć zgłoszenie"


def page_of(visit):
    return reverse("visit", args=[visit.public_id])


def card(page):
    """The orders' card of the home page; None without one."""
    return next(iter(read(page).find("div", id="orders")), None)


def form_with(page, button):
    """The fields of the form that this button sends, and where to."""
    form = next(
        one for one in read(page).all("form") if button in [b.text for b in one.all("button")]
    )
    fields = {
        one.attributes["name"]: one.attributes["value"]
        for one in form.find("input", type="hidden")
        if one.attributes["name"] != "csrfmiddlewaretoken"
    }
    return form.attributes["action"], fields


def press(client, page, button, **fields):
    address, hidden = form_with(page, button)
    return client.post(address, {**hidden, **fields}, follow=True)


def fresh(visit):
    return Visit.objects.get(pk=visit.pk)


def test_the_first_page_begins_with_the_orders_that_wait_the_next_one_first(house, desk, frozen):
    slots = house.orders(2)
    house.order(slots[1], house.patient("Wacława", "Łopian"))
    frozen.shift(600)
    house.order(slots[0], house.patient("Jagna", "Borówka"))

    page = desk.get(HOME)

    text = card(page).text
    assert "Zgłoszenia czekające na odpowiedź 2 zgłoszenia" in text
    assert text.index("Jagna Borówka Medihost 2 marca 2026, 08:10") < text.index(
        "Wacława Łopian Medihost 2 marca 2026, 08:00"
    )
    whole = content(page)
    assert whole.index("Zgłoszenia czekające") < whole.index("wizyty dzisiaj")


def test_without_orders_there_is_no_card(house, desk):
    house.book(house.open()[0])

    assert card(desk.get(HOME)) is None


def test_an_order_is_accepted_with_one_press_where_it_is_listed(house, desk):
    visit = house.order(house.orders()[0])

    answer = press(desk, desk.get(HOME), ACCEPT)

    assert fresh(visit).status == Visit.Status.BOOKED
    assert answer.redirect_chain == [(HOME, 302)]
    assert "Zgłoszenie przyjęte." in content(answer)
    assert card(answer) is None
    event = visit.events.get(kind="accepted")
    assert event.actor == house.user("receptionist").username


def test_an_order_is_rejected_with_a_reason_for_colleagues(house, desk):
    slot = house.orders()[0]
    visit = house.order(slot)

    answer = press(desk, desk.get(page_of(visit)), REJECT, reason="zły lekarz")

    visit = fresh(visit)
    assert (visit.status, visit.cancel_reason) == (Visit.Status.CANCELLED, "zły lekarz")
    assert "Zgłoszenie odrzucone." in content(answer)
    house.book(slot)  # the time is free again


def test_an_order_can_be_rejected_without_a_word(house, desk):
    visit = house.order(house.orders()[0])

    press(desk, desk.get(HOME), REJECT)

    assert fresh(visit).status == Visit.Status.CANCELLED


def test_a_moved_order_still_waits(house, desk):
    slots = house.orders(2)
    visit = house.order(slots[0])
    move = reverse("visit-move", args=[visit.public_id])

    answer = desk.post(
        move, {"slot": slots[1].public_id, "start": slots[1].start.isoformat()}, follow=True
    )

    assert (fresh(visit).start, fresh(visit).status) == (slots[1].start, Visit.Status.PROPOSED)
    assert "czeka na odpowiedź od 2 marca 2026, 08:00" in content(answer)


def test_the_lists_of_visits_say_that_an_order_waits_and_answer_it(house, desk):
    visit = house.order(house.orders()[0])

    page = desk.get(DAY)
    assert "czeka na odpowiedź" in content(page)
    press(desk, page, ACCEPT)

    assert fresh(visit).status == Visit.Status.BOOKED


def test_a_clashing_order_says_who_has_the_time_and_what_is_free(house, desk):
    slots = house.orders(2)
    house.book(slots[0], house.patient("Zbigniew", "Pędzel"))
    visit = house.order(slots[0])

    for page in (desk.get(HOME), desk.get(page_of(visit))):
        text = content(page)
        assert "termin był już u nas zajęty" in text
        assert "Ten czas zajmuje: Zbigniew Pędzel 09:00–09:30 , Konsultacja" in text
        assert "Najbliższe wolne: 2 marca 2026, 09:30" in text
        assert ACCEPT not in [button.text for button in read(page).all("button")]


def test_a_clashing_order_is_accepted_only_in_so_many_words(house, desk):
    slot = house.orders()[0]
    house.book(slot)
    visit = house.order(slot)

    unasked = desk.post(reverse("visit-accept", args=[visit.public_id]), follow=True)
    assert fresh(visit).status == Visit.Status.PROPOSED
    assert "Nic nie przyjęto" in content(unasked)

    press(desk, desk.get(HOME), "Przyjmij obie wizyty na ten czas")
    assert fresh(visit).status == Visit.Status.BOOKED


def test_what_was_overbooked_on_purpose_is_no_clash_to_settle(house, desk):
    slot = house.orders()[0]
    house.book(slot)
    visit = house.order(slot)
    visits.accept_visit(visit=visit, by="tests")

    home = desk.get(HOME)

    assert "0 konflikty do rozstrzygnięcia" in content(home)
    assert read(home).find("div", id="clashes") == []
    assert "dwie wizyty naraz" in content(desk.get(DAY))
    text = content(desk.get(page_of(visit)))
    assert "Dwie wizyty naraz Zgłoszenie przyjęto, choć ten czas nie był wolny." in text
    assert "Ten czas zajmuje: Jagna Borówka" in text


def test_a_clash_that_nobody_chose_is_still_one_to_settle(house, desk):
    slot = house.orders()[0]
    house.clash(slot)

    assert "1 konflikty do rozstrzygnięcia" in content(desk.get(HOME))


def test_an_order_where_there_is_no_slot_any_more_is_accepted_outside_the_schedule(house, desk):
    slot = house.orders()[0]
    absences.add_absence(
        practitioner=house.people[0],
        start=slot.start,
        end=slot.end,
        by="tests",
    )
    visit = house.order(slot)

    press(desk, desk.get(page_of(visit)), "Przyjmij poza grafikiem")

    assert (fresh(visit).status, fresh(visit).clash) == ("booked", "no-slot")


def test_two_people_at_one_order_the_second_is_told(house, desk):
    visit = house.order(house.orders()[0])
    page = desk.get(page_of(visit))
    visits.accept_visit(visit=visit, by="kolezanka")

    answer = press(desk, page, REJECT)

    assert fresh(visit).status == Visit.Status.BOOKED
    assert "Ktoś już odpowiedział na to zgłoszenie." in content(answer)


def test_an_order_withdrawn_meanwhile_cannot_be_accepted(house, desk):
    visit = house.order(house.orders()[0])
    page = desk.get(HOME)
    visits.cancel_visit(visit=visit, by=MEDIHOST)

    answer = press(desk, page, ACCEPT)

    assert "Wizyta została w międzyczasie odwołana." in content(answer)
    assert fresh(visit).status == Visit.Status.CANCELLED


def test_an_order_nobody_answered_in_time_says_so_and_what_to_do(house, desk, frozen):
    visit = house.order(house.orders()[0])
    frozen.shift(3 * 3600)

    assert card(desk.get(HOME)) is None
    assert "bez odpowiedzi" in content(desk.get(DAY))
    page = desk.get(page_of(visit))
    assert "Nikt nie odpowiedział na to zgłoszenie przed jego terminem" in content(page)
    assert {ACCEPT, REJECT} & {button.text for button in read(page).all("button")} == set()


def test_held_time_is_no_order(house, desk):
    slot = house.orders()[0]
    visits.hold(
        schedule=slot.schedule,
        start=slot.start,
        end=slot.end,
        lasting=timedelta(minutes=10),
        channel=MEDIHOST,
        by=MEDIHOST,
    )

    assert card(desk.get(HOME)) is None


def test_a_practitioner_sees_own_orders_and_answers_none(house, logged_in):
    house.order(house.orders()[0], house.patient("Jagna", "Borówka"))
    other = house.orders(schedule=house.schedules[1])[0]
    house.order(other, house.patient("Wacława", "Łopian"))
    client = logged_in("practitioner", practitioner=house.people[0])

    page = client.get(HOME)

    assert "Jagna Borówka" in card(page).text
    assert "Wacława Łopian" not in content(page)
    assert list(card(page).all("form")) == []


@pytest.mark.parametrize("action", ["visit-accept", "visit-reject"])
@pytest.mark.parametrize("role", ["practitioner", "auditor"])
def test_only_the_desk_answers(house, logged_in, role, action):
    visit = house.order(house.orders()[0])
    client = logged_in(role, practitioner=house.people[0] if role == "practitioner" else None)

    answer = client.post(reverse(action, args=[visit.public_id]))

    assert answer.status_code == 403
    assert fresh(visit).status == Visit.Status.PROPOSED
