"""A comparison that changes nothing on either side: for an account that does not write yet.

Each difference is put down as compared. What one thing explains is not said twice: a time that the
portal hides for a booking of its own is not also a missing free time.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from slotbridge.his.models import Visit
from slotbridge.kit import clock
from slotbridge.sync import (
    comparing_bookings,
    comparing_breaks,
    comparing_services,
    comparing_slots,
    fanout,
    reconcile,
)
from slotbridge.sync.contract import OfferedStart, PortalBooking, PortalBreak
from slotbridge.sync.models import Booking, Difference, VisitTarget
from slotbridge.sync.reports import Range, Round
from slotbridge.sync.wanted import wanted_days

Kind, Done, Status = Difference.Kind, Difference.Done, Booking.Status


def compare(made: Round) -> None:
    """Compares bookings, breaks and free times of one listing."""
    listing = made.listing
    booked = [
        found
        for found in made.connector.bookings(
            listing.ref, comparing_bookings.start_of(made), made.end
        )
        if found.is_booked and found.end > made.now
    ]
    breaks = made.connector.breaks(listing.ref, made.now, made.end)
    made.lease.renew()
    hidden = [(one.start, one.end) for one in booked] + [(one.start, one.end) for one in breaks]
    _compare_bookings(made, booked)
    made.explained += hidden
    made.explained += _compare_visits(made, hidden)
    if not listing.is_active:
        return
    _compare_breaks(made, breaks)
    comparing_services.only_compare(made)
    _compare_slots(made, made.connector.offered(listing.ref, made.now, made.end))


def _compare_bookings(made: Round, booked: list[PortalBooking]) -> None:
    rows = {
        row.external_id: row
        for row in Booking.objects.filter(
            account_id=made.lease.account_id, external_id__in=[found.id for found in booked]
        )
    }
    busy = _times_of_visits(made)
    for found in booked:
        row = rows.get(found.id)
        if row is None or (row.status == Status.BOOKED and row.visit_id is None):
            # Taken over it would be a second visit at this time, for a person to settle (A46).
            clashes = any(s < found.end and found.start < e for s, e in busy)
            made.note(
                Kind.BOOKING_HERE, Done.COMPARED, found.start, booking=found.id, clashes=clashes
            )
        elif row.status != Status.BOOKED or (row.start, row.end) != (found.start, found.end):
            made.note(Kind.BOOKING_CHANGED, Done.COMPARED, found.start, booking=found.id)
    missing = Booking.objects.filter(
        listing=made.listing, status=Status.BOOKED, start__gte=made.now, start__lt=made.end
    ).exclude(external_id__in=[found.id for found in booked])
    for row in missing:
        made.note(Kind.BOOKING_THERE, Done.COMPARED, row.start, booking=row.external_id)
    made.look_at(len(booked) + len(missing))


def _compare_visits(made: Round, hidden: list[Range]) -> list[Range]:
    """Visits of ours that the portal does not show as occupied; their times."""
    told = VisitTarget.objects.filter(account_id=made.lease.account_id).exclude(break_id="")
    visits = comparing_bookings.untold_visits(made).exclude(targets__in=told)
    found = list(visits.values_list("start", "end", "public_id"))
    covered = reconcile.merged(hidden)
    untold = [
        (start, end, public_id)
        for start, end, public_id in found
        if not any(s <= start and end <= e for s, e in covered)
    ]
    made.look_at(len(found))
    for start, _end, public_id in untold:
        made.note(Kind.BOOKING_THERE, Done.COMPARED, start, visit=str(public_id))
    return [(start, end) for start, end, _ in untold]


def _compare_breaks(made: Round, breaks: list[PortalBreak]) -> None:
    there = {found.id for found in breaks}
    gone = VisitTarget.objects.filter(
        account_id=made.lease.account_id,
        told_listing=made.listing,
        told_start__gte=made.now,
        told_start__lt=made.end,
    ).exclude(break_id="").exclude(break_id__in=there)  # fmt: skip
    lost = list(gone.values_list("told_start", "visit__public_id"))
    for start, public_id in lost:
        made.note(Kind.BREAK_GONE, Done.COMPARED, start, visit=str(public_id))
    foreign = comparing_breaks.foreign_of(made, breaks)
    open_spans = comparing_breaks.wanted_spans(made.listing, foreign)
    for found in foreign:
        if comparing_breaks.hides(found, open_spans):
            made.note(Kind.BREAK, Done.COMPARED, found.start, break_id=found.id)
    made.look_at(len(breaks) + len(lost))


def _compare_slots(made: Round, shown: Iterable[OfferedStart]) -> None:
    listing = made.listing
    first, last = fanout.horizon(listing.account, made.now)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    for day, want, have in comparing_slots.unexplained(made, wanted_days(listing, days), shown):
        made.look_at(len(want | have))
        missing, extra = len(want - have), len(have - want)
        if missing or extra:
            at = clock.day_bounds(day, listing.tz)[0]
            made.note(
                Kind.SLOTS, Done.COMPARED, at, size=missing + extra, missing=missing, extra=extra
            )


def _times_of_visits(made: Round) -> list[Range]:
    return list(
        Visit.objects.filter(
            organisation_id=made.listing.organisation_id,
            practitioner=made.listing.practitioner_id,
            status__in=[Visit.Status.BOOKED, Visit.Status.ARRIVED],
            end__gt=made.now,
            start__lt=made.end,
        )
        .exclude(
            bookings__in=Booking.objects.filter(
                account_id=made.lease.account_id, status=Status.BOOKED
            )
        )
        .values_list("start", "end")
    )
