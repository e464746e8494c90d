"""Where and when to practise: a free stretch of a far day, which no slot, visit or absence here
touches and where the portal shows nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from slotbridge.his import free
from slotbridge.his.models import Absence, Schedule, Service, Slot
from slotbridge.his.names import search_key
from slotbridge.kit import clock
from slotbridge.sync.certification.steps import CannotRun
from slotbridge.sync.contract import CalendarConnector
from slotbridge.sync.models import Account, Listing
from slotbridge.sync.wanted import Offering

COUNT = 4  # visits that fit into the stretch
# From ten weeks ahead on; nearer only where the portal's reach or the clinic's prices end sooner.
_DAYS = (*range(70, 78), *range(69, 34, -1))
_FIRST, _LAST = time(6), time(22)  # on the wall, there
_GRID = timedelta(minutes=30)
_SHORTEST, _LONGEST = 10, 60  # minutes of one visit
_MOST_LISTINGS = 20

Range = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Rest:
    """What the portal shows of the day outside the stretch."""

    starts: frozenset[tuple[datetime, str]]  # with their address services
    bookings: frozenset[str]
    breaks: frozenset[str]

    def differences(self, later: Rest) -> list[str]:
        found = []
        for start, service in sorted(self.starts ^ later.starts):
            how = "vanished" if (start, service) in self.starts else "appeared"
            found.append(f"{start:%Y-%m-%dT%H:%M%z} for service {service} {how}")
        for name in ("bookings", "breaks"):
            changed = getattr(self, name) ^ getattr(later, name)
            found += [f"{name}: {each} came or went" for each in sorted(changed)]
        return found


@dataclass(slots=True)
class Place:
    """`address_service` is the portal's id of `service` there; `others` are further services
    that can be booked there, which last no longer.
    """

    listing: Listing
    schedule: Schedule
    service: Service
    address_service: str
    others: list[Service]
    start: datetime
    step: timedelta
    was_empty: bool
    before: Rest
    slots: list[Slot] = field(default_factory=list)

    @property
    def end(self) -> datetime:
        return self.start + COUNT * self.step

    @property
    def day(self) -> date:
        return clock.day_of(self.start, self.listing.tz)

    @property
    def times(self) -> list[datetime]:
        """When visits can begin."""
        return [self.start + n * self.step for n in range(COUNT)]

    def wall(self, moment: datetime) -> str:
        return moment.astimezone(self.listing.tz).strftime("%Y-%m-%d %H:%M")


def find(account: Account, connector: CalendarConnector, doctor: str) -> Place:
    """The first place that is free on both sides. Raises CannotRun."""
    listings = _listings(account, doctor)
    for listing in listings:
        for day in _days_of(listing):
            for place in _on(listing, day):
                if _is_free_there(connector, place):
                    place.before = rest_of_day(connector, place)
                    return place
    raise CannotRun(
        f"No free stretch of {COUNT} visits was found on {len(listings)} calendars between five"
        " and eleven weeks ahead. See that a doctor's clinic has a price list in use for this"
        " channel with a linked service of an hour at most, and an evening without slots; or"
        " name another doctor with --doctor."
    )


def day_of(place: Place) -> Range:
    return clock.day_bounds(place.day, place.listing.tz)


def rest_of_day(connector: CalendarConnector, place: Place) -> Rest:
    start, end = day_of(place)
    ref = place.listing.ref

    def outside(since: datetime, till: datetime) -> bool:
        return till <= place.start or since >= place.end

    return Rest(
        starts=frozenset(
            (each.start, each.service)
            for each in connector.offered(ref, start, end)
            if outside(each.start, each.start + timedelta(minutes=1))
        ),
        bookings=frozenset(
            each.id
            for each in connector.bookings(ref, start, end)
            if each.is_booked and outside(each.start, each.end)
        ),
        breaks=frozenset(
            each.id for each in connector.breaks(ref, start, end) if outside(each.start, each.end)
        ),
    )


def _listings(account: Account, doctor: str) -> list[Listing]:
    rows = account.listings.filter(is_active=True, held_since__isnull=True)
    found = [
        row
        for row in rows.select_related("practitioner", "account").order_by("pk")
        if not doctor
        or doctor == row.doctor
        or search_key(doctor) in search_key(row.practitioner.full_name)
    ]
    if not found:
        raise CannotRun(
            "No calendar of the portal is filled"
            + (f" for a doctor “{doctor}”." if doctor else ".")
            + " Link units, clinics, practitioners and services, and put price lists to use."
        )
    return found[:_MOST_LISTINGS]


def _days_of(listing: Listing) -> list[date]:
    """Those on which the portal shows something else come first: that it stays is to be seen."""
    today = clock.today(listing.tz)
    busy = set(
        listing.days.filter(told__isnull=False).exclude(told=[]).values_list("day", flat=True)
    )
    days = [today + timedelta(days=ahead) for ahead in _DAYS]
    return sorted(days, key=lambda day: day not in busy)


def _on(listing: Listing, day: date) -> Iterator[Place]:
    """Stretches that nothing here touches, the latest of the day first."""
    offering = Offering.of(listing, day, day)
    for schedule_id, clinic in offering.clinics.items():
        bookable = {
            service: there
            for service, there in offering.services(clinic, day).items()
            if _SHORTEST <= offering.minutes[service] <= _LONGEST
        }
        if not bookable:
            continue
        # The longest: what is cut shorter than it can be seen not to offer it any more.
        longest = max(bookable, key=lambda pk: (offering.minutes[pk], -pk))
        step = timedelta(minutes=offering.minutes[longest])
        schedule = Schedule.objects.select_related("clinic__unit").get(pk=schedule_id)
        services = {row.pk: row for row in Service.objects.filter(pk__in=bookable)}
        start = _free_start(listing, day, COUNT * step)
        if start is not None:
            yield Place(
                listing=listing,
                schedule=schedule,
                service=services[longest],
                address_service=bookable[longest],
                others=[row for pk, row in sorted(services.items()) if pk != longest],
                start=start,
                step=step,
                was_empty=not _shows_anything(listing),
                before=Rest(frozenset(), frozenset(), frozenset()),
            )


def _shows_anything(listing: Listing) -> bool:
    days = listing.days.filter(day__gte=clock.today(listing.tz), told__isnull=False)
    return days.exclude(told=[]).exists()


def _free_start(listing: Listing, day: date, length: timedelta) -> datetime | None:
    first = clock.at(day, _FIRST, listing.tz)
    start = clock.at(day, _LAST, listing.tz) - length
    busy = list(_busy(listing, *clock.day_bounds(day, listing.tz)))
    while start >= first:
        if not _overlaps(start, start + length, busy):
            return start
        start -= _GRID
    return None


def _busy(listing: Listing, start: datetime, end: datetime) -> Iterator[Range]:
    """Whatever the practitioner has that day, in whatever clinic."""
    whose = {"practitioner": listing.practitioner_id, "start__lt": end, "end__gt": start}
    for rows in (Slot.objects, free.active_visits(), Absence.objects):
        yield from rows.filter(**whose).values_list("start", "end")


def _overlaps(start: datetime, end: datetime, spans: Iterable[Range]) -> bool:
    return any(start < till and since < end for since, till in spans)


def _is_free_there(connector: CalendarConnector, place: Place) -> bool:
    ref = place.listing.ref
    start, end = day_of(place)
    taken = [
        *((each.start, each.end) for each in connector.bookings(ref, start, end) if each.is_booked),
        *((each.start, each.end) for each in connector.breaks(ref, start, end)),
        *(
            (each.start, each.start + timedelta(minutes=1))
            for each in connector.offered(ref, place.start, place.end)
        ),
    ]
    return not _overlaps(place.start, place.end, taken)
