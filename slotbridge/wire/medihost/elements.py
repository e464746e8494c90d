"""From one element's attributes to the model's values, with all that is wrong or odd about them.

This is the way for every spelling and form that is accepted (sections 5 and 6); `quick` has a
short cut for the sample's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from slotbridge.wire.medihost import problems, spelling, values
from slotbridge.wire.medihost.model import Section, SyncMode
from slotbridge.wire.medihost.problems import Kind
from slotbridge.wire.medihost.values import Reader, Unreadable
from slotbridge.wire.medihost.writer import shown

MOST_TITLE = 1000  # U-14
MOST_NAME = 100  # characters of an unknown name that are shown
_NAME = values.text_up_to(250)


@dataclass(frozen=True, slots=True)
class Column:
    """An attribute and the field of the model that it fills.

    `when_missing`: of a value that is required the error, of one with a default the warning.
    `is_needed` False: an unreadable value is left out with a warning, and the row counts.
    """

    field: str
    name: str
    read: Reader
    when_missing: Kind | None = None
    default: object = None
    is_needed: bool = True


@dataclass(frozen=True, slots=True)
class Element:
    """An element's columns; `key`: the fields that name a row."""

    name: str
    columns: tuple[Column, ...]
    spellings: Mapping[str, Column]
    key: tuple[str, ...] = ("id",)


class Note(NamedTuple):
    """A problem of an element before it has a place."""

    kind: Kind
    attribute: str
    params: Mapping[str, object]


@dataclass(slots=True)
class Reading:
    """`fields` holds what could be read; with an error among the notes the row does not count."""

    fields: dict[str, object]
    notes: list[Note]

    @property
    def is_good(self) -> bool:
        return not any(note.kind.code.startswith("E_") for note in self.notes)


def _element(
    element: str,
    names: Mapping[str, str],
    key: tuple[str, ...] = ("id",),
    /,
    **columns: Column,
) -> Element:
    """An element whose fields are spelled as `names` says."""
    ordered = tuple(
        replace(columns[field], field=field, name=attribute) for field, attribute in names.items()
    )
    spellings = {}
    for column in ordered:
        spellings[column.name] = spellings[column.name.lower()] = column
        if alias := spelling.ALIASES.get(column.name):
            spellings[alias.lower()] = column
    return Element(element, ordered, spellings, key)


def _required(read: Reader) -> Column:
    return Column("", "", read, problems.MISSING)


def _optional(read: Reader) -> Column:
    return Column("", "", read)


def _defaulted(read: Reader, default: object, kind: Kind = problems.DEFAULT_USED) -> Column:
    return Column("", "", read, kind, default)


def _ignored(read: Reader) -> Column:
    return Column("", "", read, is_needed=False)


ROOT = _element(
    spelling.ROOT, {"client_key": spelling.CLIENT_KEY}, (), client_key=_optional(values.guid)
)
OCCUPANCY = _element(
    Section.APPOINTMENTS.value,
    {"mode": spelling.SYNC_MODE},
    (),
    mode=_defaulted(values.sync_mode, SyncMode.DIFF),
)
NO_ATTRIBUTES = _element("", {}, ())
_GROUP = _element(
    "rg",
    spelling.GROUP,
    id=_required(values.integer),
    name=_required(_NAME),
    pos=_defaulted(values.integer, 0),
)
_RESOURCE = _element(
    "r",
    spelling.RESOURCE,
    id=_required(values.integer),
    name=_required(_NAME),
    time_step=_defaulted(values.time_step, 30),
    group_id=_optional(values.integer),
    pos=_defaulted(values.integer, 0),
)
_WORKING = _element(
    "s",
    spelling.WORKING,
    ("resource_id", "day"),
    id=_ignored(values.integer),
    day=_required(values.day),
    resource_id=_required(values.integer),
)
RULE = _element(
    spelling.RULE,
    spelling.RULES,
    (),
    start=_required(values.wall),
    end=_required(values.wall),
    break_start=_optional(values.wall),
    break_end=_optional(values.wall),
)
_APPOINTMENT = _element(
    "a",
    spelling.APPOINTMENT,
    ("tablename", "id"),
    tablename=_defaulted(values.text_up_to(128), "", problems.NO_TABLE),
    id=_required(values.integer),
    resource_id=_required(values.integer),
    start=_required(values.moment),
    duration=_defaulted(values.duration, None, problems.STEP_USED),
    title=replace(_optional(values.any_text), default=""),
)
# What the portal owns (8.3) need not be readable when a clinic sends it back.
_CHANGED_ORDER = _element(
    "o",
    spelling.ORDER,
    id=_required(values.integer),
    status=_required(values.status),
    user_id=_ignored(values.integer),
    user_name=_ignored(values.any_text),
    order_date=_ignored(values.day),
    mis_resource_id=_optional(values.integer),
    resource_name=_ignored(values.any_text),
    resource_id=_ignored(values.integer),
    start=_optional(values.moment),
    duration=_optional(values.duration),
    type=_ignored(values.integer),
    name1=_ignored(values.any_text),
    name2=_ignored(values.any_text),
    name3=_ignored(values.any_text),
    aim=_ignored(values.any_text),
    phone=_ignored(values.any_text),
    city=_ignored(values.any_text),
    address=_ignored(values.any_text),
    email=_ignored(values.any_text),
    comment=_optional(values.text_up_to(2000)),
    changed_on=_ignored(values.moment),
)
_EXPORTED_ORDER = _element(
    "o",
    spelling.ORDER,
    id=_required(values.integer),
    status=_required(values.status),
    user_id=_ignored(values.integer),
    user_name=_optional(values.any_text),
    order_date=_required(values.day),
    mis_resource_id=_optional(values.integer),
    resource_name=_required(values.any_text),
    resource_id=_required(values.integer),
    start=_required(values.moment),
    duration=_required(values.duration),
    type=_required(values.integer),
    name1=_required(values.any_text),
    name2=_required(values.any_text),
    name3=_optional(values.any_text),
    aim=_optional(values.any_text),
    phone=_optional(values.any_text),
    city=_optional(values.any_text),
    address=_optional(values.any_text),
    email=_optional(values.any_text),
    comment=_optional(values.any_text),
    changed_on=_required(values.moment),
)
IMPORTED = {
    Section.GROUPS: _GROUP,
    Section.RESOURCES: _RESOURCE,
    Section.SCHEDULES: _WORKING,
    Section.APPOINTMENTS: _APPOINTMENT,
    Section.ORDERS: _CHANGED_ORDER,
}
EXPORTED = {**IMPORTED, Section.ORDERS: _EXPORTED_ORDER}


def read_element(element: Element, attributes: Mapping[str, str]) -> Reading:
    """The element's values; the attributes' names are known or not, in any case and namespace."""
    reading = Reading({}, [])
    given: dict[str, str] = {}
    conflicting: dict[str, str] = {}
    for raw, text in attributes.items():
        column = element.spellings.get(raw) or _column(element, raw, reading.notes)
        trimmed = text.strip()
        if column is not None and trimmed:
            other = given.setdefault(column.field, trimmed)
            if other != trimmed and not _is_same(column, other, trimmed):
                conflicting[column.field] = trimmed
    for column in element.columns:
        if column.field in conflicting:
            _skip(reading, column, Unreadable(problems.CONFLICT))
        else:
            _fill(reading, column, given.get(column.field))
    return reading


def _column(element: Element, raw: str, notes: list[Note]) -> Column | None:
    """Which one is spelled like this, but not as in the sample."""
    name = local_name(raw, notes)
    column = element.spellings.get(name.lower())
    if column is None:
        name = name[:MOST_NAME]
        notes.append(Note(problems.UNKNOWN_ATTRIBUTE, name, {"name": name}))
    return column


def local_name(name: str, notes: list[Note]) -> str:
    """`name` without its namespace, which is noted."""
    if name[0] != "{":
        return name
    notes.append(Note(problems.NAMESPACE_IGNORED, "", {}))
    return name.rpartition("}")[2]


def _fill(reading: Reading, column: Column, text: str | None) -> None:
    try:
        value, is_odd = (None, False) if text is None else column.read(text)
    except Unreadable as error:
        _skip(reading, column, error)
        return
    if value is None:
        value = column.default
        if column.when_missing is not None:
            note = Note(column.when_missing, column.name, {"value": value})
            reading.notes.append(note)
    elif is_odd:
        reading.notes.append(Note(problems.ODD_FORMAT, column.name, {"value": shown(value)}))
    reading.fields[column.field] = value


def _skip(reading: Reading, column: Column, error: Unreadable) -> None:
    """Without its value, the row counts only if it is not needed."""
    if column.is_needed:
        reading.notes.append(Note(error.kind, column.name, error.params))
    else:
        reading.notes.append(Note(problems.VALUE_IGNORED, column.name, {}))
        reading.fields[column.field] = column.default


def _is_same(column: Column, one: str, other: str) -> bool:
    """Whether two spellings of an attribute say the same (U-13), as 8:00 and 08:00 do."""
    try:
        return column.read(one).value == column.read(other).value
    except Unreadable:
        return False
