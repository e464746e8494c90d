"""Free times: what a patient can choose there, and what we told (A33, A37)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_noop as _noop

from slotbridge.kit import clock
from slotbridge.sync import reconcile
from slotbridge.sync.comparing_bookings import SETTLES_IN
from slotbridge.sync.contract import OfferedStart, OpenPeriod
from slotbridge.sync.models import Difference, ListingDay
from slotbridge.sync.reports import Range, Round
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
        for day, want, have in unexplained(made, wanted, shown):
            made.look_at(len(want | have))
            _judge_day(made, rows[day], len(want - have), len(have - want))


def unexplained(
    made: Round, wanted: Mapping[date, tuple[OpenPeriod, ...]], shown: Iterable[OfferedStart]
) -> Iterator[tuple[date, frozenset[OfferedStart], frozenset[OfferedStart]]]:
    """For each day, the starts that the HIS wants and those that are there, without those that
    something else of this comparison explains: nothing is said twice.
    """
    after = made.now + timedelta(minutes=1)  # one that passes while we read is on neither side
    lasting = {
        offer.service: timedelta(minutes=offer.minutes)
        for periods in wanted.values()
        for period in periods
        for offer in period.offers
    }
    there: defaultdict[date, set[OfferedStart]] = defaultdict(set)
    for start in shown:
        end = start.start + lasting.get(start.service, timedelta(minutes=1))
        if start.start >= after and not _overlaps(start.start, end, made.explained):
            there[clock.day_of(start.start, made.listing.tz)].add(start)
    for day, periods in wanted.items():
        want = reconcile.offered_starts(periods, made.explained, after=after)
        yield day, want, frozenset(there[day])


def _overlaps(start: datetime, end: datetime, spans: Iterable[Range]) -> bool:
    return any(start < span_end and span_start < end for span_start, span_end in spans)


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
