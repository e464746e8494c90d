"""Where and what: plain values, aware half-open times, the portal's ids as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo


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
