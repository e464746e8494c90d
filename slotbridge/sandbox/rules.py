"""The portal's arithmetic of free times: pure functions over periods, no database.

Source: docs/reference/docplanner/behaviour.md section 7. A work period is cut at a grid whose step
is the greatest common divisor of its services' durations, anchored at the period's start; a
service is offered at a grid point only if it ends by the period's end.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from math import gcd
from zoneinfo import ZoneInfo

from slotbridge.kit import clock

LOCALE_ZONE = ZoneInfo("Europe/Warsaw")  # of znanylekarz.pl (inference, behaviour.md section 2)
LONGEST_READ = timedelta(days=180)
FURTHEST_END = timedelta(weeks=12)
SAME_REQUEST_IGNORED = timedelta(minutes=3)

# insurance_accepted of a period; the first when it names none.
EVERYBODY = "with-and-without-insurance"
PRIVATE_ONLY = "without-insurance-only"
INSURED_ONLY = "with-insurance-only"

StoredPeriod = tuple[int, int, list[tuple[int, int]], str, list[int]]
Range = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Period:
    """One stretch of work on one date; services are (address service id, minutes).

    Insurance says who may be seen, never when: it leaves the free times as they are.
    """

    start: datetime
    end: datetime
    services: tuple[tuple[int, int], ...]
    insurance_accepted: str = EVERYBODY
    providers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Offer:
    """A patient may book `service` from `start` to `end`."""

    start: datetime
    service: int
    end: datetime
    period_end: datetime
    insurance_accepted: str = field(default=EVERYBODY, compare=False)
    providers: tuple[int, ...] = field(default=(), compare=False)

    def takes(self, provider: int | None) -> bool:
        """Whether a patient may come on this insurer's account; None: on their own."""
        if provider is None:
            return self.insurance_accepted != INSURED_ONLY
        if self.insurance_accepted == PRIVATE_ONLY:
            return False
        return not self.providers or provider in self.providers


def local(instant: datetime) -> datetime:
    return instant.astimezone(LOCALE_ZONE)


def day_of(instant: datetime) -> date:
    return clock.day_of(instant, LOCALE_ZONE)


def cut(period: Period) -> Iterator[Offer]:
    """Every offer of the period as if nothing were booked."""
    durations = [minutes for _service, minutes in period.services]
    if not durations:
        return
    step = timedelta(minutes=reduce(gcd, durations))
    start = period.start
    while start < period.end:
        for service, minutes in period.services:
            end = start + timedelta(minutes=minutes)
            if end <= period.end:
                yield Offer(
                    start, service, end, period.end, period.insurance_accepted, period.providers
                )
        start += step


class Busy:
    """Ranges joined where they touch, so that one look tells whether another is free of them."""

    def __init__(self, ranges: Iterable[Range]) -> None:
        self._starts: list[datetime] = []
        self._ends: list[datetime] = []
        for start, end in sorted(ranges):
            if self._ends and start <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], end)
            else:
                self._starts.append(start)
                self._ends.append(end)

    def ranges(self) -> list[Range]:
        """The joined ranges, in order."""
        return list(zip(self._starts, self._ends, strict=True))

    def hides(self, start: datetime, end: datetime) -> bool:
        """Whether [start, end) overlaps anything taken."""
        before = bisect_left(self._starts, end) - 1
        return before >= 0 and self._ends[before] > start


def free(periods: Iterable[Period], busy: Busy, between: Range, now: datetime) -> Iterator[Offer]:
    """Offers that start in [between) and not before `now`, and that nothing hides."""
    since = max(between[0], now)
    for period in periods:
        if period.end <= since or period.start >= between[1]:
            continue
        for offer in cut(period):
            if since <= offer.start < between[1] and not busy.hides(offer.start, offer.end):
                yield offer


def pack(period: Period) -> StoredPeriod:
    """A period as CalendarDay keeps it: instants in Unix seconds."""
    return (
        int(period.start.timestamp()),
        int(period.end.timestamp()),
        list(period.services),
        period.insurance_accepted,
        list(period.providers),
    )


def unpack(stored: Iterable[StoredPeriod]) -> Iterator[Period]:
    for start, end, services, accepted, providers in stored:
        yield Period(
            datetime.fromtimestamp(start, UTC),
            datetime.fromtimestamp(end, UTC),
            tuple((service, minutes) for service, minutes in services),
            accepted,
            tuple(providers),
        )
