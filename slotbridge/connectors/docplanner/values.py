"""What the portal's operations take and give, where sync.contract has no word of its own for it.

Ids are text, times aware, prices minor units of the site's currency. What an answer leaves out, for
want of a scope or otherwise, is "" or None: never a guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class CalendarStatus(StrEnum):
    ENABLED = "enabled"
    DISABLED = "disabled"


class InsuranceSupport(StrEnum):
    """Whom an address takes."""

    PRIVATE = "private"
    INSURANCE = "insurance"
    BOTH = "private_and_insurance"


class ConfirmedBy(StrEnum):
    PATIENT = "user"
    CLINIC = "admin"


# --- the directory ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Address:
    """One doctor at one place of one facility: the anchor of everything else."""

    id: str
    name: str = ""
    street: str = ""
    post_code: str = ""
    city_name: str = ""
    is_online_only: bool | None = None
    visit_payment: bool | None = None
    extra_fields: frozenset[str] | None = None  # of "gender", "nin", "birth_date": those demanded
    commercial_type: str = ""  # premium, saas-only, basic
    insurance_support: str = ""  # InsuranceSupport, or a word that is new to us


@dataclass(frozen=True, slots=True)
class Doctor:
    id: str
    name: str = ""
    surname: str = ""
    specializations: tuple[str, ...] = ()
    licence_numbers: tuple[str, ...] = ()
    profile_url: str = ""
    addresses: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class Facility:
    id: str
    name: str = ""
    doctors: tuple[Doctor, ...] = ()


# --- services and insurances ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DictionaryService:
    id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class AddressService:
    """A service of one address. `minutes` is there only where a start was asked about."""

    id: str
    name: str = ""
    service: str = ""  # of the dictionary; "" for a custom one
    price_minor: int | None = None
    is_price_from: bool = False
    is_default: bool = False
    is_visible: bool = True
    description: str = ""
    custom_name: str = ""
    minutes: int | None = None
    min_age: int | None = None  # years, both included
    max_age: int | None = None
    is_public_insurance: bool | None = None


@dataclass(frozen=True, slots=True)
class InsurancePlan:
    id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class InsuranceProvider:
    id: str
    name: str = ""
    plans: tuple[InsurancePlan, ...] = ()


# --- calendars and bookings -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FreeSlot:
    """A start without an end. `services` is None where the answer does not tell them."""

    start: datetime
    services: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a booking is for. `phone` must be sent, and may be null."""

    name: str
    surname: str = ""
    phone: str = ""

    def __repr__(self) -> str:
        return "Person(…)"


@dataclass(frozen=True, slots=True)
class BookingToMake:
    start: datetime
    end: datetime
    service: str  # of that address
    person: Person
    comment: str = ""


@dataclass(frozen=True, slots=True)
class BookingToMove:
    """`address` only where it is not the one the booking is at."""

    start: datetime
    end: datetime
    service: str  # of the target address
    address: str = ""


@dataclass(frozen=True, slots=True)
class BreakToMake:
    start: datetime
    end: datetime
    description: str = ""
    on_coupled: bool = False  # at the doctor's coupled addresses too: online for offline, and back
