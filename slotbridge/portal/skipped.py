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

    def within(self, day: date, rule: Rule) -> tuple[str, int] | None:
        """The first of the rule's times that is skipped: its field, and minutes since midnight.

        Work, or its first half, may end as the clocks jump.
        """
        if not self.on(day):
            return None
        for name, minute in rule._asdict().items():
            if minute and self._skips(day, minute):
                is_end = name in {"end", "break_start"}
                if not is_end or self._skips(day, minute - 1):
                    return name, minute
        return None

    def _skips(self, day: date, minute: int) -> bool:
        return self.at(datetime.combine(day, time.min) + minute * _MINUTE)
