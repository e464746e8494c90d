"""Our open periods as the body of PUT slots, and the same meaning said in other words.

The portal replaces every date that a body names, whole, and ignores for three minutes a body equal
to one it took (README, "whole date" and "3 minutes"). So a date is always sent complete, a date
without periods is named by one without services, and a body that would be ignored is changed where
nothing is offered. Pure functions; instants, half-open.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_noop as _noop

from slotbridge.kit import clock
from slotbridge.sync.contract import OpenPeriod, Payer, Refused

MINUTE = timedelta(minutes=1)
# "within one day" (400 otherwise): whether midnight itself still belongs to it is silent.
LAST_MINUTE = MINUTE

NOT_SENT = _noop(
    "The portal would not take these times, so they were not sent. Tell this program's makers what"
    " stands in brackets."
)

Body = Mapping[str, object]
Range = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Request:
    """A body of PUT slots and its digest."""

    body: Body
    digest: str


def not_sent(why: str) -> Refused:
    """What to raise for days that the portal would refuse, and might take in part."""
    return Refused(f"{NOT_SENT} [replaceSlots: {why}]")


def request(
    days: Mapping[date, Sequence[OpenPeriod]],
    tz: ZoneInfo,
    *,
    latest: datetime,
    avoid: Set[str],
    insurer: int | None = None,
) -> Request | None:
    """A request that replaces these dates and whose digest is not in `avoid`.

    `insurer` is the site's public one, if it has one. None if there is no other way to say it.
    Raises Refused for periods that the portal would refuse: outside their date, overlapping, under
    a minute, ending after `latest`, or for the publicly insured alone where nobody insures them.
    """
    bounds = [_within(day, tz, latest) for day in sorted(days)]
    periods = [
        period
        for day, bound in zip(sorted(days), bounds, strict=True)
        for period in _complete(day, days[day], bound, tz)
    ]
    for variation in _variations(periods, bounds):
        said = body(variation, tz, insurer)
        digest = digest_of("PUT", said)
        if digest not in avoid:
            return Request(said, digest)
    return None


def body(periods: Sequence[OpenPeriod], tz: ZoneInfo, insurer: int | None = None) -> Body:
    """ReplaceSlotsRequest; a period without offers has no services. Raises Refused."""
    return {"slots": [_slot(period, tz, insurer) for period in periods]}


def _slot(period: OpenPeriod, tz: ZoneInfo, insurer: int | None) -> dict[str, object]:
    said: dict[str, object] = {
        "start": wire_time(period.start, tz),
        "end": wire_time(period.end, tz),
        "address_services": [
            {"address_service_id": offer.service, "duration": offer.minutes}
            for offer in period.offers
        ],
    }
    return said | _insurance(period.payer, insurer) if period.offers else said


def _insurance(payer: Payer, insurer: int | None) -> dict[str, object]:
    """Who may book the period: left to the portal's default where no insurer is public, for there
    the insured come with private insurers of which we know nothing.
    """
    if insurer is None:
        if payer is Payer.INSURANCE:
            raise not_sent("this site of the portal has no public insurance")
        return {}
    if payer is Payer.PATIENT:
        return {"insurance_accepted": "without-insurance-only"}
    alone = payer is Payer.INSURANCE
    return {
        "insurance_accepted": "with-insurance-only" if alone else "with-and-without-insurance",
        "insurance_providers": [insurer],  # a number here, text everywhere else (behaviour.md 2)
    }


def wire_time(instant: datetime, tz: ZoneInfo) -> str:
    """ISO 8601 with the offset that clocks in `tz` have then, to the second."""
    return instant.astimezone(tz).isoformat(timespec="seconds")


def digest_of(method: str, said: Body | str) -> str:
    return hashlib.sha256(json.dumps([method, said], sort_keys=True).encode()).hexdigest()


def _within(day: date, tz: ZoneInfo, latest: datetime) -> Range:
    """[start, end) of what can be said of a date: its last minute and what is too far are not."""
    start, end = clock.day_bounds(day, tz)
    end = min(end - LAST_MINUTE, latest.replace(second=0, microsecond=0))
    if end < start + MINUTE:
        raise not_sent(f"{day} is further ahead than the portal takes")
    return start, end


def _complete(
    day: date, given: Sequence[OpenPeriod], bound: Range, tz: ZoneInfo
) -> list[OpenPeriod]:
    """The periods of one date in order; one without services if there are none."""
    day_start, day_end = clock.day_bounds(day, tz)
    found: list[OpenPeriod] = []
    free_from = day_start
    for period in sorted(period for period in given if period.offers):
        if not free_from <= period.start < period.end <= day_end:
            raise not_sent(f"a period of {day} overlaps another or leaves its date")
        # A period up to midnight loses its last minute, and what would end in it.
        kept = replace(period, end=min(period.end, day_end - LAST_MINUTE))
        if kept.end > bound[1]:
            raise not_sent(f"a period of {day} ends further ahead than allowed")
        if kept.end - kept.start >= MINUTE:
            found.append(kept)
        free_from = period.end
    return found or [OpenPeriod(*bound, offers=())]


# --- the same, said differently --------------------------------------------------------------


def _variations(
    periods: Sequence[OpenPeriod], bounds: Sequence[Range]
) -> Iterator[Sequence[OpenPeriod]]:
    """These periods, then others that offer exactly the same starts on the same dates."""
    yield periods
    for start, end in bounds:
        for minute in _quiet_minutes(periods, start, end):
            yield sorted([*periods, minute])
    for place, period in enumerate(periods):
        for cut in _harmless_cuts(period):
            halves = replace(period, end=cut), replace(period, start=cut)
            yield [*periods[:place], *halves, *periods[place + 1 :]]


def _quiet_minutes(
    periods: Sequence[OpenPeriod], start: datetime, end: datetime
) -> Iterator[OpenPeriod]:
    """Minutes of [start, end) that no period touches, each without services, latest first."""
    here = [period for period in periods if period.start < end and start < period.end]
    edges = [start, *(edge for period in here for edge in (period.start, period.end)), end]
    for gap_start, gap_end in reversed(list(zip(edges[::2], edges[1::2], strict=True))):
        last = gap_end.replace(second=0, microsecond=0)
        while last - MINUTE >= gap_start:
            yield OpenPeriod(last - MINUTE, last, ())
            last -= MINUTE


def _harmless_cuts(period: OpenPeriod) -> Iterator[datetime]:
    """Where a period can be cut in two without losing a start.

    Anywhere if it has no services. At its own grid if all services take equally long: then the
    grid's step is their duration and nothing on offer crosses a grid point.
    """
    steps = {timedelta(minutes=offer.minutes) for offer in period.offers} or {MINUTE}
    if len(steps) > 1:
        return
    step = steps.pop()
    cut = period.start + step
    while cut + MINUTE <= period.end:
        yield cut
        cut += step
