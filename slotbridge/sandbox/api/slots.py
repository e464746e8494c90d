"""Slots: whole dates are told, free starts are read, one is booked."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from slotbridge.kit import clock
from slotbridge.sandbox import bookings, calendars, desk, payloads, rules
from slotbridge.sandbox.api import resolve
from slotbridge.sandbox.api.answers import (
    INVALID,
    Answer,
    ApiError,
    Call,
    instant,
    invalid,
    not_found,
    text,
    whole,
)
from slotbridge.sandbox.api.calendar import not_commercial
from slotbridge.sandbox.api.patients import read_patient
from slotbridge.sandbox.models import Address, AddressService, Booking, CalendarDay

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
    days = _read_days(call, at, body.get("slots"))
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


@dataclass(frozen=True, slots=True)
class _Limits:
    """What the periods of one request are checked against."""

    latest: datetime
    services: frozenset[int]
    midnight_ends_day: bool
    errors_as_object: bool

    def broken(self, path: str, message: str) -> ApiError:
        return invalid(INVALID, {path: [message]} if self.errors_as_object else [message])


def _read_days(call: Call, at: Address, raw: Any) -> dict[date, list[rules.Period]]:
    """Periods by the dates they name. Raises 400 with the contract's words."""
    if not isinstance(raw, list):
        raise invalid()
    limits = _Limits(
        latest=clock.now() + rules.FURTHEST_END,
        services=frozenset(at.services.values_list("pk", flat=True)),
        midnight_ends_day=call.quirks.midnight_ends_day,
        errors_as_object=call.quirks.errors_as_object,
    )
    days: dict[date, list[rules.Period]] = {}
    for number, each in enumerate(raw):
        period = _read_period(limits, number, each, at)
        days.setdefault(rules.day_of(period.start), []).append(period)
    return days


def _read_period(limits: _Limits, number: int, raw: Any, at: Address) -> rules.Period:
    if not isinstance(raw, dict):
        raise invalid()
    start, end = instant(raw.get("start"), invalid()), instant(raw.get("end"), invalid())
    _check_range(limits, number, start, end)
    _check_insurance(raw, at)
    listed = raw.get("address_services") or []
    if not isinstance(listed, list):
        raise invalid()
    return rules.Period(start, end, tuple(_read_service(limits, each) for each in listed))


def _check_range(limits: _Limits, number: int, start: datetime, end: datetime) -> None:
    if end - start < timedelta(minutes=1):
        raise limits.broken(
            f"slots[{number}].minimumDifferenceBetweenDates",
            "The end date must be at least 1 minute after the start date",
        )
    last = end - timedelta(microseconds=1) if limits.midnight_ends_day else end
    if rules.day_of(start) != rules.day_of(last):
        told = f"{payloads.moment(start)} - {payloads.moment(end)}"
        raise invalid(f"Slot for date range {told} exceeds a single day boundary")
    if end > limits.latest:
        told = f"{rules.local(limits.latest):%d.%m.%Y, %H:%M}"
        raise limits.broken(
            f"slots[{number}].end", f"End date should be less than or equal to {told}."
        )


def _check_insurance(raw: dict[str, Any], at: Address) -> None:
    """No provider can be linked to an address here yet, so every one named is unknown."""
    accepted = raw.get("insurance_accepted") or "with-and-without-insurance"
    providers = raw.get("insurance_providers") or []
    if accepted not in {
        "with-and-without-insurance",
        "without-insurance-only",
        "with-insurance-only",
    } or not isinstance(providers, list):
        raise invalid()
    if accepted == "with-insurance-only" and not providers:
        raise invalid(
            "Slot requires insurance (with-insurance-only), but insurance providers are missing"
        )
    if accepted == "without-insurance-only" and providers:
        raise invalid(
            "Insurance providers are not supported. "
            "Slot does not allow insurances (without-insurance-only)"
        )
    if providers:
        ids = ", ".join(str(whole(each, invalid())) for each in providers)
        raise invalid(f"Insurance provider(s) with id ({ids}) not found for address id ({at.pk})")


def _read_service(limits: _Limits, raw: Any) -> tuple[int, int]:
    if not isinstance(raw, dict):
        raise invalid()
    service = whole(raw.get("address_service_id"), invalid("Address service does not exist"))
    if service not in limits.services:
        raise invalid("Address service does not exist")
    return service, whole(raw.get("duration"), invalid())


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
    service = at.services.filter(pk=service_id).first()
    if service is None:
        raise not_found("Service does not exist")
    wanted = bookings.Wanted(at, service, begin, minutes)
    try:
        made = desk.book(
            wanted,
            patient,
            by=Booking.Actor.INTEGRATION,
            client=call.client,
            comment=comment,
            label=label,
        )
    except tuple(REFUSALS) as error:
        raise REFUSALS[type(error)](wanted) from None
    return Answer(200, payloads.booking(made, call.scopes | ALL_BOOKING_SCOPES))


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
