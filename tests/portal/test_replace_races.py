"""Imports beside imports and beside patients, with real connections (U-32); and one that is cut off
in the middle.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import time, timedelta
from itertools import chain

import psycopg
import pytest
from django.db import DatabaseError, connections, transaction

from slotbridge.portal import chores, orders, replace
from slotbridge.portal.models import Order, Resource
from slotbridge.wire.medihost import model
from tests.portal.booking import file_at
from tests.portal.imports import (
    DAY,
    appointments,
    doctor,
    groups,
    import_,
    resources,
    schedules,
    state,
    tables,
    visit,
    works,
)
from tests.portal.imports import orders as changed_orders

pytestmark = [
    pytest.mark.django_db(databases=["portal"], transaction=True),
    pytest.mark.usefixtures("frozen"),
]

TOMORROW = DAY + timedelta(days=1)
LONG_AGO = DAY - timedelta(days=200)
PATIENCE = 20  # seconds until a test that hangs fails


@pytest.fixture
def beside():
    """Runs an action in a thread with connections of its own; returns its future."""
    with ThreadPoolExecutor(4) as pool:

        def run(action, *args):
            def go():
                try:
                    return action(*args)
                finally:
                    connections.close_all()

            return pool.submit(go)

        yield run


def waiting_for_a_lock():
    """How many of this database's connections wait for one."""
    with connections["portal"].cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # one is kept for a whole transaction
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone()[0]


def until_waiting(count):
    pause = threading.Event()
    for _ in range(PATIENCE * 100):
        if waiting_for_a_lock() == count:
            return
        pause.wait(0.01)
    pytest.fail(f"{waiting_for_a_lock()} wait for a lock, not {count}")


@contextmanager
def clinics_row_taken(clinic):
    """As somebody who numbers an order holds it: an import with new resources waits at its end."""
    with transaction.atomic(using="portal"):
        type(clinic).objects.select_for_update(no_key=True).get(pk=clinic.pk)
        yield


class Held:
    """The rows of a section, of which the last come when `go` is set."""

    def __init__(self, section):
        self.go, self.reached = threading.Event(), threading.Event()
        self._section = section

    def __iter__(self):
        *first, last = self._section
        yield from first
        self.reached.set()
        assert self.go.wait(PATIENCE)
        yield last


def race_of_two(clinic, beside, until):
    """A full with a new resource, held up just before its commit, and another full behind it until
    `until(second)` returns. Returns the appointments that are left.
    """
    with clinics_row_taken(clinic):
        first = beside(import_, clinic, resources(doctor(1)), appointments(visit(10), visit(11)))
        until_waiting(1)
        second = beside(import_, clinic, appointments(visit(20)))
        until(second)
    first.result(PATIENCE)
    second.result(PATIENCE)
    return sorted(mis_id for _table, mis_id in state(clinic)["appointments"])


def test_two_imports_of_one_clinic_never_mix(clinic, beside):
    assert race_of_two(clinic, beside, lambda _second: until_waiting(2)) == [20]


def test_without_the_lock_they_would(clinic, beside, monkeypatch):
    monkeypatch.setattr(replace, "_wait_for_turn", lambda *_: None)

    left = race_of_two(clinic, beside, lambda second: second.result(PATIENCE))

    assert left == [10, 11, 20]


def test_an_import_that_waited_too_long_is_told_so_and_changed_nothing(clinic, beside, monkeypatch):
    held = Held(appointments(visit(1)))
    first = beside(import_, clinic, held)
    assert held.reached.wait(PATIENCE)
    monkeypatch.setattr(replace, "PATIENCE", 0.1)

    with pytest.raises(replace.Busy):
        import_(clinic, groups(), appointments(visit(2)))

    held.go.set()
    first.result(PATIENCE)
    assert list(state(clinic)["appointments"]) == [("Visit", 1)]


def test_imports_of_two_clinics_do_not_wait_for_each_other(clinic, beside):
    neighbour = type(clinic).objects.create(name="Сосед", created_at=clinic.created_at)
    held = Held(appointments(visit(1)))
    first = beside(import_, clinic, held)
    assert held.reached.wait(PATIENCE)

    import_(neighbour, resources(doctor(1)), appointments(visit(2)))

    assert not first.done()
    held.go.set()
    first.result(PATIENCE)


def test_resources_that_the_portal_adds_meanwhile_never_get_the_same_number(clinic, beside):
    with clinics_row_taken(clinic):
        imported = beside(import_, clinic, resources(doctor(1), doctor(2)))
        until_waiting(1)
        type(clinic).objects.filter(pk=clinic.pk).update(last_resource=1)
        Resource.objects.create(clinic=clinic, number=1, name="Наш кабинет")
    imported.result(PATIENCE)

    assert sorted(Resource.objects.values_list("number", flat=True)) == [1, 2, 3]


def test_an_order_never_waits_for_an_import(clinic, beside):
    import_(clinic, resources(doctor(1)), schedules(works(1, TOMORROW, (540, 1020))))
    import_(clinic, appointments())
    chair = Resource.objects.select_related("clinic").get(mis_id=1)
    held = Held(
        chain(
            resources(doctor(1, "Белова-Ильина"), doctor(2)),
            appointments(visit(1, time(9), TOMORROW), visit(2, time(11), TOMORROW)),
        )
    )
    importing = beside(import_, clinic, held)
    assert held.reached.wait(PATIENCE)

    order = file_at(chair, TOMORROW, "09:00")

    assert not importing.done()
    held.go.set()
    importing.result(PATIENCE)
    order.refresh_from_db()
    assert order.status == Order.Status.RECEIVED  # the MIS decides about the clash (U-42)
    assert len(state(clinic)["appointments"]) == 2


def test_it_would_if_an_import_held_the_clinics_row(clinic, beside, monkeypatch):
    import_(clinic, resources(doctor(1)), schedules(works(1, TOMORROW, (540, 1020))))
    import_(clinic, appointments())
    chair = Resource.objects.select_related("clinic").get(mis_id=1)
    monkeypatch.setattr(replace, "_wait_for_turn", lambda _cursor, one: orders.lock(one.pk))
    held = Held(appointments(visit(1, time(9), TOMORROW)))
    importing = beside(import_, clinic, held)
    assert held.reached.wait(PATIENCE)

    filing = beside(file_at, chair, TOMORROW, "09:00")
    until_waiting(1)

    held.go.set()
    importing.result(PATIENCE)
    # What the import brought in meanwhile is already seen.
    with pytest.raises(orders.JustTaken):
        filing.result(PATIENCE)


def test_an_import_takes_the_answer_to_an_order_that_is_withdrawn_meanwhile(clinic, beside):
    import_(clinic, resources(doctor(1)), schedules(works(1, TOMORROW, (540, 1020))))
    import_(clinic, appointments())
    chair = Resource.objects.select_related("clinic").get(mis_id=1)
    order = file_at(chair, TOMORROW, "09:00")
    held = Held(changed_orders(model.Order(order.number, model.Status.ACCEPTED)))
    importing = beside(import_, clinic, held)
    assert held.reached.wait(PATIENCE)

    orders.withdraw_order(order=order)

    held.go.set()
    _, applied = importing.result(PATIENCE)
    assert [each.code for each in applied.problems] == ["E_ORDER_FINAL"]
    order.refresh_from_db()
    assert order.status == Order.Status.REJECTED


@contextmanager
def import_of_the_past(clinic, beside):
    """An import held up just before its commit: it has written a visit of long ago."""
    import_(clinic, appointments(visit(1, day=LONG_AGO)))
    with clinics_row_taken(clinic):
        changed = visit(1, day=LONG_AGO, title="приём")
        importing = beside(import_, clinic, resources(doctor(1)), appointments(changed))
        until_waiting(1)
        yield
    importing.result(PATIENCE)


def test_the_past_of_a_clinic_that_is_importing_is_thrown_away_in_the_next_round(clinic, beside):
    neighbour = type(clinic).objects.create(name="Сосед", created_at=clinic.created_at)
    import_(neighbour, appointments(visit(1, day=LONG_AGO)), schedules(works(1, LONG_AGO)))
    assert (len(state(neighbour)["appointments"]), len(state(neighbour)["days"])) == (1, 1)

    with import_of_the_past(clinic, beside):
        beside(chores.tidy).result(PATIENCE)
        assert (state(neighbour)["appointments"], state(neighbour)["days"]) == ({}, {})

    assert len(state(clinic)["appointments"]) == 1
    chores.tidy()
    assert not state(clinic)["appointments"]


def test_else_the_two_would_wait_for_each_others_rows(clinic, beside, monkeypatch):
    monkeypatch.setattr(replace, "keep_out", lambda _clinic_id: True)

    with import_of_the_past(clinic, beside):
        tidying = beside(chores.tidy)
        until_waiting(2)

    tidying.result(PATIENCE)


def test_an_import_begins_when_the_past_has_been_thrown_away(clinic, beside):
    with transaction.atomic(using="portal"):
        assert replace.keep_out(clinic.pk)
        importing = beside(import_, clinic, appointments(visit(1)))
        until_waiting(1)
    importing.result(PATIENCE)
    assert len(state(clinic)["appointments"]) == 1


def cut_off():
    """Ends the connection of this thread, as a restart of the server would."""
    here = connections["portal"]
    pid = here.connection.info.backend_pid
    known = {"host", "port", "user", "password", "dbname"}
    params = {name: value for name, value in here.get_connection_params().items() if name in known}
    with psycopg.connect(**params, autocommit=True) as other:
        assert other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid]).fetchone() == (True,)


# Of 9 found things: resources begin, a batch, they end; appointments begin, four batches, they end.
@pytest.mark.parametrize("after", range(1, 10))
def test_a_connection_that_breaks_in_the_middle_leaves_everything_as_it_was(clinic, after):
    import_(clinic, resources(doctor(1)), appointments(visit(1)))
    before = tables()

    def found():
        sections = resources(doctor(2)), appointments(*(visit(n) for n in range(8)))
        for number, each in enumerate((one for section in sections for one in section), start=1):
            yield each
            if number == after:
                cut_off()

    with pytest.raises((DatabaseError, psycopg.Error)):
        replace.apply_document(clinic=clinic, found=found())

    assert tables() == before
    import_(clinic, appointments(visit(2)))
    assert list(state(clinic)["appointments"]) == [("Visit", 2)]
