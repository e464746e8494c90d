"""Facilities, doctors, addresses and dictionary services."""

from slotbridge.sandbox import addresses, payloads
from slotbridge.sandbox.api import resolve
from slotbridge.sandbox.api.answers import Answer, ApiError, Call, invalid
from slotbridge.sandbox.models import Service


def get_facilities(call: Call) -> Answer:
    rows = call.client.facilities.all()
    return Answer(body=payloads.items(payloads.facility(row) for row in rows))


def get_facility(call: Call, facility_id: str) -> Answer:
    return Answer(body=payloads.facility(resolve.facility(call, facility_id), call.scopes))


def get_doctors(call: Call, facility_id: str) -> Answer:
    within = resolve.facility(call, facility_id)
    scopes = call.scopes - {"doctor.addresses"}  # not one of this operation's
    rows = within.doctors.all()
    return Answer(body=payloads.items(payloads.doctor(row, within, scopes) for row in rows))


def get_doctor(call: Call, facility_id: str, doctor_id: str) -> Answer:
    within, found = resolve.doctor(call, facility_id, doctor_id)
    return Answer(body=payloads.doctor(found, within, call.scopes))


def get_addresses(call: Call, facility_id: str, doctor_id: str) -> Answer:
    within, whose = resolve.doctor(call, facility_id, doctor_id)
    rows = payloads.integrated(whose, within)
    return Answer(body=payloads.items(payloads.address(row, call.scopes) for row in rows))


def get_address(call: Call, facility_id: str, doctor_id: str, address_id: str) -> Answer:
    found = resolve.address(call, facility_id, doctor_id, address_id)
    return Answer(body=payloads.address(found, call.scopes))


def update_address(call: Call, facility_id: str, doctor_id: str, address_id: str) -> Answer:
    """Changes insurance_support; any other field is ignored with 200 (behaviour.md section 5)."""
    at = resolve.editable(call, facility_id, doctor_id, address_id)
    body = call.json()
    if "insurance_support" in body:
        wanted = body["insurance_support"]
        if not isinstance(wanted, str) or wanted not in addresses.INSURANCE_SUPPORT:
            raise invalid()
        addresses.change_insurance_support(at, wanted)
    return Answer(body=payloads.address(at, call.scopes | {"address.insurance_support"}))


def remove_address_integration(
    call: Call, facility_id: str, doctor_id: str, address_id: str
) -> Answer:
    """202, and a minute later the API knows the address no more; no way back in the API."""
    at = resolve.address(call, facility_id, doctor_id, address_id)
    if not call.client.is_pms:
        raise ApiError(403, "You are not authorized to use this feature")
    addresses.end_integration(at)
    return Answer(202)


def get_services(call: Call) -> Answer:
    """The whole dictionary: no pagination. A specialization that nobody knows has no services.

    Neither is any text that is no id: only 200 is listed here.
    """
    rows = Service.objects.all()
    if "services.only_diagnostics" in call.scopes:
        rows = rows.filter(is_diagnostic=True)
    if "specialization_id" in call.query:
        wanted = call.query["specialization_id"]
        is_id = wanted.isascii() and wanted.isdecimal() and len(wanted) < 10
        rows = rows.filter(specialization_id=int(wanted)) if is_id else rows.none()
    return Answer(body=payloads.items(payloads.service(row) for row in rows))
