"""What the HIS offers on a listing: visible slots, minus whoever is busy, in the portal's services
and for who may pay there (A66). Computed afresh whenever it is told (promise 4).

What "offers" means where services of a slot are not equally long is pinned down in ADR 10.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from slotbridge.his import catalogue, free
from slotbridge.his.models import Funding, Service, Visit
from slotbridge.kit import clock
from slotbridge.sync import reconcile, services
from slotbridge.sync.contract import ItemKind, Offer, OpenPeriod, Payer
from slotbridge.sync.models import (
    Account,
    Booking,
    CatalogueItem,
    Listing,
    ListingSchedule,
    VisitTarget,
)
from slotbridge.sync.registry import calendar_class

Range = tuple[datetime, datetime]

# An address's insurance_support, of those that the portal lets the insured choose (A66).
_TAKES_INSURANCE = ("insurance", "private_and_insurance")


@dataclass(frozen=True, slots=True)
class Offering:
    """What can be booked at a listing: R15 and R16 joined, for any clinic and day of a span."""

    clinics: dict[int, int]  # schedule -> clinic
    prices: dict[int, list[catalogue.PricedService]]  # clinic -> its prices with their days
    counterparts: dict[int, str]  # service -> dictionary service at the portal
    at_address: dict[str, str]  # dictionary service -> address service
    minutes: dict[int, int]  # service -> usual duration
    takes_insurance: bool = False  # whether the address does, as the portal says
    # Dictionary services that stand for services of ours which differ: -> those services.
    contested: Mapping[str, Set[int]] = field(default_factory=dict)
    foreign: Set[int] = frozenset()  # services priced in another currency than the portal's

    @classmethod
    def of(cls, listing: Listing, first: date, last: date) -> Offering:
        """For the days from `first` to `last`, both included."""
        clinics = dict(
            ListingSchedule.objects.filter(listing=listing).values_list(
                "schedule_id", "schedule__clinic_id"
            )
        )
        prices: dict[int, list[catalogue.PricedService]] = defaultdict(list)
        rows = catalogue.prices_between(
            clinics=set(clinics.values()), channel=listing.account.channel, first=first, last=last
        )
        own = services.priced(listing.account, rows)
        for row in own:
            prices[row.clinic_id].append(row)
        counterparts = services.service_links(listing.account_id)
        return cls(
            clinics=clinics,
            prices=prices,
            counterparts=counterparts,
            at_address=services.address_services(listing),
            minutes=dict(
                Service.objects.filter(pk__in=counterparts, is_active=True).values_list(
                    "pk", "duration_minutes"
                )
            ),
            takes_insurance=takes_insurance(listing),
            contested=services.contested(listing, counterparts),
            foreign={row.service_id for row in rows} - {row.service_id for row in own},
        )

    def services(self, clinic: int, day: date) -> dict[int, str]:
        """Service -> address service, of all that a clinic offers here on a day (A16-A19).

        Two services of one clinic with one counterpart are both left out: a booking would not
        say which is meant (A12); and so are those that may not share their counterpart at this
        address (services.contested).
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
            if meant[item] == 1 and item in self.at_address and item not in self.contested
        }

    def payer(self, funding: str) -> Payer | None:
        """Who may pay for a slot here; None if nobody may. Where public insurance is not taken, a
        slot of both kinds is left to those who pay themselves.
        """
        if funding == Funding.PRIVATE:
            return Payer.PATIENT
        if self.takes_insurance:
            return Payer.INSURANCE if funding == Funding.PUBLIC else Payer.EITHER
        return None if funding == Funding.PUBLIC else Payer.PATIENT

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


def wanted_days(
    listing: Listing,
    days: Iterable[date],
    offering: Offering | None = None,
    *,
    without: Collection[int] = (),
) -> dict[date, tuple[OpenPeriod, ...]]:
    """What the listing should show on each of these days of its zone; () for nothing.

    `offering`: instead of what can be booked there by now, what will be (a rehearsal's).
    `without`: as if these visits were not there.
    """
    asked = sorted(days)
    withdrawn = listing.account.state == Account.State.SWITCHING_OFF  # A9
    if not asked or withdrawn or not listing.is_active:
        return dict.fromkeys(asked, ())
    first, last = asked[0], asked[-1]
    offering = offering or Offering.of(listing, first, last)
    quiet = calendar_class(listing.account.kind).quiet_before_midnight
    bounds = {}
    for n in range((last - first).days + 1):
        day_start, day_end = clock.day_bounds(first + timedelta(days=n), listing.tz)
        bounds[first + timedelta(days=n)] = (day_start, day_end - quiet)
    slots = free.free_slots(
        schedules=list(offering.clinics),
        start=bounds[first][0],
        end=bounds[last][1],
        channel=listing.account.channel,
        without=without,
    )
    found = open_periods(slots, offering, bounds, listing.tz)
    return {day: found.get(day, ()) for day in asked}


def open_periods(
    slots: Iterable[free.FreeSlot], offering: Offering, bounds: Mapping[date, Range], tz: ZoneInfo
) -> dict[date, tuple[OpenPeriod, ...]]:
    """What is offered of these slots (ADR 10), by day of `tz`; nothing outside `bounds`, which say
    of each day how much of it can be told.
    """
    found: defaultdict[date, list[OpenPeriod]] = defaultdict(list)
    offered: dict[tuple[int, date, frozenset[int], timedelta], tuple[Offer, ...]] = {}
    for slot in slots:
        payer = offering.payer(slot.funding)
        if payer is None:
            continue
        day = clock.day_of(slot.start, tz)
        # The slots of a day are mostly alike: asked once, not for each of twenty.
        alike = offering.clinics[slot.schedule_id], day, slot.service_ids, slot.end - slot.start
        if alike not in offered:
            offered[alike] = offering.offers(*alike)
        touched = [
            bounds[touched_day]
            for touched_day in clock.days_between(slot.start, slot.end, tz)
            if touched_day in bounds
        ]
        for period in reconcile.cut_slot(slot.start, slot.free, offered[alike], touched, payer):
            found[clock.day_of(period.start, tz)].append(period)
    return {day: tuple(sorted(periods)) for day, periods in found.items()}


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


def takes_insurance(listing: Listing) -> bool:
    """Whether patients with public insurance can be told of times at the listing's address."""
    return CatalogueItem.objects.filter(
        account_id=listing.account_id,
        kind=ItemKind.ADDRESS,
        external_id=listing.address,
        data__insurance_support__in=_TAKES_INSURANCE,
    ).exists()
