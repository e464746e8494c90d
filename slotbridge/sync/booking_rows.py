"""Rows of portals' bookings: kept, opened for staff, and marked as read by a person."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from slotbridge.his import story
from slotbridge.his.models import Visit
from slotbridge.kit import clock
from slotbridge.sync.contract import By, Payer, PortalBooking, PortalPatient
from slotbridge.sync.models import Account, Booking, Listing
from slotbridge.sync.seals import box

Status = Booking.Status

# What of a booking stays readable while it has no visit, beside its patient.
_KEPT = (
    "comment", "service", "dictionary_service", "price_minor", "payment", "pay_until", "payer",
    "video_url",
)  # fmt: skip


def remember(
    account: Account,
    found: PortalBooking,
    *,
    visit: Visit | None,
    booked_by: By | None = None,
    problem: str = "",
) -> Booking:
    """The row of a booking, made or brought up to date; data are sealed only without a visit."""
    return Booking.objects.update_or_create(
        organisation_id=account.organisation_id,
        account=account,
        external_id=found.id,
        defaults={
            "visit": visit,
            "listing": listing_at(account, found.address),
            "facility": found.facility,
            "doctor": found.doctor,
            "address": found.address,
            "status": Status.BOOKED if found.is_booked else Status.CANCELED,
            "booked_by": str(booked_by or found.booked_by),
            "start": found.start,
            "end": found.end,
            "problem": problem[:300],
            "sealed_data": None if visit else sealed(found),
            "seen_at": clock.now(),
        },
    )[0]


def listing_at(account: Account, address: str) -> Listing | None:
    return Listing.objects.filter(account=account, address=address).first()


def sealed(found: PortalBooking) -> bytes:
    patient = found.patient
    data = {name: getattr(found, name) for name in _KEPT}
    if patient is not None:
        data |= asdict(replace(patient, consents=dict(patient.consents)))
    return box().seal(json.dumps(data, default=str))


def data_of(booking: Booking) -> dict[str, Any]:
    """What the portal said of a booking that has no visit, for staff who settle it (A48)."""
    if booking.sealed_data is None:
        return {}
    opened: dict[str, Any] = json.loads(box().open_text(booking.sealed_data))
    return opened


def as_found(booking: Booking) -> PortalBooking:
    """The booking as the portal held it when it was kept without a visit."""
    data = data_of(booking)
    assert booking.start is not None
    assert booking.end is not None
    births, pay_until, payer = (data.get(name) for name in ("birth_date", "pay_until", "payer"))
    return PortalBooking(
        id=booking.external_id,
        facility=booking.facility,
        doctor=booking.doctor,
        address=booking.address,
        is_booked=booking.status == Status.BOOKED,
        start=booking.start,
        end=booking.end,
        booked_by=By(booking.booked_by),
        service=data.get("service", ""),
        dictionary_service=data.get("dictionary_service", ""),
        price_minor=data.get("price_minor"),
        comment=data.get("comment", ""),
        payment=data.get("payment", ""),
        pay_until=datetime.fromisoformat(pay_until) if pay_until else None,
        payer=Payer(payer) if payer else None,
        video_url=data.get("video_url", ""),
        patient=PortalPatient(
            given_name=data.get("given_name", ""),
            family_name=data.get("family_name", ""),
            email=data.get("email", ""),
            phone=data.get("phone", ""),
            birth_date=date.fromisoformat(births) if births else None,
            national_id=data.get("national_id", ""),
            sex=data.get("sex", ""),
            consents=data.get("consents") or {},
        ),
    )


def for_a_person(account: Account) -> QuerySet[Booking]:
    """Bookings that somebody has to look at: not assigned, or told too late (A48, A59)."""
    return Booking.objects.filter(
        Q(status=Status.BOOKED) | Q(visit__isnull=False), ~Q(problem=""), account=account
    )


@transaction.atomic
def note_seen(*, booking: Booking, by: str) -> None:
    """A person has read why a booking was marked. One that is ahead and has no visit stays: it
    is assigned by itself when what is missing is there.
    """
    over = Q(visit__isnull=False) | Q(end__lte=clock.now())
    if Booking.objects.filter(over, pk=booking.pk).update(problem="") and booking.visit:
        story.tell(booking.visit, "note-seen", by, booking=booking.external_id)
