"""A patient is asked by SMS to write an opinion of a visit (operation requestOpinion)."""

import re

from django.db import IntegrityError, transaction

from slotbridge.kit import clock
from slotbridge.sandbox.models import Booking, Doctor, Facility, OpinionRequest
from slotbridge.sandbox.router import DATABASE

PHONE = re.compile(r"(?:\+|00)?[0-9]{9,15}")
LOCALE_PREFIX = "48"


class BadPhone(Exception):
    """Not a phone number: correct the request."""


class VisitNotFound(Exception):
    """No visit with this doctor has begun for a patient of this number."""


class OpinionExists(Exception):
    """The patient was asked about that visit already."""


class CannotSend(Exception):
    """The patient did not come, so there is nothing to ask about."""


def request(doctor: Doctor, facility: Facility, phone: str) -> None:
    """Asks the patient of the latest visit begun. Raises any of the above."""
    digits = _digits(phone)
    visit = next((row for row in _begun(doctor, facility) if _is_of(row, digits)), None)
    if visit is None:
        raise VisitNotFound
    if visit.presence == Booking.Presence.ABSENT:
        raise CannotSend
    try:
        with transaction.atomic(using=DATABASE):
            OpinionRequest.objects.create(
                doctor=doctor, booking=visit, phone=digits, at=clock.now()
            )
    except IntegrityError as error:
        if "booking_id" in str(error):
            raise OpinionExists from None
        raise


def _digits(phone: str) -> str:
    """Without spaces and hyphens, and without the prefix of the locale."""
    plain = re.sub(r"[ -]", "", phone)
    if not PHONE.fullmatch(plain):
        raise BadPhone
    digits = plain.removeprefix("+").removeprefix("00")
    return digits.removeprefix(LOCALE_PREFIX) if len(digits) > len("600100200") else digits


def _begun(doctor: Doctor, facility: Facility) -> list[Booking]:
    rows = Booking.objects.filter(
        address__doctor=doctor,
        address__facility=facility,
        status=Booking.Status.BOOKED,
        start__lte=clock.now(),
    )
    return list(rows.order_by("-start"))


def _is_of(booking: Booking, digits: str) -> bool:
    try:
        return _digits(booking.patient.get("phone") or "") == digits
    except BadPhone:
        return False
