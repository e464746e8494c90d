"""Bookings: read, moved, canceled."""

from math import ceil

from slotbridge.sandbox import bookings, desk, payloads
from slotbridge.sandbox.api import resolve
from slotbridge.sandbox.api.answers import (
    INVALID_DATE,
    Answer,
    ApiError,
    Call,
    instant,
    invalid,
    not_found,
    text,
    whole,
)
from slotbridge.sandbox.api.slots import ALL_BOOKING_SCOPES, REFUSALS, slot_not_found
from slotbridge.sandbox.models import Address, AddressService, Booking

MOST_PER_PAGE = 1000
LAST_PAGE = 10**9
OTHER_ACCOUNT = (
    "This booking has a payment on it and the target address bills through a different payment "
    "account. Cancel the booking and create a new one instead."
)


def get_bookings(call: Call, facility_id: str, doctor_id: str, address_id: str) -> Answer:
    """Bookings that start in [start, end). Only `page` turns pagination on.

    The contract lists no 400 here, so a bad date is 404 as in getCalendarBreaks.
    """
    at = resolve.address(call, facility_id, doctor_id, address_id)
    start = call.moment("start", not_found(INVALID_DATE))
    end = call.moment("end", not_found(INVALID_DATE))
    rows = Booking.objects.filter(address=at, start__gte=start, start__lt=end)
    rows = rows.select_related(*resolve.PARTS_OF_BOOKING)
    if not call.quirks.canceled_listed:
        rows = rows.filter(status=Booking.Status.BOOKED)
    scopes = call.scopes - {"booking.moving"}  # of getBooking only
    if "page" not in call.query:
        return Answer(body=payloads.items(payloads.booking(row, scopes) for row in rows))
    page = min(whole(call.query["page"], not_found()), LAST_PAGE)
    limit = min(whole(call.query.get("limit", "100"), not_found()), MOST_PER_PAGE)
    total = rows.count()
    shown = rows[(page - 1) * limit : page * limit]
    body = payloads.items(payloads.booking(row, scopes) for row in shown)
    pages = max(ceil(total / limit), 1)
    body |= {"page": page, "limit": limit, "pages": pages, "total": total}
    body["_links"] = _page_links(at, page, pages, limit)
    return Answer(body=body)


def _page_links(at: Address, page: int, pages: int, limit: int) -> payloads.Json:
    wanted = {"self": page, "first": 1, "last": pages, "next": page + 1, "previous": page - 1}
    here = f"{payloads.address_path(at)}/bookings"
    return {
        name: payloads.link(f"{here}?page={number}&limit={limit}")
        for name, number in wanted.items()
        if 1 <= number <= pages
    }


def get_booking(
    call: Call, facility_id: str, doctor_id: str, address_id: str, booking_id: str
) -> Answer:
    """Patient and service are in it without a scope, as in the contract's examples."""
    at = resolve.address(call, facility_id, doctor_id, address_id)
    found = resolve.booking(at, booking_id)
    return Answer(body=payloads.booking(found, call.scopes | ALL_BOOKING_SCOPES))


def cancel_booking(
    call: Call, facility_id: str, doctor_id: str, address_id: str, booking_id: str
) -> Answer:
    """204. A booking that is not booked any more is 400, not 409."""
    at = resolve.address(call, facility_id, doctor_id, address_id)
    if at.is_locked:
        raise invalid("Unable to cancel a visit for this address")
    found = resolve.booking(at, booking_id)
    reason = text(call.json().get("reason"), invalid())
    try:
        desk.cancel(found, by=Booking.Actor.INTEGRATION, client=call.client, reason=reason)
    except bookings.NotBooked:
        raise invalid(f"Visit {found.pk} cannot be canceled because it is not booked") from None
    return Answer(204)


def move_booking(
    call: Call, facility_id: str, doctor_id: str, address_id: str, booking_id: str
) -> Answer:
    """201 with a new booking and its Location, which names the doctor who has it now."""
    at = resolve.address(call, facility_id, doctor_id, address_id)
    old = resolve.booking(at, booking_id)
    body = call.json()
    target = _target(at, body.get("address_id"))
    service = _service(target, body.get("address_service_id"))
    start = instant(body["start"], invalid()) if body.get("start") else old.start
    minutes = whole(body["duration"], invalid()) if body.get("duration") else old.minutes
    if minutes > bookings.LONGEST_MINUTES:
        raise invalid()
    anywhere = call.quirks.moves_anywhere
    wanted = bookings.Wanted(target, service, start, minutes, anywhere=anywhere)
    try:
        new = desk.move(old, wanted, by=Booking.Actor.INTEGRATION, client=call.client)
    except bookings.NotBooked:
        raise ApiError(409, "The visit has already been canceled or moved") from None
    except bookings.OtherPaymentAccount:
        raise ApiError(422, OTHER_ACCOUNT) from None
    except tuple(REFUSALS):  # of them the contract lists only 404 for a move
        raise slot_not_found(wanted) from None
    location = f"{call.base_url}{payloads.address_path(target)}/bookings/{new.pk}"
    shown = payloads.booking(new, call.scopes | ALL_BOOKING_SCOPES)
    return Answer(201, shown, {"Location": location})


def _target(at: Address, raw: object) -> Address:
    """Another address of the facility, maybe of another doctor. Outside of it: 403."""
    if raw is None:
        return at
    missing = invalid("Address does not exist")
    rows = Address.objects.select_related("facility", "doctor")
    found = rows.filter(pk=whole(raw, missing)).first()
    if found is None or not found.is_integrated:
        raise missing
    if found.facility_id != at.facility_id:
        raise ApiError(403, "This address does not belong to this facility")
    return found


def _service(target: Address, raw: object) -> AddressService:
    missing = invalid("Service does not exist")
    if raw is None:
        raise invalid()
    rows = AddressService.objects.select_related("service")
    found = rows.filter(pk=whole(raw, missing)).first()
    if found is None:
        raise missing
    if found.address_id != target.pk:
        raise invalid("Service does not belong to the address")
    return found
