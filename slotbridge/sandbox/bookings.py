"""Bookings: made, moved, canceled. The database decides who was first."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from slotbridge.kit import clock
from slotbridge.sandbox import calendars, payments, rules
from slotbridge.sandbox.models import (
    Address,
    AddressService,
    Booking,
    InsurancePlan,
    InsuranceProvider,
)
from slotbridge.sandbox.patients import PatientData
from slotbridge.sandbox.router import DATABASE

LONGEST_MINUTES = 24 * 60


class BookingImpossible(Exception):
    """The address takes no bookings now: its calendar is missing or disabled."""


class SlotNotFound(Exception):
    """Nothing free starts then, or not for long enough, or somebody was first."""


class ServiceNotOffered(Exception):
    """Something free starts then, but not for this service, or not for who would pay."""


class NotBooked(Exception):
    """The booking is canceled or moved already."""


class OtherPaymentAccount(Exception):
    """Money is held for the visit by another account than the target's: cancel, book anew."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to book; `minutes` None means the duration on offer.

    `anywhere`: also at times that no period offers, in an enabled calendar (quirk moves_anywhere).
    """

    address: Address
    service: AddressService
    start: datetime
    minutes: int | None = None
    insurance_provider: InsuranceProvider | None = None  # None: the patient pays
    insurance_plan: InsurancePlan | None = None
    anywhere: bool = False

    def until(self, end: datetime) -> datetime:
        return end if self.minutes is None else self.start + timedelta(minutes=self.minutes)


def find_end(
    wanted: Wanted, *, by: Booking.Actor = Booking.Actor.USER, without: Booking | None = None
) -> datetime:
    """When the wanted visit would end.

    Raises NotCommercial, BookingImpossible, SlotNotFound or ServiceNotOffered. A duration other
    than the one on offer is allowed while it fits in the free run up to the period's end. Whom a
    period is for binds patients; the clinic knows who pays whatever it published.
    """
    address = wanted.address
    calendars.require_commercial(address)
    if address.calendar != Address.Calendar.ENABLED:
        raise BookingImpossible
    if wanted.anywhere:
        limit = end = wanted.until(
            wanted.start + timedelta(minutes=wanted.service.default_duration)
        )
    else:
        offer = _find_offer(wanted, without, by)
        end, limit = wanted.until(offer.end), offer.period_end
    busy = calendars.busy_ranges(address, wanted.start, end, without=without)
    if end > limit or busy.hides(wanted.start, end):
        raise SlotNotFound
    return end


def _find_offer(wanted: Wanted, without: Booking | None, by: Booking.Actor) -> rules.Offer:
    second = timedelta(seconds=1)
    found = calendars.offers(wanted.address, wanted.start, wanted.start + second, without=without)
    found = [offer for offer in found if offer.start == wanted.start]
    if not found:
        raise SlotNotFound
    fitting = [offer for offer in found if offer.service == wanted.service.pk]
    if by == Booking.Actor.USER:
        provider = wanted.insurance_provider
        fitting = [each for each in fitting if each.takes(provider.pk if provider else None)]
    if not fitting:
        raise ServiceNotOffered
    return fitting[0]


def book(
    wanted: Wanted,
    patient: PatientData,
    *,
    by: Booking.Actor,
    comment: str = "",
    label: str = "",
    is_recurring: bool = False,
) -> Booking:
    """Raises what find_end raises; a race lost in the database is SlotNotFound.

    What a patient books at an address that takes payments is to be paid for (payments).
    """
    end = find_end(wanted, by=by)
    booking = Booking(
        address=wanted.address,
        service=wanted.service,
        start=wanted.start,
        end=end,
        patient=patient.as_dict(),
        comment=comment,
        label=label,
        is_recurring=is_recurring,
        insurance_provider=wanted.insurance_provider,
        insurance_plan=wanted.insurance_plan,
        booked_by=by,
        booked_at=clock.now(),
    )
    if by == Booking.Actor.USER:
        payments.ask_for(booking)
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
    """A new booking with a new id; the old one becomes canceled.

    Who pays, and what was paid, goes with it; a confirmation does not. Raises as `book`,
    NotBooked or OtherPaymentAccount; nothing changes when the target is refused.
    """
    with transaction.atomic(using=DATABASE):
        for address in _in_lock_order(old.address, wanted.address):
            calendars.lock(address)
        _cancel(old, by=by, reason="")
        old.refresh_from_db(fields=["payment_status"])
        if payments.holds_money(old) and not payments.shares_account(old, wanted.address):
            raise OtherPaymentAccount
        payer = replace(
            wanted, insurance_provider=old.insurance_provider, insurance_plan=old.insurance_plan
        )
        new = Booking(
            address=wanted.address,
            service=wanted.service,
            start=wanted.start,
            end=find_end(payer, by=by),  # the old one is canceled by now and hides nothing
            patient=old.patient,
            comment=old.comment,
            label=old.label,
            is_recurring=old.is_recurring,
            insurance_provider=old.insurance_provider,
            insurance_plan=old.insurance_plan,
            payment_status=old.payment_status,
            payment_due_at=old.payment_due_at,
            booked_by=by,
            booked_at=clock.now(),
            origin=old.origin or old,
            moved_from=old,
        )
        _create(new)
    old.refresh_from_db()  # only now: a refused move leaves it booked, in memory too
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
