"""Keys that occur more than once in a section (U-33, U-20), found with a few numbers a row.

Rows are given out as they are read, so that a section of any length fits in memory; which of them
contradict each other is known at its end.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations, repeat
from typing import Protocol, TypeVar

from slotbridge.wire.medihost import problems
from slotbridge.wire.medihost.hours import do_overlap
from slotbridge.wire.medihost.model import Appointment, Key, Rule, Value, Working
from slotbridge.wire.medihost.problems import Kind

_BAD = -2  # the contents of a row that was skipped
_NO_RULE = -1
_Row_contra = TypeVar("_Row_contra", bound=Value, contravariant=True)
_AT_ONCE = 50_000  # keys, while several rows of one are looked for: some megabytes
_BITS = 11  # minutes of a day, and one more for "no break"


@dataclass(slots=True)
class Verdict:
    """What a section's end brings to light: keys not to be applied, keys of identical rows, and
    problems as (kind, key, lines).
    """

    refused: list[Key] = field(default_factory=list)
    repeated: list[Key] = field(default_factory=list)
    found: list[tuple[Kind, Key, list[int]]] = field(default_factory=list)

    def refuse(self, key: Key, kind: Kind, lines: list[int]) -> None:
        self.refused.append(key)
        self.found.append((kind, key, lines))

    def collapse(self, key: Key, lines: list[int]) -> None:
        self.repeated.append(key)
        self.found.append((problems.ROW_REPEATED, key, lines))


class Repeats(Protocol[_Row_contra]):
    def add(self, rows: Sequence[_Row_contra], lines: Sequence[int]) -> None: ...

    def add_bad(self, key: Key, line: int) -> None:
        """A row that was skipped, though its key could be read."""

    def verdict(self) -> Verdict: ...


class RepeatedIds:
    """Of groups, resources and orders: the first field is the key."""

    def __init__(self) -> None:
        self._keys = _Keys()

    def add(self, rows: Sequence[Value], lines: Sequence[int]) -> None:
        ids = [row[0] for row in rows]
        # As text: -1 and -2 have the same hash.
        self._keys.extend(ids, repeat(0, len(ids)), [hash(str(tuple(row))) for row in rows], lines)

    def add_bad(self, key: Key, line: int) -> None:
        self._keys.extend(key, (0,), (_BAD,), (line,))

    def verdict(self) -> Verdict:
        verdict = Verdict()
        for number, _, rows in self._keys.repeated():
            _judge((number,), rows, verdict)
        return verdict


class RepeatedAppointments:
    """The key is table and id."""

    def __init__(self) -> None:
        self._keys = _Keys()
        self._tables: dict[str, int] = {}

    def add(self, rows: Sequence[Appointment], lines: Sequence[int]) -> None:
        tables = self._tables
        self._keys.extend(
            [row[1] for row in rows],
            [tables.setdefault(row[0], len(tables)) for row in rows],
            # Of the numbers only this one may be negative, and -1 and -2 have the same hash.
            [hash(row if row[2] != -1 else (row,)) for row in rows],
            lines,
        )

    def add_bad(self, key: Key, line: int) -> None:
        table, number = key
        place = self._tables.setdefault(str(table), len(self._tables))
        self._keys.extend((number,), (place,), (_BAD,), (line,))

    def verdict(self) -> Verdict:
        verdict = Verdict()
        names = list(self._tables)
        for number, table, rows in self._keys.repeated():
            _judge((names[table], number), rows, verdict)
        return verdict


class RepeatedDays:
    """Of schedules, where several rows for one resource and day are one day's hours (U-20).

    Also counts the rows' numbers, which nobody needs (U-10).
    """

    def __init__(self) -> None:
        self._keys = _Keys()  # one entry a rule
        self._numbers = _Keys()

    def add(self, rows: Sequence[Working], lines: Sequence[int]) -> None:
        for row, line in zip(rows, lines, strict=True):
            codes = [_packed(rule) for rule in row.rules] or [_NO_RULE]
            self._append(row.resource_id, row.day, codes, line)
            if row.id is not None:
                self._numbers.extend((row.id,), (0,), (0,), (line,))

    def add_bad(self, key: Key, line: int) -> None:
        resource_id, day = key
        self._append(resource_id, day, [_BAD], line)

    def verdict(self) -> Verdict:
        verdict = Verdict()
        for resource_id, day, rows in self._keys.repeated():
            _judge_day((resource_id, date.fromordinal(day)), rows, verdict)
        return verdict

    def repeated_numbers(self) -> list[int]:
        """Lines at which a row's number occurs again."""
        return sorted(line for _, _, rows in self._numbers.repeated() for _, line in rows[1:])

    def _append(self, resource_id: object, day: object, codes: list[int], line: int) -> None:
        assert isinstance(day, date)
        count = len(codes)
        self._keys.extend(
            repeat(resource_id, count), repeat(day.toordinal(), count), codes, repeat(line, count)
        )


_Entry = tuple[int, int]  # contents, line


class _Keys:
    """24 bytes a row: the two numbers that make its key, what it holds, and its line."""

    def __init__(self) -> None:
        self._firsts = array("q")
        self._seconds = array("i")
        self._contents = array("q")
        self._lines = array("i")

    def extend(
        self,
        firsts: Iterable[object],
        seconds: Iterable[int],
        contents: Iterable[int],
        lines: Iterable[int],
    ) -> None:
        self._firsts.extend(firsts)  # type: ignore[arg-type]  # integers, by the model
        self._seconds.extend(seconds)
        self._contents.extend(contents)
        self._lines.extend(lines)

    def repeated(self) -> Iterator[tuple[int, int, list[_Entry]]]:
        """(first, second, its rows in order) of every key that has several rows.

        Looked for in slices of the keys, so that what is held beside them does not grow with them.
        """
        slices = len(self._firsts) // _AT_ONCE + 1
        for rest in range(slices):
            some = [first for first in self._firsts if first % slices == rest]
            if len(set(some)) < len(some):
                yield from self._repeated_of(rest, slices)

    def _repeated_of(self, rest: int, slices: int) -> Iterator[tuple[int, int, list[_Entry]]]:
        once: set[int] = set()
        again: dict[int, list[int]] = {}
        for _, key in self._joined(rest, slices):
            if key in once:
                again[key] = []
            once.add(key)
        once.clear()
        for at, key in self._joined(rest, slices):
            if key in again:
                again[key].append(at)
        for places in again.values():
            rows = [(self._contents[at], self._lines[at]) for at in places]
            yield self._firsts[places[0]], self._seconds[places[0]], rows

    def _joined(self, rest: int, slices: int) -> Iterator[tuple[int, int]]:
        """The places of a slice's keys, each with a number that, unlike a hash, no other key
        shares.
        """
        return (
            (at, (second << 64) + first)
            for at, (first, second) in enumerate(zip(self._firsts, self._seconds, strict=True))
            if first % slices == rest
        )


def _judge(key: Key, rows: list[_Entry], verdict: Verdict) -> None:
    good = [line for contents, line in rows if contents != _BAD]
    kinds = {contents for contents, _ in rows}
    if kinds == {_BAD}:
        return
    if len(kinds) == 1:
        verdict.collapse(key, good[1:])
    elif len(kinds - {_BAD}) > 1:
        verdict.refuse(key, problems.DUPLICATE, good)
    else:
        verdict.refuse(key, problems.BAD_SIBLING, good)


def _judge_day(key: Key, rules: list[_Entry], verdict: Verdict) -> None:
    kinds = {contents for contents, _ in rules}
    good = sorted({line for contents, line in rules if contents != _BAD})
    hours = [_unpacked(contents) for contents in kinds if contents >= 0]
    if _BAD in kinds:
        if good:
            verdict.refuse(key, problems.BAD_SIBLING, good)
    elif any(do_overlap(one, other) for one, other in combinations(hours, 2)):
        verdict.refuse(key, problems.OVERLAP, good)
    elif len(kinds) < len(rules):
        verdict.collapse(key, _repeating(rules))


def _repeating(rules: list[_Entry]) -> list[int]:
    seen: set[int] = set()
    lines = []
    for contents, line in rules:
        if contents in seen:
            lines.append(line)
        seen.add(contents)
    return sorted(set(lines))


def _packed(rule: Rule) -> int:
    code = 0
    for minutes in reversed(rule):
        code = code << _BITS | (0 if minutes is None else minutes + 1)
    return code


def _unpacked(code: int) -> Rule:
    start, end, *ends = ((code >> _BITS * place) % (1 << _BITS) for place in range(4))
    break_start, break_end = (None if minutes == 0 else minutes - 1 for minutes in ends)
    return Rule(start - 1, end - 1, break_start, break_end)
