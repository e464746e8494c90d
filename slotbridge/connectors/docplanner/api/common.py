"""What the chapters share: paths, ranges, and records read one by one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from slotbridge.connectors.docplanner import fields
from slotbridge.connectors.docplanner.answers import Answer
from slotbridge.connectors.docplanner.operations import Operation
from slotbridge.connectors.docplanner.periods import wire_time
from slotbridge.connectors.docplanner.records import Json
from slotbridge.sync.contract import ListingRef, OutcomeUnknown, TryLater

log = logging.getLogger(__name__)

Read = TypeVar("Read")


def path_of(at: ListingRef, **more: str) -> dict[str, str]:
    here = {"facility_id": at.facility, "doctor_id": at.doctor, "address_id": at.address}
    return here | more


def range_of(
    at: ListingRef, first: str, start: datetime, last: str, end: datetime
) -> list[tuple[str, str]]:
    return [(first, wire_time(start, at.tz)), (last, wire_time(end, at.tz))]


def each(
    operation: Operation, found: Sequence[Json], read: Callable[[Json], Read | None]
) -> list[Read]:
    """Every record of a collection; one that cannot be read stops only itself."""
    readable = [value for item in found if (value := read(item)) is not None]
    if len(readable) < len(found):
        unreadable = len(found) - len(readable)
        log.warning("unreadable records", extra={"operation": operation.name, "count": unreadable})
    return readable


def nested(value: object, read: Callable[[Json], Read | None]) -> tuple[Read, ...]:
    """The readable records of a collection within a record; () where there is none."""
    return tuple(made for item in fields.items(value) or () if (made := read(item)) is not None)


def one(operation: Operation, answer: Answer, read: Callable[[Json], Read | None]) -> Read:
    """The record that an operation answers with. One that cannot be read is TryLater after a
    reading, and OutcomeUnknown after a write: it may have been done all the same.
    """
    found = read(fields.mapping(answer.data))
    if found is None:
        said = f"{operation.name}: an answer that cannot be read"
        raise (TryLater if operation.is_read else OutcomeUnknown)(said)
    return found
