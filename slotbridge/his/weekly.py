"""From a weekly pattern to the slots of dates: plain arithmetic, no database.

Wall times are of the unit's zone. Where clocks jump forward, the skipped stretch is simply not
there; where they fall back, a period that spans the doubled hour works through both, and one that
ends in it ends at the first. So periods that do not overlap on the wall never overlap in time.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from slotbridge.kit import clock

Span = tuple[datetime, datetime]


class PeriodsOverlap(ValueError):
    """Two periods of one weekday overlap, or one ends before it starts: correct the pattern."""


@dataclass(frozen=True)
class Period:
    """A stretch of a weekday (0 is Monday), [start, end) on the wall, cut every `slot_minutes`."""

    weekday: int
    start: time
    end: time
    slot_minutes: int
    channels: frozenset[str] = frozenset()
    room_id: int | None = None
    service_ids: frozenset[int] = frozenset()
    funding: str = "private"  # of models.Funding


@dataclass(frozen=True)
class Planned:
    """A slot as the pattern has it."""

    day: date
    start: datetime
    end: datetime
    channels: frozenset[str]
    room_id: int | None
    service_ids: frozenset[int]
    funding: str


def check(periods: Iterable[Period]) -> None:
    """Raises PeriodsOverlap."""
    in_order = sorted(periods, key=lambda period: (period.weekday, period.start))
    if any(period.start >= period.end for period in in_order):
        raise PeriodsOverlap("a period ends before it starts")
    for earlier, later in pairwise(in_order):
        if earlier.weekday == later.weekday and later.start < earlier.end:
            raise PeriodsOverlap(f"weekday {later.weekday}: {earlier.end} after {later.start}")


def _jump_between(before: int, after: int, tz: ZoneInfo) -> int:
    """The second, since the epoch, at which the zone's offset changes between these two."""

    def offset(second: int) -> timedelta | None:
        return datetime.fromtimestamp(second, tz).utcoffset()

    old = offset(before)
    while after - before > 1:
        middle = (before + after) // 2
        if offset(middle) == old:
            before = middle
        else:
            after = middle
    return after


def instant(day: date, wall: time, tz: ZoneInfo) -> datetime:
    """The first instant at which clocks in `tz` show `wall` on `day`, in UTC; where they skip it,
    the instant of the jump.
    """
    shown = clock.at(day, wall, tz)
    if shown.astimezone(tz).replace(tzinfo=None) == datetime.combine(day, wall):
        return shown
    # PEP 495: in a gap fold=0 leads past the jump, fold=1 before it.
    before = datetime.combine(day, wall.replace(fold=1), tzinfo=tz).timestamp()
    return datetime.fromtimestamp(_jump_between(int(before), int(shown.timestamp()), tz), UTC)


def plan(periods: Iterable[Period], first: date, last: date, tz: ZoneInfo) -> dict[Span, Planned]:
    """The slots of every date from `first` to `last`, both included: whole slots only, in order.

    `slot_minutes` are elapsed minutes: all slots of a period are equally long on every date.
    """
    periods = sorted(periods, key=lambda period: period.start)
    planned: dict[Span, Planned] = {}
    for day in (first + timedelta(days=n) for n in range((last - first).days + 1)):
        for period in periods:
            if period.weekday != day.weekday():
                continue
            step = timedelta(minutes=period.slot_minutes)
            start, end = (instant(day, wall, tz) for wall in (period.start, period.end))
            while start + step <= end:
                planned[start, start + step] = Planned(
                    day,
                    start,
                    start + step,
                    period.channels,
                    period.room_id,
                    period.service_ids,
                    period.funding,
                )
                start += step
    return planned
