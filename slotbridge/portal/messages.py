"""The problems of one import, as many as can be told; what they mean for it is never lost."""

from __future__ import annotations

from slotbridge.wire.medihost.model import Section
from slotbridge.wire.medihost.problems import Problem
from slotbridge.wire.medihost.result import MOST_MESSAGES

WITHHELD = "W_WITHHELD"


class Messages:
    """Takes problems as they are met. Memory is bounded: errors push warnings out."""

    def __init__(self) -> None:
        self._weighty: list[Problem] = []
        self._warnings: list[Problem] = []
        self._bad: set[Section | None] = set()

    def add(self, problem: Problem) -> None:
        weighty = problem.is_error or problem.code == WITHHELD
        if problem.is_error:
            self._bad.add(problem.section)
        kept = self._weighty if weighty else self._warnings
        if len(kept) < MOST_MESSAGES:
            kept.append(problem)

    def has_errors(self, section: Section) -> bool:
        """Whether a row of the section was in error: then it deletes nothing (U-19)."""
        return section in self._bad

    @property
    def all_well(self) -> bool:
        """No row errors, nothing withheld: the answer is `ok`."""
        return not self._weighty

    def told(self) -> list[Problem]:
        """At most 1000 (section 11.2), by line."""
        most = self._weighty + self._warnings[: MOST_MESSAGES - len(self._weighty)]
        return sorted(most, key=lambda each: each.line or 0)
