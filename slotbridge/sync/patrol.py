"""Reads back what the portal holds and compares it three ways: what the HIS wants, what was told,
what is there (A33, A37, A38, design section 5).

What was missed is taken over as if notified; what drifted is told again; what drifts again after
that is left for a person, not fought over. An account that does not write is only compared.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from slotbridge.kit import clock, http
from slotbridge.sync import (
    comparing_bookings,
    comparing_breaks,
    comparing_services,
    comparing_slots,
    fanout,
    shadow,
)
from slotbridge.sync.contract import CalendarConnector, Refused
from slotbridge.sync.models import Account, Booking, Listing, ListingDay
from slotbridge.sync.queue import Lease
from slotbridge.sync.reports import Round, WritingChanged

EVERY = timedelta(minutes=15)

Status = Booking.Status


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
    made = Round(
        lease=lease,
        connector=connector,
        listing=listing,
        now=now,
        end=clock.day_bounds(fanout.horizon(listing.account, now)[1], listing.tz)[1],
        compares_only=listing.account.writing != Account.Writing.LIVE,
    )
    with http.metered() as meter:
        try:
            _compare(made)
            problem = ""
        except Refused as refusal:
            problem = str(refusal)
        except WritingChanged:
            return  # still due
    with transaction.atomic(), suppress(WritingChanged):
        account = made.confirm()
        Account.objects.filter(pk=account.pk).update(last_read_at=clock.now())
        same = Listing.objects.filter(pk=listing.pk)
        same.update(patrolled_at=now, problem=problem[:300])
        # Unless somebody asked for another while this one ran: it may have read too early.
        same.filter(patrol_due_at=listing.patrol_due_at).update(patrol_due_at=now + EVERY)
        listing.days.filter(day__lt=clock.day_of(now, listing.tz)).delete()
        _ask_new_days(account, listing)
        made.file(reads=meter.requests, problem=problem)


def _compare(made: Round) -> None:
    if made.compares_only:
        shadow.compare(made)
        return
    comparing_bookings.compare(made)
    if made.listing.is_active:
        made.lease.renew()
        comparing_breaks.compare(made)
        made.lease.renew()
        if _begins_an_hour(made):
            comparing_services.compare(made)
        comparing_slots.compare(made)


def _begins_an_hour(made: Round) -> bool:
    """Services change seldom, and are told of: read back once an hour, so that a large house does
    not use up the reads that the portal allows.
    """
    before = made.listing.patrolled_at
    return before is None or before.astimezone(UTC).replace(
        minute=0, second=0, microsecond=0
    ) != made.now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


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
