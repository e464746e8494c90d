"""A portal's bookings become visits: found, made, moved, cancelled (R24-R26, A13, A44-A60).

What is applied was read from the portal a moment ago, so applying it again, late or in another
order ends in the same state. Nothing here speaks to a portal but `read_again`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils.translation import gettext_noop as _noop

from slotbridge.his import story, visits
from slotbridge.his.models import Visit
from slotbridge.kit import clock
from slotbridge.sync import assigning, details, fanout
from slotbridge.sync.booking_rows import (
    as_found,
    data_of,
    for_a_person,
    listing_at,
    note_seen,
    remember,
    sealed,
)
from slotbridge.sync.contract import (
    By,
    CalendarConnector,
    ListingRef,
    PortalBooking,
    Refused,
)
from slotbridge.sync.models import Account, Booking, Listing
from slotbridge.sync.queue import Lease

__all__ = [
    "agrees",
    "apply",
    "as_found",
    "data_of",
    "for_a_person",
    "listing_at",
    "moved_on",
    "note_seen",
    "read_again",
    "read_newest",
    "remember",
]

log = structlog.stdlib.get_logger(__name__)

Status = Booking.Status

_TOO_LATE = _noop("It was cancelled there after it had begun or ended here.")
_PAID = _noop("It was cancelled there, but it is paid: cancel it here, or ask the patient.")


@transaction.atomic
def apply(account: Account, found: PortalBooking, *, old_booking: str = "") -> Booking:
    """Makes the HIS agree with a booking as the portal holds it now.

    `old_booking`: its id before a move, where a notification names it. The caller holds the
    account's lease. Never raises for what the booking says: what cannot be assigned is kept with
    its reason, and a clash is kept beside the visit it clashes with.
    """
    row = Booking.objects.select_for_update().filter(account=account, external_id=found.id).first()
    if not found.is_booked:
        return _apply_canceled(account, found, row, old_booking)
    if row is None:
        before = _before(account, found, old_booking)
        if before is not None:
            return _apply_moved(account, found, before)
        return _apply_new(account, found)
    if row.status != Status.BOOKED:
        return row  # ended ones stay ended: a late "booked" does not revive them (A57)
    if row.visit_id is None:
        return _apply_new(account, found, row)
    return _apply_changed(account, found, row)


@transaction.atomic
def apply_details(
    account: Account,
    found: PortalBooking,
    *,
    hint: PortalBooking | None,
    said_at: datetime | None,
    old_booking: str = "",
) -> None:
    """As `apply`, after a notification of details: with what only that knows of the booking, unless
    a newer one was heard before it. Of a visit that was over before we knew of it nothing is kept.
    """
    row = Booking.objects.filter(account=account, external_id=found.id).first()
    if row is None and found.end <= clock.now():
        return
    is_news = hint is not None and hint.id == found.id and not details.is_old(row, said_at)
    row = apply(account, details.merged(found, hint) if is_news else found, old_booking=old_booking)
    if is_news and said_at is not None:
        Booking.objects.filter(pk=row.pk).update(said_at=said_at)


def read_newest(
    connector: CalendarConnector, account_id: int, at: ListingRef, booking: str
) -> PortalBooking:
    """A booking as the portal holds it now; one that was moved on, under its newest id.

    A move may have taken it to another doctor, whose address the portal does not name: the
    facility's other calendars are asked. Where none has it, the old one is returned, which names
    its newest id. Raises Gone or Refused if even that is not there.
    """
    found = connector.booking(at, booking)
    if not moved_on(found):
        return found
    others = Listing.objects.filter(account_id=account_id, facility=at.facility).exclude(
        address=at.address
    )
    for ref in [at, *(listing.ref for listing in others.order_by("-is_active", "pk"))]:
        try:
            return connector.booking(ref, found.newest_id)
        except Refused:  # not there
            continue
    return found


def moved_on(found: PortalBooking) -> bool:
    """Whether the portal says that this booking lives on under another id."""
    return found.newest_id not in {"", found.id}


def read_again(lease: Lease, connector: CalendarConnector, booking: Booking) -> bool:
    """Reads what became of a booking that the portal would not move or cancel; whether it is
    still there, unchanged.
    """
    if booking.listing is None:
        return False
    try:
        found = read_newest(connector, lease.account_id, booking.listing.ref, booking.external_id)
    except Refused:
        # Deleted there, or not ours to read: patrol will leave it for a person. Nothing is
        # cancelled on a guess.
        _look_soon(booking.listing)
        return False
    with transaction.atomic():
        account = lease.confirm()
        apply(account, found, old_booking=booking.external_id)
        if booking.visit_id is not None:
            fanout.ask_visits([booking.visit_id], account)
    same = found.id == booking.external_id
    return found.is_booked and same and (found.start, found.end) == (booking.start, booking.end)


def agrees(booking: Booking, visit: Visit, listing: Listing | None) -> bool:
    """Whether the portal's booking and our visit are at one time with one person."""
    same_place = booking.listing_id == (listing.pk if listing else None)
    if not same_place and booking.listing is not None:
        # Unmapped since it was booked, but the person has not changed (A20).
        same_place = listing is None and booking.listing.practitioner_id == visit.practitioner_id
    return same_place and (booking.start, booking.end) == (visit.start, visit.end)


# --- New ------------------------------------------------------------------------------------


def _apply_new(account: Account, found: PortalBooking, row: Booking | None = None) -> Booking:
    if found.booked_by == By.US:
        return assigning.adopt(account, found)
    if found.end <= clock.now():
        # Over before we heard of it (A63 takes over what is ahead): nothing to hold time for.
        return row or remember(
            account, found, visit=None, problem=_noop("It was over when we heard of it.")
        )
    if row is not None and row.cancel_due_at is not None:
        return row  # a person is having it cancelled (A48)
    try:
        schedule = assigning.schedule_of(account, found)
    except assigning.CannotAssign as reason:
        log.warning("booking not assigned", account=account.pk, booking=found.id)
        return remember(account, found, visit=None, problem=str(reason))
    service = assigning.service_of(account, schedule, found)
    visit = assigning.take_in(account, found, schedule, service)
    return Booking.objects.get(account=account, visit=visit, status=Status.BOOKED)


# --- Moved, changed, cancelled ----------------------------------------------------------------


def _before(account: Account, found: PortalBooking, old_booking: str) -> Booking | None:
    """The booking that this one replaces: named by the notification, or by the chain's origin."""
    for external_id in dict.fromkeys([old_booking, found.origin_id]):
        if not external_id or external_id == found.id:
            continue
        row = (
            Booking.objects.select_for_update()
            .filter(account=account, external_id=external_id)
            .first()
        )
        while row is not None and row.replaced_by_id is not None:
            row = Booking.objects.select_for_update().get(pk=row.replaced_by_id)
        if row is not None:
            return row
    return None


def _apply_moved(account: Account, found: PortalBooking, before: Booking) -> Booking:
    """A move: the same visit at another time or with another person (A58), under a new id."""
    visit = before.visit
    unchanged_here = visit is not None and _unchanged_here(account, before, visit)
    before.status = Status.MOVED
    before.save(update_fields=["status"])
    if visit is None:
        row = _apply_new(account, found)
    else:
        row = remember(account, found, visit=visit)
        if unchanged_here:
            _follow(account, found, row, visit)
        # Else we moved or cancelled it too, and the portal is to be told: of two moves ours
        # stands, and a cancellation beats a move (A44).
        details.note(account, found, row)
        fanout.ask_visits([visit.pk], account)
    before.replaced_by = row
    before.save(update_fields=["replaced_by"])
    return row


def _apply_changed(account: Account, found: PortalBooking, row: Booking) -> Booking:
    visit = row.visit
    assert visit is not None
    if (row.start, row.end, row.address) == (found.start, found.end, found.address):
        row.seen_at = clock.now()
        row.save(update_fields=["seen_at"])
        details.note(account, found, row)
        return row
    unchanged_here = _unchanged_here(account, row, visit)
    row = remember(account, found, visit=visit, booked_by=By(row.booked_by))
    if unchanged_here:
        _follow(account, found, row, visit)
    details.note(account, found, row)
    fanout.ask_visits([visit.pk], account)
    return row


def _unchanged_here(account: Account, booking: Booking, visit: Visit) -> bool:
    listing = Listing.objects.filter(account=account, shown__schedule_id=visit.schedule_id).first()
    return visit.status in {"booked", "arrived"} and agrees(booking, visit, listing)


def _follow(account: Account, found: PortalBooking, row: Booking, visit: Visit) -> None:
    """Moves our visit where the portal moved its booking."""
    try:
        schedule = assigning.schedule_of(account, found)
    except assigning.CannotAssign as problem:
        row.problem = str(problem)
        row.sealed_data = sealed(found)
        row.save(update_fields=["problem", "sealed_data"])
        return
    try:
        visits.move_visit(
            visit=visit,
            schedule=schedule,
            start=found.start,
            end=found.end,
            service=assigning.service_of(account, schedule, found) or visit.service,
            keep_clash=True,
            by=account.channel,
        )
    except visits.VisitOver:
        _note(account, visit, row, _noop("It was moved there after it had begun or ended here."))


def _apply_canceled(
    account: Account, found: PortalBooking, row: Booking | None, old_booking: str
) -> Booking:
    """One that never stood here is remembered (A57). If it is what became of one that does, by a
    move that nobody told us of, that one is over with it.
    """
    if row is not None and (row.visit_id is not None or row.status != Status.CANCELED):
        return _end(account, found, row)
    before = None if moved_on(found) else _before(account, found, old_booking)
    if before is not None:
        _end(account, found, before)
    return row or remember(account, found, visit=None)


def _end(account: Account, found: PortalBooking, row: Booking) -> Booking:
    if row.status != Status.BOOKED:
        return row
    if moved_on(found):
        # Not cancelled: moved where we cannot read it. The visit stays until a person knows.
        row.problem = _noop(
            "Moved on the portal to somebody who is not linked here. Ask the patient."
        )
        row.save(update_fields=["problem"])
        return row
    row.status, row.seen_at = Status.CANCELED, clock.now()
    row.cancel_due_at = row.cancel_doubt_since = None
    row.save(update_fields=["status", "seen_at", "cancel_due_at", "cancel_doubt_since"])
    visit = row.visit
    if visit is None or visit.status == Visit.Status.CANCELLED:
        return row
    if found.canceled_by == By.US:
        # Our own doing (a cancellation to book anew, A43): the visit decides what is told next.
        fanout.ask_visits([visit.pk], account)
        return row
    try:
        visits.cancel_visit(visit=visit, reason="", by=account.channel)
    except visits.VisitOver as over:  # begun, paid for or past (A59)
        _note(account, visit, row, _PAID if over.why == "paid" else _TOO_LATE)
    return row


def _note(account: Account, visit: Visit, row: Booking, problem: str) -> None:
    """A59: what happened in the room stands; staff are shown what the portal said."""
    row.problem = problem
    row.save(update_fields=["problem"])
    story.tell(visit, "portal-too-late", account.channel, booking=row.external_id)


def _look_soon(listing: Listing) -> None:
    Listing.objects.filter(pk=listing.pk).update(patrol_due_at=clock.now() + timedelta(seconds=5))
