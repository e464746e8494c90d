"""Bookings per second on distinct slots, against a bare INSERT of the same rows.

Each booking is one transaction here and there: the visit under its exclusion constraints, its
event, its audit entry, its names in the outbox. Processes with connections of their own book
slots of the same practitioners, side by side.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta
from random import Random
from typing import Any, LiteralString
from uuid import uuid4

import psycopg
from django.db import connection
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from benchmarks import houses
from benchmarks.results import Result
from benchmarks.sizes import Size
from benchmarks.together import together
from slotbridge.his import visits
from slotbridge.his.models import Patient, Schedule, Service, Slot, Visit

PROCESSES = (1, 2)
PATIENTS = 50
# The same rows again, where nobody has a visit: the constraints have as much to look at.
APART = timedelta(days=3 * 365)
_SEED = 20_260_302

Row = dict[str, Any]
Rows = list[tuple[str, Row]]  # of one booking: table, columns


def measure(size: Size) -> list[Result]:
    house = houses.build("Lecznica Pod Lipą", size.practitioners)
    needed = size.bookings * sum(PROCESSES)
    days = -(-needed // (size.practitioners * size.a_day))
    houses.open_slots(house, days=days, a_day=size.a_day)
    houses.register_patients(house, PATIENTS)
    houses.analyse()
    chosen = list(Slot.objects.order_by("pk").values_list("pk", flat=True))
    Random(_SEED).shuffle(chosen)
    return [
        _result([[chosen.pop() for _ in range(size.bookings)] for _ in range(processes)])
        for processes in PROCESSES
    ]


def _result(shares: list[list[int]]) -> Result:
    before = _last_visit()
    booked, _ = together(f"{__name__}:book", shares)
    rows = _rows_after(before)
    number = sum(map(len, shares))
    assert len(rows) == number, "not all were booked"
    bare, _ = together(f"{__name__}:insert", [rows[n :: len(shares)] for n in range(len(shares))])
    of = f"{len(shares)} process{'es' if len(shares) > 1 else ''}"
    return Result(f"bookings on distinct slots, {of}", number / booked, number / bare, "/s")


def _last_visit() -> int:
    return Visit.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def book(share: list[int]) -> Callable[[], None]:
    connection.ensure_connection()
    service = Service.objects.get()
    patients = list(Patient.objects.all())
    schedules = {
        each.pk: each
        for each in Schedule.objects.select_related("organisation", "clinic__unit")
    }  # fmt: skip
    found = Slot.objects.in_bulk(share)

    def go() -> None:
        for n, pk in enumerate(share):
            slot = found[pk]
            visits.book_visit(
                schedule=schedules[slot.schedule_id], start=slot.start, end=slot.end,
                patient=patients[n % len(patients)], service=service, by=houses.BY,
            )  # fmt: skip

    return go


def _rows_after(visit: int) -> list[Rows]:
    """What each booking since then wrote, ready to be written once more."""
    session = houses.plain_connection(dict_row)
    made = _select(session, "SELECT * FROM his_visit WHERE id > %s ORDER BY id", visit)
    events = _select(session, "SELECT * FROM his_visitevent WHERE visit_id > %s", visit)
    audits = _select(
        session,
        "SELECT * FROM his_auditentry WHERE object_kind = 'visit' AND object_id > %s",
        visit,
    )
    names = _select(session, "SELECT * FROM his_outboxentry WHERE visit_id > %s", visit)
    first = min(row["id"] for row in names)
    days = _select(
        session, "SELECT * FROM his_outboxentry WHERE visit_id IS NULL AND id > %s", first
    )
    session.close()
    own = {
        "his_visitevent": _by(events, "visit_id"),
        "his_auditentry": _by(audits, "object_id"),
        "his_outboxentry": _by(names, "visit_id"),
    }
    return [
        [
            ("his_visit", _elsewhere(row)),
            *((table, _new(each)) for table, by in own.items() for each in by[row["id"]]),
            ("his_outboxentry", _new(day)),  # one a booking; whose does not matter
        ]
        for row, day in zip(made, days, strict=True)
    ]


def _select(session: psycopg.Connection[Row], query: LiteralString, above: int) -> list[Row]:
    return session.execute(query, [above]).fetchall()


def _by(rows: Sequence[Row], key: str) -> dict[int, list[Row]]:
    found = defaultdict(list)
    for row in rows:
        found[row[key]].append(row)
    return found


def _new(row: Row) -> Row:
    return {
        name: Jsonb(value) if isinstance(value, dict) else value
        for name, value in row.items()
        if name != "id"
    }


def _elsewhere(visit: Row) -> Row:
    times = {"start": visit["start"] + APART, "end": visit["end"] + APART}
    return _new(visit | times | {"public_id": uuid4()})


def insert(share: Sequence[Rows]) -> Callable[[], None]:
    """A transaction for each booking, a statement for each row."""
    session = houses.plain_connection()

    def go() -> None:
        for rows in share:
            with session.transaction():
                for table, row in rows:
                    _insert(session, table, row)
        session.close()

    return go


def _insert(session: psycopg.Connection[Any], table: str, row: Row) -> None:
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(sql.Placeholder() * len(row)),
    )
    session.execute(statement, list(row.values()))
