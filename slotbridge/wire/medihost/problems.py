"""What can be wrong with a document, each with its place and its code (section 11.3).

A text is an English source string with named placeholders; whoever shows it translates it. A
value of a personal attribute (a title, a name, a phone number …) is never among the parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from slotbridge.wire.medihost.model import Section


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem: a code of section 11.3, where it is, and a sentence.

    `key` is the row's key as people write it: "SchedEvent/104", "391", "393/05.07.2010".
    """

    code: str
    text: str
    params: Mapping[str, object] = field(default_factory=dict)
    section: Section | None = None
    line: int | None = None
    column: int | None = None
    key: str = ""
    attribute: str = ""

    @property
    def is_error(self) -> bool:
        """Errors skip their row and forbid deletions in its section; warnings do neither (U-27)."""
        return self.code.startswith("E_")

    def __str__(self) -> str:
        return self.text % self.params


class DocumentRefused(Exception):
    """The document as a whole cannot be used: nothing of it is applied. Answer with `problem`."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.code} at line {problem.line}")
        self.problem = problem
