"""Bookings: those that nobody told us of, those that changed, those that are gone (A38, A63)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_noop as _noop

from slotbridge.his.models import Visit
from slotbridge.kit import clock
from slotbridge.sync import bookings, details, fanout
from slotbridge.sync.contract import Gone, PortalBooking
from slotbridge.sync.models import Booking, Difference, Listing, ListingSchedule, VisitTarget
from slotbridge.sync.reports import Round

# The portal works asynchronously: what was told a moment ago is not compared yet.
SETTLES_IN = timedelta(seconds=30)

Kind, Done, Status = Difference.Kind, Difference.Done, Booking.Status


def compare(made: Round) -> None:
    """Takes over what is there; looks for what is not."""
    there = {found.id: found for found in made.connector.bookings(
        made.listing.ref, start_of(made), made.end
    )}  # fmt: skip
    here = {
        row.external_id: row
        for row in Booking.objects.filter(
            account_id=made.lease.account_id, external_id__in=there
        ).select_related("visit")
    }
    for found in there.values():
        _take_over(made, found, here.get(found.id))
    missing = list(
        Booking.objects.filter(
            listing=made.listing, status=Status.BOOKED, start__gte=made.now, start__lt=made.end
        ).exclude(external_id__in=there)
    )
    for row in missing:
        _look_for(made, row)
    # A booking that no visit of ours stands for hides a time that the HIS still offers.
    standing = set(
        Booking.objects.filter(
            account_id=made.lease.account_id,
            external_id__in=there,
            visit__status__in=Visit.ACTIVE,
        ).values_list("external_id", flat=True)
    )
    made.explained += [
        (found.start, found.end)
        for found in there.values()
        if found.is_booked and found.id not in standing
    ]
    made.look_at(sum(found.is_booked for found in there.values()) + len(missing))
    _ask_untold(made)


def start_of(made: Round) -> datetime:
    """From the start of today: a booking that has begun is still compared."""
    return clock.day_bounds(clock.day_of(made.now, made.listing.tz), made.listing.tz)[0]


def _take_over(made: Round, found: PortalBooking, row: Booking | None) -> None:
    if row is None:
        if not found.is_booked:
            return  # made and cancelled without our hearing of either
    elif row.status == Status.CANCELED:
        if found.is_booked:
            _still_booked(made, found, row)
        return
    elif _is_as_known(found, row):
        return
    # Read by itself: only then the chain of moves is told, and the patient is surely in it.
    newest = _with_details(_newest(made, made.listing, found.id), found)
    if newest is None:
        return
    with transaction.atomic():
        account = made.confirm()
        before = _details(row)
        after = bookings.apply(account, newest, old_booking=found.id)
        if row is not None and _says_nothing_new(found, row, before, after):
            return
        made.note(
            Kind.BOOKING_HERE if row is None else Kind.BOOKING_CHANGED,
            Done.TAKEN_OVER,
            found.start,
            booking=found.id,
        )


def _with_details(newest: PortalBooking | None, found: PortalBooking) -> PortalBooking | None:
    """With who confirmed and who came, which only the list of bookings tells."""
    same = newest is not None and newest.id == found.id
    return details.merged(newest, found) if newest is not None and same else newest


def _is_as_known(found: PortalBooking, row: Booking) -> bool:
    if row.status != Status.BOOKED:
        return True
    same_time = found.is_booked and (row.start, row.end) == (found.start, found.end)
    return same_time and row.visit is not None and not _tells_details(found, row, row.visit)


def _tells_details(found: PortalBooking, row: Booking, visit: Visit) -> bool:
    """Whether the portal says of confirmation, presence or payment what we have not heard."""
    return (
        (found.is_confirmed is not None and found.is_confirmed != row.is_confirmed)
        or found.presence not in {"", row.presence}
        or found.payment not in {"", visit.payment}
    )


def _details(row: Booking | None) -> tuple[object, ...]:
    if row is None:
        return ()
    return row.is_confirmed, row.presence, row.visit.payment if row.visit else ""


def _says_nothing_new(
    found: PortalBooking, row: Booking, before: tuple[object, ...], after: Booking
) -> bool:
    """Still not assignable, or still out of sight: said once. Or details that are not kept."""
    if after.problem and after.problem == row.problem:
        return True
    moved = not found.is_booked or (row.start, row.end) != (found.start, found.end)
    if moved or row.visit is None:
        return False
    return _details(Booking.objects.select_related("visit").get(pk=row.pk)) == before


def _still_booked(made: Round, found: PortalBooking, row: Booking) -> None:
    """Cancelled as far as we know, but not there: the visit decides what the portal is told."""
    if row.seen_at + SETTLES_IN > made.now or found.end <= made.now:
        return
    newest = _newest(made, made.listing, found.id)
    if newest is None or newest.id != found.id or not newest.is_booked:
        return
    with transaction.atomic():
        account = made.confirm()
        if row.visit_id is None:
            # Remembered as cancelled before we had heard of it: what is read there prevails.
            row.delete()
            bookings.apply(account, newest)
        elif Booking.objects.filter(
            account=account, visit=row.visit_id, status=Status.BOOKED
        ).exists():
            return  # the visit was booked anew under another id
        else:
            Booking.objects.filter(pk=row.pk).update(status=Status.BOOKED, seen_at=clock.now())
            fanout.ask_visits([row.visit_id], account)
        done = Done.TAKEN_OVER if row.visit_id is None else Done.TOLD_AGAIN
        made.note(Kind.BOOKING_CHANGED, done, found.start, booking=found.id)


def _look_for(made: Round, row: Booking) -> None:
    """One of ours that the portal did not list: cancelled, moved away, or gone."""
    try:
        found = bookings.read_newest(
            made.connector, made.lease.account_id, made.listing.ref, row.external_id
        )
    except Gone:
        with transaction.atomic():
            made.confirm()
            if not row.problem:
                Booking.objects.filter(pk=row.pk).update(
                    problem=_noop(
                        "The portal does not know this booking any more. Ask the patient."
                    )
                )
                made.note(Kind.BOOKING_THERE, Done.LEFT, row.start, booking=row.external_id)
        return
    if found.is_booked and (found.id, found.start) == (row.external_id, row.start):
        return
    with transaction.atomic():
        after = bookings.apply(made.confirm(), found, old_booking=row.external_id)
        if after.problem and after.problem == row.problem:
            return
        made.note(Kind.BOOKING_CHANGED, Done.TAKEN_OVER, row.start, booking=row.external_id)


def _newest(made: Round, listing: Listing, booking: str) -> PortalBooking | None:
    try:
        return bookings.read_newest(made.connector, made.lease.account_id, listing.ref, booking)
    except Gone:
        return None


def _ask_untold(made: Round) -> None:
    """Visits that the portal should know of and nobody was asked to tell."""
    untold = untold_visits(made).exclude(
        targets__in=VisitTarget.objects.filter(account_id=made.lease.account_id)
    )
    found = list(untold.values_list("pk", "start", "public_id"))
    if not found:
        return
    with transaction.atomic():
        account = made.confirm()
        fanout.ask_visits([pk for pk, _, _ in found], account)
        for _pk, start, public_id in found:
            made.note(Kind.BOOKING_THERE, Done.TOLD_AGAIN, start, visit=str(public_id))


def untold_visits(made: Round) -> QuerySet[Visit]:
    """Visits ahead that this listing is to show and has no booking of."""
    account = made.listing.account
    return Visit.objects.filter(
        organisation_id=account.organisation_id,
        schedule__in=ListingSchedule.objects.filter(listing=made.listing).values("schedule"),
        channels__contains=[account.channel],
        status__in=[Visit.Status.BOOKED, Visit.Status.ARRIVED],
        clash="",
        start__gt=made.now,
        start__lt=made.end,
    ).exclude(bookings__in=Booking.objects.filter(account=account, status=Status.BOOKED))
