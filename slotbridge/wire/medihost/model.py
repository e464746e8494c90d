"""What a Medihost document holds, as plain values.

Clock values are the clinic's own, without a zone (U-15): `date`, `datetime` without tzinfo, and
minutes since midnight (0 to 1440) where a day can end at 24:00. Ids are opaque signed 64-bit
integers. Rows are named tuples, not dataclasses: a document holds some hundred thousand of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum, StrEnum
from typing import NamedTuple


class Section(StrEnum):
    """The sections, in the order in which they are written and applied (U-8)."""

    GROUPS = "ResourceGroups"
    RESOURCES = "Resources"
    SCHEDULES = "Schedules"
    APPOINTMENTS = "Appointments"
    ORDERS = "Orders"


class SyncMode(StrEnum):
    FULL = "full"
    DIFF = "diff"


class Status(IntEnum):
    """Of an order; it only climbs (U-24). 2 is not defined."""

    RECEIVED = 0
    ACCEPTED = 1
    REJECTED = 3


class Group(NamedTuple):
    """`rg`."""

    id: int
    name: str
    pos: int = 0


class Resource(NamedTuple):
    """`r`: a doctor, a nurse, a room; `time_step` in minutes."""

    id: int
    name: str
    time_step: int
    group_id: int | None = None
    pos: int = 0


class Rule(NamedTuple):
    """`time_rules`: [start, end) in minutes since midnight, and at most one break within."""

    start: int
    end: int
    break_start: int | None = None
    break_end: int | None = None


class Working(NamedTuple):
    """`s`: a resource on a day. `id` is a row counter, never a key (U-10)."""

    id: int | None
    day: date
    resource_id: int
    rules: tuple[Rule, ...] = ()


class Appointment(NamedTuple):
    """`a`: occupied time. `duration` in minutes; None: the resource's `time_step` (U-36).

    `title` can hold a patient's name (U-12): never in a message, a log or a public page.
    """

    tablename: str
    id: int
    resource_id: int
    start: datetime
    duration: int | None
    title: str = ""


class Order(NamedTuple):
    """`o`: an order of the portal. In an import only `id` and `status` need to be there; an
    attribute that is absent is None and leaves its field alone (8.3).
    """

    id: int
    status: int
    user_id: int | None = None
    user_name: str | None = None
    order_date: date | None = None
    mis_resource_id: int | None = None  # MW_Resource_ID
    resource_name: str | None = None
    resource_id: int | None = None  # on the portal, not in the MIS
    start: datetime | None = None  # Reception_Datetime
    duration: int | None = None
    type: int | None = None
    name1: str | None = None
    name2: str | None = None
    name3: str | None = None
    aim: str | None = None
    phone: str | None = None
    city: str | None = None
    address: str | None = None
    email: str | None = None
    comment: str | None = None
    changed_on: datetime | None = None

    def __repr__(self) -> str:
        return f"Order({self.id})"  # this text reaches logs and error reports


Value = Group | Resource | Working | Appointment | Order
# rg, r, o: (id,); s: (resource_id, day); a: (tablename, id).
Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Occupancy:
    """`Appointments`: what is occupied, and whether that is all of it."""

    mode: SyncMode
    rows: tuple[Appointment, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A whole document, for those who have it in memory anyway: the side that writes it.

    A section of None is absent, which means "leave alone" (U-7); an empty one means "none".
    """

    client_key: str
    groups: tuple[Group, ...] | None = None
    resources: tuple[Resource, ...] | None = None
    schedules: tuple[Working, ...] | None = None
    appointments: Occupancy | None = None
    orders: tuple[Order, ...] | None = None

    def __repr__(self) -> str:
        return "Document(…)"  # holds the client key and patients
