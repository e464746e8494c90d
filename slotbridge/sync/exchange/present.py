"""What a portal that takes documents should know now: computed from the HIS, never kept.

A resource is a practitioner, room or device whose schedule has, or had, a slot visible on the
account's channel; so one who has nothing to offer this month keeps its place at the portal.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from slotbridge.his.free import active_visits
from slotbridge.his.models import Absence, Patient, Schedule, Slot, Visit
from slotbridge.kit import clock
from slotbridge.sync.exchange.contract import (
    BusyTime,
    ExchangeConnector,
    Group,
    Hours,
    Offer,
    Resource,
)
from slotbridge.sync.models import Account

Span = tuple[datetime, datetime]

OWNERS = ("practitioner", "room", "device")
# Ids at the portal are signed and never reused: practitioners as they are, rooms below zero,
# devices far below, where no room will ever be.
_DEVICES = 1_000_000_000
_KINDS = {"practitioner": "visit", "room": "visit-room", "device": "visit-device"}
STEP = 30  # minutes; where slots are longer than any step would be


def resource_id(kind: str, pk: int) -> int:
    """The id that stands for a practitioner, room or device at the portal."""
    return {"practitioner": pk, "room": -pk, "device": -_DEVICES - pk}[kind]


def owner_of(resource: int) -> tuple[str, int]:
    """The way back: ("practitioner", pk) and so on."""
    if resource > 0:
        return "practitioner", resource
    if resource > -_DEVICES:
        return "room", -resource
    return "device", -resource - _DEVICES


@dataclass(frozen=True)
class House:
    """Whose schedules are offered on an account's channel."""

    account: Account
    schedules: list[Schedule]
    owners: dict[str, set[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, account: Account) -> House:
        visible = Slot.objects.filter(schedule=OuterRef("pk"), channels__contains=[account.channel])
        schedules = list(
            Schedule.objects.filter(Exists(visible), organisation_id=account.organisation_id)
            .filter(is_active=True)
            .select_related("clinic__unit", "practitioner", "room", "device")
            .order_by("pk")
        )
        owners: dict[str, set[int]] = {kind: set() for kind in OWNERS}
        for schedule in schedules:
            kind, pk = _owner(schedule)
            owners[kind].add(pk)
        return cls(account, schedules, owners)

    def taking(self) -> Q:
        """What takes the time of one of them: visits, absences."""
        either = Q()
        for kind, pks in self.owners.items():
            either |= Q(**{f"{kind}__in": pks})
        return either


def offer(account: Account, connector: ExchangeConnector) -> Offer:
    """Groups, resources and the hours of every visible slot within the portal's reach."""
    house = House.of(account)
    start, end = reach(connector)
    slots = list(_visible(account, start, end))
    away = _away_from_one_clinic(house, start, end)
    lengths: dict[int, list[int]] = defaultdict(list)
    spans: dict[int, list[Span]] = defaultdict(list)
    for slot in slots:
        resource = resource_id(*_owner(slot.schedule))
        lengths[resource].append(int((slot.end - slot.start).total_seconds()) // 60)
        busy = away.get((resource, slot.schedule.clinic_id), [])
        spans[resource] += _without((slot.start, slot.end), busy)
    resources = _resources(house, lengths, connector.longest_step)
    steps = {resource.id: timedelta(minutes=resource.step) for resource in resources}
    hours = [
        Hours(resource, *span)
        for resource, found in spans.items()
        if resource in steps
        for span in _joined(_by_day(found, connector), steps[resource], connector.zone)
    ]
    used = {resource.group for resource in resources}
    groups = {s.clinic_id: Group(s.clinic_id, _group_name(house, s)) for s in house.schedules}
    return Offer(
        tuple(group for pk, group in sorted(groups.items()) if pk in used),
        resources,
        tuple(sorted(hours)),
    )


def busy_times(
    account: Account, connector: ExchangeConnector, visits: Collection[int] | None = None
) -> list[BusyTime]:
    """Times taken from today on: by all visits, or by those of `visits`, and by absences.

    Visits that wait for an answer to the portal's own order are left out: it holds their time
    itself, and could not be told in a change that they are gone. Clashing visits take their time
    twice, which is the portal's union (U-22).
    """
    house = House.of(account)
    start, _ = clock.day_bounds(clock.today(connector.zone), connector.zone)
    rows = active_visits().filter(
        house.taking(),
        organisation_id=account.organisation_id,
        end__gt=start,
        expires_at__isnull=True,
    )
    rows = rows.exclude(status=Visit.Status.PROPOSED, origin_channel=account.channel)
    if visits is not None:
        rows = rows.filter(pk__in=visits)
    found = [
        BusyTime(
            _KINDS[kind],
            visit.pk,
            resource_id(kind, pk),
            visit.start,
            visit.end,
            _title(visit, account, connector),
        )
        for visit in rows.select_related("patient").order_by("start", "pk")
        for kind, pk in _owners_of(visit, house)
    ]
    absences = Absence.objects.filter(
        house.taking(), organisation_id=account.organisation_id, end__gt=start, clinic=None
    )
    found += [
        BusyTime("absence", row.pk, resource_id(*_owner(row)), row.start, row.end)
        for row in absences.order_by("start", "pk")
    ]
    return found


def fingerprint(account: Account, connector: ExchangeConnector) -> str:
    """Changes with anything that the offer or an absence says; made by the database in one go,
    so that a booked visit, which changes neither, costs no building of documents.
    """
    start, end = reach(connector)
    with connection.cursor() as cursor:
        cursor.execute(
            _FINGERPRINT,
            {
                "organisation": account.organisation_id,
                "channel": account.channel,
                "start": start,
                "end": end,
            },
        )
        sums = cursor.fetchone()
    said = (sums, connector.zone.key, connector.longest_step, clock.today(connector.zone))
    return hashlib.sha256(repr(said).encode()).hexdigest()


def reach(connector: ExchangeConnector) -> Span:
    """[start, end) of the dates that hours are told for, today's first."""
    today = clock.today(connector.zone)
    last = today + connector.horizon
    return clock.day_bounds(today, connector.zone)[0], clock.day_bounds(last, connector.zone)[0]


# A sum of hashes does not depend on the order of rows, so nothing is sorted.
_FINGERPRINT = """
SELECT
  (SELECT (count(*), sum(hashtextextended(
            concat_ws('|', s.id, s.schedule_id, s.start, s."end"), 0)))
     FROM his_slot s
    WHERE s.organisation_id = %(organisation)s AND s.channels @> ARRAY[%(channel)s]::varchar[]
      AND s.start < %(end)s AND s."end" > %(start)s)::text,
  (SELECT (count(*), sum(hashtextextended(concat_ws('|', a.id, a.start, a."end", a.practitioner_id,
                                                    a.room_id, a.device_id, a.clinic_id), 0)))
     FROM his_absence a
    WHERE a.organisation_id = %(organisation)s AND a."end" > %(start)s)::text,
  (SELECT (count(*), sum(hashtextextended(
            concat_ws('|', h.id, h.is_active, c.name, u.name, p.title, p.given_name, p.family_name,
                      r.name, d.name), 0)))
     FROM his_schedule h
     JOIN his_clinic c ON c.id = h.clinic_id
     JOIN his_unit u ON u.id = c.unit_id
     LEFT JOIN his_practitioner p ON p.id = h.practitioner_id
     LEFT JOIN his_room r ON r.id = h.room_id
     LEFT JOIN his_device d ON d.id = h.device_id
    WHERE h.organisation_id = %(organisation)s)::text
"""


def _owner(row: Schedule | Absence) -> tuple[str, int]:
    for kind in OWNERS:
        pk = getattr(row, f"{kind}_id")
        if pk is not None:
            return kind, pk
    raise ValueError("a schedule is of a practitioner, a room or a device")


def _owners_of(visit: Visit, house: House) -> Iterator[tuple[str, int]]:
    """Everybody and everything offered whose time the visit takes: a row each."""
    for kind in OWNERS:
        pk = getattr(visit, f"{kind}_id")
        if pk in house.owners[kind]:
            yield kind, pk


def _visible(account: Account, start: datetime, end: datetime) -> QuerySet[Slot]:
    return (
        Slot.objects.filter(
            organisation_id=account.organisation_id,
            channels__contains=[account.channel],
            schedule__is_active=True,
            start__lt=end,
            end__gt=start,
        )
        .select_related("schedule")
        .order_by("start", "pk")
    )


def _resources(
    house: House, lengths: dict[int, list[int]], longest_step: int
) -> tuple[Resource, ...]:
    found: dict[int, Resource] = {}
    for schedule in house.schedules:  # the first clinic of a person is its group
        kind, pk = _owner(schedule)
        resource = resource_id(kind, pk)
        if resource in found:
            continue
        owner = schedule.practitioner or schedule.room or schedule.device
        shortest = min(lengths.get(resource, [STEP]))
        step = shortest if 1 <= shortest <= longest_step else STEP
        found[resource] = Resource(resource, str(owner), schedule.clinic_id, step)
    return tuple(found.values())


def _group_name(house: House, schedule: Schedule) -> str:
    """The clinic, and its unit where there are several."""
    clinic = schedule.clinic
    units = {one.clinic.unit_id for one in house.schedules}
    return f"{clinic.unit.name}: {clinic.name}" if len(units) > 1 else clinic.name


def _away_from_one_clinic(
    house: House, start: datetime, end: datetime
) -> dict[tuple[int, int], list[Span]]:
    """Absences from one clinic only: they close that clinic's slots, not the person's others."""
    rows = Absence.objects.filter(
        house.taking(),
        organisation_id=house.account.organisation_id,
        clinic__isnull=False,
        start__lt=end,
        end__gt=start,
    )
    found: dict[tuple[int, int], list[Span]] = defaultdict(list)
    for row in rows:
        assert row.clinic_id is not None
        found[resource_id(*_owner(row)), row.clinic_id].append((row.start, row.end))
    return found


def _without(span: Span, busy: Iterable[Span]) -> list[Span]:
    start, end = span
    left: list[Span] = []
    for busy_start, busy_end in sorted(busy):
        if busy_start >= end or busy_end <= start:
            continue
        if start < busy_start:
            left.append((start, busy_start))
        start = max(start, busy_end)
    if start < end:
        left.append((start, end))
    return left


def _by_day(spans: Iterable[Span], connector: ExchangeConnector) -> list[Span]:
    """Cut at midnights of the account's zone, within the portal's reach, in order."""
    first, last = reach(connector)
    cut = []
    for start, end in spans:
        for day in clock.days_between(max(start, first), min(end, last), connector.zone):
            day_start, day_end = clock.day_bounds(day, connector.zone)
            cut.append((max(start, day_start, first), min(end, day_end, last)))
    return sorted(cut)


def _joined(spans: list[Span], step: timedelta, zone: ZoneInfo) -> Iterator[Span]:
    """Adjacent spans of a day as one, where the grid of starts stays the same: a portal lays it
    from the beginning of a period, and a slot's parts begin on the slot's own.
    """
    run: Span | None = None
    for start, end in spans:
        if run is not None and start == run[1] and _goes_on(run, start, step, zone):
            run = run[0], end
            continue
        if run is not None:
            yield run
        run = start, end
    if run is not None:
        yield run


def _goes_on(run: Span, start: datetime, step: timedelta, zone: ZoneInfo) -> bool:
    return not (run[1] - run[0]) % step and clock.day_of(run[0], zone) == clock.day_of(start, zone)


def _title(visit: Visit, account: Account, connector: ExchangeConnector) -> str:
    """A name only where the clinic wants it, and never that of another portal's patient (H-4)."""
    if not connector.shows_names or visit.origin_channel not in {"", account.channel}:
        return ""
    return _short(visit.patient) if visit.patient else ""


def _short(patient: Patient) -> str:
    initials = "".join(f"{name[0]}." for name in patient.given_name.split())
    return f"{patient.family_name} {initials}".strip()
