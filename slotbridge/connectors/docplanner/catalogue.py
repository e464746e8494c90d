"""The portal's catalogue: facilities, doctors, addresses, places and services."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import ParamSpec, TypeVar
from zoneinfo import ZoneInfo

from slotbridge.connectors.docplanner import fields
from slotbridge.connectors.docplanner.api import Api
from slotbridge.connectors.docplanner.values import Address, AddressService, Doctor
from slotbridge.sync.contract import CatalogueRecord, Gone, ItemKind, ListingRef

LONGEST_NAME = 300

Of = ParamSpec("Of")
Read = TypeVar("Read")


def read(api: Api, zone: ZoneInfo) -> Iterator[CatalogueRecord]:
    """Every record, parents before children. Raises TryLater, Refused or AccountRejected.

    What vanishes while we read is left out with its children. The dictionary of services comes
    whole: which of them are offered somewhere is told by the address services.
    """
    for service in api.services.get_services():
        yield _record(ItemKind.SERVICE, service.id, service.name)
    for found in api.directory.get_facilities():
        yield _record(ItemKind.FACILITY, found.id, found.name)
        yield from _doctors(api, found.id, zone)


def _doctors(api: Api, facility: str, zone: ZoneInfo) -> Iterator[CatalogueRecord]:
    places: set[str] = set()
    for doctor in _present(api.directory.get_doctors, facility):
        detail = ", ".join(doctor.specializations)
        yield _record(
            ItemKind.DOCTOR,
            doctor.id,
            " ".join(part for part in (doctor.name, doctor.surname) if part),
            facility=facility,
            data={"licence_numbers": list(doctor.licence_numbers)}
            | ({"detail": detail} if detail else {}),
        )
        yield from _addresses(api, facility, doctor, zone, places)


def _addresses(
    api: Api, facility: str, doctor: Doctor, zone: ZoneInfo, places: set[str]
) -> Iterator[CatalogueRecord]:
    found = _present(api.directory.get_addresses, facility, doctor.id)
    extra = _extra_fields(api, facility, doctor, found)
    for address in found:
        place = _place(facility, address)
        if place.id not in places:
            places.add(place.id)
            yield place
        yield _record(
            ItemKind.ADDRESS,
            address.id,
            place.name,
            facility=facility,
            doctor=doctor.id,
            place=place.id,
            data=_address_data(address, extra.get(address.id)),
        )
        at = ListingRef(facility, doctor.id, address.id, zone)
        for service in _present(api.services.get_address_services, at):
            yield _address_service(service, at)


def _extra_fields(
    api: Api, facility: str, doctor: Doctor, found: list[Address]
) -> Mapping[str, frozenset[str] | None]:
    """What each address demands of a patient beside the usual. The contract promises it of the
    doctor only, who is asked where the list of addresses does not tell.
    """
    if any(address.extra_fields is not None for address in found) or not found:
        return {address.id: address.extra_fields for address in found}
    try:
        told = api.directory.get_doctor(facility, doctor.id)
    except Gone:
        return {}
    return {address.id: address.extra_fields for address in told.addresses}


def _address_data(address: Address, extra: frozenset[str] | None) -> dict[str, object]:
    """Only what the portal said: a page shows no guess."""
    said: dict[str, object] = {
        "is_online_only": address.is_online_only,
        "visit_payment": address.visit_payment,
        "commercial_type": address.commercial_type or None,
        "insurance_support": address.insurance_support or None,
        "booking_extra_fields": None if extra is None else sorted(extra),
    }
    return {name: value for name, value in said.items() if value is not None}


def _address_service(found: AddressService, at: ListingRef) -> CatalogueRecord:
    flow = found.is_public_insurance
    return _record(
        ItemKind.ADDRESS_SERVICE,
        found.id,
        found.name,
        facility=at.facility,
        doctor=at.doctor,
        address=at.address,
        service=found.service,
        data={
            "price_minor": found.price_minor,
            "is_price_from": found.is_price_from,
            "is_visible": found.is_visible,
            "custom_name": found.custom_name,
            "min_age": found.min_age,
            "max_age": found.max_age,
            "is_default": found.is_default,
        }
        | ({} if flow is None else {"is_public_insurance": flow}),
    )


def _place(facility: str, address: Address) -> CatalogueRecord:
    """A14: addresses of several doctors with one name, street and city in a facility are one.

    The portal has no such record, so its id is made of what makes it one place.
    """
    same = "\n".join(_folded(part) for part in (address.name, address.street, address.city_name))
    id_ = f"{facility}-{hashlib.sha256(same.encode()).hexdigest()[:24]}"[-fields.LONGEST_ID :]
    town = " ".join(part for part in (address.post_code, address.city_name) if part)
    name = ", ".join(part for part in (address.name, address.street, town) if part)
    return CatalogueRecord(ItemKind.PLACE, id_, name or id_, facility=facility)


def _record(
    kind: ItemKind,
    id_: str,
    name: str,
    *,
    facility: str = "",
    doctor: str = "",
    address: str = "",
    place: str = "",
    service: str = "",
    data: Mapping[str, object] | None = None,
) -> CatalogueRecord:
    return CatalogueRecord(
        kind=kind,
        id=id_,
        name=(name or id_)[:LONGEST_NAME],
        facility=facility,
        doctor=doctor,
        address=address,
        place=place,
        service=service,
        data=data or {},
    )


def _present(read_all: Callable[Of, list[Read]], *args: Of.args, **kwargs: Of.kwargs) -> list[Read]:
    """The records of one collection; [] where what they hang on is gone."""
    try:
        return read_all(*args, **kwargs)
    except Gone:
        return []


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
