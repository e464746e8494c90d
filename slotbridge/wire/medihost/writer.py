"""Writes a Medihost document exactly as the document's sample is spelled."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime

from slotbridge.wire.medihost import spelling
from slotbridge.wire.medihost.model import (
    Appointment,
    Document,
    Group,
    Occupancy,
    Order,
    Resource,
    Rule,
    Section,
    Working,
)

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_PIECE = 64 * 1024
# What XML cannot carry, not even as a character reference.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# White space other than a blank becomes a blank in an attribute unless it is a reference.
_REFERENCES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
)


def write(document: Document) -> bytes:
    """The document: UTF-8 with declaration, without BOM, attributes in the sample's order.

    Texts are expected trimmed, as the reader gives them. A `Working` becomes one `s` with all its
    rules; a sender gives it at most one (U-20).
    """
    return b"".join(write_pieces(document))


def write_pieces(document: Document) -> Iterator[bytes]:
    """The same in pieces, for large ones."""
    return _pieces(_document(document))


def write_orders(client_key: str, orders: Iterable[Order]) -> Iterator[bytes]:
    """An answer of export.php (U-4) in pieces: only `Orders`, absent values left out."""
    return _pieces(_root(client_key, _section(Section.ORDERS, map(_order, orders))))


def escape(text: str) -> str:
    """`text` within a quoted attribute; characters that XML cannot carry are dropped."""
    return FORBIDDEN.sub("", text).translate(_REFERENCES)


def clock(minutes: int) -> str:
    """Minutes since midnight as `H:MM`."""
    return f"{minutes // 60}:{minutes % 60:02}"


def day(value: date) -> str:
    return f"{value.day:02}.{value.month:02}.{value.year:04}"


def moment(value: datetime) -> str:
    return f"{day(value)} {value.hour:02}:{value.minute:02}:{value.second:02}"


def _pieces(lines: Iterable[str]) -> Iterator[bytes]:
    gathered: list[str] = []
    size = 0
    for line in lines:
        gathered.append(line)
        size += len(line)
        if size >= _PIECE:
            yield "".join(gathered).encode()
            gathered.clear()
            size = 0
    yield "".join(gathered).encode()


def _document(document: Document) -> Iterator[str]:
    return _root(document.client_key, _sections(document))


def _sections(document: Document) -> Iterator[str]:
    if document.groups is not None:
        yield from _section(Section.GROUPS, map(_group, document.groups))
    if document.resources is not None:
        yield from _section(Section.RESOURCES, map(_resource, document.resources))
    if document.schedules is not None:
        yield from _section(Section.SCHEDULES, map(_working, document.schedules))
    if document.appointments is not None:
        yield from _appointments(document.appointments)
    if document.orders is not None:
        yield from _section(Section.ORDERS, map(_order, document.orders))


def _root(client_key: str, sections: Iterator[str]) -> Iterator[str]:
    yield DECLARATION
    yield f'<{spelling.ROOT} {spelling.CLIENT_KEY}="{escape(client_key)}">\n'
    yield from sections
    yield f"</{spelling.ROOT}>\n"


def _appointments(occupancy: Occupancy) -> Iterator[str]:
    mode = f' {spelling.SYNC_MODE}="{occupancy.mode.value}"'
    return _section(Section.APPOINTMENTS, map(_appointment, occupancy.rows), mode)


def _section(section: Section, rows: Iterator[str], attributes: str = "") -> Iterator[str]:
    first = next(rows, None)
    if first is None:
        yield f"  <{section.value}{attributes}/>\n"
        return
    yield f"  <{section.value}{attributes}>\n{first}"
    yield from rows
    yield f"  </{section.value}>\n"


def _group(row: Group) -> str:
    return _empty("    ", "rg", spelling.GROUP, row)


def _resource(row: Resource) -> str:
    return _empty("    ", "r", spelling.RESOURCE, row)


def _appointment(row: Appointment) -> str:
    return _empty("    ", "a", spelling.APPOINTMENT, row)


def _order(row: Order) -> str:
    return _empty("    ", "o", spelling.ORDER, row)


def _working(row: Working) -> str:
    attributes = _attributes(spelling.WORKING, row)
    if not row.rules:
        return f"    <s{attributes}/>\n"
    return f"    <s{attributes}>\n{''.join(map(_rule, row.rules))}    </s>\n"


def _rule(rule: Rule) -> str:
    hours = (
        f' {name}="{clock(minutes)}"'
        for name, minutes in zip(spelling.RULES.values(), rule, strict=True)
        if minutes is not None
    )
    return f"      <{spelling.RULE}{''.join(hours)}/>\n"


def _empty(indent: str, element: str, names: Mapping[str, str], row: tuple[object, ...]) -> str:
    return f"{indent}<{element}{_attributes(names, row)}/>\n"


def _attributes(names: Mapping[str, str], row: tuple[object, ...]) -> str:
    """Absent values are left out, never written as empty (U-4)."""
    return "".join(
        f' {name}="{escape(shown(value))}"'
        for name, value in zip(names.values(), row, strict=False)
        if value is not None and value != ""
    )


def shown(value: object) -> str:
    """A value of the model in the strict form of section 6."""
    match value:
        case str():
            return value
        case datetime():
            return moment(value)
        case date():
            return day(value)
        case _:
            return str(int(value))  # type: ignore[call-overload]  # an integer of the model
