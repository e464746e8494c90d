"""Which times on a clinic's wall daylight saving skips (U-15)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from slotbridge.wire.medihost.model import Rule

_MINUTE = timedelta(minutes=1)
# Days that are remembered: more than a document has unless somebody plays with it.
_MOST_DAYS = 4096


class SkippedTimes:
    """Asked for every row: a day whose clocks jump is found once and remembered."""

    def __init__(self, tz: ZoneInfo) -> None:
        self._tz = tz
        self._jumps: dict[date, bool] = {}

    def on(self, day: date) -> bool:
        """Whether the clocks jump on that day at all."""
        known = self._jumps.get(day)
        if known is None:
            if len(self._jumps) >= _MOST_DAYS:
                self._jumps.clear()
            first = datetime.combine(day, time.min, tzinfo=self._tz)
            last = datetime.combine(day, time.max, tzinfo=self._tz).replace(fold=1)
            known = self._jumps[day] = first.utcoffset() != last.utcoffset()
        return known

    def at(self, wall: datetime) -> bool:
        """Whether no clock of the clinic ever shows `wall`."""
        if not self.on(wall.date()):
            return False
        # PEP 495: within a gap the offset after the jump is the greater one.
        aware = wall.replace(tzinfo=self._tz)
        before, after = aware.utcoffset(), aware.replace(fold=1).utcoffset()
        return before is not None and after is not None and after > before

    def within(self, day: date, rule: Rule) -> bool:
        """Whether a time of working hours is skipped. Work may end as the clocks jump."""
        if not self.on(day):
            return False
        starts = [each for each in (rule.start, rule.break_end) if each is not None]
        ends = [each for each in (rule.end, rule.break_start) if each is not None]
        midnight = datetime.combine(day, time.min)
        return any(self.at(midnight + minute * _MINUTE) for minute in starts) or any(
            self.at(midnight + minute * _MINUTE) and self.at(midnight + (minute - 1) * _MINUTE)
            for minute in ends
            if minute > 0
        )
