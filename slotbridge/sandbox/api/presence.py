"""Whether a patient confirmed, came, and may be asked for an opinion."""

from slotbridge.sandbox import opinions, presence
from slotbridge.sandbox.api import resolve
from slotbridge.sandbox.api.answers import Answer, ApiError, Call, invalid, not_found

CANCELED = ApiError(409, "Visit is marked as canceled")


def confirm_booking(
    call: Call, facility_id: str, doctor_id: str, address_id: str, booking_id: str
) -> Answer:
    """204; there is no way to take it back."""
    at = resolve.address(call, facility_id, doctor_id, address_id)
    found = resolve.booking(at, booking_id)
    if at.is_locked:
        raise invalid("Integration is not authorized for this address")
    by = call.json().get("confirmed_by")
    if not isinstance(by, str) or by not in presence.CONFIRMED_BY:
        raise invalid("confirmed_by value is invalid")
    try:
        presence.confirm(found, by=by, client=call.client)
    except presence.VisitCanceled:
        raise ApiError(409, "Visit has been canceled") from None
    except presence.VisitInPast:
        raise ApiError(409, "Visit is in the past") from None
    except presence.AlreadyConfirmed:
        raise ApiError(409, "Visit has already been confirmed") from None
    return Answer(204)


def mark_patient_presence(
    call: Call, facility_id: str, doctor_id: str, address_id: str, booking_id: str
) -> Answer:
    return _mark(call, (facility_id, doctor_id, address_id), booking_id, present=True)


def mark_patient_absence(
    call: Call, facility_id: str, doctor_id: str, address_id: str, booking_id: str
) -> Answer:
    return _mark(call, (facility_id, doctor_id, address_id), booking_id, present=False)


def _mark(call: Call, where: tuple[str, str, str], booking_id: str, *, present: bool) -> Answer:
    """A visit elsewhere is 404 here, not 403 as in the operations on bookings."""
    at = resolve.address(call, *where)
    try:
        found = resolve.booking(at, booking_id)
    except ApiError as error:
        if error is resolve.OTHER_BOOKING:
            raise not_found("This visit does not belong to this doctor") from None
        raise
    try:
        presence.mark(found, present=present, client=call.client)
    except presence.VisitCanceled:
        raise CANCELED from None
    except presence.VisitInFuture:
        raise invalid("Visit is in the future") from None
    return Answer(204)


def request_opinion(call: Call, facility_id: str, doctor_id: str) -> Answer:
    """200 and an SMS to the patient; a second one for the same visit is 409."""
    try:
        within, whose = resolve.doctor(call, facility_id, doctor_id)
    except ApiError as error:
        if error is resolve.NO_DOCTOR:
            raise ApiError(403, "Doctor is not related with facility") from None
        raise
    phone = call.json().get("phone")
    if not isinstance(phone, str):
        raise invalid("Phone number is invalid.")
    try:
        opinions.request(whose, within, phone)
    except opinions.BadPhone:
        raise invalid("Phone number is invalid.") from None
    except opinions.VisitNotFound:
        raise ApiError(403, "Visit not found") from None
    except opinions.OpinionExists:
        raise ApiError(409, "Opinion already exists") from None
    except opinions.CannotSend:
        raise ApiError(422, "Cannot send request") from None
    return Answer()
