"""Bookings without a visit here that staff cancel at the portal, with a reason (A48).

Told like every write that must not be repeated blindly: the doubt is stored before, and after an
unknown outcome the booking is read first (promise 5).
"""

from __future__ import annotations

from datetime import datetime

import structlog
from django.db import transaction

from slotbridge.his import audit
from slotbridge.kit import backoff, clock
from slotbridge.sync import bookings, budget, fanout, wakeups
from slotbridge.sync.assigning import BookingSettled
from slotbridge.sync.contract import (
    CalendarConnector,
    Gone,
    ListingRef,
    OutcomeUnknown,
    Refused,
    TryLater,
)
from slotbridge.sync.doubts import FIRST_LOOK, LOOKS_FOR
from slotbridge.sync.models import Account, Booking
from slotbridge.sync.queue import Lease

log = structlog.stdlib.get_logger(__name__)

Status = Booking.Status


class SwitchedOff(Exception):
    """Nobody speaks to this portal any more: cancel it there by hand."""


@transaction.atomic
def cancel_unassigned(*, booking: Booking, reason: str, by: str) -> None:
    """Has it cancelled at the portal, which tells its patient the reason. Raises BookingSettled,
    SwitchedOff.
    """
    row = Booking.objects.select_for_update().get(pk=booking.pk)
    if Account.objects.get(pk=row.account_id).state in fanout.ASLEEP:
        raise SwitchedOff(f"account {row.account_id}")
    is_over = row.end is None or row.end <= clock.now()
    if row.status != Status.BOOKED or row.visit_id is not None or is_over:
        raise BookingSettled(f"booking {row.pk}")
    if row.cancel_due_at is None:
        row.cancel_reason, row.cancel_due_at, row.cancel_attempts = reason[:300], clock.now(), 0
        row.save(update_fields=["cancel_reason", "cancel_due_at", "cancel_attempts"])
        audit.record(organisation=row.organisation, actor=by, action="booking.cancel", target=row)
        wakeups.wake()


def next_booking(account: Account) -> Booking | None:
    """The one whose cancellation has waited longest."""
    return (
        Booking.objects.filter(account=account, cancel_due_at__lte=clock.now())
        .order_by("cancel_due_at", "pk")
        .first()
    )


def tell_cancellation(lease: Lease, connector: CalendarConnector, booking_id: int) -> None:
    """Cancels one, or looks what became of it. Raises TryLater with the booking still due."""
    with transaction.atomic():
        lease.confirm()
        row = Booking.objects.select_for_update().get(pk=booking_id)
        if row.status != Status.BOOKED or row.visit_id is not None:
            _end(row)  # it ended meanwhile, or was taken over
            return
        was_in_doubt = row.cancel_doubt_since is not None
        if not was_in_doubt:
            row.cancel_doubt_since = clock.now()
            row.save(update_fields=["cancel_doubt_since"])
    try:
        if was_in_doubt:
            _look(lease, connector, row)
        else:
            _cancel(lease, connector, row)
    except TryLater:
        doubt = row.cancel_doubt_since if was_in_doubt else None
        _put_off(lease, row, clock.now() + backoff.wait(row.cancel_attempts + 1), doubt=doubt)
        raise


def _cancel(lease: Lease, connector: CalendarConnector, row: Booking) -> None:
    try:
        connector.cancel(_at(connector, row), row.external_id, row.cancel_reason)
    except OutcomeUnknown:
        _put_off(lease, row, clock.now() + FIRST_LOOK, doubt=row.cancel_doubt_since)
        log.warning("outcome unknown", booking=row.external_id, account=row.account_id)
    except Gone:
        _read_again(lease, connector, row)
    except Refused as refusal:
        _stop(lease, connector, row, str(refusal))
    else:
        _settle(lease, connector, row)


def _look(lease: Lease, connector: CalendarConnector, row: Booking) -> None:
    """After an unknown outcome: done, or still there for long enough to be done anew."""
    try:
        held = connector.booking(_at(connector, row), row.external_id)
    except Gone:
        held = None
    except Refused as refusal:
        _stop(lease, connector, row, str(refusal))
        return
    if held is not None and held.is_booked:
        now, since = clock.now(), row.cancel_doubt_since or clock.now()
        if now - since >= LOOKS_FOR:
            _put_off(lease, row, now)
        else:
            _put_off(lease, row, now + FIRST_LOOK, doubt=since)
        return
    if held is not None and bookings.moved_on(held):
        _read_again(lease, connector, row)
        return
    _settle(lease, connector, row)


def _read_again(lease: Lease, connector: CalendarConnector, row: Booking) -> None:
    """It is not booked there any more: its patient was quicker. A move is followed."""
    try:
        found = bookings.read_newest(
            connector, lease.account_id, _at(connector, row), row.external_id
        )
    except Gone:
        _settle(lease, connector, row)
        return
    except Refused as refusal:
        _stop(lease, connector, row, str(refusal))
        return
    with transaction.atomic():
        account = lease.confirm()
        _end(row)
        bookings.apply(account, found, old_booking=row.external_id)


@transaction.atomic
def _settle(lease: Lease, connector: CalendarConnector, row: Booking) -> None:
    account = lease.confirm()
    budget.spend(account, connector)
    row.status, row.problem = Status.CANCELED, ""
    row.save(update_fields=["status", "problem"])
    _end(row)
    log.info("booking cancelled", booking=row.external_id, account=account.pk)


@transaction.atomic
def _stop(lease: Lease, connector: CalendarConnector, row: Booking, reason: str) -> None:
    """Refused: it is among those left to a person again, with the portal's reason."""
    account = lease.confirm()
    budget.spend(account, connector)
    row.problem = reason[:300]
    row.save(update_fields=["problem"])
    _end(row)


@transaction.atomic
def _put_off(lease: Lease, row: Booking, until: datetime, *, doubt: datetime | None = None) -> None:
    lease.confirm()
    row.cancel_due_at, row.cancel_doubt_since = until, doubt
    row.cancel_attempts += 1
    row.save(update_fields=["cancel_due_at", "cancel_doubt_since", "cancel_attempts"])


def _end(row: Booking) -> None:
    row.cancel_due_at = row.cancel_doubt_since = None
    row.save(update_fields=["cancel_due_at", "cancel_doubt_since"])


def _at(connector: CalendarConnector, row: Booking) -> ListingRef:
    """Where it lies, mapped or not."""
    return ListingRef(row.facility, row.doctor, row.address, connector.time_zone)
