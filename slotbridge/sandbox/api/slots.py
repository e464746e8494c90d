"""Slots: whole dates are told, free starts are read, one is booked."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from slotbridge.sandbox import bookings, calendars, desk, insurances, payloads, rules
from slotbridge.sandbox.api import resolve
from slotbridge.sandbox.api.answers import (
    Answer,
    ApiError,
    Call,
    flag,
    instant,
    invalid,
    not_found,
    text,
    whole,
)
from slotbridge.sandbox.api.calendar import not_commercial
from slotbridge.sandbox.api.insurances import NOT_ASSIGNED, UNKNOWN_PLAN
from slotbridge.sandbox.api.patients import read_patient
from slotbridge.sandbox.api.periods import read_days
from slotbridge.sandbox.models import (
    Address,
    AddressService,
    Booking,
    CalendarDay,
    InsurancePlan,
    InsuranceProvider,
)

ALL_BOOKING_SCOPES = frozenset({"booking.patient", "booking.address_service"})
TOO_LONG = "Date range must not exceed 180 days"
NO_SLOTS = "No slots found on given address"


def get_slots(call: Call, facility_id: str, doctor_id: str, address_id: str) -> Answer:
    """Free starts in [start, end): no end, no duration."""
    at = resolve.address(call, facility_id, doctor_id, address_id)
    start = call.moment("start", invalid())
    end = call.moment("end", invalid())
    if end - start > rules.LONGEST_READ:
        raise invalid(TOO_LONG)
    by_start: dict[datetime, list[rules.Offer]] = defaultdict(list)
    for offer in calendars.offers(at, start, end):
        by_start[offer.start].append(offer)
    if not by_start and _says_404(call, at):
        raise not_found(NO_SLOTS)
    services = {row.pk: row for row in at.services.select_related("service")}
    return Answer(body=payloads.items(_slot(call, found, services) for found in by_start.values()))


def _says_404(call: Call, at: Address) -> bool:
    if call.quirks.no_slots_404 == "mixed":
        return not CalendarDay.objects.filter(address=at).exists()
    return call.quirks.no_slots_404 == "always"


def _slot(
    call: Call, found: list[rules.Offer], services: Mapping[int, AddressService]
) -> payloads.Json:
    slot: payloads.Json = {"start": payloads.moment(found[0].start)}
    if "slot.services" in call.scopes:
        minutes = {
            offer.service: int((offer.end - offer.start).total_seconds()) // 60 for offer in found
        }
        slot["address_services"] = payloads.items(
            payloads.address_service(services[pk], call.scopes, minutes=length)
            for pk, length in minutes.items()
            if pk in services
        )
    return slot


# --- PUT slots -------------------------------------------------------------------------------


def replace_slots(call: Call, facility_id: str, doctor_id: str, address_id: str) -> Answer:
    """Each date that a period names is replaced whole, also by a period without services."""
    at = resolve.editable(call, facility_id, doctor_id, address_id)
    body = call.json()
    days = read_days(call, at, body.get("slots"))
    how = calendars.PutRules(
        repeated_ignored=call.quirks.repeated_put_ignored,
        delay=timedelta(seconds=call.quirks.put_delay_seconds),
        enables=call.quirks.put_enables_calendar,
    )
    try:
        calendars.put_slots(at, body, days, how)
    except calendars.NotCommercial:
        raise not_commercial(at) from None
    except calendars.StillProcessing:
        raise ApiError(429, "Request is already being processed") from None
    return Answer(201)


def delete_slots(call: Call, facility_id: str, doctor_id: str, address_id: str, day: str) -> Answer:
    """Clears one date; a date that is empty already is no error."""
    at = resolve.editable(call, facility_id, doctor_id, address_id)
    try:
        named = date.fromisoformat(day)
    except ValueError:
        raise not_found() from None
    calendars.set_day(at, named, [])
    return Answer(204)


# --- booking a slot --------------------------------------------------------------------------


def book_slot(call: Call, facility_id: str, doctor_id: str, address_id: str, start: str) -> Answer:
    """200 with the booking. A lost race is the same 404 as a slot that was never there."""
    at = resolve.address(call, facility_id, doctor_id, address_id)
    body = call.json()
    wrong = invalid("Validation error message")
    begin = instant(
        start, not_found(f"Unable to perform booking. Requested target slot ({start}) not found")
    )
    patient = read_patient(body.get("patient"), returning=body.get("is_returning", False))
    service_id = whole(body.get("address_service_id"), wrong)
    minutes = whole(body.get("duration"), wrong)
    if minutes > bookings.LONGEST_MINUTES:
        raise wrong
    comment, label = text(body.get("comment"), wrong), text(body.get("label"), wrong)
    is_recurring = flag(body.get("is_recurring", False), wrong)
    provider, plan = _read_payer(at, body)
    service = at.services.filter(pk=service_id).first()
    if service is None:
        raise not_found("Service does not exist")
    wanted = bookings.Wanted(at, service, begin, minutes, provider, plan)
    try:
        made = desk.book(
            wanted,
            patient,
            by=Booking.Actor.INTEGRATION,
            client=call.client,
            comment=comment,
            label=label,
            is_recurring=is_recurring,
        )
    except tuple(REFUSALS) as error:
        raise REFUSALS[type(error)](wanted) from None
    return Answer(200, payloads.booking(made, call.scopes | ALL_BOOKING_SCOPES))


def _read_payer(
    at: Address, body: Mapping[str, Any]
) -> tuple[InsuranceProvider | None, InsurancePlan | None]:
    """Who pays, by two ids; the address must take the insurer, and the plan. Raises 400."""
    provider_id, plan_id = body.get("insurance_provider_id"), body.get("insurance_plan_id")
    if provider_id is None:
        if plan_id is not None:
            raise invalid(UNKNOWN_PLAN)
        return None, None
    provider = whole(provider_id, invalid(NOT_ASSIGNED))
    plan = None if plan_id is None else whole(plan_id, invalid(UNKNOWN_PLAN))
    try:
        return insurances.find_payer(at, provider, plan)
    except insurances.NotAssigned:
        raise invalid(NOT_ASSIGNED) from None
    except insurances.UnknownPlan:
        raise invalid(UNKNOWN_PLAN) from None


def slot_not_found(wanted: bookings.Wanted) -> ApiError:
    told = payloads.moment(wanted.start)
    return not_found(f"Unable to perform booking. Requested target slot ({told}) not found")


def _service_not_offered(wanted: bookings.Wanted) -> ApiError:
    told = f"Slot ({payloads.moment(wanted.start)}) does not support service {wanted.service.pk}"
    return not_found(f"Unable to perform booking. {told}")


def _unable(_wanted: bookings.Wanted) -> ApiError:
    return not_found("Unable to book a visit for this address")


def _basic(wanted: bookings.Wanted) -> ApiError:
    return not_commercial(wanted.address)


REFUSALS = {
    bookings.SlotNotFound: slot_not_found,
    bookings.ServiceNotOffered: _service_not_offered,
    bookings.BookingImpossible: _unable,
    calendars.NotCommercial: _basic,
}
