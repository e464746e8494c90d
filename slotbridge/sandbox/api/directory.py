"""Facilities, doctors, addresses and services: operations that only read."""

from datetime import timedelta

from slotbridge.sandbox import calendars, payloads
from slotbridge.sandbox.api import resolve
from slotbridge.sandbox.api.answers import Answer, Call, not_found, whole
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
    rows = whose.addresses.filter(facility=within)
    return Answer(body=payloads.items(payloads.address(row, call.scopes) for row in rows))


def get_address(call: Call, facility_id: str, doctor_id: str, address_id: str) -> Answer:
    found = resolve.address(call, facility_id, doctor_id, address_id)
    return Answer(body=payloads.address(found, call.scopes))


def get_services(call: Call) -> Answer:
    """The whole dictionary: no pagination. An id of a specialization nobody knows filters all."""
    rows = Service.objects.all()
    if "services.only_diagnostics" in call.scopes:
        rows = rows.filter(is_diagnostic=True)
    if "specialization_id" in call.query:
        rows = rows.filter(
            specialization_id=whole(call.query["specialization_id"], not_found(), least=0)
        )
    return Answer(body=payloads.items(payloads.service(row) for row in rows))


def get_address_services(call: Call, facility_id: str, doctor_id: str, address_id: str) -> Answer:
    """With `start`: those on offer then, each with its duration."""
    at = resolve.address(call, facility_id, doctor_id, address_id)
    rows = at.services.select_related("service")
    if "start" not in call.query:
        shown = [payloads.address_service(row, call.scopes) for row in rows]
        return Answer(body=payloads.items(shown))
    start = call.moment("start", not_found())
    minutes = {
        offer.service: int((offer.end - offer.start).total_seconds()) // 60
        for offer in calendars.offers(at, start, start + timedelta(seconds=1))
        if offer.start == start
    }
    shown = [
        payloads.address_service(row, call.scopes, minutes=minutes[row.pk])
        for row in rows
        if row.pk in minutes
    ]
    return Answer(body=payloads.items(shown))


def get_address_service(
    call: Call, facility_id: str, doctor_id: str, address_id: str, address_service_id: str
) -> Answer:
    at = resolve.address(call, facility_id, doctor_id, address_id)
    found = resolve.address_service(at, address_service_id)
    return Answer(body=payloads.address_service(found, call.scopes))
