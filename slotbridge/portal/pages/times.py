"""Free times as pages show them: days side by side, and moments in links and buttons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.http import Http404
from django.utils import dateformat

from slotbridge.kit import clock
from slotbridge.portal.availability import FreeTime
from slotbridge.portal.pages import words

DAYS_SHOWN = 7
HORIZON = 90  # days ahead that can be looked through; timetables come for a month (section 9)
LONGEST_AWAY = timedelta(days=366)  # of a moment that a link names


@dataclass(frozen=True, slots=True)
class Column:
    day: date
    is_today: bool
    times: list[FreeTime]


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days from any day on; `before` and `after` are None where there is nothing to show."""

    days: list[Column]
    before: date | None
    after: date | None

    @property
    def has_times(self) -> bool:
        return any(column.times for column in self.days)

    @property
    def label(self) -> str:
        """23–29 November; 28 November – 4 December."""
        first, last = self.days[0].day, self.days[-1].day
        whole = dateformat.format(last, "j E")
        if first.month == last.month:
            return f"{first.day}–{whole}"
        return f"{dateformat.format(first, 'j E')} – {whole}"


@dataclass(frozen=True, slots=True)
class Choice:
    """A free time as a button: what it sends, what it says."""

    value: str
    label: str


def first_day(raw: str | None, today: date) -> date:
    """The date that a link names, brought into what can be looked through; today if none."""
    try:
        named = date.fromisoformat(raw or "")
    except ValueError:
        return today
    return min(max(named, today), today + timedelta(days=HORIZON))


def week_from(first: date, free: Iterable[FreeTime], today: date) -> Week:
    by_day: dict[date, list[FreeTime]] = {}
    for each in free:
        by_day.setdefault(each.day, []).append(each)
    dates = [first + timedelta(days=n) for n in range(DAYS_SHOWN)]
    before = max(first - timedelta(days=DAYS_SHOWN), today)
    after = first + timedelta(days=DAYS_SHOWN)
    return Week(
        [Column(each, each == today, by_day.get(each, [])) for each in dates],
        before if before < first else None,
        after if after <= today + timedelta(days=HORIZON) else None,
    )


def choices(free: Iterable[FreeTime], today: date) -> list[Choice]:
    return [
        Choice(f"{each.day}T{each.time:%H:%M}", words.when(each.day, each.time, today))
        for each in free
    ]


def read_moment(raw: str | None, tz: ZoneInfo) -> datetime:
    """The instant that a link or a button names by the clinic's clock; Http404 if it is none."""
    try:
        wall = datetime.strptime(raw or "", "%Y-%m-%dT%H:%M")  # noqa: DTZ007 - the zone is the clinic's
    except ValueError:
        raise Http404 from None
    if abs(wall.date() - clock.today(tz)) > LONGEST_AWAY:
        raise Http404
    return clock.at(wall.date(), wall.time(), tz)
