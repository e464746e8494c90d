"""What an exchange connector is: documents of ours to a portal, orders of its patients back.

The portal keeps what it was told until it is told otherwise; it never calls us. A document is
made from the present state each time and never sent again as it was (U-31), so an unanswered
request needs no doubt: the next one says the same or something newer. Plain values only.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import ClassVar
from zoneinfo import ZoneInfo

from slotbridge.sync.contract import Connector, PortalPatient


class Part(StrEnum):
    """What a document can hold; each part stands alone."""

    OFFER = "offer"  # groups, resources and their working hours: replaced as a whole
    BUSY = "busy"  # occupied times
    ANSWERS = "answers"  # changes of orders


@dataclass(frozen=True, slots=True)
class Group:
    """A clinic (poradnia) of ours, by which the portal sorts resources."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Resource:
    """A practitioner, room or device that can be booked. `step` in minutes: starts lie on its
    grid from the beginning of each working period, and a booking lasts that long.
    """

    id: int
    name: str
    group: int | None
    step: int


@dataclass(frozen=True, slots=True, order=True)
class Hours:
    """Working time of a resource, [start, end) within one day of the account's zone."""

    resource: int
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Offer:
    """All that can be booked: who and what, and when they work. A date without hours is not
    worked; `closed` days are told as such one by one, since a portal takes a list that has become
    much shorter for a fault (U-19).
    """

    groups: tuple[Group, ...]
    resources: tuple[Resource, ...]
    hours: tuple[Hours, ...]
    closed: tuple[tuple[int, date], ...] = ()  # resource, day


@dataclass(frozen=True, slots=True, order=True)
class BusyTime:
    """A time that a resource is taken. (kind, id) is its key at the portal, never reused (H-5)."""

    kind: str
    id: int
    resource: int
    start: datetime
    end: datetime
    title: str = field(default="", compare=False)

    def __repr__(self) -> str:
        return f"BusyTime({self.kind}/{self.id})"


@dataclass(frozen=True, slots=True)
class Busy:
    """Occupied times: all of them, or only what was added and changed (which deletes nothing)."""

    is_all: bool
    times: tuple[BusyTime, ...]


class OrderState(StrEnum):
    WAITING = "waiting"  # for the clinic's answer
    ACCEPTED = "accepted"
    ENDED = "ended"  # rejected, withdrawn or cancelled: final


@dataclass(frozen=True, slots=True)
class Answer:
    """What the clinic says of an order. `start`, `end` and `resource` where it was moved;
    `comment` is for the patient.
    """

    order: str
    state: OrderState
    start: datetime | None = None
    end: datetime | None = None
    resource: int | None = None
    comment: str = ""

    def __repr__(self) -> str:
        return f"Answer({self.order}, {self.state})"  # a comment can name somebody


@dataclass(frozen=True, slots=True)
class Telling:
    """One document. A part of None is not in it and changes nothing at the portal."""

    offer: Offer | None = None
    busy: Busy | None = None
    answers: tuple[Answer, ...] = ()

    def __repr__(self) -> str:
        return "Telling(…)"


class RowRefusal(StrEnum):
    """Why the portal did not take one row, by what is to be done about it."""

    WRONG = "wrong"  # a person has to look
    ENDED = "ended"  # the order has ended there: read it again
    UNKNOWN = "unknown"  # the portal has no such order


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that the portal did not take: which one, and its sentence with its code."""

    part: Part
    key: str  # of an answer: the order; of a busy time: "kind/id"; of the offer: as it says
    why: RowRefusal
    text: str


@dataclass(frozen=True, slots=True)
class Told:
    """What the portal made of a document. `withheld`: it kept rows that we no longer list,
    because so many vanished at once (U-19); a person there has to release it.
    """

    refused: tuple[Refusal, ...] = ()
    withheld: Mapping[Part, int] = field(default_factory=dict)
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # for staff to see


@dataclass(frozen=True, slots=True)
class PortalOrder:
    """An order as the portal holds it now. `resource` None: one of the portal's own (U-38)."""

    id: str
    state: OrderState
    resource: int | None
    resource_name: str
    start: datetime
    end: datetime
    patient: PortalPatient
    comment: str = ""
    changed_at: datetime | None = None

    def __repr__(self) -> str:
        return f"PortalOrder({self.id})"


@dataclass(frozen=True, slots=True)
class Fetched:
    """Orders changed since, and the portal's own clock as it answered: where the next poll
    starts, less an overlap (U-3). `unreadable`: rows that could not be read, each as a sentence.
    """

    orders: Sequence[PortalOrder]
    answered_at: datetime
    unreadable: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often what is told or asked for, changes aside, which are told at once (section 9)."""

    offer_at: time  # each day, in the account's zone
    busy_all: timedelta
    busy_changes: timedelta
    orders: timedelta


class ExchangeConnector(Connector):
    """A portal that takes documents. Its settings say cadence, zone and what titles show.

    `tell` and `orders` may raise TryLater (nothing was done, or it is not known whether),
    Refused (the document as a whole) and AccountRejected.
    """

    horizon: ClassVar[timedelta]  # how far ahead hours are told
    overlap: ClassVar[timedelta]  # of two polls
    # How far back the first poll reaches: orders that came before the account was connected.
    look_back: ClassVar[timedelta]

    @property
    @abstractmethod
    def zone(self) -> ZoneInfo:
        """Of all clock values in this account's documents; the portal has the same set."""

    @property
    @abstractmethod
    def cadence(self) -> Cadence: ...

    @property
    @abstractmethod
    def longest_step(self) -> int:
        """Minutes: a resource whose shortest slot is longer gets this step."""

    @property
    @abstractmethod
    def shows_names(self) -> bool:
        """Whether titles of occupied times may hold the clinic's own patients' names (U-12)."""

    @abstractmethod
    def tell(self, telling: Telling) -> Told: ...

    @abstractmethod
    def orders(self, since: datetime) -> Fetched:
        """Orders whose last change is not before `since`."""
