"""Orders that the clinic, or a new zone of its, lays on one time: one has it, the others stand
beside it until it is gone (8.3).
"""

from datetime import date

import pytest
from django.db import IntegrityError

from slotbridge.portal import changes, orders
from slotbridge.portal.models import Order
from tests.portal.booking import (
    THURSDAY,
    file_at,
    make_clinic,
    make_resource,
    member_of,
    take,
    wall,
    work,
)

pytestmark = pytest.mark.django_db(databases=["portal"])


@pytest.fixture(autouse=True)
def moment(frozen):
    """Thursday 1 July 2010, 6:00 in Moscow."""
    frozen.move_to("2010-07-01T02:00:00+00:00")
    return frozen


@pytest.fixture
def doctor():
    found = make_resource(make_clinic())
    work(found, THURSDAY, "8:00-12:00")
    return found


@pytest.fixture
def order(doctor):
    return file_at(doctor, THURSDAY, "10:00")


def stored(order):
    return Order.objects.values().get(pk=order.pk)


@pytest.fixture
def beside(doctor, order):
    """Moved by the clinic onto the time of `order`, in part."""
    other = file_at(doctor, THURSDAY, "11:00")
    take(other, 1, start=wall(THURSDAY, "10:15"))
    assert stored(other)["is_overbooked"]
    return other


def staff_reject(order):
    orders.answer_order(order=order, accept=False, by=member_of(order.clinic))


@pytest.mark.parametrize(
    "give_up",
    [
        lambda order: orders.withdraw_order(order=order),
        staff_reject,
        lambda order: take(order, 3),
        lambda order: take(order, 3, start=wall(THURSDAY, "08:00")),
        lambda order: take(order, 1, start=wall(THURSDAY, "08:00")),
        lambda order: take(order, 1, duration=15),
    ],
    ids=["withdrawn", "rejected by staff", "rejected", "moved, rejected", "moved", "shortened"],
)
def test_an_order_moved_onto_another_stands_beside_it_until_that_is_gone(order, beside, give_up):
    before = stored(beside)

    give_up(order)

    assert stored(beside) == before | {"is_overbooked": False}


def test_an_order_moved_to_a_place_stays_beside_what_else_is_there(doctor, order, beside):
    third = file_at(doctor, THURSDAY, "11:30")
    take(third, 1, start=wall(THURSDAY, "10:20"))

    take(order, 1, duration=20)  # still in the way of 10:15
    assert [stored(each)["is_overbooked"] for each in (order, beside, third)] == [
        False,
        True,
        False,
    ]
    orders.withdraw_order(order=order)
    assert [stored(each)["is_overbooked"] for each in (beside, third)] == [True, False]
    orders.withdraw_order(order=third)
    assert not stored(beside)["is_overbooked"]


def test_of_two_that_stand_beside_an_order_the_earlier_one_gets_its_time(doctor, order, beside):
    third = file_at(doctor, THURSDAY, "11:30")
    take(third, 1, start=wall(THURSDAY, "10:15"))

    orders.withdraw_order(order=order)

    assert [stored(each)["is_overbooked"] for each in (beside, third)] == [False, True]


def test_the_database_has_the_last_word_on_who_stands_beside_whom(order, beside, monkeypatch):
    monkeypatch.setattr(changes, "is_in_the_way", lambda _order: False)

    with pytest.raises(IntegrityError, match="no_two_orders_at_one_time"):
        take(order, 1, comment="Возьмите снимки", duration=25)

    monkeypatch.undo()
    assert stored(order)["duration"] == 30
    assert stored(beside)["is_overbooked"]


def test_two_orders_that_a_new_zone_lays_on_one_time_both_stay(doctor, moment):
    """2:30 and 3:00 of 27.03.2011 are one time where clocks jump over 2:30 that night."""
    moment.move_to("2011-03-01T00:00:00+00:00")
    clinic = make_clinic("Asia/Tokyo")
    night = make_resource(clinic)
    day = date(2011, 3, 27)
    work(night, day, "2:00-4:00")
    rows = [file_at(night, day, each) for each in ("02:30", "03:00", "03:30")]

    clinic.time_zone = "Europe/Warsaw"
    clinic.save()
    orders.place_again(clinic=clinic)

    assert [stored(row)["is_overbooked"] for row in rows] == [False, False, True]
    clinic.time_zone = "Asia/Tokyo"
    clinic.save()
    orders.place_again(clinic=clinic)
    assert [stored(row)["is_overbooked"] for row in rows] == [False] * 3
