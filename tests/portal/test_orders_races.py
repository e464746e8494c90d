"""Orders raced for over real connections: no order is lost, no time is sold twice, statuses only
climb. Each guard is first shown to matter by taking it away.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from itertools import combinations

import pytest
from django.db import OperationalError, connections, transaction

from slotbridge.kit import clock
from slotbridge.portal import availability, export, orders
from slotbridge.portal.models import Clinic, Order
from slotbridge.portal.router import DATABASE
from tests.portal.booking import (
    file_at,
    hear_of_occupancy,
    make_clinic,
    make_resource,
    member_of,
    take,
    wall,
    work,
)

pytestmark = pytest.mark.django_db(databases=["portal"], transaction=True)
CONSTRAINT = "no_two_orders_at_one_time"
PATIENTS = 12


def together(*acts):
    """Each act in a thread with a connection of its own, let go at one moment; what each returned,
    or the exception it raised.
    """
    start = threading.Barrier(len(acts))

    def run(act):
        try:
            connections[DATABASE].ensure_connection()
            start.wait(60)
            return act()
        except Exception as error:  # noqa: BLE001 - the outcome is what a race is about
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


@pytest.fixture
def day():
    return clock.today(make_clinic().tz) + timedelta(days=2)


@pytest.fixture
def doctor(day):
    clinic = make_clinic()
    hear_of_occupancy(clinic)
    found = make_resource(clinic)
    work(found, day, "8:00-20:00")
    return found


@pytest.fixture
def without_the_constraint():
    constraint = next(each for each in Order._meta.constraints if each.name == CONSTRAINT)
    with connections[DATABASE].schema_editor() as editor:
        editor.remove_constraint(Order, constraint)
    yield
    Order.objects.all().delete()
    with connections[DATABASE].schema_editor() as editor:
        editor.add_constraint(Order, constraint)


@pytest.fixture
def without_the_lock(monkeypatch):
    """The clinic is read, its row is not held. Whoever looked for a free time waits until all
    have looked; numbers are given out apart, since the rows' own uniqueness is another guard.
    """
    looked = threading.Barrier(PATIENTS)
    numbers = iter(range(100, 100 + PATIENTS))
    find = availability.find

    def read(clinic_id):
        clinic = Clinic.objects.get(pk=clinic_id)
        clinic.last_order = next(numbers)
        return clinic

    def find_together(**asked):
        found = find(**asked)
        looked.wait(30)
        return found

    monkeypatch.setattr(orders, "lock", read)
    monkeypatch.setattr(availability, "find", find_together)


def rush(doctor, day):
    return together(*[partial(file_at, doctor, day, "10:00")] * PATIENTS)


def overlaps():
    live = Order.objects.filter(status__in=[0, 1], is_overbooked=False)
    return [
        (a.pk, b.pk)
        for a, b in combinations(live, 2)
        if a.resource_id == b.resource_id and a.start < b.end and b.start < a.end
    ]


def kinds(outcomes):
    return sorted(type(each).__name__ for each in outcomes)


def test_of_many_patients_one_gets_the_time_and_the_others_free_ones_near_it(doctor, day):
    outcomes = rush(doctor, day)

    assert kinds(outcomes) == ["JustTaken"] * (PATIENTS - 1) + ["Order"]
    refusals = [each for each in outcomes if isinstance(each, orders.JustTaken)]
    assert {len(each.nearest) for each in refusals} == {6}
    assert Order.objects.get().number == Clinic.objects.get(pk=doctor.clinic_id).last_order == 1


def test_without_either_guard_one_time_is_sold_many_times(
    doctor, day, without_the_constraint, without_the_lock
):
    assert kinds(rush(doctor, day)) == ["Order"] * PATIENTS
    assert overlaps()


def test_without_the_lock_the_database_still_refuses_the_second(doctor, day, without_the_lock):
    outcomes = rush(doctor, day)

    # Rows that check each other crosswise may end in a deadlock: hence the lock.
    assert set(kinds(outcomes)) <= {"Order", "JustTaken", "OperationalError"}
    assert kinds(outcomes).count("Order") == Order.objects.count() == 1
    assert overlaps() == []


def test_without_the_constraint_the_lock_still_refuses_the_second(
    doctor, day, without_the_constraint
):
    assert kinds(rush(doctor, day)) == ["JustTaken"] * (PATIENTS - 1) + ["Order"]


def test_different_times_are_all_sold_and_numbered_without_a_gap(doctor, day):
    outcomes = together(*(partial(file_at, doctor, day, f"{8 + n}:00".zfill(5)) for n in range(8)))
    assert kinds(outcomes) == ["Order"] * 8
    assert sorted(Order.objects.values_list("number", flat=True)) == list(range(1, 9))


def test_an_order_filed_during_an_export_comes_with_the_next_poll(doctor, day):
    clinic = doctor.clinic
    poll = clock.now() - timedelta(seconds=600)
    for n in range(3):
        file_at(doctor, day, f"1{n}:00")
    committed, go_on = threading.Event(), threading.Event()

    def file_slowly():
        with transaction.atomic(using=DATABASE):
            order = file_at(doctor, day, "15:00")
            committed.set()
            go_on.wait(30)
        return order

    def export_meanwhile():
        committed.wait(30)
        rows = export.orders_between(clinic=clinic, start=poll)
        first = next(rows)
        go_on.set()
        taken = take_and_wait()
        return [first.id, *(each.id for each in rows)], taken

    def take_and_wait():
        """A change of an order that is still to be read, committed before it is read."""
        return together(partial(take, Order.objects.get(number=2), 1))[0]

    filed, (seen, changed) = together(file_slowly, export_meanwhile)

    assert changed == ([], True)
    assert seen == [1, 2, 3]
    # 600 s of overlap: the order's LastChangedOn is older than the poll that missed it.
    again = {each.id: each.status for each in export.orders_between(clinic=clinic, start=poll)}
    assert again == {1: 0, 2: 1, 3: 0, filed.number: 0}


def test_a_withdrawal_wins_against_an_acceptance_whoever_comes_first(doctor, day):
    member = member_of(doctor.clinic)
    for n in range(8):
        order = file_at(doctor, day, f"{8 + n}:00".zfill(5))
        withdrawn, by_mis, by_staff = together(
            partial(orders.withdraw_order, order=order),
            partial(take, order, 1),
            partial(orders.answer_order, order=order, accept=True, by=member),
        )

        assert withdrawn.status == Order.objects.get(pk=order.pk).status == 3
        assert by_mis in [([], True), ([], False), (["E_ORDER_FINAL"], False)]
        assert isinstance(by_staff, (Order, orders.Closed))


def test_a_status_that_was_read_before_the_lock_would_fall_again(doctor, day):
    """The guard taken away: a row that is read, and locked only when it is written."""
    order = file_at(doctor, day, "10:00")
    stale = Order.objects.select_related("clinic", "resource").get(pk=order.pk)
    orders.withdraw_order(order=order)

    stale.status = Order.Status.ACCEPTED
    stale.save()

    assert Order.objects.get(pk=order.pk).status == 1


def test_a_move_during_a_withdrawal_loses_no_order_and_ends_withdrawn(doctor, day):
    other = make_resource(doctor.clinic, mis_id=-90)
    for n in range(6):
        order = file_at(doctor, day, f"{8 + n}:00".zfill(5))
        moved, withdrawn = together(
            partial(take, order, 1, start=wall(day, "19:00"), mis_resource_id=-90),
            partial(orders.withdraw_order, order=order),
        )

        assert withdrawn.status == Order.objects.get(pk=order.pk).status == 3
        assert moved in [([], True), (["E_ORDER_FINAL"], False)]
    assert Order.objects.count() == 6
    assert not Order.objects.filter(resource=other, status__in=[0, 1]).exists()


def test_a_move_onto_a_time_that_is_being_ordered_keeps_both(doctor, day):
    for n in range(6):
        moving = file_at(doctor, day, f"{8 + n}:30".zfill(5))
        target = f"{14 + n}:00"
        (codes, changed), filed = together(
            partial(take, moving, 1, start=wall(day, target)),
            partial(file_at, doctor, day, target),
        )

        assert (codes, changed) == ([], True)
        moved = Order.objects.get(pk=moving.pk)
        assert moved.is_overbooked is isinstance(filed, Order)
        assert isinstance(filed, (Order, orders.JustTaken))
    assert overlaps() == []


def test_orders_moved_and_withdrawn_crosswise_never_deadlock(doctor, day):
    rows = [file_at(doctor, day, f"{8 + n}:00".zfill(5)) for n in range(6)]

    def import_all(numbers):
        with transaction.atomic(using=DATABASE):
            return [take(rows[n], 1, start=wall(day, f"{8 + (n + 1) % 6:02}:00")) for n in numbers]

    outcomes = together(
        partial(import_all, [0, 1, 2, 3, 4, 5]),
        partial(import_all, [5, 4, 3, 2, 1, 0]),
        *(partial(orders.withdraw_order, order=row) for row in rows[:3]),
        partial(file_at, doctor, day, "18:00"),
    )

    assert not [each for each in outcomes if isinstance(each, OperationalError)]
    assert not [each for each in outcomes if isinstance(each, Exception)]
    assert [Order.objects.get(pk=row.pk).status for row in rows] == [3, 3, 3, 1, 1, 1]
    assert Order.objects.count() == 7
    assert overlaps() == []
