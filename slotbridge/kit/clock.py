"""The one reader of the system clock, and the arithmetic of days in a time zone.

Everything else asks `now()`; a test moves time by `set_offset` or by freezing `time.time`
(time-machine does both `time` and `datetime`). Instants are aware and in UTC; a day is a date in
the unit's own zone and spans [start, end), which is 23, 24 or 25 hours long.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_offset = timedelta()


def now() -> datetime:
    """This instant, aware, in UTC."""
    return datetime.now(UTC) + _offset  # noqa: TID251 - the one place that may


def today(tz: ZoneInfo) -> date:
    """The date on the wall in `tz`."""
    return now().astimezone(tz).date()


def set_offset(offset: timedelta) -> None:
    """Moves this process's clock by `offset`: the sandbox's clock that a tester can move."""
    global _offset  # noqa: PLW0603 - a process has one clock
    _offset = offset


def at(day: date, wall: time, tz: ZoneInfo) -> datetime:
    """The instant at which clocks in `tz` show `wall` on `day`, in UTC.

    A wall time that daylight saving skips becomes the instant just as far after the jump; one
    that occurs twice is the first of the two (PEP 495, fold=0).
    """
    return datetime.combine(day, wall, tzinfo=tz).astimezone(UTC)


def day_bounds(day: date, tz: ZoneInfo) -> tuple[datetime, datetime]:
    """[start, end) of `day` in `tz`, in UTC: 23, 24 or 25 hours."""
    return at(day, time(), tz), at(day + timedelta(days=1), time(), tz)


def day_of(instant: datetime, tz: ZoneInfo) -> date:
    """The date on the wall in `tz` at `instant`."""
    return instant.astimezone(tz).date()


def days_between(start: datetime, end: datetime, tz: ZoneInfo) -> list[date]:
    """Every date in `tz` that [start, end) touches, in order; [] for an empty range."""
    if start >= end:
        return []
    first = day_of(start, tz)
    last = day_of(end - timedelta(microseconds=1), tz)
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
