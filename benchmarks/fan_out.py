"""From the outbox's names to due rows, against deleting and upserting as many rows blindly."""

from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

import psycopg
from django.db import connection
from django.db.models import F

from benchmarks import houses, portals
from benchmarks.results import Result
from benchmarks.sizes import Size
from slotbridge.his.models import OutboxEntry
from slotbridge.kit import clock
from slotbridge.sync import fanout
from slotbridge.sync.models import ListingDay

AT_ONCE = 2000  # as fan_out by itself

# Distinct days of distinct schedules: none of them can be left out as a repetition.
_NAMES = """
INSERT INTO his_outboxentry (organisation_id, schedule_id, day, at)
SELECT d.organisation_id, s.schedule_id, d.day, %(now)s
FROM sync_listingday d JOIN sync_listingschedule s ON s.listing_id = d.listing_id
ORDER BY d.id LIMIT %(names)s
"""
_SETTLE = "UPDATE sync_listingday SET answered = asked"
_DELETE = """
DELETE FROM his_outboxentry WHERE id IN (SELECT id FROM his_outboxentry ORDER BY id LIMIT %s)
RETURNING id
"""
_UPSERT = """
INSERT INTO sync_listingday
    (organisation_id, listing_id, day, asked, answered, asked_at, due_at, drifts, problem)
SELECT *, 1, 0, now(), now(), 0, '' FROM unnest(%s::bigint[], %s::bigint[], %s::date[])
ON CONFLICT (organisation_id, listing_id, day) DO UPDATE SET
    asked = sync_listingday.asked + 1, asked_at = excluded.asked_at, due_at = excluded.due_at
"""


def measure(size: Size) -> list[Result]:
    days = 7 * 12
    house = houses.build("Lecznica Pod Lipą", -(-size.names // days) + 1)
    houses.connect(house, portals.URL)
    rows = list(
        ListingDay.objects.order_by("pk").values_list("organisation_id", "listing_id", "day")[
            : size.names
        ]
    )
    assert len(rows) == size.names
    ours, floor = [], []
    with houses.plain_connection() as session:
        for _ in range(size.repeats):
            ours.append(_timed(size.names, _ours))
            floor.append(_timed(size.names, lambda: _floor(session, rows)))
    return [
        Result(
            f"fan-out of {size.names:,} names of the outbox",
            size.names / median(ours),
            size.names / median(floor),
            "names/s",
        )
    ]


def _timed(names: int, work: Callable[[], None]) -> float:
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE)
        cursor.execute(_NAMES, {"now": clock.now(), "names": names})
    houses.analyse()
    begun = perf_counter()
    work()
    taken = perf_counter() - begun
    assert ListingDay.objects.filter(asked__gt=F("answered")).count() == names
    assert not OutboxEntry.objects.exists()
    return taken


def _ours() -> None:
    while fanout.fan_out(limit=AT_ONCE):
        pass


def _floor(session: psycopg.Connection[Any], rows: list[tuple[Any, ...]]) -> None:
    for n in range(0, len(rows), AT_ONCE):
        with session.transaction():
            session.execute(_DELETE, [AT_ONCE]).fetchall()
            session.execute(
                _UPSERT, [list(each) for each in zip(*rows[n : n + AT_ONCE], strict=True)]
            )
