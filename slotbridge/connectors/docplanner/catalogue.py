"""The portal's catalogue: facilities, doctors, addresses, places and services."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator, Mapping

from slotbridge.connectors.docplanner import fields, operations, records
from slotbridge.connectors.docplanner.client import Client
from slotbridge.connectors.docplanner.operations import Operation
from slotbridge.connectors.docplanner.records import Json
from slotbridge.sync.contract import CatalogueRecord, Gone, ItemKind

LONGEST_NAME = 300
ADDRESS_SCOPES = "address.online_only,address.commercial_type,address.insurance_support"
SERVICE_SCOPES = "address_service.allowed_patients,address_service.custom_name"
ADDRESS_DATA = ("is_online_only", "commercial_type", "insurance_support")


def read(client: Client) -> Iterator[CatalogueRecord]:
    """Every record, parents before children. Raises TryLater, Refused or AccountRejected.

    What vanishes while we read is left out with its children. The dictionary of services comes
    whole: which of them are offered somewhere is told by the address services.
    """
    for found in _items(client, operations.GET_SERVICES):
        yield _record(ItemKind.SERVICE, found)
    for found in _items(client, operations.GET_FACILITIES):
        facility = _record(ItemKind.FACILITY, found)
        yield facility
        yield from _doctors(client, facility)


def _doctors(client: Client, facility: CatalogueRecord) -> Iterator[CatalogueRecord]:
    places: set[str] = set()
    for found in _items(client, operations.GET_DOCTORS, {"facility": facility.id}):
        doctor = _record(
            ItemKind.DOCTOR,
            found,
            name=_joined(" ", found.get("name"), found.get("surname")),
            facility=facility.id,
        )
        yield doctor
        yield from _addresses(client, doctor, places)


def _addresses(
    client: Client, doctor: CatalogueRecord, places: set[str]
) -> Iterator[CatalogueRecord]:
    ids = {"facility": doctor.facility, "doctor": doctor.id}
    for found in _items(client, operations.GET_ADDRESSES, ids, query={"with": ADDRESS_SCOPES}):
        place = _place(doctor.facility, found)
        if place.id not in places:
            places.add(place.id)
            yield place
        yield _record(
            ItemKind.ADDRESS,
            found,
            name=place.name,
            facility=doctor.facility,
            doctor=doctor.id,
            place=place.id,
            data={name: found[name] for name in ADDRESS_DATA if _plain(found.get(name))},
        )
        address = fields.identifier(found.get("id"))
        here = ids | {"address": address}
        scopes = {"with": SERVICE_SCOPES}
        for service in _items(client, operations.GET_ADDRESS_SERVICES, here, query=scopes):
            yield _address_service(service, doctor, address)


def _address_service(found: Json, doctor: CatalogueRecord, address: str) -> CatalogueRecord:
    at_address = records.service_at(found)
    return _record(
        ItemKind.ADDRESS_SERVICE,
        found,
        facility=doctor.facility,
        doctor=doctor.id,
        address=address,
        service=fields.identifier(found.get("service_id")),
        data={
            "price_minor": at_address.price_minor,
            "is_price_from": at_address.is_price_from,
            "is_visible": at_address.is_visible,
            "custom_name": at_address.custom_name,
            "min_age": at_address.min_age,
            "max_age": at_address.max_age,
            "is_default": found.get("is_default") is True,
        },
    )


def _place(facility: str, address: Json) -> CatalogueRecord:
    """A14: addresses of several doctors with one name, street and city in a facility are one.

    The portal has no such record, so its id is made of what makes it one place.
    """
    parts = [fields.text(address.get(name)) for name in ("name", "street", "city_name")]
    same = "\n".join(_folded(part) for part in parts)
    id_ = f"{facility}-{hashlib.sha256(same.encode()).hexdigest()[:24]}"[-fields.LONGEST_ID :]
    town = _joined(" ", address.get("post_code"), address.get("city_name"))
    name = _joined(", ", address.get("name"), address.get("street"), town)
    return CatalogueRecord(ItemKind.PLACE, id_, name or id_, facility=facility)


def _record(
    kind: ItemKind,
    found: Json,
    *,
    name: str = "",
    facility: str = "",
    doctor: str = "",
    address: str = "",
    place: str = "",
    service: str = "",
    data: Mapping[str, object] | None = None,
) -> CatalogueRecord:
    id_ = fields.identifier(found.get("id"))
    return CatalogueRecord(
        kind=kind,
        id=id_,
        name=(name or fields.text(found.get("name")) or id_)[:LONGEST_NAME],
        facility=facility,
        doctor=doctor,
        address=address,
        place=place,
        service=service,
        data=data or {},
    )


def _items(
    client: Client,
    operation: Operation,
    ids: Mapping[str, str] | None = None,
    *,
    query: Mapping[str, str] | None = None,
) -> list[Json]:
    """The records of one collection that have an id; [] where what they hang on is gone."""
    try:
        found = client.collection(operation, ids, query=query)
    except Gone:
        return []
    return [each for each in found if fields.identifier(each.get("id"))]


def _joined(by: str, *parts: object) -> str:
    return by.join(text for part in parts if (text := fields.text(part)))


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _plain(value: object) -> bool:
    return isinstance(value, bool | str)
