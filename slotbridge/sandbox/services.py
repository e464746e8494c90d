"""An address's services: added, changed and removed, and what clients are told of it."""

from copy import copy
from dataclasses import dataclass, fields
from typing import Any

from django.db import IntegrityError, transaction

from slotbridge.sandbox import notifications, payloads
from slotbridge.sandbox.models import Address, AddressService, Client, Service
from slotbridge.sandbox.router import DATABASE

BAD_PRICE = (
    "Invalid price value for service. Price should be either null or integer greater or equal 0."
)
LONGEST_MINUTES = 24 * 60
LONGEST_NAME = 200  # characters
OLDEST = 150  # years


class ServiceExists(Exception):
    """The address has this dictionary service already: change that one."""


class ServiceGone(Exception):
    """Somebody removed it meanwhile."""


class UnfitTerms(Exception):
    """A price below zero, too long a name, or ages that no patient has: correct the request."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What an address service may say; the fields of AddressService, same meanings."""

    price_minor: int | None = None
    is_price_from: bool = False
    is_visible: bool = True
    default_duration: int = 30
    description: str = ""
    custom_name: str = ""
    minimum_age: int | None = None
    maximum_age: int | None = None


TERMS = frozenset(field.name for field in fields(Terms))


def add(
    address: Address, service: Service, terms: Terms | None = None, *, client: Client | None = None
) -> AddressService:
    """A new row with a new id, also where the same service stood before.

    `client` is the one whose call this is, if it is one. Raises ServiceExists or UnfitTerms.
    Source: operation addAddressService, behaviour.md section 5.
    """
    said = terms or Terms()
    added = AddressService(
        address=address,
        service=service,
        is_default=not address.services.filter(is_default=True).exists(),
        **{name: getattr(said, name) for name in TERMS},
    )
    _require_fit(added)
    try:
        with transaction.atomic(using=DATABASE):
            added.save(force_insert=True)
            _tell("address-service-created", added, client)
    except IntegrityError as error:
        if "sandbox_service_once_per_address" in str(error):
            raise ServiceExists from None
        raise
    return added


def change(row: AddressService, *, client: Client | None = None, **changes: Any) -> None:
    """Sets fields of Terms by name; what is not named stays, and no change is not told.

    Raises UnfitTerms or ServiceGone. Source: operation updateAddressService.
    """
    if unknown := changes.keys() - TERMS:
        raise TypeError(f"{', '.join(sorted(unknown))} cannot be changed")
    wanted = copy(row)
    for name, value in changes.items():
        setattr(wanted, name, value)
    _require_fit(wanted)
    if all(getattr(row, name) == value for name, value in changes.items()):
        return
    with transaction.atomic(using=DATABASE):
        if not AddressService.objects.filter(pk=row.pk).update(**changes):
            raise ServiceGone
        row.refresh_from_db()
        _tell("address-service-changed", row, client)


def remove(row: AddressService, *, client: Client | None = None) -> None:
    """Bookings keep their time and lose the service; periods that name it offer it no more.

    A later PUT slots that still names it is refused (behaviour.md section 5). Raises ServiceGone.
    """
    with transaction.atomic(using=DATABASE):
        if not AddressService.objects.select_for_update().filter(pk=row.pk).exists():
            raise ServiceGone
        _tell("address-service-deleted", row, client)
        row.delete()


def _tell(event: str, row: AddressService, client: Client | None) -> None:
    told = {"address_service": payloads.address_service(row)}
    notifications.tell(event, row.address, told, by=client)


def _require_fit(row: AddressService) -> None:
    if row.price_minor is not None and row.price_minor < 0:
        raise UnfitTerms(BAD_PRICE)
    if not 1 <= row.default_duration <= LONGEST_MINUTES:
        raise UnfitTerms("Default duration is out of range.")
    if len(row.custom_name) > LONGEST_NAME:
        raise UnfitTerms("Custom name is too long.")
    youngest = 0 if row.minimum_age is None else row.minimum_age
    oldest = OLDEST if row.maximum_age is None else row.maximum_age
    if not 0 <= youngest <= oldest <= OLDEST:
        raise UnfitTerms("Ages of allowed patients are out of range.")
