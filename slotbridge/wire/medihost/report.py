"""What a document holds and all that is wrong or odd about it, without a portal to import it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from slotbridge.wire.medihost import problems
from slotbridge.wire.medihost.model import Section, SyncMode
from slotbridge.wire.medihost.problems import DocumentRefused, Problem
from slotbridge.wire.medihost.reader import Began, Ended, Found, Limits, Opened, read


@dataclass(frozen=True, slots=True)
class SectionFound:
    """`received` counts the section's rows, the bad ones too."""

    section: Section
    mode: SyncMode | None
    received: int


@dataclass(frozen=True, slots=True)
class Report:
    """`refused`: why a portal would not apply anything of the document; what is found behind that
    place is not in the report. `encoding` is empty if that is not known.
    """

    sections: tuple[SectionFound, ...]
    problems: tuple[Problem, ...]
    encoding: str
    refused: Problem | None = None

    @property
    def has_errors(self) -> bool:
        return self.refused is not None or any(each.is_error for each in self.problems)


def validate(stream: BinaryIO, limits: Limits | None = None, *, export: bool = False) -> Report:
    """What only a database knows (resources, orders, the time zone) is not checked.

    `export`: it is an answer of export.php (see `reader.read`).
    """
    found: list[Found] = []
    refused = None
    try:
        found.extend(
            each
            for each in read(stream, limits, export=export)
            if isinstance(each, Opened | Began | Ended | Problem)
        )
    except DocumentRefused as error:
        refused = error.problem
    opened = next((each for each in found if isinstance(each, Opened)), None)
    if opened is not None and opened.client_key is None and not export:
        refused = problems.KEY_MISSING(attribute="ClientKey")  # checked before all that follows
    modes = {each.section: each.mode for each in found if isinstance(each, Began)}
    return Report(
        sections=tuple(
            SectionFound(each.section, modes[each.section], each.received)
            for each in found
            if isinstance(each, Ended)
        ),
        problems=tuple(each for each in found if isinstance(each, Problem)),
        encoding=opened.encoding if opened else "",
        refused=refused,
    )
