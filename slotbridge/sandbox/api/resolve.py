"""From the ids of a path to rows, with the portal's refusals on the way.

An id that does not exist is 404; one that exists but is not the client's, or not where the path
says, is 403. Operations without a documented 404 answer 403 for both.
"""

from typing import TypeVar

from django.db.models import Model, QuerySet

from slotbridge.sandbox.api.answers import ApiError, Call, not_found
from slotbridge.sandbox.models import Address, AddressService, Booking, Break, Doctor, Facility

NO_FACILITY = ApiError(403, "You are not authorized to see this facility")
NO_DOCTOR = ApiError(403, "You are not authorized to see this doctor")
NO_ADDRESS = ApiError(403, "You are not authorized to see this address")
NO_EDITION = ApiError(403, "You are not authorized to make changes on this calendar")
OTHER_SERVICE = ApiError(403, "This service does not belong to this address")
OTHER_BOOKING = ApiError(403, "This booking does not belong to this address")
PARTS_OF_BOOKING = (
    "service__service",
    "service__address",
    "address__facility",
    "address__doctor",
    "origin",
    "insurance_provider",
    "insurance_plan",
)

Row = TypeVar("Row", bound=Model)


def by_id(rows: QuerySet[Row], raw: str) -> Row | None:
    """The row with that id; None also for text that is no id."""
    if not (raw.isascii() and raw.isdecimal() and len(raw) < 19):
        return None
    return rows.filter(pk=int(raw)).first()


def facility(call: Call, facility_id: str) -> Facility:
    found = by_id(Facility.objects.all(), facility_id)
    if found is None:
        raise not_found()
    if not found.clients.filter(pk=call.client.pk).exists():
        raise NO_FACILITY
    return found


def doctor(call: Call, facility_id: str, doctor_id: str) -> tuple[Facility, Doctor]:
    within = facility(call, facility_id)
    found = by_id(Doctor.objects.all(), doctor_id)
    if found is None:
        raise not_found()
    if not found.facilities.filter(pk=within.pk).exists():
        raise NO_DOCTOR
    return within, found


def address(call: Call, facility_id: str, doctor_id: str, address_id: str) -> Address:
    within, whose = doctor(call, facility_id, doctor_id)
    found = by_id(Address.objects.select_related("facility", "doctor"), address_id)
    if found is None:
        raise not_found()
    if (found.facility_id, found.doctor_id) != (within.pk, whose.pk):
        raise NO_ADDRESS
    if not found.is_integrated:
        raise NO_ADDRESS
    return found


def editable(call: Call, facility_id: str, doctor_id: str, address_id: str) -> Address:
    """An address whose calendar this client may change."""
    found = address(call, facility_id, doctor_id, address_id)
    if found.is_locked:
        raise NO_EDITION
    return found


def address_service(at: Address, service_id: str) -> AddressService:
    rows = AddressService.objects.select_related("service", "address")
    found = by_id(rows, service_id)
    if found is None:
        raise not_found()
    if found.address_id != at.pk:
        raise OTHER_SERVICE
    return found


def booking(at: Address, booking_id: str) -> Booking:
    rows = Booking.objects.select_related(*PARTS_OF_BOOKING)
    found = by_id(rows, booking_id)
    if found is None:
        raise not_found()
    if found.address_id != at.pk:
        raise OTHER_BOOKING
    return found


def calendar_break(at: Address, break_id: str) -> Break:
    if at.calendar == Address.Calendar.NONE:
        raise not_found("Calendar not found for this address")
    found = by_id(at.breaks.select_related("address__facility", "address__doctor"), break_id)
    if found is None:
        raise not_found("Invalid break ID")
    return found
