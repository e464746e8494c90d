"""What an account would write if it went live now: computed from our own rows, nothing is read at
the portal and nothing is written anywhere.

A first load of two hundred calendars is looked at a page at a time: the totals need a handful of
queries, and only the calendars of a page are computed in full.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import cast

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from slotbridge.his.models import Visit
from slotbridge.kit import clock
from slotbridge.sync import fanout, periods, reconcile, services
from slotbridge.sync.budget import RESERVE
from slotbridge.sync.contract import OfferedStart
from slotbridge.sync.models import (
    Account,
    Booking,
    Listing,
    ListingDay,
    ListingSchedule,
    ListingService,
    PatrolReport,
    VisitTarget,
)
from slotbridge.sync.registry import calendar_class
from slotbridge.sync.wanted import Offering, wanted_days

# A booking that is refused, since the portal does not offer its time yet, and then a break (A40).
MOST_OF_A_VISIT = 2

LIVE = (Visit.Status.BOOKED, Visit.Status.ARRIVED)


@dataclass(frozen=True, slots=True)
class Calendar:
    """What would be written of one calendar: `days` with free times from `first` to `last`,
    `starts` a patient could choose; visits as bookings and as breaks.
    """

    listing: Listing
    days: int
    starts: int
    first: date | None
    last: date | None
    to_book: int
    to_break: int
    services: int  # steps: one to add, change or remove
    there: int  # bookings that are to be taken over first, when last compared
    writes: int

    @property
    def is_empty(self) -> bool:
        """Whether no free time at all would be shown: the portal's own are taken off."""
        return not self.starts


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The whole account. `writes` are requests, at most: all due days of a calendar go in one, a
    visit in one or two, a step of a service in one.
    """

    calendars: int
    visits: int
    changes: int  # visits that the portal knows, moved or cancelled here since
    services: int  # steps, at most: some turn out to need none
    there: int
    writes: int
    minutes: int  # at the account's budget

    @property
    def is_nothing(self) -> bool:
        return not self.writes


def rehearse(account: Account) -> Rehearsal:
    """The totals, in a fixed number of queries."""
    calendars = _calendars_to_write(account).count()
    visits, changes = _untold(account).count(), _changed(account).count()
    steps = _services(account).count() if services.are_ours(account) else 0
    urgent, others = MOST_OF_A_VISIT * visits + changes, calendars + steps
    return Rehearsal(
        calendars=calendars,
        visits=visits,
        changes=changes,
        services=steps,
        there=sum(_there(account.listings.all()).values()),
        writes=urgent + others,
        minutes=minutes_for(urgent, others, budget_of(account)),
    )


def calendars(account: Account) -> QuerySet[Listing]:
    """The calendars that would be filled, by name; sliced for a page."""
    return (
        account.listings.filter(is_active=True)
        .select_related("account", "practitioner")
        .order_by("practitioner__sort_key", "address")
    )


def in_detail(listings: Iterable[Listing]) -> Iterator[Calendar]:
    """What would be written of these calendars, one after the other."""
    found = list(listings)
    due = set(_due_days().filter(listing__in=found).values_list("listing", flat=True))
    there = _there(found)
    for listing in found:
        yield _calendar(listing, there=there.get(listing.pk, 0), is_due=listing.pk in due)


def budget_of(account: Account) -> int:
    """Writes a minute that the portal takes, as it said last."""
    return account.writes_limit or calendar_class(account.kind).writes_per_minute


def minutes_for(urgent: int, others: int, limit: int) -> int:
    """How long the writes take: days and services leave a quarter of each minute to visits."""
    limit = max(limit, 1)
    for_others = max(limit - limit // RESERVE, 1)
    minutes = 0
    while urgent > 0 or others > 0:
        now = min(urgent, limit)
        urgent -= now
        others -= max(for_others - now, 0)
        minutes += 1
    return minutes


def _calendar(listing: Listing, *, there: int, is_due: bool) -> Calendar:
    first, last = fanout.horizon(listing.account, clock.now())
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    now = clock.now()
    steps = services.services_to_tell(listing)
    offering = _offering(listing, first, last, steps)
    starts = {
        day: len({offered.start for offered in reconcile.offered_starts(wanted, after=now)})
        for day, wanted in wanted_days(listing, days, offering).items()
    }
    shown = sorted(day for day, count in starts.items() if count)
    to_book, to_break, more = _visits(listing, offering)
    return Calendar(
        listing=listing,
        days=len(shown),
        starts=sum(starts.values()),
        first=shown[0] if shown else None,
        last=shown[-1] if shown else None,
        to_book=to_book,
        to_break=to_break,
        services=len(steps),
        there=there,
        writes=to_book + to_break + more + len(steps) + is_due,
    )


def _offering(
    listing: Listing, first: date, last: date, steps: Iterable[services.ServiceStep]
) -> Offering:
    """What can be booked once the services are there that are to be added first."""
    known = Offering.of(listing, first, last)
    added = {
        step.service.service: f"new-{step.service.service}"
        for step in steps
        if step.kind == services.StepKind.ADD
    }
    return replace(known, at_address={**known.at_address, **added})


def _visits(listing: Listing, offering: Offering) -> tuple[int, int, int]:
    """How many visits would be told as bookings, how many only as breaks, and the requests beside:
    a day whose visits' times the portal was never told of is told open for them first
    (`telling_room`), and a visit out of a visible slot is refused before it is a break (A40).
    """
    told = _told_starts(listing)
    channel = listing.account.channel
    shown = ListingSchedule.objects.filter(listing=listing).values("schedule")
    visits = list(
        _untold(listing.account)
        .filter(visit__schedule__in=shown)
        .values_list("visit__start", "visit__clinic", "visit__service", "visit__slot__channels")
    )
    offered: dict[tuple[int, date], dict[int, str]] = {}
    rooms: set[date] = set()
    booked = refused = 0
    for start, clinic, service, channels in visits:
        at = clinic, clock.day_of(start, listing.tz)
        if at not in offered:
            offered[at] = offering.services(*at)
        item = offered[at].get(service or 0)
        if item is None:
            continue
        if OfferedStart(start, item) in told:
            booked += 1
        elif channel in (channels or ()):
            booked += 1
            rooms.add(at[1])
        else:
            refused += 1
    return booked, len(visits) - booked, len(rooms) + refused


def _told_starts(listing: Listing) -> frozenset[OfferedStart]:
    told = listing.days.exclude(told=None).exclude(told=[]).values_list("told", flat=True)
    return reconcile.offered_starts(
        period for day in told for period in periods.from_json(day) or ()
    )


def _untold(account: Account) -> QuerySet[VisitTarget]:
    """Visits ahead that the portal has not heard of, and that a calendar stands for."""
    shown = ListingSchedule.objects.filter(account=account, schedule=OuterRef("visit__schedule"))
    return _due_targets(account).filter(
        ~Exists(_booked(account)),
        Exists(shown),
        told=VisitTarget.Told.NOTHING,
        visit__status__in=LIVE,
        visit__start__gt=clock.now(),
        visit__clash="",
    )


def _changed(account: Account) -> QuerySet[VisitTarget]:
    """Visits that the portal knows, cancelled here or moved since."""
    told_so = _booked(account).filter(start=OuterRef("visit__start"), end=OuterRef("visit__end"))
    return _due_targets(account).filter(
        Q(visit__status=Visit.Status.CANCELLED) | (Q(visit__status__in=LIVE) & ~Exists(told_so)),
        Exists(_booked(account)),
        visit__end__gt=clock.now(),
    )


def _booked(account: Account) -> QuerySet[Booking]:
    return Booking.objects.filter(
        account=account, visit=OuterRef("visit"), status=Booking.Status.BOOKED
    )


def _due_targets(account: Account) -> QuerySet[VisitTarget]:
    return VisitTarget.objects.filter(account=account, asked__gt=F("answered"), problem="")


def _due_days() -> QuerySet[ListingDay]:
    return ListingDay.objects.filter(
        asked__gt=F("answered"), problem="", listing__held_since__isnull=True
    )


def _calendars_to_write(account: Account) -> QuerySet[Listing]:
    return account.listings.filter(pk__in=_due_days().values("listing"))


def _services(account: Account) -> QuerySet[ListingService]:
    return ListingService.objects.filter(
        listing__account=account, asked__gt=F("answered"), problem=""
    )


def _there(listings: Iterable[Listing]) -> dict[int, int]:
    """Bookings that the last comparison of each listing found there and not here."""
    newest = PatrolReport.objects.filter(listing=OuterRef("listing")).order_by("-at", "-pk")
    rows = PatrolReport.objects.filter(
        listing__in=listings, is_shadow=True, pk=newest.values("pk")[:1]
    )
    return {
        listing: int(cast("dict[str, int]", found).get("booking-here", 0))
        for listing, found in rows.values_list("listing", "found")
    }
