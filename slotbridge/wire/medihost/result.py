"""MediExchangeResult: what import.php answers (section 11.2), written by the portal and read by
the clinic's side.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

# More than this are not listed; the counters are always complete.
MOST_MESSAGES = 1000


class Outcome(StrEnum):
    OK = "ok"
    PARTIAL = "partial"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class SectionCounts:
    """What became of a section's rows. `withheld`: deletions that wait for a person (U-19)."""

    name: str
    mode: str = ""  # of Appointments
    received: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    withheld: int = 0
    parked: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Message:
    """A problem as it was told: its sentence is in the clinic's language already."""

    code: str
    text: str
    section: str = ""
    line: int | None = None
    column: int | None = None
    key: str = ""
    attribute: str = ""

    @property
    def is_error(self) -> bool:
        return self.code.startswith("E_")


@dataclass(frozen=True, slots=True)
class Result:
    """`received_on` is the clinic's local time, without a zone."""

    outcome: Outcome
    import_id: int | None = None
    received_on: datetime | None = None
    sections: tuple[SectionCounts, ...] = ()
    messages: tuple[Message, ...] = ()


class NotAResult(Exception):
    """These bytes are no MediExchangeResult: another program answered. Never quotes them."""


def write_result(result: Result) -> bytes:
    raise NotImplementedError


def read_result(body: bytes) -> Result:
    """Raises NotAResult."""
    raise NotImplementedError
