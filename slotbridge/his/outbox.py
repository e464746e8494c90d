"""Names of what changed, written in the transaction that changed it (ADR 1).

No payload: whoever drains the names reads the present state, so a name twice is harmless.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection, transaction
from django.db.models import Q

from slotbridge.his.models import Clinic, OutboxEntry, Practitioner, Schedule, Visit
from slotbridge.kit import clock

# Beyond this many days the schedule is named whole: portals show twelve weeks at most.
_MOST_DAYS = 100


@dataclass(frozen=True)
class Drained:
    """What changed, each name once. A day of None stands for every day of that schedule."""

    days: list[tuple[int, date | None]]
    visits: list[int]


def _write(entries: Sequence[OutboxEntry]) -> None:
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "what changed is named in the transaction that changes it"
        )
    OutboxEntry.objects.bulk_create(entries, batch_size=1000)


def _entries(schedule: Schedule, days: Iterable[date] | None) -> list[OutboxEntry]:
    names: list[date | None] = [None] if days is None else [*sorted(set(days))]
    if len(names) > _MOST_DAYS:
        names = [None]
    at = clock.now()
    return [
        OutboxEntry(organisation_id=schedule.organisation_id, schedule=schedule, day=day, at=at)
        for day in names
    ]


def record_days(schedule: Schedule, days: Iterable[date] | None) -> None:
    """These days of the schedule changed; None: any day of it may have."""
    _write(_entries(schedule, days))


def record_schedules(schedules: Iterable[Schedule], days: Iterable[date] | None = None) -> None:
    """As `record_days`, for several schedules."""
    days = None if days is None else set(days)
    _write([entry for schedule in schedules for entry in _entries(schedule, days)])


def record_clinic(clinic: Clinic) -> None:
    """Something that all schedules of the clinic depend on changed: its prices, its unit."""
    record_schedules(Schedule.objects.filter(clinic=clinic))


def record_practitioner(practitioner: Practitioner, days: Iterable[date] | None) -> None:
    """These days changed in every schedule of the practitioner, in whatever clinic (A35)."""
    record_schedules(Schedule.objects.filter(practitioner=practitioner), days)


def record_span(schedules: Q, start: datetime, end: datetime) -> None:
    """The days that [start, end) touches changed, in the zone of each of these schedules."""
    entries: list[OutboxEntry] = []
    for schedule in Schedule.objects.filter(schedules).select_related("clinic__unit").distinct():
        days = clock.days_between(start, end, schedule.clinic.unit.tz)
        entries.extend(_entries(schedule, days))
    _write(entries)


def record_visit(visit: Visit) -> None:
    """The visit changed, and with it the days of its schedule that it lies on.

    Other schedules of the same practitioner, room or device are the drainer's to find.
    """
    tz = visit.schedule.clinic.unit.tz
    named = OutboxEntry(organisation_id=visit.organisation_id, visit=visit, at=clock.now())
    days = clock.days_between(visit.start, visit.end, tz)
    _write([named, *_entries(visit.schedule, days)])


def drain(limit: int = 1000) -> Drained:
    """Takes up to `limit` names out, oldest first, past those that another worker is taking.

    Belongs into the transaction that acts on them: if it rolls back, the names are still there.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("names are drained where they are acted on")
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH oldest AS MATERIALIZED (
                SELECT id FROM his_outboxentry ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
            )
            DELETE FROM his_outboxentry USING oldest WHERE his_outboxentry.id = oldest.id
            RETURNING his_outboxentry.id, schedule_id, day, visit_id
            """,
            [limit],
        )
        rows = sorted(cursor.fetchall())
    whole = {schedule for _, schedule, day, visit in rows if visit is None and day is None}
    days = dict.fromkeys(
        (schedule, None if schedule in whole else day)
        for _, schedule, day, visit in rows
        if visit is None
    )
    visits = dict.fromkeys(visit for _, _, _, visit in rows if visit is not None)
    return Drained(days=list(days), visits=list(visits))
