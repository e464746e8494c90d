"""Working hours: what one `time_rules` says (U-34, U-35), and what several say together (U-20)."""

from __future__ import annotations

from collections.abc import Iterable

from slotbridge.wire.medihost import problems
from slotbridge.wire.medihost.model import Rule
from slotbridge.wire.medihost.values import MIDNIGHT, Unreadable
from slotbridge.wire.medihost.writer import clock

Period = tuple[int, int]  # [start, end) in minutes since midnight


def working_periods(rules: Iterable[Rule]) -> list[Period]:
    """The union of `rules` with their breaks taken out, in order; periods that touch are one."""
    pieces = sorted(
        (start, end) for rule in rules for start, end in _without_break(rule) if start < end
    )
    joined: list[Period] = []
    for start, end in pieces:
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def checked_rule(
    start: int, end: int, break_start: int | None, break_end: int | None
) -> tuple[Rule | None, bool]:
    """(the rule, whether a break without length was left out); None: no working time at all.

    Raises Unreadable: hours reversed; break half given, reversed or outside the hours.
    """
    if start == end:
        return None, False
    end = _end_of_day(start, end)
    if end < start:
        raise Unreadable(problems.WRONG_HOURS, start=clock(start), end=clock(end))
    if break_start is None and break_end is None:
        return Rule(start, end), False
    if break_start is None or break_end is None:
        raise Unreadable(problems.HALF_BREAK)
    if break_start == break_end:
        return Rule(start, end), True
    break_end = _end_of_day(break_start, break_end)
    if not start <= break_start < break_end <= end:
        raise Unreadable(problems.WRONG_BREAK, start=clock(break_start), end=clock(break_end))
    return Rule(start, end, break_start, break_end), False


def do_overlap(one: Rule, other: Rule) -> bool:
    """Whether the hours overlap, breaks counted in: one rule's break may be another's work, which
    is just what cannot be decided.
    """
    return one.start < other.end and other.start < one.end


def _end_of_day(start: int, end: int) -> int:
    return MIDNIGHT if end == 0 and start > 0 else end


def _without_break(rule: Rule) -> tuple[Period, ...]:
    if rule.break_start is None or rule.break_end is None:
        return ((rule.start, rule.end),)
    return (rule.start, rule.break_start), (rule.break_end, rule.end)
