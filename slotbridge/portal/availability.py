"""Free times of resources: computed from what clinics import, never stored (7.2).

A time is free if it lies on the grid of a working period, wholly inside it, at least the clinic's
lead time ahead (U-21), and neither an appointment nor a live order (0 or 1) nor a hold overlaps
it. Appointments' titles are never read here (U-12). The number of queries does not depend on the
number of days or resources.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.db import connections
from django.db.models import Q

from slotbridge.kit import clock
from slotbridge.portal import freshness, grid
from slotbridge.portal.changes import LIVE
from slotbridge.portal.grid import Span
from slotbridge.portal.models import Clinic, Hold, Order, Resource, WorkingDay
from slotbridge.portal.router import DATABASE

# An appointment or an order lasts at most so long (U-36): what began earlier is over.
LONGEST = timedelta(minutes=44_640)
# Clock values are fetched with a margin: no two clocks of one clinic are further apart.
_MARGIN = timedelta(days=1)
# How far on either side of a time that was taken others are looked for.
_NEAR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class FreeTime:
    """`start` in UTC; `day` and `time` as on the clinic's wall; `duration` in minutes."""

    start: datetime
    day: date
    time: time
    duration: int


@dataclass(frozen=True, slots=True)
class FreeDays:
    """Of one resource: its first free time, and how many there are on each day that has any."""

    first: FreeTime | None = None
    counts: Mapping[date, int] = field(default_factory=dict)


class JustTaken(Exception):
    """The time is not free (any more): show `nearest`, free times of the same resource in order."""

    def __init__(self, nearest: Sequence[FreeTime]) -> None:
        super().__init__("this time is not free")
        self.nearest = tuple(nearest)


def free_times(
    *, resource: Resource, first: date, last: date, own: Hold | None = None
) -> list[FreeTime]:
    """On the days from `first` to `last`, both included, in order.

    None for a hidden resource, a closed clinic, and stale occupancy. `own`: the hold of whoever
    asks, which is not in the way.
    """
    clinic = resource.clinic
    found = _free(clinic, [resource], first, last, own)
    return [_on_the_wall(clinic, resource, start) for start in found[resource.pk]]


def free_of(
    *, clinic: Clinic, resources: Sequence[Resource], first: date, last: date
) -> dict[int, list[FreeTime]]:
    """Of each of these resources of the clinic, by primary key, as `free_times` of one."""
    found = _free(clinic, resources, first, last)
    return {
        each.pk: [_on_the_wall(clinic, each, start) for start in found[each.pk]]
        for each in resources
    }


def free_days(
    *, clinic: Clinic, resources: Iterable[Resource], first: date, last: date
) -> dict[int, FreeDays]:
    """Of each of `resources`, which are the clinic's, by primary key."""
    asked = list(resources)
    found = _free(clinic, asked, first, last)
    return {each.pk: _by_day(clinic, each, found[each.pk]) for each in asked}


def next_free(
    *, clinic: Clinic, resources: Iterable[Resource], first: date, last: date
) -> dict[int, FreeTime]:
    """The first free time of each of `resources` that has any, by primary key."""
    asked = {each.pk: each for each in resources}
    found = _free(clinic, asked.values(), first, last)
    return {
        pk: _on_the_wall(clinic, asked[pk], starts[0]) for pk, starts in found.items() if starts
    }


def find(*, resource: Resource, start: datetime, own: Hold | None = None) -> FreeTime:
    """The free time that begins at `start`. Raises JustTaken."""
    day = clock.day_of(start, resource.clinic.tz)
    for each in free_times(resource=resource, first=day, last=day, own=own):
        if each.start == start:
            return each
    raise JustTaken(nearest(resource=resource, start=start))


def nearest(*, resource: Resource, start: datetime, most: int = 6) -> list[FreeTime]:
    """Free times within a week of `start`, the `most` that are closest to it, in order."""
    tz = resource.clinic.tz
    first, last = clock.day_of(start - _NEAR, tz), clock.day_of(start + _NEAR, tz)
    near = free_times(resource=resource, first=first, last=last)
    near.sort(key=lambda each: (abs(each.start - start), each.start))
    return sorted(near[:most], key=lambda each: each.start)


def occupied(
    *, clinic: Clinic, resources: Iterable[Resource], first: date, last: date
) -> dict[int, list[Span]]:
    """What appointments take of these days and resources, by primary key; [start, end)."""
    by_mis_id = {each.mis_id: each for each in resources if each.mis_id is not None}
    spans: dict[int, list[Span]] = defaultdict(list)
    if not by_mis_id:
        return spans
    with connections[DATABASE].cursor() as cursor:
        cursor.execute(
            """
            SELECT resource_mis_id, day, time, duration FROM portal_appointment
            WHERE clinic_id = %(clinic)s AND resource_mis_id = ANY(%(resources)s)
              AND day BETWEEN %(earliest)s AND %(last)s
              AND (day >= %(first)s OR day + time + make_interval(mins => duration) > %(first)s)
            """,
            {
                "clinic": clinic.pk,
                "resources": list(by_mis_id),
                "earliest": first - LONGEST - _MARGIN,
                "first": first - _MARGIN,
                "last": last + _MARGIN,
            },
        )
        tz = clinic.tz
        for mis_id, day, wall, minutes in cursor.fetchall():
            resource = by_mis_id[mis_id]
            start = clock.at(day, wall, tz)
            length = timedelta(minutes=minutes or resource.time_step)
            spans[resource.pk].append((start, start + length))
    return spans


def working_hours(
    *, clinic: Clinic, resources: Collection[Resource], first: date, last: date
) -> dict[int, list[Span]]:
    """Working periods on these days, by the resources' primary keys, in order."""
    by_mis_id = {each.mis_id: each.pk for each in resources if each.mis_id is not None}
    own = [each.pk for each in resources if each.mis_id is None]
    whose = Q()
    if by_mis_id:
        whose |= Q(clinic=clinic, resource_mis_id__in=by_mis_id)
    if own:
        whose |= Q(own_resource__in=own)
    hours: dict[int, list[Span]] = defaultdict(list)
    if not whose:
        return hours
    rows = WorkingDay.objects.filter(whose, day__range=(first, last)).order_by("day")
    tz = clinic.tz
    for mis_id, own_id, day, periods in rows.values_list(
        "resource_mis_id", "own_resource_id", "day", "periods"
    ):
        whose_pk = by_mis_id[mis_id] if own_id is None else own_id
        hours[whose_pk] += grid.spans(day, periods, tz)
    return hours


def _free(
    clinic: Clinic, resources: Iterable[Resource], first: date, last: date, own: Hold | None = None
) -> dict[int, list[datetime]]:
    """Free starts by primary key, for every one of `resources`."""
    asked = list(resources)
    found: dict[int, list[datetime]] = {each.pk: [] for each in asked}
    offered = list(_offered(clinic, asked))
    if not offered:
        return found
    earliest = clock.now() + timedelta(minutes=clinic.lead_minutes)
    hours = working_hours(clinic=clinic, resources=offered, first=first, last=last)
    busy = occupied(clinic=clinic, resources=offered, first=first, last=last)
    for pk, span in _ordered_or_held(clinic, offered, first, last, own):
        busy[pk].append(span)
    for each in offered:
        step = timedelta(minutes=each.time_step)
        ahead = [span for span in hours[each.pk] if span[1] > earliest]
        candidates = (at for at in grid.starts(ahead, step, clinic.tz) if at >= earliest)
        found[each.pk] = grid.free(candidates, step, busy[each.pk])
    return found


def _offered(clinic: Clinic, resources: Sequence[Resource]) -> Iterator[Resource]:
    """Shown ones; those of the clinic's program only while its occupancy is known (U-21)."""
    if not clinic.is_open:
        return
    managed = any(each.mis_id is not None for each in resources)
    is_fresh = managed and freshness.of(clinic).is_offered
    for each in resources:
        if each.hidden_at is None and (each.mis_id is None or is_fresh):
            yield each


def _ordered_or_held(
    clinic: Clinic, resources: Sequence[Resource], first: date, last: date, own: Hold | None
) -> Iterator[tuple[int, Span]]:
    begin, _end = clock.day_bounds(first, clinic.tz)
    _begin, end = clock.day_bounds(last, clinic.tz)
    orders = Order.objects.filter(
        clinic=clinic,
        resource__in=resources,
        status__in=LIVE,
        start__range=(begin - LONGEST, end),  # an index of starts knows nothing of ends
        end__gt=begin,
    )
    holds = Hold.objects.filter(
        resource__in=resources, start__lt=end, end__gt=begin, expires_at__gt=clock.now()
    )
    if own is not None:
        holds = holds.exclude(pk=own.pk)
    for rows in (orders, holds):
        for pk, start, ends in rows.values_list("resource_id", "start", "end"):
            yield pk, (start, ends)


def _by_day(clinic: Clinic, resource: Resource, found: Sequence[datetime]) -> FreeDays:
    if not found:
        return FreeDays()
    counts: dict[date, int] = defaultdict(int)
    for start in found:
        counts[clock.day_of(start, clinic.tz)] += 1
    return FreeDays(_on_the_wall(clinic, resource, found[0]), dict(counts))


def _on_the_wall(clinic: Clinic, resource: Resource, start: datetime) -> FreeTime:
    wall = start.astimezone(clinic.tz)
    return FreeTime(start, wall.date(), wall.time(), resource.time_step)
