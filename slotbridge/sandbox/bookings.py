"""Bookings: made, moved, canceled. The database decides who was first."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from slotbridge.kit import clock
from slotbridge.sandbox import calendars
from slotbridge.sandbox.models import Address, AddressService, Booking
from slotbridge.sandbox.patients import PatientData
from slotbridge.sandbox.router import DATABASE

LONGEST_MINUTES = 24 * 60


class BookingImpossible(Exception):
    """The address takes no bookings now: its calendar is missing or disabled."""


class SlotNotFound(Exception):
    """Nothing free starts then, or not for long enough, or somebody was first."""


class ServiceNotOffered(Exception):
    """Something free starts then, but not for this service."""


class NotBooked(Exception):
    """The booking is canceled or moved already."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to book; `minutes` None means the duration on offer."""

    address: Address
    service: AddressService
    start: datetime
    minutes: int | None = None

    def until(self, end: datetime) -> datetime:
        return end if self.minutes is None else self.start + timedelta(minutes=self.minutes)


def find_end(wanted: Wanted, *, without: Booking | None = None) -> datetime:
    """When the wanted visit would end.

    Raises NotCommercial, BookingImpossible, SlotNotFound or ServiceNotOffered. A duration other
    than the one on offer is allowed while it fits in the free run up to the period's end.
    """
    address = wanted.address
    calendars.require_commercial(address)
    if address.calendar != Address.Calendar.ENABLED:
        raise BookingImpossible
    second = timedelta(seconds=1)
    found = calendars.offers(address, wanted.start, wanted.start + second, without=without)
    found = [offer for offer in found if offer.start == wanted.start]
    if not found:
        raise SlotNotFound
    offer = next((offer for offer in found if offer.service == wanted.service.pk), None)
    if offer is None:
        raise ServiceNotOffered
    end = wanted.until(offer.end)
    busy = calendars.busy_ranges(address, wanted.start, end, without=without)
    if end > offer.period_end or busy.hides(wanted.start, end):
        raise SlotNotFound
    return end


def book(
    wanted: Wanted,
    patient: PatientData,
    *,
    by: Booking.Actor,
    comment: str = "",
    label: str = "",
) -> Booking:
    """Raises what find_end raises; a race lost in the database is SlotNotFound."""
    end = find_end(wanted)
    booking = Booking(
        address=wanted.address,
        service=wanted.service,
        start=wanted.start,
        end=end,
        patient=patient.as_dict(),
        comment=comment,
        label=label,
        booked_by=by,
        booked_at=clock.now(),
    )
    with transaction.atomic(using=DATABASE):
        calendars.lock(wanted.address)
        _create(booking)
    return booking


def _create(booking: Booking) -> None:
    try:
        with transaction.atomic(using=DATABASE):
            booking.save(force_insert=True)
    except IntegrityError as error:
        if "sandbox_no_double_booking" in str(error):
            raise SlotNotFound from None
        raise


def move(old: Booking, wanted: Wanted, *, by: Booking.Actor) -> Booking:
    """A new booking with a new id; the old one becomes canceled. Raises as `book`, and NotBooked.

    Nothing changes when the target is refused.
    """
    with transaction.atomic(using=DATABASE):
        for address in _in_lock_order(old.address, wanted.address):
            calendars.lock(address)
        _cancel(old, by=by, reason="")
        new = Booking(
            address=wanted.address,
            service=wanted.service,
            start=wanted.start,
            end=find_end(wanted),  # the old one is canceled by now and hides nothing
            patient=old.patient,
            comment=old.comment,
            label=old.label,
            booked_by=by,
            booked_at=clock.now(),
            origin=old.origin or old,
            moved_from=old,
        )
        _create(new)
    old.refresh_from_db()
    return new


def _in_lock_order(*addresses: Address) -> list[Address]:
    """Each once, always in the same order: two opposite moves must not wait for each other."""
    return [address for _pk, address in sorted({a.pk: a for a in addresses}.items())]


def cancel(booking: Booking, *, by: Booking.Actor, reason: str = "") -> None:
    """Raises NotBooked."""
    with transaction.atomic(using=DATABASE):
        _cancel(booking, by=by, reason=reason)
    booking.refresh_from_db()


def _cancel(booking: Booking, *, by: Booking.Actor, reason: str) -> None:
    canceled = Booking.objects.filter(pk=booking.pk, status=Booking.Status.BOOKED).update(
        status=Booking.Status.CANCELED,
        canceled_by=by,
        canceled_at=clock.now(),
        cancel_reason=reason,
    )
    if not canceled:
        raise NotBooked


def newest(booking: Booking) -> Booking:
    """The last of its chain of moves; itself if it was never moved."""
    origin = booking.origin_id or booking.pk
    last = Booking.objects.filter(origin=origin).order_by("-pk").first()
    return last or (booking if booking.origin_id is None else Booking.objects.get(pk=origin))
