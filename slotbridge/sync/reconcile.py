"""What a portal shows, compared with what it should show. Pure functions over plain values.

A portal cuts a period into starts: the grid's step is the greatest common divisor of the durations
in it, counted from the period's start, and a service is offered at a grid point if it fits before
the period's end (behaviour.md section 7). Bookings and breaks hide what they overlap. Two
calendars are equal when patients have the same choices: so a booking that the portal itself made
needs no write, and neither does a day that only looks different.

A choice is a start of a service, how long it takes, and who may pay for it. What was told is known
in full; what is read back at the portal are starts and services alone (behaviour.md section 7), so
who pays and how long is compared here, with what was told, and by nobody else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import reduce
from math import gcd

from slotbridge.sync.contract import Offer, OfferedStart, OpenPeriod, Payer

Range = tuple[datetime, datetime]
Choice = tuple[datetime, Offer, Payer]

# A calendar that loses at least this many starts, and with them all it had, is held for a person:
# more often a broken import or a wrong click than a decision. Fewer are told at once.
LARGE_DISAPPEARANCE = 20


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a listing: what should be open, and what the portal was told (None: unknown)."""

    wanted: tuple[OpenPeriod, ...]
    told: tuple[OpenPeriod, ...] | None
    taken: tuple[Range, ...] = ()  # the portal's own bookings and our breaks there


class CalendarVanished(Exception):
    """A full calendar would become an empty one: hold it for a person (promise 7)."""


def grid_step(offers: Iterable[Offer]) -> timedelta:
    """The distance of starts in a period with these offers."""
    return timedelta(minutes=reduce(gcd, (offer.minutes for offer in offers)))


def offered_starts(
    periods: Iterable[OpenPeriod], taken: Iterable[Range] = (), after: datetime | None = None
) -> frozenset[OfferedStart]:
    """The starts that a patient can choose, from `after` on, whoever pays: what a portal reads
    back.
    """
    return frozenset(
        OfferedStart(start, offer.service) for start, offer, _ in choices(periods, taken, after)
    )


def choices(
    periods: Iterable[OpenPeriod], taken: Iterable[Range] = (), after: datetime | None = None
) -> Iterator[Choice]:
    """All that can be booked, from `after` on, where nothing is taken."""
    hidden = merged(taken)
    for period in periods:
        if not period.offers:
            continue
        for start in _grid(period):
            if after is not None and start < after:
                continue
            for offer in period.offers:
                end = start + timedelta(minutes=offer.minutes)
                if end <= period.end and not _overlaps(start, end, hidden):
                    yield start, offer, period.payer


def cut_slot(
    start: datetime,
    free: Iterable[Range],
    offers: Sequence[Offer],
    days: Iterable[Range],
    payer: Payer = Payer.PATIENT,
) -> list[OpenPeriod]:
    """The periods to publish for the free parts of a slot that begins at `start`.

    `days` are the bounds of the listing's days: a period never crosses midnight (A39). Each part
    begins on the slot's own grid, so the starts offered do not depend on whether a part was told
    before or after a neighbour was booked.
    """
    if not offers:
        return []
    step = grid_step(offers)
    shortest = timedelta(minutes=min(offer.minutes for offer in offers))
    found = []
    bounds = list(days)
    for free_start, free_end in free:
        for day_start, day_end in bounds:
            first, last = max(free_start, day_start), min(free_end, day_end)
            if first >= last:
                continue
            aligned = start + -(-(first - start) // step) * step
            if aligned + shortest <= last:
                found.append(OpenPeriod(aligned, last, tuple(sorted(offers)), payer))
    return found


def days_to_tell(days: Mapping[date, Day], now: datetime) -> list[date]:
    """The dates whose choices differ from those that the portal was told, in order: other starts,
    and a change of who pays or how long it takes alone.
    """
    return sorted(
        day
        for day, state in days.items()
        if state.told is None
        or set(choices(state.wanted, after=now)) != set(choices(state.told, state.taken, now))
    )


def check_vanished(
    days: Mapping[date, Day], *, others_open: Callable[[], bool], now: datetime
) -> None:
    """Raises CalendarVanished if telling these days would empty a calendar that had a lot.

    `others_open`: whether the listing shows something on days that are not among these; asked
    only if it matters. Full is not empty: a day without starts but with visits is something.
    """
    if any(day.wanted or day.taken for day in days.values()):
        return
    lost = sum(len(offered_starts(day.told or (), after=now)) for day in days.values())
    if lost >= LARGE_DISAPPEARANCE and not others_open():
        raise CalendarVanished


def merged(ranges: Iterable[Range]) -> list[Range]:
    """The same time as ranges that neither touch nor overlap, in order."""
    result: list[Range] = []
    for start, end in sorted(ranges):
        if start >= end:
            continue
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def _grid(period: OpenPeriod) -> Iterator[datetime]:
    step = grid_step(period.offers)
    start = period.start
    while start < period.end:
        yield start
        start += step


def _overlaps(start: datetime, end: datetime, hidden: Sequence[Range]) -> bool:
    return any(start < busy_end and busy_start < end for busy_start, busy_end in hidden)
