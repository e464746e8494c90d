"""A whole document in memory, for those whose documents are small: the clinic's side."""

from __future__ import annotations

import io
from typing import BinaryIO, TypeVar

from slotbridge.wire.medihost.model import (
    Appointment,
    Document,
    Group,
    Key,
    Occupancy,
    Order,
    Resource,
    Section,
    SyncMode,
    Value,
    Working,
)
from slotbridge.wire.medihost.problems import Problem
from slotbridge.wire.medihost.reader import Batch, Began, Ended, Found, Limits, Opened, read

_Row = TypeVar("_Row", Group, Resource, Working, Appointment, Order)


def key_of(row: Value) -> Key:
    match row:
        case Working():
            return row.resource_id, row.day
        case Appointment():
            return row.tablename, row.id
        case _:
            return (row.id,)


def read_document(
    source: BinaryIO | bytes, limits: Limits | None = None, *, export: bool = False
) -> tuple[Document, list[Problem]]:
    """The document and what is wrong or odd about it; rows in error are not in the document.

    `export`: it is an answer of export.php (see `reader.read`). A missing client key is empty.
    Raises DocumentRefused.
    """
    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    gathered = _Gathered()
    for found in read(stream, limits, export=export):
        gathered.add(found)
    return gathered.document(), gathered.problems


class _Gathered:
    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._client_key = ""
        self._mode = SyncMode.DIFF
        self._rows: dict[Section, list[Value]] = {}

    def add(self, found: Found) -> None:
        match found:
            case Problem():
                self.problems.append(found)
            case Opened():
                self._client_key = found.client_key or ""
            case Began():
                self._mode = found.mode or self._mode
                self._rows[found.section] = []
            case Batch():
                self._rows[found.section] += found.rows
            case _:
                self._settle(found)

    def document(self) -> Document:
        appointments = self._only(Appointment, Section.APPOINTMENTS)
        return Document(
            client_key=self._client_key,
            groups=self._only(Group, Section.GROUPS),
            resources=self._only(Resource, Section.RESOURCES),
            schedules=self._only(Working, Section.SCHEDULES),
            appointments=None if appointments is None else Occupancy(self._mode, appointments),
            orders=self._only(Order, Section.ORDERS),
        )

    def _settle(self, ended: Ended) -> None:
        refused, repeated = set(ended.refused), set(ended.repeated)
        seen = set()
        kept = []
        for row in self._rows[ended.section]:
            key = key_of(row)
            contents = _contents(row)
            if key not in refused and not (key in repeated and contents in seen):
                kept.append(row)
            seen.add(contents)
        self._rows[ended.section] = kept

    def _only(self, kind: type[_Row], section: Section) -> tuple[_Row, ...] | None:
        rows = self._rows.get(section)
        return None if rows is None else tuple(row for row in rows if isinstance(row, kind))


def _contents(row: Value) -> tuple[object, ...]:
    """What makes two rows of one key identical; the number of a schedule row does not (U-10)."""
    return (row.resource_id, row.day, row.rules) if isinstance(row, Working) else row
