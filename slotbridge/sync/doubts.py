"""A write whose outcome is not known: read what the portal holds, then go on (promise 5)."""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.db import transaction

from slotbridge.his import story
from slotbridge.his.models import Visit
from slotbridge.kit import backoff, clock
from slotbridge.sync import bookings
from slotbridge.sync.contract import (
    By,
    CalendarConnector,
    Gone,
    PortalBooking,
    PortalBreak,
    Refused,
)
from slotbridge.sync.models import Account, Booking, Listing, VisitTarget
from slotbridge.sync.queue import Lease

log = structlog.stdlib.get_logger(__name__)

# The portal works asynchronously: what was done may be readable only seconds later.
FIRST_LOOK = timedelta(seconds=5)
LOOKS_FOR = timedelta(seconds=20)
# A write that comes to nothing more often than this is tried ever less often: others wait too.
PATIENT_ATTEMPTS = 3

Told, Doubt = VisitTarget.Told, VisitTarget.Doubt


def resolve(
    lease: Lease,
    connector: CalendarConnector,
    target: VisitTarget,
    visit: Visit,
    booking: Booking | None,
) -> None:
    """Finds out what became of the write in doubt. Found: stored as done. Not found after a
    while: it was not done, and the visit is due again.
    """
    look = {
        Doubt.BOOK: _look_for_booking,
        Doubt.MOVE: _look_for_move,
        Doubt.CANCEL: _look_for_cancel,
        Doubt.BREAK: _look_for_break,
    }[Doubt(target.doubt)]
    try:
        settled = look(lease, connector, target, visit, booking)
    except Refused as refusal:
        _leave(lease, target, str(refusal))
        return
    with transaction.atomic():
        account = lease.confirm()
        fresh = VisitTarget.objects.select_for_update().get(pk=target.pk)
        waited = clock.now() - (fresh.doubt_since or clock.now())
        if settled or waited >= LOOKS_FOR:
            fresh.doubt, fresh.doubt_since, fresh.due_at = Doubt.NONE, None, clock.now()
            if not settled and fresh.attempts > PATIENT_ATTEMPTS:
                fresh.due_at += backoff.wait(fresh.attempts)
            story.tell(
                visit,
                "outcome-found" if settled else "outcome-not-done",
                account.channel,
                doubt=str(target.doubt),
            )
        else:
            fresh.due_at = clock.now() + FIRST_LOOK
        fresh.save(update_fields=["doubt", "doubt_since", "due_at"])


@transaction.atomic
def _leave(lease: Lease, target: VisitTarget, reason: str) -> None:
    """The portal does not let us look, so nobody may do it again: the doubt stays, for a person."""
    lease.confirm()
    VisitTarget.objects.filter(pk=target.pk).update(problem=reason[:300])
    log.warning("visit parked in doubt", visit=target.visit_id, account=target.account_id)


def _look_for_booking(
    lease: Lease,
    connector: CalendarConnector,
    target: VisitTarget,
    visit: Visit,
    booking: Booking | None,
) -> bool:
    listing = target.tried_listing
    if listing is None or target.tried_start is None or target.tried_end is None:
        return True
    there = connector.bookings(listing.ref, target.tried_start, target.tried_end)
    known = set(
        Booking.objects.filter(
            account_id=target.account_id, external_id__in=[found.id for found in there]
        ).values_list("external_id", flat=True)
    )
    for found in there:
        ours = visit.public_id.hex in found.comment or (
            found.booked_by == By.US and found.start == target.tried_start
        )
        if ours and found.is_booked and found.id not in known:
            with transaction.atomic():
                account = lease.confirm()
                settle_booking(account, target.pk, visit, booking, found)
            return True
    return False


def _look_for_move(
    lease: Lease,
    connector: CalendarConnector,
    target: VisitTarget,
    visit: Visit,
    booking: Booking | None,
) -> bool:
    if booking is None or booking.listing is None:
        return True
    try:
        held = connector.booking(booking.listing.ref, booking.external_id)
    except Gone:
        held = None
    if held is not None and held.newest_id in {"", held.id} and held.is_booked:
        return False  # still where it was: look again, then move anew
    return _look_for_booking(lease, connector, target, visit, booking)


def _look_for_cancel(
    lease: Lease,
    connector: CalendarConnector,
    _target: VisitTarget,
    _visit: Visit,
    booking: Booking | None,
) -> bool:
    if booking is None or booking.listing is None:
        return True
    try:
        held = connector.booking(booking.listing.ref, booking.external_id)
    except Gone:
        held = None
    if held is not None and held.is_booked:
        return False
    with transaction.atomic():
        lease.confirm()
        Booking.objects.filter(pk=booking.pk).update(status=Booking.Status.CANCELED)
    return True


def _look_for_break(
    lease: Lease,
    connector: CalendarConnector,
    target: VisitTarget,
    visit: Visit,
    _booking: Booking | None,
) -> bool:
    listing = target.tried_listing
    if listing is None or target.tried_start is None or target.tried_end is None:
        return True
    for found in connector.breaks(listing.ref, target.tried_start, target.tried_end):
        if visit.public_id.hex in found.description:
            with transaction.atomic():
                lease.confirm()
                settle_break(target.pk, listing, found)
            return True
    return False


def settle_booking(
    account: Account,
    target_id: int,
    visit: Visit,
    before: Booking | None,
    made: PortalBooking,
) -> None:
    """Stores a booking that we made or moved, as the portal returned it."""
    if before is not None:
        Booking.objects.filter(pk=before.pk).update(status=Booking.Status.MOVED)
    booking = bookings.remember(account, made, visit=visit, booked_by=By.US)
    if before is not None:
        Booking.objects.filter(pk=before.pk).update(replaced_by=booking)
    target = VisitTarget.objects.select_for_update().get(pk=target_id)
    target.told, target.told_listing = Told.BOOKING, booking.listing
    target.told_start, target.told_end, target.told_at = made.start, made.end, clock.now()
    # Another booking: nobody has confirmed it there, or said who came.
    target.told_confirmed, target.told_presence = False, ""
    target.doubt, target.doubt_since = Doubt.NONE, None
    target.save()


def settle_break(target_id: int, listing: Listing, made: PortalBreak) -> None:
    """Stores a break that hides a visit's time."""
    target = VisitTarget.objects.select_for_update().get(pk=target_id)
    target.told, target.break_id, target.told_listing = Told.BREAK, made.id, listing
    target.told_start, target.told_end, target.told_at = made.start, made.end, clock.now()
    target.doubt, target.doubt_since = Doubt.NONE, None
    target.save()
