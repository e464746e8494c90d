"""Facilities, doctors and addresses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from slotbridge.connectors.docplanner import fields, operations
from slotbridge.connectors.docplanner.api.common import each, nested, one, path_of
from slotbridge.connectors.docplanner.client import Client
from slotbridge.connectors.docplanner.records import Json
from slotbridge.connectors.docplanner.values import Address, Doctor, Facility, InsuranceSupport
from slotbridge.sync.contract import ListingRef

DOCTORS_SCOPES = ("doctor.specializations", "doctor.license_numbers", "doctor.profile_url")
DOCTOR_SCOPES = (
    "doctor.addresses",
    "doctor.license_numbers",
    "doctor.profile_url",
    "address.booking_extra_fields",
    "address.online_only",
    "address.visit_payment",
    "address.commercial_type",
)
ADDRESS_SCOPES = (
    "address.online_only",
    "address.visit_payment",
    "address.commercial_type",
    "address.insurance_support",
)
EXTRA_FIELDS = ("gender", "nin", "birth_date")


class Directory:
    def __init__(self, client: Client) -> None:
        self._client = client

    def get_facilities(self) -> list[Facility]:
        found = self._client.collection(operations.GET_FACILITIES)
        return each(operations.GET_FACILITIES, found, _facility)

    def get_facility(self, facility: str) -> Facility:
        """With all its doctors."""
        answer = self._client.scoped(
            operations.GET_FACILITY, {"facility_id": facility}, scopes=["facility.doctors"]
        )
        return one(operations.GET_FACILITY, answer, _facility)

    def get_doctors(self, facility: str) -> list[Doctor]:
        found = self._client.collection(
            operations.GET_DOCTORS, {"facility_id": facility}, scopes=DOCTORS_SCOPES
        )
        return each(operations.GET_DOCTORS, found, _doctor)

    def get_doctor(self, facility: str, doctor: str) -> Doctor:
        """With addresses, of which the extra fields of patients are told only here for certain."""
        answer = self._client.scoped(
            operations.GET_DOCTOR, _doctor_path(facility, doctor), scopes=DOCTOR_SCOPES
        )
        return one(operations.GET_DOCTOR, answer, _doctor)

    def get_addresses(self, facility: str, doctor: str) -> list[Address]:
        found = self._client.collection(
            operations.GET_ADDRESSES,
            _doctor_path(facility, doctor),
            scopes=ADDRESS_SCOPES,
            shows=("is_online_only", "commercial_type"),
        )
        return each(operations.GET_ADDRESSES, found, _address)

    def get_address(self, at: ListingRef) -> Address:
        answer = self._client.scoped(operations.GET_ADDRESS, path_of(at), scopes=ADDRESS_SCOPES)
        return one(operations.GET_ADDRESS, answer, _address)

    def update_address(self, at: ListingRef, support: InsuranceSupport) -> Address:
        """Whom the address takes: the only thing about it that can be changed."""
        answer = self._client.call(
            operations.UPDATE_ADDRESS, path_of(at), body={"insurance_support": support.value}
        )
        return one(operations.UPDATE_ADDRESS, answer, _address)

    def remove_address_integration(self, at: ListingRef) -> None:
        """Accepted, and done later; nothing of the API takes it back. For the portal's own practice
        programs only: Refused to others.
        """
        self._client.call(operations.REMOVE_INTEGRATION, path_of(at))


def _doctor_path(facility: str, doctor: str) -> Mapping[str, str]:
    return {"facility_id": facility, "doctor_id": doctor}


def _facility(found: Json) -> Facility | None:
    id_ = fields.identifier(found.get("id"))
    doctors = nested(found.get("doctors"), _doctor)
    return Facility(id_, fields.text(found.get("name")), doctors) if id_ else None


def _doctor(found: Json) -> Doctor | None:
    """`specialization` by the schema, `specializations` by every sample (behaviour.md 13)."""
    id_ = fields.identifier(found.get("id"))
    if not id_:
        return None
    special = found.get("specializations", found.get("specialization"))
    return Doctor(
        id=id_,
        name=fields.text(found.get("name")),
        surname=fields.text(found.get("surname")),
        specializations=_texts(special, "name"),
        licence_numbers=_texts(found.get("license_numbers"), "license_number"),
        profile_url=fields.text(found.get("profile_url")),
        addresses=nested(found.get("addresses"), _address),
    )


def _texts(collection: object, part: str) -> tuple[str, ...]:
    found: Sequence[Json] = fields.items(collection) or ()
    return tuple(text for item in found if (text := fields.text(item.get(part), longest=200)))


def _address(found: Json) -> Address | None:
    id_ = fields.identifier(found.get("id"))
    if not id_:
        return None
    extra = found.get("booking_extra_fields")
    return Address(
        id=id_,
        name=fields.text(found.get("name")),
        street=fields.text(found.get("street")),
        post_code=fields.text(found.get("post_code")),
        city_name=fields.text(found.get("city_name")),
        is_online_only=fields.flag(found.get("is_online_only")),
        visit_payment=fields.flag(found.get("visit_payment")),
        extra_fields=(
            frozenset(name for name in EXTRA_FIELDS if extra.get(name) is True)
            if isinstance(extra, dict)
            else None
        ),
        commercial_type=fields.text(found.get("commercial_type"), longest=40),
        insurance_support=fields.text(found.get("insurance_support"), longest=40),
    )
