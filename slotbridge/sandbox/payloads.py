"""The portal's JSON for our rows, as the contract's schemas name it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import uuid5

from slotbridge.sandbox import bookings, rules
from slotbridge.sandbox.models import (
    Address,
    AddressInsurance,
    AddressService,
    Booking,
    Break,
    Doctor,
    Facility,
    InsurancePlan,
    InsuranceProvider,
    Service,
)

Json = dict[str, Any]
Scopes = frozenset[str]
NO_SCOPES: Scopes = frozenset()


def moment(instant: datetime) -> str:
    """ISO 8601 with the locale's offset, to the second."""
    return rules.local(instant).isoformat(timespec="seconds")


def items(rows: Iterable[Json]) -> Json:
    return {"_items": list(rows)}


def link(href: str, method: str = "GET") -> Json:
    return {"href": f"/api/v3/integration{href}", "method": method}


def facility_path(facility: Facility) -> str:
    return f"/facilities/{facility.pk}"


def doctor_path(facility: Facility, doctor: Doctor) -> str:
    return f"{facility_path(facility)}/doctors/{doctor.pk}"


def address_path(address: Address) -> str:
    return f"/facilities/{address.facility_id}/doctors/{address.doctor_id}/addresses/{address.pk}"


def facility(row: Facility, scopes: Scopes = NO_SCOPES) -> Json:
    here = facility_path(row)
    shown: Json = {"id": str(row.pk), "name": row.name}
    if "facility.doctors" in scopes:
        shown["doctors"] = items(doctor(each, row) for each in row.doctors.all())
    shown["_links"] = {"self": link(here), "doctors": link(f"{here}/doctors")}
    return shown


def doctor(row: Doctor, within: Facility, scopes: Scopes = NO_SCOPES) -> Json:
    here = doctor_path(within, row)
    shown: Json = {"id": str(row.pk), "name": row.name, "surname": row.surname}
    if "doctor.specializations" in scopes:
        shown["specializations"] = items(
            [{"id": "1", "name": row.specialization}] if row.specialization else []
        )
    if "doctor.license_numbers" in scopes:
        shown["license_numbers"] = items(
            [{"id": str(row.pk), "license_number": row.license_number}]
            if row.license_number
            else []
        )
    if "doctor.profile_url" in scopes:
        shown["profile_url"] = f"/doctors/{row.key}"
    if "doctor.addresses" in scopes:
        shown["addresses"] = items(
            _doctors_address(each, scopes) for each in integrated(row, within)
        )
    shown["_links"] = {"self": link(here), "addresses": link(f"{here}/addresses")}
    return shown


def integrated(whose: Doctor, within: Facility) -> list[Address]:
    """The doctor's addresses in the facility that the API knows."""
    rows = whose.addresses.filter(facility=within)
    return [each for each in rows if each.is_integrated]


def _doctors_address(row: Address, scopes: Scopes) -> Json:
    """An address inside getDoctor, the only operation where the extra fields have a scope."""
    shown = address(row, scopes)
    if "address.booking_extra_fields" not in scopes:
        del shown["booking_extra_fields"]
    return shown


def address(row: Address, scopes: Scopes = NO_SCOPES) -> Json:
    here = address_path(row)
    shown: Json = {
        "id": str(row.pk),
        "name": row.name or None,
        "city_name": row.city_name or None,
        "post_code": row.post_code or None,
        "street": row.street or None,
        "booking_extra_fields": {
            name: bool(row.extra_fields.get(name)) for name in ("gender", "nin", "birth_date")
        },
    }
    if "address.online_only" in scopes:
        shown["is_online_only"] = row.is_online_only
    if "address.visit_payment" in scopes:
        shown["visit_payment"] = row.takes_payment
    if "address.commercial_type" in scopes:
        shown["commercial_type"] = row.commercial_type
    if "address.insurance_support" in scopes:
        shown["insurance_support"] = row.insurance_support
    shown["_links"] = {
        "self": link(here),
        "services": link(f"{here}/services"),
        "insurance_providers": link(f"{here}/insurance-providers"),
        "slots": link(f"{here}/slots"),
        "bookings": link(f"{here}/bookings"),
        "breaks": link(f"{here}/breaks"),
    }
    return shown


def service(row: Service) -> Json:
    return {"id": str(row.pk), "name": row.name}


def address_service(
    row: AddressService, scopes: Scopes = NO_SCOPES, *, minutes: int | None = None
) -> Json:
    """`minutes`: the duration it has at a slot, where the answer is about one."""
    shown: Json = {
        "id": str(row.pk),
        "name": row.name,
        "price": row.price,
        "is_price_from": row.is_price_from,
        "is_default": row.is_default,
        "is_visible": row.is_visible,
        "service_id": str(row.service_id) if row.service_id else None,
        "description": row.description or None,
    }
    if minutes is not None:
        shown["duration"] = minutes
    if "address_service.allowed_patients" in scopes:
        shown["allowed_patients"] = {
            "minimum_age": row.minimum_age,
            "maximum_age": row.maximum_age,
        }
    if "address_service.custom_name" in scopes:
        shown["custom_name"] = row.custom_name or None
    if "address_service.public_insurance_flow" in scopes:
        shown["is_public_insurance_flow"] = row.address.takes_nfz
    return shown


def insurance_provider(row: InsuranceProvider) -> Json:
    return {"insurance_provider_id": str(row.pk), "name": row.name}


def insurance_plan(row: InsurancePlan) -> Json:
    return {"insurance_plan_id": str(row.pk), "name": row.name}


def address_insurance(row: AddressInsurance) -> Json:
    plans = items(insurance_plan(each) for each in row.plans.all())
    return insurance_provider(row.provider) | {"insurance_plans": plans}


def calendar_break(row: Break) -> Json:
    return {
        "id": str(row.pk),
        "since": moment(row.since),
        "till": moment(row.till),
        "description": row.description or None,
    }


def _patient(row: Booking) -> Json:
    shown = dict(row.patient)
    for consent in ("data_privacy_consent", "marketing_consent"):
        shown.pop(consent, None)
    return shown


def _times(row: Booking) -> Json:
    return {
        "id": str(row.pk),
        "status": row.status,
        "start_at": moment(row.start),
        "end_at": moment(row.end),
        "duration": row.minutes,
        "booked_by": row.booked_by,
        "canceled_by": row.canceled_by,
        "booked_at": moment(row.booked_at),
        "canceled_at": moment(row.canceled_at) if row.canceled_at else None,
    }


def _insurance(row: Booking, *, none: str | None) -> Json | None:
    """`none` stands for a missing plan: null in answers, "" in notifications."""
    if row.insurance_provider is None:
        return None
    plan = row.insurance_plan
    return {
        "id": str(row.insurance_provider.pk),
        "name": row.insurance_provider.name,
        "plan": plan.name if plan else none,
        "plan_id": str(plan.pk) if plan else none,
    }


def video_url(row: Booking) -> str | None:
    """Of a visit at an online address; the same over all its moves (behaviour.md section 11).

    It lets into the room whoever has it, so it says nothing of the patient's own link.
    """
    if not row.address.is_online_only:
        return None
    first = row.origin or row
    return f"https://video.sandbox.example/{uuid5(first.key, 'video')}"


def booking(row: Booking, scopes: Scopes) -> Json:
    """A booking with the parts that `scopes` name; booking_scopes() for all of them."""
    shown = _times(row) | {
        "comment": row.comment or None,
        "insurance": _insurance(row, none=None),
        "visit_payment": bool(row.payment_status),
        "visit_payment_status": row.payment_status or None,
        "videocall_url": video_url(row),
    }
    if "booking.patient" in scopes:
        shown["patient"] = _patient(row)
    if "booking.address_service" in scopes:
        shown["address_service"] = address_service(row.service, scopes) if row.service else None
    if "booking.presence" in scopes:
        shown["presence"] = row.presence or None
    if "booking.confirmation" in scopes:
        shown["confirmed"] = row.is_confirmed
    if "booking.moving" in scopes:
        shown["moving"] = {
            "origin_booking_id": str(row.origin_id or row.pk),
            "newest_booking_id": str(bookings.newest(row).pk),
        }
    shown["_links"] = {"self": link(f"{address_path(row.address)}/bookings/{row.pk}")}
    return shown


# --- notifications ---------------------------------------------------------------------------


def place(at: Address) -> Json:
    """facility, doctor and address: the part every notification's `data` has."""
    return {
        "facility": {"id": str(at.facility.pk), "name": at.facility.name},
        "doctor": {
            "id": str(at.doctor.pk),
            "name": at.doctor.name,
            "surname": at.doctor.surname,
        },
        "address": {
            "id": str(at.pk),
            "name": at.name or None,
            "street": at.street or None,
            "post_code": at.post_code or None,
        },
    }


def told_address(row: Address) -> Json:
    """The address of an event that is about it: its commercial type too."""
    shown: Json = place(row)["address"]
    return shown | {"commercial_type": row.commercial_type}


def _told_service(row: AddressService | None) -> Json | None:
    if row is None:
        return None
    return {
        "id": str(row.pk),
        "name": row.name,
        "price": row.price or 0,  # not nullable in notifications
        "is_price_from": row.is_price_from,
        "is_visible": row.is_visible,
    }


def _told_patient(patient: Json) -> Json:
    """With the consents that were asked for: no answer of the API carries them."""
    unanswered = {
        name for name in ("data_privacy_consent", "marketing_consent") if patient.get(name) is None
    }
    return {
        name: value for name, value in patient.items() if name not in unanswered | {"is_returning"}
    }


def told_booking(row: Booking) -> Json:
    """A booking inside a notification: BookingNotification."""
    shown = _times(row) | {
        "address_service": _told_service(row.service),
        "patient": _told_patient(row.patient),
        "comment": row.comment,
        "insurance": _insurance(row, none=""),
        "visit_payment": bool(row.payment_status),
    }
    if video := video_url(row):
        shown["videocall_url"] = video
    if not row.canceled_at:
        del shown["canceled_at"]  # as in the contract's examples
    return shown


def told_canceling(row: Booking, *, by: str, at: datetime) -> Json:
    """The booking about to be moved: neither status nor patient, canceling_* for canceled_*."""
    shown = _times(row) | {
        "address_service": _told_service(row.service),
        "canceling_by": by,
        "canceling_at": moment(at),
    }
    for name in ("status", "canceled_by", "canceled_at"):
        del shown[name]
    return shown


def told_request(
    wanted: "bookings.Wanted", end: datetime, patient: Json | None, *, by: str, at: datetime
) -> Json:
    """A booking that does not exist yet: VisitBookingRequestNotification."""
    shown: Json = {
        "booking_at": moment(at),
        "booking_by": by,
        "duration": int((end - wanted.start).total_seconds()) // 60,
        "start_at": moment(wanted.start),
        "end_at": moment(end),
        "address_service": _told_service(wanted.service),
        "comment": "",
        "visit_payment": wanted.address.takes_payment,
    }
    if patient is not None:
        shown["patient"] = _told_patient(patient)
    return shown


def told_break(row: Break) -> Json:
    return {"id": str(row.pk), "since": moment(row.since), "till": moment(row.till)}
