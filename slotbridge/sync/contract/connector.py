"""The connector: how one portal is spoken to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar, Protocol
from zoneinfo import ZoneInfo

from slotbridge.sync.contract.told import Event, Question
from slotbridge.sync.contract.values import (
    CatalogueRecord,
    ListingRef,
    OfferedStart,
    OpenPeriod,
    PortalBooking,
    PortalBreak,
    ServiceAtAddress,
)


@dataclass(frozen=True, slots=True)
class Token:
    value: str
    expires_at: datetime

    def __repr__(self) -> str:
        return "Token(…)"


class TokenStore(Protocol):
    """Where a connector keeps its token between turns and machines."""

    def load(self) -> Token | None: ...

    def save(self, token: Token | None) -> None: ...


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach one account. `settings` are the connector's own, as the form saved them."""

    login: str
    password: str
    settings: Mapping[str, str]
    tokens: TokenStore

    def __repr__(self) -> str:
        return "Access(…)"


@dataclass(frozen=True, slots=True)
class Budget:
    """How many writes the portal still takes until `resets_at`, as its last answer said."""

    limit: int
    remaining: int
    resets_at: datetime


@dataclass(frozen=True, slots=True)
class VisitToTell:
    """What a portal is told of a visit. `marker` is random and names the visit without telling
    who: it is how we find our own booking again after an unknown outcome.
    """

    start: datetime
    end: datetime
    service: str
    marker: str
    given_name: str = ""
    family_name: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class SettingField:
    """One field of the account form that this portal needs beside login and password."""

    name: str
    label: str  # English source string, translated on the page
    default: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    help: str = ""


class Connector(ABC):
    """Speaks one portal's language. Every method may raise TryLater or AccountRejected.

    What is exchanged differs: calendars and bookings one by one (`CalendarConnector`), or whole
    documents (`exchange.contract.ExchangeConnector`).
    """

    kind: ClassVar[str]
    portal: ClassVar[str]  # the portal's name, as people know it
    channel: ClassVar[str]  # the code of the channel it serves
    settings_fields: ClassVar[tuple[SettingField, ...]] = ()
    has_login: ClassVar[bool] = True  # False: one key is login and password

    @abstractmethod
    def __init__(self, access: Access) -> None: ...

    @abstractmethod
    def close(self) -> None: ...

    @abstractmethod
    def check(self) -> None:
        """Returns if login and password are good: one cheap authorised read."""

    @classmethod
    def wrong_settings(cls, settings: Mapping[str, str]) -> dict[str, str]:  # noqa: ARG003 - most have nothing to check
        """What cannot be used of the account's settings: a field's name -> an English sentence."""
        return {}


def _nobody_listens(_digest: str) -> None:
    """Of a request that nobody will repeat."""


class CalendarConnector(Connector):
    """A portal that keeps a calendar for each of its doctors, and bookings in it."""

    @property
    @abstractmethod
    def time_zone(self) -> ZoneInfo:
        """Of the dates that a listing is told by: its site's."""

    @classmethod
    @abstractmethod
    def currency_of(cls, settings: Mapping[str, str]) -> str:
        """ISO 4217 code of the prices at the site that an account's settings name."""

    @classmethod
    @abstractmethod
    def zone_of(cls, settings: Mapping[str, str]) -> ZoneInfo:
        """The zone of the site that an account's settings name."""

    @classmethod
    def keeps_services(cls, settings: Mapping[str, str]) -> bool:  # noqa: ARG003 - most have no choice
        """Whether the services of each address follow our price lists (A16-A31); False: they are
        kept on the portal, and only read.
        """
        return True

    horizon: ClassVar[timedelta]  # how far ahead the portal takes days
    repeat_window: ClassVar[timedelta]  # how long a repeated request is ignored; zero: never
    writes_per_minute: ClassVar[int]
    # How much of a day's end is not told: where a period may not touch the next midnight (A39).
    quiet_before_midnight: ClassVar[timedelta] = timedelta()

    @property
    @abstractmethod
    def budget(self) -> Budget | None:
        """What the last answer said of writes; None before the first, or with no limiter."""

    @abstractmethod
    def read_catalogue(self) -> Iterator[CatalogueRecord]:
        """Every record the account may see, parents before children."""

    @abstractmethod
    def tell_days(
        self,
        listing: ListingRef,
        days: Mapping[date, Sequence[OpenPeriod]],
        *,
        avoid: Set[str],
        sending: Callable[[str], None] = _nobody_listens,
    ) -> str:
        """Replaces these dates whole, in one request; a date without periods is emptied.

        Returns a digest of the request, which `sending` is told before the request leaves: its
        outcome may never be known. A request whose digest is in `avoid` would be ignored by the
        portal, so it is made different without changing its meaning. Raises Refused.
        """

    @abstractmethod
    def offered(
        self, listing: ListingRef, start: datetime, end: datetime
    ) -> frozenset[OfferedStart]:
        """What a patient can choose in [start, end) now. Raises Refused."""

    @abstractmethod
    def bookings(self, listing: ListingRef, start: datetime, end: datetime) -> list[PortalBooking]:
        """Bookings that start in [start, end), cancelled ones where the portal lists them."""

    @abstractmethod
    def booking(self, listing: ListingRef, booking: str) -> PortalBooking:
        """One booking with its chain of moves. Raises Gone."""

    @abstractmethod
    def breaks(self, listing: ListingRef, start: datetime, end: datetime) -> list[PortalBreak]: ...

    @abstractmethod
    def book(self, listing: ListingRef, visit: VisitToTell) -> PortalBooking:
        """Raises Gone if the time is not offered there, Refused, OutcomeUnknown."""

    @abstractmethod
    def move(
        self, listing: ListingRef, booking: str, target: ListingRef, visit: VisitToTell
    ) -> PortalBooking:
        """The new booking, which has a new id. Raises Gone, Refused, OutcomeUnknown."""

    @abstractmethod
    def cancel(self, listing: ListingRef, booking: str, reason: str) -> None:
        """Raises Gone if it is not booked any more, Refused, OutcomeUnknown."""

    @abstractmethod
    def confirm(self, listing: ListingRef, booking: str) -> None:
        """The clinic has the patient's word. One that is confirmed already is fine. Raises Gone if
        it is not booked any more, Refused.
        """

    @abstractmethod
    def mark_presence(self, listing: ListingRef, booking: str, *, present: bool) -> None:
        """Whether the patient came (A45). Raises Gone, or Refused for a visit that is ahead."""

    @abstractmethod
    def services_at(self, listing: ListingRef) -> list[ServiceAtAddress]:
        """What the address offers now, with prices as far as the portal reads them back."""

    @abstractmethod
    def add_service(self, listing: ListingRef, wanted: ServiceAtAddress) -> str:
        """The id of the address service made; of the one that is there, if one is. Raises Refused,
        OutcomeUnknown.
        """

    @abstractmethod
    def change_service(self, listing: ListingRef, wanted: ServiceAtAddress) -> None:
        """Makes `wanted.id` be as wanted. Raises Gone, Refused, OutcomeUnknown."""

    @abstractmethod
    def remove_service(self, listing: ListingRef, service_id: str) -> None:
        """One that is not there any more counts as removed. Raises Refused, OutcomeUnknown."""

    @abstractmethod
    def open_calendar(self, listing: ListingRef) -> None:
        """Lets patients book at this address; one that is open stays so. Raises Refused where the
        portal does not let us, OutcomeUnknown.
        """

    @abstractmethod
    def release(self) -> bool:
        """Asks for notifications that the portal has given up on; False where there is nothing to
        ask for. Raises TryLater with how long to wait.
        """

    @abstractmethod
    def published_addresses(self) -> frozenset[str]:
        """The addresses, as text, that the portal says it sends notifications from (A61); empty
        where it publishes none.
        """

    @abstractmethod
    def add_break(
        self, listing: ListingRef, start: datetime, end: datetime, marker: str
    ) -> PortalBreak:
        """Hides [start, end). An equal break already there is returned. Raises Refused,
        OutcomeUnknown.
        """

    @abstractmethod
    def delete_break(self, listing: ListingRef, break_id: str) -> None:
        """One that is not there any more counts as deleted."""

    @property
    @abstractmethod
    def is_pulled(self) -> bool:
        """Whether there is a queue of notifications to read."""

    @abstractmethod
    def pull(self) -> list[bytes]:
        """The next notifications of the portal's queue, oldest first; [] when it is empty.

        Reading takes them off the queue, so the caller stores them before anything else. What
        answers to no pull queue returns [].
        """

    # These read bodies that came in by the webhook; they speak to nobody.

    @abstractmethod
    def read_message(self, body: bytes) -> Event:
        """Raises MessageUnreadable. What it says of prices depends on the account's site."""

    @classmethod
    @abstractmethod
    def message_key(cls, body: bytes) -> str:
        """The same for every delivery of one notification, at most 128 characters. Never raises:
        what cannot be read is keyed by its digest.
        """

    @classmethod
    @abstractmethod
    def read_question(cls, body: bytes) -> Question | None:
        """The question, if this notification waits for an answer. Raises MessageUnreadable."""
