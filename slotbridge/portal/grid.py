"""From working hours on a clinic's wall to the instants at which a patient could come (7.2).

Pure arithmetic. The grid counts elapsed minutes from the start of each period, as `Duration` does
(U-15). A start that clocks show for the second time is left out: the exchange has no word for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from slotbridge.kit import clock

Span = tuple[datetime, datetime]  # [start, end)

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


def spans(day: date, periods: Sequence[int], tz: ZoneInfo) -> list[Span]:
    """`WorkingDay.periods` (minutes since midnight, 0 to 1440) as instants, in order.

    A time that daylight saving skips is the jump itself, so that a period loses what is not there
    and gains nothing.
    """
    bounds = [_instant(day, minute, tz) for minute in periods]
    pairs = zip(bounds[::2], bounds[1::2], strict=True)
    return [(start, end) for start, end in pairs if start < end]


def starts(working: Iterable[Span], step: timedelta, tz: ZoneInfo) -> Iterator[datetime]:
    """Where an appointment of one `step` fits wholly inside one period, in order."""
    for start, end in working:
        has_jump = start.astimezone(tz).utcoffset() != end.astimezone(tz).utcoffset()
        while start + step <= end:
            if not (has_jump and start.astimezone(tz).fold):
                yield start
            start += step  # noqa: PLW2901 - the grid walks on from the period's start


def union(occupied: Iterable[Span]) -> list[Span]:
    """Sorted and joined where they touch or overlap (U-22)."""
    joined: list[Span] = []
    for start, end in sorted(occupied):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def free(
    candidates: Iterable[datetime], step: timedelta, occupied: Iterable[Span]
) -> list[datetime]:
    """Those of the sorted `candidates` whose [start, start + step) nothing overlaps."""
    busy = union(occupied)
    found, n = [], 0
    for start in candidates:
        while n < len(busy) and busy[n][1] <= start:
            n += 1
        if n == len(busy) or start + step <= busy[n][0]:
            found.append(start)
    return found


def _instant(day: date, minute: int, tz: ZoneInfo) -> datetime:
    days, minute = divmod(minute, 1440)
    wall = datetime.combine(day + days * _DAY, time()) + minute * _MINUTE
    instant = clock.at(wall.date(), wall.time(), tz)
    if instant.astimezone(tz).replace(tzinfo=None) == wall:
        return instant
    return _jump_before(instant, tz)


def _jump_before(after: datetime, tz: ZoneInfo) -> datetime:
    """The instant at which the clocks jumped last, to the second; `after` is less than a day on."""
    low, high = after - _DAY, after
    offset = high.astimezone(tz).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if middle.astimezone(tz).utcoffset() == offset:
            high = middle
        else:
            low = middle
    return high
