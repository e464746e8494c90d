"""How many times of a clinic one visitor may take, also in one moment over many connections."""

import threading
from datetime import timedelta
from ipaddress import ip_address

import pytest

from slotbridge.kit import clock
from slotbridge.portal import availability, holds, limits, orders
from slotbridge.portal.models import Clinic, Hold, Order, RecentOrder
from tests.portal.booking import (
    THURSDAY,
    at,
    file_at,
    hear_of_occupancy,
    make_clinic,
    make_resource,
    work,
)
from tests.portal.test_orders_races import together

pytestmark = pytest.mark.django_db(databases=["portal"])
WALLS = [f"{8 + n // 4:02}:{n % 4 * 15:02}" for n in range(48)]
CALLER = limits.caller_at(ip_address("192.0.2.7"))
STRANGER = limits.caller_at(ip_address("192.0.2.8"))


@pytest.fixture
def moment(frozen):
    """Thursday 1 July 2010, 6:00 in Moscow."""
    frozen.move_to("2010-07-01T02:00:00+00:00")
    return frozen


@pytest.fixture
def doctor(moment):
    return a_doctor(make_clinic())


def a_doctor(clinic, day=THURSDAY):
    """With 48 free times."""
    found = make_resource(clinic, time_step=15)
    work(found, day, "8:00-20:00")
    return found


def hold(doctor, wall, caller=CALLER, **how):
    start = at(doctor, THURSDAY, wall)
    return holds.hold_time(resource=doctor, start=start, caller=caller, **how)


def hold_all_one_may(doctor):
    return [hold(doctor, wall) for wall in WALLS[: limits.MOST_HOLDS]]


def order_all_one_may(doctor):
    return [file_at(doctor, THURSDAY, wall, caller=CALLER) for wall in WALLS[: limits.MOST_ORDERS]]


def test_one_visitor_holds_some_times_of_a_clinic_and_not_all(doctor, moment):
    first = hold(doctor, WALLS[-1])
    moment.shift(timedelta(minutes=4))
    for wall in WALLS[: limits.MOST_HOLDS - 1]:
        hold(doctor, wall)

    with pytest.raises(limits.TooMuch) as refusal:
        hold(doctor, "18:00")

    assert (refusal.value.minutes, Hold.objects.count()) == (6, limits.MOST_HOLDS)
    moment.move_to(first.expires_at)
    hold(doctor, "18:00")


def test_who_changes_a_time_holds_no_more_than_before(doctor):
    *_, last = hold_all_one_may(doctor)

    hold(doctor, "18:00", instead=last)

    assert Hold.objects.count() == limits.MOST_HOLDS
    assert not Hold.objects.filter(pk=last.pk).exists()


def test_a_time_that_became_an_order_is_held_no_longer(doctor):
    *_, last = hold_all_one_may(doctor)
    file_at(doctor, THURSDAY, WALLS[limits.MOST_HOLDS - 1], hold=last, caller=CALLER)
    hold(doctor, "18:00")


def test_one_visitor_files_some_orders_an_hour_and_not_all(doctor, moment):
    order_all_one_may(doctor)
    moment.shift(timedelta(minutes=15))

    with pytest.raises(limits.TooMuch) as refusal:
        file_at(doctor, THURSDAY, "18:00", caller=CALLER)

    assert (refusal.value.minutes, Order.objects.count()) == (45, limits.MOST_ORDERS)
    moment.shift(timedelta(minutes=45))
    file_at(doctor, THURSDAY, "18:00", caller=CALLER)


def test_withdrawn_orders_count_since_each_of_them_wrote_to_people(doctor):
    for order in order_all_one_may(doctor):
        orders.withdraw_order(order=order)
    with pytest.raises(limits.TooMuch):
        file_at(doctor, THURSDAY, "18:00", caller=CALLER)


def test_an_order_that_was_not_made_does_not_count(doctor):
    file_at(doctor, THURSDAY, "18:00")
    for _again in range(limits.MOST_ORDERS + 1):
        with pytest.raises(orders.JustTaken):
            file_at(doctor, THURSDAY, "18:00", caller=CALLER)
    assert not RecentOrder.objects.exists()


def test_a_form_sent_again_gets_its_order_and_counts_once(doctor):
    made = order_all_one_may(doctor)[-1]
    again = file_at(doctor, THURSDAY, WALLS[0], token=made.token, caller=CALLER)
    assert (again, RecentOrder.objects.count()) == (made, limits.MOST_ORDERS)


def test_nobody_else_is_kept_from_anything(doctor):
    hold_all_one_may(doctor)
    for wall in WALLS[20 : 20 + limits.MOST_ORDERS]:
        file_at(doctor, THURSDAY, wall, caller=CALLER)

    hold(doctor, "18:00", STRANGER)
    file_at(doctor, THURSDAY, "18:15", caller=STRANGER)
    file_at(doctor, THURSDAY, "18:30")  # the demonstration and tests are no visitors
    file_at(a_doctor(make_clinic()), THURSDAY, "18:00", caller=CALLER)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("192.0.2.7", "192.0.2.7", True),
        ("192.0.2.7", "192.0.2.6", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
    ],
)
def test_a_visitor_is_an_address_or_all_those_that_ipv6_gives_a_household(one, other, is_same):
    digests = [limits.caller_at(ip_address(each)) for each in (one, other)]
    assert (digests[0] == digests[1]) is is_same


def test_no_address_can_be_read_or_found_out_from_what_is_kept(doctor, settings):
    hold(doctor, "18:00")
    file_at(doctor, THURSDAY, "18:15", caller=CALLER)

    kept = str([*Hold.objects.values(), *RecentOrder.objects.values(), *Order.objects.values()])
    assert "192.0.2.7" not in kept
    assert kept.count(CALLER) == 2
    settings.SECRET_KEY = "another one" * 5
    assert limits.caller_at(ip_address("192.0.2.7")) != CALLER


RACERS = limits.MOST_ORDERS + 4


@pytest.fixture
def act_at_once():
    """More orders and more holds of one visitor than there may be; how many of them came to be."""
    clinic = make_clinic()
    hear_of_occupancy(clinic)
    day = clock.today(clinic.tz) + timedelta(days=2)
    doctor = a_doctor(clinic, day)

    def act():
        def take(wall):
            return holds.hold_time(resource=doctor, start=at(doctor, day, wall), caller=CALLER)

        def file(wall):
            return file_at(doctor, day, wall, caller=CALLER)

        outcomes = [
            *together(*(lambda wall=wall: file(wall) for wall in WALLS[:RACERS])),
            *together(*(lambda wall=wall: take(wall) for wall in WALLS[-RACERS:])),
        ]
        assert not {type(each) for each in outcomes} - {Order, Hold, limits.TooMuch}
        return Order.objects.count(), Hold.objects.count()

    return act


@pytest.mark.django_db(databases=["portal"], transaction=True)
def test_many_at_once_are_no_more_than_one_after_the_other(act_at_once):
    assert act_at_once() == (limits.MOST_ORDERS, limits.MOST_HOLDS)


@pytest.mark.django_db(databases=["portal"], transaction=True)
def test_without_the_clinics_row_they_would_all_get_through(act_at_once, monkeypatch):
    judged = threading.Barrier(RACERS)
    numbers = iter(range(100, 100 + 2 * RACERS))
    find = availability.find

    def read(clinic_id):
        clinic = Clinic.objects.get(pk=clinic_id)
        clinic.last_order = next(numbers)
        return clinic

    def find_together(**asked):
        judged.wait(60)
        return find(**asked)

    monkeypatch.setattr(orders, "lock", read)
    monkeypatch.setattr(availability, "find", find_together)

    assert act_at_once() == (RACERS, RACERS)
