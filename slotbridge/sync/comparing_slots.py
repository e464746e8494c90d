"""Free times: what a patient can choose there, and what we told (A33, A37)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_noop as _noop

from slotbridge.kit import clock
from slotbridge.sync import reconcile
from slotbridge.sync.comparing_bookings import SETTLES_IN
from slotbridge.sync.contract import OfferedStart
from slotbridge.sync.models import Difference, Listing, ListingDay
from slotbridge.sync.reports import Round
from slotbridge.sync.wanted import wanted_days

MOST_DRIFTS = 2

Kind, Done = Difference.Kind, Difference.Done


def compare(made: Round) -> None:
    """Has days that show something else told again. Those that are being told are left alone."""
    listing = made.listing
    shown = made.connector.offered(listing.ref, made.now, made.end)
    with transaction.atomic():
        made.confirm()
        rows = {
            row.day: row
            for row in listing.days.select_for_update().filter(
                asked=F("answered"), told__isnull=False, problem="", day__gte=clock.day_of(
                    made.now, listing.tz
                ),
            )
            if row.told_at is None or row.told_at + SETTLES_IN <= made.now
        }  # fmt: skip
        wanted = wanted_days(listing, rows)
        after = comparable_from(made.now)
        there = by_day(listing, shown, after)
        for day, row in rows.items():
            want = reconcile.offered_starts(wanted[day], after=after)
            made.look_at(len(want | there[day]))
            _judge_day(made, row, len(want - there[day]), len(there[day] - want))


def comparable_from(now: datetime) -> datetime:
    """A start that passes while we read is on neither side."""
    return now + timedelta(minutes=1)


def by_day(
    listing: Listing, shown: Iterable[OfferedStart], after: datetime
) -> defaultdict[date, set[OfferedStart]]:
    """What is shown, by the listing's dates; days without anything are empty."""
    there: defaultdict[date, set[OfferedStart]] = defaultdict(set)
    for start in shown:
        if start.start >= after:
            there[clock.day_of(start.start, listing.tz)].add(start)
    return there


def _judge_day(made: Round, row: ListingDay, missing: int, extra: int) -> None:
    if not missing and not extra:
        if row.drifts:
            row.drifts = 0
            row.save(update_fields=["drifts"])
        return
    row.drifts += 1
    row.told, row.asked = None, row.asked + 1
    row.asked_at = row.due_at = clock.now()
    if row.drifts > MOST_DRIFTS:
        row.problem = _noop(
            "Changed on the portal again and again: find out who does it, then try again."
        )
    row.save()
    bounds = clock.day_bounds(row.day, made.listing.tz)
    made.note(
        Kind.SLOTS,
        Done.LEFT if row.problem else Done.TOLD_AGAIN,
        bounds[0],
        size=missing + extra,
        missing=missing,
        extra=extra,
    )
