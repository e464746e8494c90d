"""Listing-days told per second, by 1 and 2 workers, against the bare lease-and-update loop.

The portal answers at once in the worker's own process, so what is measured is our work, the whole
connector in it, and the database's. Engines run in processes of their own.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

from django.db import connection
from django.db.models import F
from psycopg.types.json import Jsonb

from benchmarks import houses, portals
from benchmarks.results import Result
from benchmarks.sizes import Size
from benchmarks.together import together
from slotbridge.kit import clock
from slotbridge.sync.engine import Engine
from slotbridge.sync.models import Account, ListingDay

WORKERS = (1, 2)

Row = tuple[int, Any]  # a listing-day's key, and what is told


def measure(size: Size) -> list[Result]:
    days = houses.days_of(size.weeks)
    loaded = _accounts(size.accounts, size.loaded, days=days, a_day=size.a_day)
    results = [_first_load(loaded, workers) for workers in WORKERS]
    Account.objects.filter(pk__in=loaded).update(state=Account.State.PAUSED)
    changed = _accounts(size.accounts, size.changed, days=len(WORKERS), a_day=size.a_day)
    together(f"{__name__}:engine", [None])
    return results + [_one_change(changed, workers) for workers in WORKERS]


def _accounts(number: int, practitioners: int, *, days: int, a_day: int) -> list[int]:
    made = []
    for n in range(number):
        house = houses.build(f"Lecznica {n} z {practitioners}", practitioners)
        houses.open_slots(house, days=days, a_day=a_day)
        made.append(houses.connect(house, portals.URL).pk)
    houses.analyse()
    return made


def _first_load(accounts: list[int], workers: int) -> Result:
    for account in Account.objects.filter(pk__in=accounts):
        houses.ask_all(account)
    measured, floor = _against_floor(_due(accounts), workers)
    return Result(_name("first load", workers), measured, floor, "days/s")


def _one_change(accounts: list[int], workers: int) -> Result:
    measured, floor = _against_floor(_change_one_day(accounts, workers), workers)
    return Result(_name("one changed day each", workers), measured, floor, "days/s")


def _name(what: str, workers: int) -> str:
    return f"listing-days told: {what}, {workers} worker{'s' if workers > 1 else ''}"


# One slot of each listing is withdrawn, on the nth of its days.
_WITHDRAW = """
UPDATE his_slot SET channels = '{}'
WHERE id IN (
    SELECT min(s.id) FROM his_slot s
    JOIN sync_listingschedule l ON l.schedule_id = s.schedule_id
    WHERE l.account_id = ANY(%(accounts)s) AND s.day = (SELECT min(day) + %(nth)s FROM his_slot)
    GROUP BY s.schedule_id
)
RETURNING day
"""


def _change_one_day(accounts: list[int], workers: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_WITHDRAW, {"accounts": accounts, "nth": workers - 1})
        days = {day for (day,) in cursor.fetchall()}
    for account in Account.objects.filter(pk__in=accounts):
        houses.forget_requests(account)
    rows = ListingDay.objects.filter(listing__account__in=accounts, day__in=days)
    rows.update(asked=F("answered") + 1, due_at=clock.now())
    return _due(accounts)


def _due(accounts: list[int]) -> list[int]:
    rows = ListingDay.objects.filter(listing__account__in=accounts, asked__gt=F("answered"))
    return list(rows.values_list("pk", flat=True))


def _against_floor(due: list[int], workers: int) -> tuple[float, float]:
    """Listing-days a second: told by engines, and by the bare loop over the same rows."""
    rows = ListingDay.objects.filter(pk__in=due)
    told, writes = together(f"{__name__}:engine", [None] * workers)
    assert not rows.filter(asked__gt=F("answered")).exists(), "not all was told"
    assert sum(writes) == rows.values("listing").distinct().count(), "not one write a listing"
    listings = defaultdict(list)
    for listing, pk, periods in rows.values_list("listing", "pk", "told"):
        listings[listing].append((pk, periods))
    rows.update(asked=F("answered") + 1)
    shares = [list(listings.values())[n::workers] for n in range(workers)]
    bare, _ = together(f"{__name__}:bare_loop", shares)
    return len(due) / told, len(due) / bare


def engine(_share: None) -> Callable[[], int]:
    """One worker's engine; returns how many writes it made."""
    connection.ensure_connection()
    one = Engine(f"benchmark/{os.getpid()}")

    def go() -> int:
        with portals.instant() as portal:
            one.run_until_idle(rounds=10**9)
            one.close()
        return portal.writes

    return go


_LEASE = """
SELECT id FROM sync_listingday
WHERE id = ANY(%(ids)s) AND asked > answered FOR UPDATE SKIP LOCKED
"""
_MARK = "UPDATE sync_listingday SET told = NULL WHERE id = ANY(%(ids)s)"
_SETTLE = """
UPDATE sync_listingday d SET answered = d.asked, told = x.told, told_at = now()
FROM unnest(%(ids)s::bigint[], %(told)s::jsonb[]) AS x(id, told) WHERE d.id = x.id
"""


def bare_loop(share: Sequence[Sequence[Row]]) -> Callable[[], None]:
    """Two transactions for each listing, as the engine's: marked as unknown, then settled."""
    session = houses.plain_connection()
    session.execute("SELECT count(*) FROM sync_listingday WHERE id = ANY(%s)", [_ids(share)])
    session.commit()

    def go() -> None:
        for rows in share:
            keys = {"ids": [pk for pk, _ in rows]}
            with session.transaction():
                session.execute(_LEASE, keys).fetchall()
                session.execute(_MARK, keys)
            with session.transaction():
                session.execute(_LEASE, keys).fetchall()
                session.execute(_SETTLE, keys | {"told": [Jsonb(told) for _, told in rows]})
        session.close()

    return go


def _ids(share: Sequence[Sequence[Row]]) -> list[int]:
    return [pk for pk, _ in chain.from_iterable(share)]
