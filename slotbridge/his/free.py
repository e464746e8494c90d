"""What of the slots is free: computed from visits and absences, never stored."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from slotbridge.his.models import Absence, Funding, Slot, Visit
from slotbridge.kit import clock

Span = tuple[datetime, datetime]  # [start, end)
# Who or what is busy, and in which clinic only (absences); a clinic of None is everywhere.
Who = tuple[str, int, int | None]

RESOURCES = ("practitioner", "room", "device")


@dataclass(frozen=True)
class FreeSlot:
    """A slot and what of it is free: () when it is taken. No services: limited to none (A18).

    `funding`: who pays for it, a value of `models.Funding` (A66).
    """

    slot_id: int
    schedule_id: int
    start: datetime
    end: datetime
    service_ids: frozenset[int]
    free: tuple[Span, ...]
    funding: str = Funding.PRIVATE.value


class Spans:
    """Spans of time, sorted, and joined where they touch."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self.starts: list[datetime] = []
        self.ends: list[datetime] = []
        for start, end in sorted(spans):
            if self.ends and start <= self.ends[-1]:
                self.ends[-1] = max(self.ends[-1], end)
            else:
                self.starts.append(start)
                self.ends.append(end)

    def within(self, start: datetime, end: datetime) -> list[Span]:
        """Those that overlap [start, end)."""
        found: list[Span] = []
        for n in range(bisect_right(self.ends, start), len(self.starts)):
            if self.starts[n] >= end:
                break
            found.append((self.starts[n], self.ends[n]))
        return found


def _without(start: datetime, end: datetime, busy: list[Span]) -> tuple[Span, ...]:
    """[start, end) minus these spans, which may overlap each other."""
    if not busy:
        return ((start, end),)
    free: list[Span] = []
    for busy_start, busy_end in sorted(busy):
        if start < busy_start:
            free.append((start, busy_start))
        start = max(start, busy_end)
    if start < end:
        free.append((start, end))
    return tuple(free)


def active_visits() -> QuerySet[Visit]:
    """Visits that take their time: clashing ones too, holds until they expire."""
    return Visit.objects.filter(status__in=Visit.ACTIVE).filter(
        Q(expires_at__isnull=True) | Q(expires_at__gt=clock.now())
    )


def _busy(
    organisations: set[int],
    of: dict[str, set[int]],
    start: datetime,
    end: datetime,
    without: Collection[int],
) -> dict[Who, Spans]:
    """When these practitioners, rooms and devices are busy between `start` and `end`."""
    whose = Q()
    for kind in RESOURCES:
        whose |= Q(**{f"{kind}__in": of[kind]})
    # The indexes begin with the organisation.
    overlapping = Q(organisation__in=organisations, start__lt=end, end__gt=start)
    rows = [
        *active_visits()
        .filter(whose, overlapping)
        .exclude(pk__in=without)
        .values_list("start", "end", *(f"{kind}_id" for kind in RESOURCES)),
        *Absence.objects.filter(whose, overlapping).values_list(
            "start", "end", *(f"{kind}_id" for kind in RESOURCES), "clinic_id"
        ),
    ]
    spans: defaultdict[Who, list[Span]] = defaultdict(list)
    for row in rows:
        clinic = row[5] if len(row) > len(RESOURCES) + 2 else None
        for kind, pk in zip(RESOURCES, row[2:5], strict=True):
            if pk is not None:
                spans[kind, pk, clinic].append(row[:2])
    return {who: Spans(found) for who, found in spans.items()}


def free_slots(
    *,
    schedules: Collection[int],
    start: datetime,
    end: datetime,
    channel: str | None = None,
    without: Collection[int] = (),
) -> list[FreeSlot]:
    """Every slot of these schedules that overlaps [start, end), in order of time, with what of
    the whole slot is free: without active visits and absences of its practitioner, room or
    device in whatever clinic (A35). Taken slots are there, with nothing free.

    `channel`: only slots visible on it. `without`: as if these visits were not there. Four queries,
    however many schedules and days.
    """
    slots = Slot.objects.filter(schedule__in=schedules, start__lt=end, end__gt=start)
    if channel is not None:
        slots = slots.filter(channels__contains=[channel])
    columns = slots.order_by("start", "pk").values_list(
        "pk",
        "schedule_id",
        "start",
        "end",
        "practitioner_id",
        "room_id",
        "device_id",
        "organisation_id",
        "schedule__clinic_id",
        "funding",
        named=True,
    )
    rows = list(columns)
    if not rows:
        return []
    busy = _busy(
        {row.organisation_id for row in rows},
        {
            "practitioner": {row.practitioner_id for row in rows} - {None},
            "room": {row.room_id for row in rows} - {None},
            "device": {row.device_id for row in rows} - {None},
        },
        min(row.start for row in rows),
        max(row.end for row in rows),
        without,
    )
    limited: defaultdict[int, set[int]] = defaultdict(set)
    links = Slot.services.through.objects.filter(slot__in=slots)
    for slot_id, service_id in links.values_list("slot_id", "service_id"):
        limited[slot_id].add(service_id)
    found: list[FreeSlot] = []
    for row in rows:
        resources = (row.practitioner_id, row.room_id, row.device_id)
        taken = [
            span
            for kind, resource in zip(RESOURCES, resources, strict=True)
            if resource is not None
            for where in (None, row.schedule__clinic_id)
            if (spans := busy.get((kind, resource, where))) is not None
            for span in spans.within(row.start, row.end)
        ]
        found.append(
            FreeSlot(
                slot_id=row.pk,
                schedule_id=row.schedule_id,
                start=row.start,
                end=row.end,
                service_ids=frozenset(limited.get(row.pk, ())),
                free=_without(row.start, row.end, taken),
                funding=row.funding,
            )
        )
    return found
