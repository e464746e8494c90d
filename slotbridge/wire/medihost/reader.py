"""Reads a Medihost document as a stream: memory does not grow with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from slotbridge.wire.medihost.model import Key, Section, SyncMode, Value
from slotbridge.wire.medihost.problems import Problem


@dataclass(frozen=True, slots=True)
class Limits:
    """Of U-29 and U-14: bytes of the document, elements, depth, characters of an attribute."""

    size: int = 32 * 1024 * 1024
    elements: int = 300_000
    depth: int = 8
    attribute: int = 64 * 1024


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


def read(
    stream: BinaryIO, limits: Limits | None = None, *, export: bool = False
) -> Iterator[Found]:
    """What the document holds, as it is read; `stream` is seekable and at its start.

    `Opened` comes first (after warnings on the encoding). Raises DocumentRefused as soon as a
    document error is met; what was given out until then must be thrown away. A document that ends
    without raising is well-formed to its end. `export`: it is an answer of export.php, where a
    bare `Orders` root and a missing key are accepted (U-4) and an order needs all of 4.8's R.
    """
    raise NotImplementedError
