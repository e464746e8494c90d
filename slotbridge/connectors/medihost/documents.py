"""What is told, as a Medihost document: our instants become the clinic's clock values (U-15).

A clock that is put back shows an hour twice, and the portal reads the first of the two. So hours
never begin in the second one, and what is busy then is told busy from the first one on.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from slotbridge.kit import clock
from slotbridge.sync.exchange.contract import (
    Answer,
    BusyTime,
    Group,
    Hours,
    Offer,
    OrderState,
    Resource,
    Telling,
)
from slotbridge.wire.medihost import model
from slotbridge.wire.medihost.model import Document, Occupancy, Rule, Status, SyncMode, Working

# H-5, and a row of its own for each resource of a visit: the key is (tablename, id).
TABLES: Mapping[str, str] = {
    "visit": "Visit",
    "visit-room": "VisitRoom",
    "visit-device": "VisitDevice",
    "absence": "Absence",
}
NEUTRAL_TITLE = "занято"  # U-12
LONGEST_NAME = 250
LONGEST_TITLE = 1000  # U-14
LONGEST_BUSY = timedelta(minutes=44_640)  # U-36
MINUTE = timedelta(minutes=1)
TICK = timedelta(microseconds=1)
_STATUSES = {
    OrderState.WAITING: Status.RECEIVED,
    OrderState.ACCEPTED: Status.ACCEPTED,
    OrderState.ENDED: Status.REJECTED,
}
_NOT_WORKED = Rule(0, 0)  # U-34: "0:00" to "0:00" is a usual way to say "day off"


class _Period(NamedTuple):
    """Working time within one date, minutes on the clinic's wall: 0 to 1440."""

    start: int
    end: int


def document(telling: Telling, *, key: str, zone: ZoneInfo) -> Document:
    """The document that says `telling` under the client key `key`, in `zone`'s clock values."""
    offer, busy = telling.offer, telling.busy
    occupancy = None
    if busy is not None:
        mode = SyncMode.FULL if busy.is_all else SyncMode.DIFF
        rows = (_appointment(taken, zone) for taken in busy.times if taken.start < taken.end)
        occupancy = Occupancy(mode, tuple(rows))
    found = Document(
        client_key=key,
        appointments=occupancy,
        orders=tuple(_order(each, zone) for each in telling.answers) or None,
    )
    if offer is None:
        return found
    return replace(
        found,
        groups=tuple(_group(each) for each in offer.groups),
        resources=tuple(_resource(each) for each in offer.resources),
        schedules=tuple(_schedules(offer, zone)),
    )


def _group(group: Group) -> model.Group:
    return model.Group(group.id, group.name[:LONGEST_NAME])


def _resource(resource: Resource) -> model.Resource:
    name = resource.name[:LONGEST_NAME]
    return model.Resource(resource.id, name, resource.step, group_id=resource.group)


# --- working hours ------------------------------------------------------------------------------


def _schedules(offer: Offer, zone: ZoneInfo) -> Iterator[Working]:
    """Rows numbered 1…n by resource, then day (U-10)."""
    steps = {resource.id: resource.step for resource in offer.resources}
    days: defaultdict[tuple[int, date], list[_Period]] = defaultdict(list)
    for closed in offer.closed:
        days[closed] = []
    for hours in sorted(offer.hours):
        for day, period in _periods(hours, steps[hours.resource] * MINUTE, zone):
            days[hours.resource, day].append(period)
    number = 0
    for resource, day in sorted(days):
        for rule in _rules(days[resource, day]):
            number += 1
            yield Working(number, day, resource, (rule,))


def _rules(periods: Sequence[_Period]) -> Iterator[Rule]:
    """One `time_rules` for each `s`: two periods with a gap are one with a break, more become
    several `s` (U-20). Two that touch stay apart: each lays a grid of its own.
    """
    match periods:
        case []:
            yield _NOT_WORKED
        case [first, second] if first.end < second.start:
            yield Rule(first.start, second.end, first.end, second.start)
        case _:
            yield from (Rule(period.start, period.end) for period in periods)


def _periods(hours: Hours, step: timedelta, zone: ZoneInfo) -> Iterator[tuple[date, _Period]]:
    """The same time on the wall; cut where clocks are put forward or back, since a grid laid over
    clock values would not meet our starts behind it.
    """
    start, end = hours.start.astimezone(UTC), hours.end.astimezone(UTC)
    turn = _turn(start, end, zone)
    if turn is not None:
        yield from _period(start, turn, zone)
        start += -((start - turn) // step) * step  # the first of the grid from then on
    while start < end and start.astimezone(zone).fold:
        start += step
    if start < end:
        yield from _period(start, end, zone)


def _period(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[tuple[date, _Period]]:
    """Whole minutes within [start, end); none if that is less than one."""
    first, last = _wall(start, zone), _wall(end - TICK, zone) + TICK
    midnight = datetime.combine(first.date(), time())
    begins, ends = -((midnight - first) // MINUTE), (last - midnight) // MINUTE
    if begins < ends:
        yield first.date(), _Period(begins, ends)


def _turn(start: datetime, end: datetime, zone: ZoneInfo) -> datetime | None:
    """The instant in [start, end) from which `zone` has another offset than at `start`."""
    offset = start.astimezone(zone).utcoffset()

    def is_past(minute: int) -> bool:
        return (start + minute * MINUTE).astimezone(zone).utcoffset() != offset

    minutes = range((end - start) // MINUTE)
    found = bisect_left(minutes, True, key=is_past)
    return start + found * MINUTE if found < len(minutes) else None


def _wall(instant: datetime, zone: ZoneInfo) -> datetime:
    """What the clinic's clocks show, without a zone."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


# --- occupied times and orders ------------------------------------------------------------------


def _appointment(taken: BusyTime, zone: ZoneInfo) -> model.Appointment:
    start, end = _clipped(taken, zone)
    told = _wall(start, zone).replace(microsecond=0)
    # From the instant that the portal will read: earlier by an hour where `start` is the second
    # of two equal clock values.
    length = min(end - clock.at(told.date(), told.time(), zone), LONGEST_BUSY)
    return model.Appointment(
        tablename=TABLES[taken.kind],
        id=taken.id,
        resource_id=taken.resource,
        start=told,
        duration=_minutes(length),
        title=(taken.title or NEUTRAL_TITLE)[:LONGEST_TITLE],
    )


def _clipped(taken: BusyTime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Longer than the portal takes: what has passed is left out, then what is far ahead. The row
    still covers all dates that hours are told for; later lists move it on.
    """
    start, end = taken.start.astimezone(UTC), taken.end.astimezone(UTC)
    if end - start > LONGEST_BUSY:
        today, _ = clock.day_bounds(clock.today(zone), zone)
        start = max(start, min(today, end - LONGEST_BUSY))
    return start, min(end, start + LONGEST_BUSY)


def _order(answer: Answer, zone: ZoneInfo) -> model.Order:
    start, end = answer.start, answer.end
    length = end.astimezone(UTC) - start.astimezone(UTC) if start and end else None
    return model.Order(
        id=int(answer.order),
        status=_STATUSES[answer.state],
        mis_resource_id=answer.resource,
        start=_wall(start, zone).replace(microsecond=0) if start else None,
        duration=_minutes(length) if length else None,
        comment=answer.comment or None,
        changed_on=_wall(clock.now(), zone).replace(microsecond=0),
    )


def _minutes(length: timedelta) -> int:
    """Rounded up: a minute more is busy rather than one too few."""
    return -(-length // MINUTE)
