"""The rows of a document on their way in: copied into temporary tables while it is being read.

Nothing is compared or changed here. The tables are as narrow and bare as what a section brings,
without indexes, and gone when the transaction ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

from psycopg import sql

from slotbridge.portal.skipped import SkippedTimes
from slotbridge.wire.medihost import problems, spelling
from slotbridge.wire.medihost.model import Appointment, Key, Rule, Section, Working
from slotbridge.wire.medihost.problems import Problem
from slotbridge.wire.medihost.reader import Batch

# Stands for NULL in what is copied: no string can hold it, as XML forbids it (U-16).
NULL = "\x01"
# Texts that are remembered: more than the times of a busy month, and never more memory.
_MOST_TEXTS = 20_000


@dataclass(frozen=True, slots=True)
class Shape:
    """How a section's rows are staged: the first `keys` columns are what a row is known by."""

    section: Section
    keys: int
    columns: Mapping[str, str]  # name -> SQL type, without `line`

    @property
    def staged(self) -> sql.Identifier:
        return sql.Identifier(f"staged_{self.section.lower()}")

    @property
    def key(self) -> tuple[str, ...]:
        return tuple(self.columns)[: self.keys]

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(self.columns)[self.keys :]


GROUPS = Shape(Section.GROUPS, 1, {"mis_id": "bigint", "name": "text", "pos": "bigint"})
RESOURCES = Shape(
    Section.RESOURCES,
    1,
    {
        "mis_id": "bigint",
        "name": "text",
        "time_step": "smallint",
        "group_mis_id": "bigint",
        "pos": "bigint",
    },
)
SCHEDULES = Shape(
    Section.SCHEDULES, 2, {"resource_mis_id": "bigint", "day": "date", "periods": "smallint[]"}
)
APPOINTMENTS = Shape(
    Section.APPOINTMENTS,
    2,
    {
        "tablename": "text",
        "mis_id": "bigint",
        "resource_mis_id": "bigint",
        "day": "date",
        "time": "time",
        "duration": "integer",
        "title": "text",
    },
)


class Lines:
    """Turns batches of a section into lines of COPY's text format.

    What the reader cannot know is found here: times that the clinic's clocks skip. Their rows are
    left out and told to `tell`; of working hours the whole day is in `refused`, since half a day
    must not replace the last good version of it.
    """

    def __init__(self, section: Section, tz: ZoneInfo, tell: Callable[[Problem], None]) -> None:
        self.given = 0  # rows, until now
        self.refused: set[Key] = set()
        self._section = section
        self._tell = tell
        self._skipped = SkippedTimes(tz)
        self._texts = _Texts(self._skipped)
        self._periods = _Periods()
        self._of: Callable[[Batch], list[str]] = {
            Section.GROUPS: _plain,
            Section.RESOURCES: _plain,
            Section.SCHEDULES: self._schedules,
            Section.APPOINTMENTS: self._appointments,
        }[section]

    def of(self, batch: Batch) -> str:
        lines = self._of(batch)
        self.given += len(lines)
        return "".join(lines)

    def _appointments(self, batch: Batch) -> list[str]:
        texts = self._texts
        rows: list[Any] = batch.rows
        lines = [
            f"{table}\t{mis_id}\t{resource}\t{texts[start]}\t{minutes or NULL}\t{title}\t{line}\n"
            for (table, mis_id, resource, start, minutes, title), line in zip(
                rows, batch.lines, strict=True
            )
        ]
        # Looked for once a batch: next to no string has anything to escape.
        together = "".join(lines)
        if (
            "\\" in together
            or "\r" in together
            or together.count("\t") != 7 * len(rows)
            or together.count("\n") != len(rows)
        ):
            lines = [_escaped(row, line, texts) for row, line in _numbered(batch)]
        return self._without_skipped(batch, lines) if texts.met_skipped else lines

    def _without_skipped(self, batch: Batch, lines: list[str]) -> list[str]:
        self._texts.met_skipped = False
        kept = []
        for text, (row, line) in zip(lines, _numbered(batch), strict=True):
            if self._skipped.at(row.start):
                key = f"{row.tablename}/{row.id}"
                attribute = spelling.APPOINTMENT["start"]
                self._refuse(line, key, attribute, f"{row.start:%H:%M:%S}")
            else:
                kept.append(text)
        return kept

    def _schedules(self, batch: Batch) -> list[str]:
        return [
            f"{row.resource_id}\t{row.day}\t{self._periods[row.rules]}\t{line}\n"
            for row, line in _numbered(batch)
            if not self._skipped.on(row.day) or self._can_be_worked(row, line)
        ]

    def _can_be_worked(self, row: Working, line: int) -> bool:
        """Asked only of days on which the clocks jump."""
        for rule in row.rules:
            met = self._skipped.within(row.day, rule)
            if met is not None:
                name, minute = met
                key = f"{row.resource_id}/{row.day:%d.%m.%Y}"
                wall = f"{minute // 60}:{minute % 60:02}"
                self._refuse(line, key, spelling.RULES[name], wall)
                self.refused.add((row.resource_id, row.day))
                return False
        return True

    def _refuse(self, line: int, key: str, attribute: str, value: str) -> None:
        self._tell(
            problems.TIME_SKIPPED(
                section=self._section, line=line, key=key, attribute=attribute, value=value
            )
        )


class _Texts(dict[datetime, str]):
    """Of a start, its two columns. One that is skipped is not remembered, so that it is met again
    and its batch looked at.
    """

    def __init__(self, skipped: SkippedTimes) -> None:
        self.met_skipped = False
        self._skipped = skipped

    def __missing__(self, start: datetime) -> str:
        text = f"{start.date()}\t{start.time()}"
        if self._skipped.at(start):
            self.met_skipped = True
            return text
        if len(self) >= _MOST_TEXTS:
            self.clear()
        self[start] = text
        return text


class _Periods(dict[tuple[Rule, ...], str]):
    """Of a day's rules, the array of its working periods, breaks taken out."""

    def __missing__(self, rules: tuple[Rule, ...]) -> str:
        if len(self) >= _MOST_TEXTS:
            self.clear()
        text = self[rules] = "{" + ",".join(map(str, periods(rules))) + "}"
        return text


def periods(rules: tuple[Rule, ...]) -> list[int]:
    """[start, end, start, end, …]: the union of the rules' hours, sorted, not touching (U-20)."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(chain.from_iterable(map(_worked, rules))):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        elif start < end:
            joined.append((start, end))
    return [*chain.from_iterable(joined)]


def _worked(rule: Rule) -> list[tuple[int, int]]:
    if rule.break_start is None or rule.break_end is None:
        return [(rule.start, rule.end)]
    return [(rule.start, rule.break_start), (rule.break_end, rule.end)]


def _numbered(batch: Batch) -> zip[tuple[Any, int]]:
    return zip(batch.rows, batch.lines, strict=True)


def _plain(batch: Batch) -> list[str]:
    """Groups and resources: their fields stand as the columns do."""
    return ["\t".join(map(_field, (*row, line))) + "\n" for row, line in _numbered(batch)]


def _escaped(row: Appointment, line: int, texts: _Texts) -> str:
    before = "\t".join(map(_field, (row.tablename, row.id, row.resource_id)))
    behind = "\t".join(map(_field, (row.duration, row.title, line)))
    return f"{before}\t{texts[row.start]}\t{behind}\n"


def _field(value: object) -> str:
    if value is None:
        return NULL
    text = str(value)
    for plain, written in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r")):
        text = text.replace(plain, written)
    return text
