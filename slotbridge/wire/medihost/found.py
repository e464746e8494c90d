"""What reading a document brings, piece by piece."""

from __future__ import annotations

from dataclasses import dataclass

from slotbridge.wire.medihost.model import Key, Section, SyncMode, Value
from slotbridge.wire.medihost.problems import Problem


@dataclass(frozen=True, slots=True)
class Opened:
    """The root's start tag was read, nothing behind it yet: check the key before going on.

    `client_key` upper case without braces, None if missing; `is_bare`: an `Orders` root (U-4).
    """

    client_key: str | None
    encoding: str
    is_bare: bool = False

    def __repr__(self) -> str:
        return "Opened(…)"


@dataclass(frozen=True, slots=True)
class Began:
    """A section begins; `mode` of `Appointments` only."""

    section: Section
    mode: SyncMode | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Good rows of the section that began last, in order, with their lines."""

    section: Section
    lines: list[int]
    rows: list[Value]


@dataclass(frozen=True, slots=True)
class Ended:
    """A section is over. `received` counts its rows, the bad ones too.

    `refused`: keys whose rows, although given out, must not be applied: they contradict each
    other (E_DUPLICATE, E_OVERLAP). `repeated`: keys whose identical rows count as one (U-33).
    """

    section: Section
    received: int
    refused: tuple[Key, ...] = ()
    repeated: tuple[Key, ...] = ()


Found = Opened | Began | Batch | Ended | Problem
