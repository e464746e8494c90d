"""What a connector is: our words in, a portal's words out, and the ways in which that fails.

Plain values only. A connector keeps no state of its own but its HTTP connection and token; it
never reads our database. Times are aware and half-open; ids are the portal's, as text.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Protocol
from zoneinfo import ZoneInfo

# --- How a portal fails: named for what the caller does next --------------------------------


class PortalError(Exception):
    """Base of all. The text names the operation and the status, never what was sent."""


class TryLater(PortalError):
    """Nothing was done: the same again after a while (429, 5xx, no connection)."""

    def __init__(self, text: str, retry_after: timedelta | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class Refused(PortalError):
    """The portal will say the same next time: park it, and show a person why."""


class Gone(Refused):
    """What was named is not there (any more): a slot just taken, a booking moved away."""


class AccountRejected(PortalError):
    """Login or password were refused: stop talking, ask for new ones (A4)."""


class OutcomeUnknown(PortalError):
    """A write that must not be repeated blindly may or may not have been done: read first."""


# --- Where, what ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ListingRef:
    """One calendar of a portal: a doctor at an address of a facility, and its time zone."""

    facility: str
    doctor: str
    address: str
    tz: ZoneInfo


@dataclass(frozen=True, slots=True, order=True)
class Offer:
    """A service that can be booked in a period, by the portal's id at that address."""

    service: str
    minutes: int


class Payer(StrEnum):
    """Who may pay for what is booked in a period: the patient, public insurance, or either."""

    PATIENT = "patient"
    INSURANCE = "insurance"
    EITHER = "either"


@dataclass(frozen=True, slots=True, order=True)
class OpenPeriod:
    """[start, end) within one day of the listing, and what can be booked in it."""

    start: datetime
    end: datetime
    offers: tuple[Offer, ...]
    payer: Payer = Payer.PATIENT


@dataclass(frozen=True, slots=True)
class ServiceAtAddress:
    """A service as it stands, or is to stand, at one calendar's address (A16-A18, A28, A31).

    Prices are minor units of the portal's currency; what is read back may have lost its decimals.
    """

    service: str  # of the portal's dictionary; "" for a custom one of the portal's side
    id: str = ""  # of the address service; "" for one that is not there yet
    custom_name: str = ""  # "": the dictionary's
    price_minor: int | None = None
    is_price_from: bool = False
    minutes: int | None = None
    is_visible: bool = True
    min_age: int | None = None  # years, both included
    max_age: int | None = None


@dataclass(frozen=True, slots=True, order=True)
class OfferedStart:
    """A start that a patient can choose on the portal, for one service."""

    start: datetime
    service: str


class ItemKind(StrEnum):
    """Kinds of records in a portal's catalogue."""

    FACILITY = "facility"
    DOCTOR = "doctor"
    ADDRESS = "address"
    PLACE = "place"  # addresses of several doctors with one name, street and city (A14)
    SERVICE = "service"
    ADDRESS_SERVICE = "address_service"


@dataclass(frozen=True, slots=True)
class CatalogueRecord:
    """One record of the portal's catalogue, with the ids of the records it hangs on."""

    kind: ItemKind
    id: str
    name: str
    facility: str = ""
    doctor: str = ""
    address: str = ""
    place: str = ""  # of an address
    service: str = ""  # of an address service: the dictionary service, "" for a custom one
    data: Mapping[str, object] = field(default_factory=dict)  # what a page shows beside it


class By(StrEnum):
    """Who did it on the portal."""

    PATIENT = "patient"
    CLINIC = "clinic"  # in the portal's own calendar
    US = "us"


class Payment(StrEnum):
    """How far the payment of a booking is; the values are those of his.models.Visit.Payment."""

    TO_BE_PAID = "to-be-paid"  # asked for, and nothing more was said
    PENDING = "pending"  # money is on its way
    PAID = "paid"
    NOT_PAID = "not-paid"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True)
class PortalPatient:
    """A patient as the portal gives them; every part may be empty."""

    given_name: str = ""
    family_name: str = ""
    email: str = ""
    phone: str = ""
    birth_date: date | None = None
    national_id: str = ""
    sex: str = ""  # "female", "male" or ""
    consents: Mapping[str, bool] = field(default_factory=dict)  # only those that were answered

    def __repr__(self) -> str:
        return "PortalPatient(…)"  # this text reaches logs and error reports


@dataclass(frozen=True, slots=True)
class PortalBooking:
    """A booking as the portal holds it now."""

    id: str
    facility: str
    doctor: str
    address: str
    is_booked: bool
    start: datetime
    end: datetime
    booked_by: By
    canceled_by: By | None = None
    service: str = ""  # address service id
    dictionary_service: str = ""  # what it is one of; outlives a service made anew at the address
    price_minor: int | None = None
    patient: PortalPatient | None = None
    comment: str = ""
    payment: str = ""  # a `Payment`; the portal's own word where it is none that we know
    pay_until: datetime | None = None  # unpaid until then, the portal cancels it by itself
    is_confirmed: bool | None = None  # None: the portal did not say
    presence: str = ""  # "present", "absent", or "" where nothing was said
    payer: Payer | None = None  # INSURANCE where the booking names a public insurer
    video_url: str = ""  # of an online visit
    origin_id: str = ""  # of the chain of moves; "" where the portal does not say
    newest_id: str = ""

    def __repr__(self) -> str:
        return f"PortalBooking({self.id})"


@dataclass(frozen=True, slots=True)
class PortalBreak:
    id: str
    start: datetime
    end: datetime
    description: str = ""


# --- What a portal tells us -----------------------------------------------------------------


class Heard(StrEnum):
    """What a notification is about, in our words."""

    BOOKED = "booked"
    CANCELED = "canceled"
    MOVED = "moved"
    DETAILS = "details"  # confirmation, presence, payment: the booking's times stay
    CALENDAR = "calendar"  # breaks and the like: compare this listing soon (A37)
    SERVICES = "services"  # of one address were changed: read them soon (A31)
    CATALOGUE = "catalogue"  # addresses changed: read the catalogue soon
    NOTHING = "nothing"  # an event we have no use for, or do not know (A57)


@dataclass(frozen=True, slots=True)
class Event:
    """A notification, read. Only a hint: the booking itself is read through the API (A61).

    `hint` is what the notification says of the booking, for what the portal cannot be asked: a
    booking that is gone, and details that no answer carries. `old_booking` is the id before a move.
    """

    heard: Heard
    name: str
    facility: str = ""
    doctor: str = ""
    address: str = ""
    booking: str = ""
    old_booking: str = ""
    hint: PortalBooking | None = None
    said_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """The portal asks before it books whether this time may be taken (A46)."""

    facility: str
    doctor: str
    address: str
    start: datetime
    end: datetime
    service: str = ""
    moving: str = ""  # the booking that would move here, if one does


class MessageUnreadable(Exception):
    """Not a notification that we can read: parked with its reason. Never quotes a value."""


# --- The connector --------------------------------------------------------------------------


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
