"""What the HIS wants shown on a listing: visible slots, minus whoever is busy, in the portal's
services. Computed afresh whenever it is told (promise 4).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q

from slotbridge.his import catalogue, free
from slotbridge.his.models import Service, Visit
from slotbridge.kit import clock
from slotbridge.sync import reconcile
from slotbridge.sync.contract import ItemKind, Offer, OpenPeriod
from slotbridge.sync.models import (
    Account,
    Booking,
    CatalogueItem,
    Link,
    Listing,
    ListingSchedule,
    VisitTarget,
)
from slotbridge.sync.registry import calendar_class

Range = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Offering:
    """What can be booked at a listing: R15 and R16 joined, for any clinic and day of a span."""

    clinics: dict[int, int]  # schedule -> clinic
    prices: dict[int, list[catalogue.PricedService]]  # clinic -> its prices with their days
    counterparts: dict[int, str]  # service -> dictionary service at the portal
    at_address: dict[str, str]  # dictionary service -> address service
    minutes: dict[int, int]  # service -> usual duration

    @classmethod
    def of(cls, listing: Listing, first: date, last: date) -> Offering:
        """For the days from `first` to `last`, both included."""
        clinics = dict(
            ListingSchedule.objects.filter(listing=listing).values_list(
                "schedule_id", "schedule__clinic_id"
            )
        )
        prices: dict[int, list[catalogue.PricedService]] = defaultdict(list)
        for row in catalogue.prices_between(
            clinics=set(clinics.values()), channel=listing.account.channel, first=first, last=last
        ):
            prices[row.clinic_id].append(row)
        counterparts = service_links(listing.account_id)
        return cls(
            clinics=clinics,
            prices=prices,
            counterparts=counterparts,
            at_address=address_services(listing),
            minutes=dict(
                Service.objects.filter(pk__in=counterparts, is_active=True).values_list(
                    "pk", "duration_minutes"
                )
            ),
        )

    def services(self, clinic: int, day: date) -> dict[int, str]:
        """Service -> address service, of all that a clinic offers here on a day (A16-A19).

        Two services of one clinic with one counterpart are both left out: a booking would not
        say which is meant (A12).
        """
        listed = {row.service_id for row in self.prices.get(clinic, ()) if day in row.valid}
        mapped = {
            service: self.counterparts[service]
            for service in listed
            if service in self.counterparts and service in self.minutes
        }
        meant = Counter(mapped.values())
        return {
            service: self.at_address[item]
            for service, item in mapped.items()
            if meant[item] == 1 and item in self.at_address
        }

    def offers(
        self, clinic: int, day: date, only: Collection[int], longest: timedelta
    ) -> tuple[Offer, ...]:
        """What can be booked on a slot: `only` these services if it names any, and only those
        that fit into it (A18).
        """
        return tuple(
            sorted(
                Offer(address_service, self.minutes[service])
                for service, address_service in self.services(clinic, day).items()
                if (not only or service in only)
                and timedelta(minutes=self.minutes[service]) <= longest
            )
        )


def wanted_days(listing: Listing, days: Iterable[date]) -> dict[date, tuple[OpenPeriod, ...]]:
    """What the listing should show on each of these days of its zone; () for nothing."""
    found: dict[date, list[OpenPeriod]] = {day: [] for day in days}
    withdrawn = listing.account.state == Account.State.SWITCHING_OFF  # A9
    if not found or withdrawn or not listing.is_active:
        return dict.fromkeys(found, ())
    first, last = min(found), max(found)
    offering = Offering.of(listing, first, last)
    quiet = calendar_class(listing.account.kind).quiet_before_midnight
    bounds = {}
    for n in range((last - first).days + 1):
        day_start, day_end = clock.day_bounds(first + timedelta(days=n), listing.tz)
        bounds[first + timedelta(days=n)] = (day_start, day_end - quiet)
    offered: dict[tuple[int, date, frozenset[int], timedelta], tuple[Offer, ...]] = {}
    for slot in free.free_slots(
        schedules=list(offering.clinics),
        start=bounds[first][0],
        end=bounds[last][1],
        channel=listing.account.channel,
    ):
        day = clock.day_of(slot.start, listing.tz)
        # The slots of a day are mostly alike: asked once, not for each of twenty.
        alike = offering.clinics[slot.schedule_id], day, slot.service_ids, slot.end - slot.start
        if alike not in offered:
            offered[alike] = offering.offers(*alike)
        touched = [
            bounds[touched_day]
            for touched_day in clock.days_between(slot.start, slot.end, listing.tz)
            if touched_day in bounds
        ]
        for period in reconcile.cut_slot(slot.start, slot.free, offered[alike], touched):
            found.setdefault(clock.day_of(period.start, listing.tz), []).append(period)
    return {day: tuple(sorted(found[day])) for day in found}


def taken(listing: Listing, start: datetime, end: datetime) -> list[Range]:
    """What the portal itself keeps from being chosen: its bookings, those it is about to make
    (held here when it asked, A46), and our breaks there.
    """
    bookings = Booking.objects.filter(
        listing=listing, status=Booking.Status.BOOKED, start__lt=end, end__gt=start
    ).values_list("start", "end")
    breaks = VisitTarget.objects.filter(
        ~Q(break_id=""), told_listing=listing, told_start__lt=end, told_end__gt=start
    ).values_list("told_start", "told_end")
    holds = Visit.objects.filter(
        schedule__listings__listing=listing,
        status=Visit.Status.PROPOSED,
        origin_channel=listing.account.channel,
        expires_at__gt=clock.now(),
        start__lt=end,
        end__gt=start,
    ).values_list("start", "end")
    return [
        (busy_start, busy_end)
        for busy_start, busy_end in [*bookings, *breaks, *holds]
        if busy_start is not None and busy_end is not None
    ]


def address_services(listing: Listing) -> dict[str, str]:
    """Dictionary service -> address service, of those that the listing's address still has."""
    return dict(
        CatalogueItem.objects.filter(
            account_id=listing.account_id,
            kind=ItemKind.ADDRESS_SERVICE,
            address=listing.address,
            gone_at__isnull=True,
        )
        .exclude(service="")
        .order_by("pk")
        .values_list("service", "external_id")
    )


def service_links(account_id: int) -> dict[int, str]:
    """Service -> dictionary service at the portal, of links that are not broken."""
    return {
        service: item
        for service, item in Link.objects.filter(
            account_id=account_id,
            ended_at__isnull=True,
            service__isnull=False,
            item__gone_at__isnull=True,
        ).values_list("service_id", "item__external_id")
        if service is not None
    }
