"""Reads back what the portal holds and compares it three ways (A37, A38, design section 5).

What was missed is taken over as if notified; what drifted is told again; what drifts again after
that is left for a person, not fought over.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_noop as _noop

from slotbridge.kit import clock
from slotbridge.sync import bookings, budget, fanout, reconcile
from slotbridge.sync.contract import CalendarConnector, Gone, PortalBooking, PortalBreak, Refused
from slotbridge.sync.models import Account, Booking, Difference, Listing, ListingDay, VisitTarget
from slotbridge.sync.queue import Lease
from slotbridge.sync.wanted import wanted_days

log = structlog.stdlib.get_logger(__name__)

EVERY = timedelta(minutes=15)
# The portal works asynchronously: what was told a moment ago is not compared yet.
SETTLES_IN = timedelta(seconds=30)
MOST_DRIFTS = 2

Kind, Done, Status = Difference.Kind, Difference.Done, Booking.Status


def next_listing(account: Account) -> Listing | None:
    """The listing that has waited longest to be compared. One that is not filled any more is
    compared while bookings on it are ahead (A20).
    """
    now = clock.now()
    ahead = Booking.objects.filter(listing=OuterRef("pk"), status=Status.BOOKED, end__gt=now)
    return (
        account.listings.filter(Q(is_active=True) | Exists(ahead), patrol_due_at__lte=now)
        .order_by("patrol_due_at", "pk")
        .select_related("account")
        .first()
    )


def patrol(lease: Lease, connector: CalendarConnector, listing: Listing) -> None:
    """Compares one listing. Raises TryLater or AccountRejected with the patrol still due."""
    now = clock.now()
    end = clock.day_bounds(fanout.horizon(listing.account, now)[1], listing.tz)[1]
    try:
        _compare_bookings(lease, connector, listing, now, end)
        if listing.is_active:
            lease.renew()
            _compare_breaks(lease, connector, listing, now, end)
            lease.renew()
            _compare_slots(lease, connector, listing, now, end)
        problem = ""
    except Refused as refusal:
        problem = str(refusal)
    with transaction.atomic():
        account = lease.confirm()
        Account.objects.filter(pk=account.pk).update(last_read_at=clock.now())
        Listing.objects.filter(pk=listing.pk).update(
            patrolled_at=now, patrol_due_at=now + EVERY, problem=problem[:300]
        )
        listing.days.filter(day__lt=clock.day_of(now, listing.tz)).delete()
        _ask_new_days(account, listing)


def _ask_new_days(account: Account, listing: Listing) -> None:
    """The horizon rolls on: days that nobody has asked for yet."""
    if not listing.is_active:
        return
    first, last = fanout.horizon(account, clock.now())
    known = listing.days.filter(day__gte=first, day__lte=last).count()
    if known < (last - first).days + 1:
        ListingDay.objects.bulk_create(
            (
                ListingDay(
                    organisation_id=listing.organisation_id,
                    listing=listing,
                    day=first + timedelta(days=n),
                    asked_at=clock.now(),
                    due_at=clock.now(),
                )
                for n in range((last - first).days + 1)
            ),
            ignore_conflicts=True,
        )


# --- Bookings -------------------------------------------------------------------------------


def _compare_bookings(
    lease: Lease, connector: CalendarConnector, listing: Listing, now: datetime, end: datetime
) -> None:
    # From the start of today: a booking that has begun is still compared.
    start = clock.day_bounds(clock.day_of(now, listing.tz), listing.tz)[0]
    there = {found.id: found for found in connector.bookings(listing.ref, start, end)}
    here = {
        row.external_id: row
        for row in Booking.objects.filter(
            account_id=lease.account_id, external_id__in=there
        ).select_related("visit")
    }
    for found in there.values():
        _take_over(lease, connector, listing, found, here.get(found.id))
    missing = Booking.objects.filter(
        listing=listing, status=Status.BOOKED, start__gte=now, start__lt=end
    ).exclude(external_id__in=there)
    for row in missing:
        _look_for(lease, connector, listing, row)


def _take_over(
    lease: Lease,
    connector: CalendarConnector,
    listing: Listing,
    found: PortalBooking,
    row: Booking | None,
) -> None:
    if row is None and not found.is_booked:
        return  # made and cancelled without our hearing of either
    if row is not None and (
        row.status != Status.BOOKED
        or (found.is_booked and (row.start, row.end) == (found.start, found.end) and row.visit)
    ):
        return
    # Read by itself: only then the chain of moves is told, and the patient is surely in it.
    try:
        newest = bookings.read_newest(connector, lease.account_id, listing.ref, found.id)
    except Gone:
        return
    with transaction.atomic():
        account = lease.confirm()
        after = bookings.apply(account, newest, old_booking=found.id)
        if row is not None and after.problem and after.problem == row.problem:
            return  # still not assignable, or still out of sight: said once
        _note(
            listing,
            Kind.BOOKING_HERE if row is None else Kind.BOOKING_CHANGED,
            Done.TAKEN_OVER,
            found.start,
            booking=found.id,
        )


def _look_for(lease: Lease, connector: CalendarConnector, listing: Listing, row: Booking) -> None:
    """One of ours that the portal did not list: cancelled, moved away, or gone."""
    try:
        found = bookings.read_newest(connector, lease.account_id, listing.ref, row.external_id)
    except Gone:
        with transaction.atomic():
            lease.confirm()
            if not row.problem:
                Booking.objects.filter(pk=row.pk).update(
                    problem=_noop(
                        "The portal does not know this booking any more. Ask the patient."
                    )
                )
                _note(listing, Kind.BOOKING_THERE, Done.LEFT, row.start, booking=row.external_id)
        return
    if found.is_booked and (found.id, found.start) == (row.external_id, row.start):
        return
    with transaction.atomic():
        after = bookings.apply(lease.confirm(), found, old_booking=row.external_id)
        if after.problem and after.problem == row.problem:
            return
        _note(listing, Kind.BOOKING_CHANGED, Done.TAKEN_OVER, row.start, booking=row.external_id)


# --- Breaks ---------------------------------------------------------------------------------


def _compare_breaks(
    lease: Lease, connector: CalendarConnector, listing: Listing, now: datetime, end: datetime
) -> None:
    """Removes breaks that are not ours where they hide what the HIS offers (R28)."""
    there = connector.breaks(listing.ref, now, end)
    known = set(
        VisitTarget.objects.filter(account_id=lease.account_id)
        .exclude(break_id="")
        .values_list("break_id", flat=True)
    )
    doubtful = VisitTarget.objects.filter(
        account_id=lease.account_id, doubt=VisitTarget.Doubt.BREAK
    ).exists()
    foreign = [found for found in there if found.id not in known and found.end > now]
    if not foreign or doubtful:
        return
    open_spans = _wanted_spans(listing, foreign)
    for found in foreign:
        if any(start < found.end and found.start < end for start, end in open_spans):
            if not budget.may_write(Account.objects.get(pk=lease.account_id), urgent=False):
                return
            connector.delete_break(listing.ref, found.id)
            with transaction.atomic():
                account = lease.confirm()
                budget.spend(account, connector)
                _note(listing, Kind.BREAK, Done.REMOVED, found.start, until=found.end.isoformat())


def _wanted_spans(
    listing: Listing, breaks: Iterable[PortalBreak]
) -> list[tuple[datetime, datetime]]:
    days = sorted({
        day for found in breaks for day in clock.days_between(found.start, found.end, listing.tz)
    })  # fmt: skip
    first, last = fanout.horizon(listing.account, clock.now())
    return [
        (period.start, period.end)
        for periods in wanted_days(listing, [d for d in days if first <= d <= last]).values()
        for period in periods
    ]


# --- Slots ----------------------------------------------------------------------------------


def _compare_slots(
    lease: Lease, connector: CalendarConnector, listing: Listing, now: datetime, end: datetime
) -> None:
    shown = connector.offered(listing.ref, now, end)
    with transaction.atomic():
        lease.confirm()
        rows = {
            row.day: row
            for row in listing.days.select_for_update().filter(
                asked=F("answered"), told__isnull=False, problem="", day__gte=clock.day_of(
                    now, listing.tz
                ),
            )
            if row.told_at is None or row.told_at + SETTLES_IN <= now
        }  # fmt: skip
        wanted = wanted_days(listing, rows)
        # A start that passes while we read is on neither side.
        after = now + timedelta(minutes=1)
        there: dict[object, set[object]] = {}
        for start in shown:
            if start.start >= after:
                there.setdefault(clock.day_of(start.start, listing.tz), set()).add(start)
        for day, row in rows.items():
            want = reconcile.offered_starts(wanted[day], after=after)
            have = there.get(day, set())
            _judge_day(listing, row, len(want - have), len(have - want))


def _judge_day(listing: Listing, row: ListingDay, missing: int, extra: int) -> None:
    if not missing and not extra:
        if row.drifts:
            row.drifts = 0
            row.save(update_fields=["drifts"])
        return
    row.drifts += 1
    row.told, row.asked = None, row.asked + 1
    row.asked_at = row.due_at = clock.now()
    if row.drifts > MOST_DRIFTS:
        row.problem = _noop(
            "Changed on the portal again and again: find out who does it, then try again."
        )
    row.save()
    bounds = clock.day_bounds(row.day, listing.tz)
    _note(
        listing,
        Kind.SLOTS,
        Done.LEFT if row.problem else Done.TOLD_AGAIN,
        bounds[0],
        missing=missing,
        extra=extra,
    )


def _note(
    listing: Listing,
    kind: Difference.Kind,
    done: Difference.Done,
    at: datetime | None,
    **data: object,
) -> None:
    Difference.objects.create(
        organisation_id=listing.organisation_id,
        account_id=listing.account_id,
        listing=listing,
        day=clock.day_of(at, listing.tz) if at else None,
        kind=kind,
        done=done,
        found_at=clock.now(),
        data=data,
    )
    log.info("difference", listing=listing.pk, kind=str(kind), done=str(done))
