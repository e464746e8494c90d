"""Bookings, patients and breaks as the portal gives them, in our words.

The same reader serves answers and notifications; their schemas differ in small ways only
(behaviour.md section 4). What is not declared is ignored, what is missing stays empty.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import unquote, urlsplit

from slotbridge.connectors.docplanner import fields
from slotbridge.connectors.docplanner.site import Site
from slotbridge.sync.contract import (
    By,
    Payer,
    Payment,
    PortalBooking,
    PortalBreak,
    PortalPatient,
)

Json = Mapping[str, object]

BY = {"user": By.PATIENT, "doctor": By.CLINIC, "integration": By.US}
SEX = {"f": "female", "m": "male"}
CONSENTS = {"data_privacy_consent": "data-privacy", "marketing_consent": "marketing"}
# The three lists that sources give (behaviour.md section 11); another word is handed on as it is.
PAYMENTS = {
    "new": Payment.TO_BE_PAID,
    "in_progress": Payment.PENDING,
    "waiting_for_confirmation": Payment.PENDING,
    "paid": Payment.PAID,
    "successful": Payment.PAID,
    "not-paid": Payment.NOT_PAID,
    "failed": Payment.NOT_PAID,
    "canceled": Payment.NOT_PAID,
    "refunded": Payment.REFUNDED,
    "charged_back": Payment.REFUNDED,
}
PAID_WITHIN = timedelta(minutes=90)  # else the portal cancels

_LOCATION = re.compile(
    r"/facilities/(?P<facility>[^/]+)/doctors/(?P<doctor>[^/]+)"
    r"/addresses/(?P<address>[^/]+)/(?:bookings|breaks|services)/(?P<id>[^/]+)/?$"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Ids of a facility, a doctor and an address; `id` of a booking, break or service there."""

    facility: str
    doctor: str
    address: str
    id: str = ""


def place_of(location: str) -> Place | None:
    """The ids in the path of a Location header, which may be absolute; None if it names none."""
    try:
        found = _LOCATION.search(urlsplit(location).path)
    except ValueError:
        return None
    if found is None:
        return None
    ids = {name: fields.identifier(unquote(raw)) for name, raw in found.groupdict().items()}
    return Place(**ids) if all(ids.values()) else None


def booking(
    found: Json, at: Place, of: Site, within: tuple[datetime, datetime] | None = None
) -> PortalBooking | None:
    """A booking at this place of a site, or None without an id or times.

    `within` stands in for missing times and at.id for a missing id: after book and move we know
    them ourselves.
    """
    id_ = fields.identifier(found.get("id")) or at.id
    span = times(found) or within
    if not (id_ and span):
        return None
    service = fields.mapping(found.get("address_service"))
    chain = fields.mapping(found.get("moving"))
    return PortalBooking(
        id=id_,
        facility=at.facility,
        doctor=at.doctor,
        address=at.address,
        is_booked=_is_booked(found),
        start=span[0],
        end=span[1],
        # A value that we do not know is somebody else's: taken over rather than taken for ours.
        booked_by=BY.get(fields.text(found.get("booked_by")), By.PATIENT),
        canceled_by=BY.get(fields.text(found.get("canceled_by"))),
        service=fields.identifier(service.get("id")),
        dictionary_service=fields.identifier(service.get("service_id")),
        price_minor=fields.price_minor(service.get("price"), of.decimals),
        patient=patient(found.get("patient")),
        comment=fields.text(found.get("comment")),
        payment=_payment(found),
        pay_until=_pay_until(found),
        is_confirmed=fields.flag(found.get("confirmed")),
        presence=presence(found.get("presence")),
        payer=_payer(found, of),
        video_url=fields.web_address(found.get("videocall_url")),
        origin_id=fields.identifier(chain.get("origin_booking_id")),
        newest_id=fields.identifier(chain.get("newest_booking_id")),
    )


def _is_booked(found: Json) -> bool:
    """`status` has no list of values. One we do not know takes the time, unless it was canceled."""
    status = fields.text(found.get("status")).lower()
    if status in {"booked", "canceled", "cancelled"}:
        return status == "booked"
    canceled_at = fields.moment(found.get("canceled_at"))  # one sample has the text "null,"
    return canceled_at is None and fields.text(found.get("canceled_by")) not in BY


def _payment(found: Json) -> str:
    status = fields.text(found.get("visit_payment_status"), longest=40)
    if not status:
        return Payment.TO_BE_PAID if found.get("visit_payment") is True else ""
    return payment_of(status)


def payment_of(status: str) -> str:
    """The portal's payment status in our words."""
    return PAYMENTS.get(status.lower(), status)


def _pay_until(found: Json) -> datetime | None:
    """When an unpaid booking ends by itself; None where nothing is to be paid online."""
    booked_at = fields.moment(found.get("booked_at"))
    if booked_at is None or _payment(found) not in {Payment.TO_BE_PAID, Payment.NOT_PAID}:
        return None
    return _plus(booked_at, PAID_WITHIN)


def presence(value: object) -> str:
    """Lower case in answers, upper case in notifications (behaviour.md section 10)."""
    said = fields.text(value, longest=20).lower()
    return said if said in {"present", "absent"} else ""


def _payer(found: Json, of: Site) -> Payer | None:
    """None where nothing is said of an insurance; a private insurer is the patient's affair."""
    if "insurance" not in found:
        return None
    insurer = fields.identifier(fields.mapping(found.get("insurance")).get("id"))
    is_public = of.public_insurer is not None and insurer == str(of.public_insurer)
    return Payer.INSURANCE if is_public else Payer.PATIENT


def times(found: Json) -> tuple[datetime, datetime] | None:
    """[start, end) of a booking or of a request for one; None if unreadable.

    The end is start plus `duration` where `end_at` is missing or not after the start.
    """
    start = fields.moment(found.get("start_at"))
    if start is None:
        return None
    end = fields.moment(found.get("end_at"))
    if end is None or end <= start:
        lasting = fields.duration(found.get("duration"))
        end = _plus(start, lasting) if lasting else None
    return (start, end) if end else None


def _plus(start: datetime, lasting: timedelta) -> datetime | None:
    try:
        return start + lasting
    except OverflowError:
        return None


def patient(value: object) -> PortalPatient | None:
    """None where no patient is given; every part of one may be missing."""
    if not isinstance(value, dict) or not value:
        return None
    found = fields.mapping(value)
    return PortalPatient(
        given_name=fields.text(found.get("name"), longest=200),
        family_name=fields.text(found.get("surname"), longest=200),
        email=fields.text(found.get("email"), longest=254),
        phone=fields.text(found.get("phone"), longest=40),
        birth_date=fields.day(found.get("birth_date")),
        national_id=fields.text(found.get("nin"), longest=40),
        sex=SEX.get(fields.text(found.get("gender")), ""),
        consents={
            ours: answer
            for theirs, ours in CONSENTS.items()
            if isinstance(answer := found.get(theirs), bool)
        },
    )


def calendar_break(found: Json, fallback: PortalBreak | None = None) -> PortalBreak | None:
    """None without id or times; `fallback` stands in for what is missing after adding one."""
    id_ = fields.identifier(found.get("id"))
    start, end = fields.moment(found.get("since")), fields.moment(found.get("till"))
    if fallback is not None:
        id_, start, end = id_ or fallback.id, start or fallback.start, end or fallback.end
    if not (id_ and start and end):
        return None
    description = fields.text(found.get("description"))
    return PortalBreak(id_, start, end, description or (fallback.description if fallback else ""))
