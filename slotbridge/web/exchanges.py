"""The list of exchanges in words: what was in each, what became of it, and when the next is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import TypeVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from slotbridge.sync.exchange.contract import Part
from slotbridge.sync.exchange.telling import ALL_BUSY
from slotbridge.sync.exchange.turns import POLL
from slotbridge.sync.lights import in_words
from slotbridge.sync.models import Exchange, ExchangeEntry

V = TypeVar("V")

PARTS: Mapping[str, str | Promise] = {
    Part.OFFER: _("clinics, persons and working hours"),
    Part.BUSY: _("changed occupied times"),
    ALL_BUSY: _("all occupied times"),
    Part.ANSWERS: _("answers to orders"),
    POLL: _("orders read"),
}
# What a portal keeps of a part, where it has withheld deletions (U-19).
KEPT: Mapping[str, str | Promise] = {
    Part.OFFER: _("persons, rooms and working days"),
    Part.BUSY: _("occupied times"),
}
# Sections as the portal's result names them (11.2), and what a poll brought.
SECTIONS: Mapping[str, str | Promise] = {
    "ResourceGroups": _("clinics"),
    "Resources": _("persons and rooms"),
    "Schedules": _("working days"),
    "Appointments": _("occupied times"),
    "Orders": _("orders"),
    POLL: _("orders"),
}
COUNTS: Mapping[str, str | Promise] = {
    "received": _("received"),
    "added": _("added"),
    "updated": _("changed"),
    "unchanged": _("unchanged"),
    "removed": _("removed"),
    "withheld": _("kept"),
    "parked": _("without effect"),
    "skipped": _("not taken"),
}
TAGS = {
    ExchangeEntry.Outcome.OK: "ok",
    ExchangeEntry.Outcome.PARTIAL: "warn",
    ExchangeEntry.Outcome.REFUSED: "bad",
    ExchangeEntry.Outcome.FAILED: "bad",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One exchange as a line of the list.

    `counts` by section, of those that have any: (section, [(count, n), …]).
    `before` is how many more like it this line stands for, and `since` when the first of them was.
    """

    entry: ExchangeEntry
    parts: list[str | Promise]
    tag: str
    counts: list[tuple[str | Promise, list[tuple[str | Promise, int]]]]
    problems: list[str]
    before: int = 0
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Round:
    """What is exchanged by the clock: when it was last, and when it is next."""

    name: str | Promise
    last: datetime | None
    next: datetime


def listed(entries: Iterable[ExchangeEntry]) -> Iterator[Told]:
    """The lines of the list, in the order of the entries, newest first.

    Reads that went well and followed each other are one line: each asks for the last minutes once
    more, so that an order comes many times and would push everything else off the page.
    """
    for is_read, together in groupby(entries, key=_is_quiet_read):
        if not is_read:
            yield from map(told, together)
            continue
        newest, *before = together
        since = before[-1].at if before else None
        yield replace(told(newest), before=len(before), since=since)


def told(entry: ExchangeEntry) -> Told:
    return Told(
        entry,
        [PARTS.get(part, part) for part in entry.parts],
        TAGS.get(ExchangeEntry.Outcome(entry.outcome), ""),
        [
            (SECTIONS.get(section, section), present)
            for section, counts in _in_order(entry.counts, SECTIONS)
            if (present := list(_counted(counts)))
        ],
        [_problem(problem) for problem in entry.problems],
    )


def rounds(exchange: Exchange) -> list[Round]:
    return [
        Round(PARTS[Part.OFFER], exchange.offer_told_at, exchange.offer_due_at),
        Round(PARTS[ALL_BUSY], exchange.busy_all_told_at, exchange.busy_all_due_at),
        Round(PARTS[Part.BUSY], exchange.busy_told_at, exchange.busy_changes_due_at),
        Round(PARTS[POLL], exchange.orders_read_at, exchange.orders_due_at),
    ]


def _is_quiet_read(entry: ExchangeEntry) -> bool:
    return (
        entry.parts == [POLL] and entry.outcome == ExchangeEntry.Outcome.OK and not entry.problems
    )


def _counted(counts: Mapping[str, int]) -> Iterator[tuple[str | Promise, int]]:
    """What is there of a section; what is unchanged only where nothing else is."""
    present = [(name, n) for name, n in _in_order(counts, COUNTS) if n]
    changes = [(name, n) for name, n in present if name not in {"received", "unchanged"}]
    for name, n in changes or present[:1]:
        yield COUNTS.get(name, name), n


def _in_order(counts: Mapping[str, V], names: Mapping[str, object]) -> list[tuple[str, V]]:
    """As the names stand; the database keeps no order of its own, and unknown ones come last."""
    order = list(names)
    return sorted(
        counts.items(), key=lambda one: order.index(one[0]) if one[0] in names else len(order)
    )


def _problem(problem: Mapping[str, str]) -> str:
    sentence = in_words(problem["text"])
    return f"{problem['key']}: {sentence}" if problem["key"] else sentence
