"""Weekly templates with versions, and the slots generated from them over a range of dates.

Generating is a comparison: what the pattern wants against what is there. Done twice it changes
nothing the second time; slots with visits and slots made by hand are never touched.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, time
from typing import Any

from django.db import transaction

from slotbridge.his import audit, outbox, slots, weekly
from slotbridge.his.free import RESOURCES, Span, Spans, active_visits
from slotbridge.his.models import (
    Funding,
    Room,
    Schedule,
    Service,
    Slot,
    TemplatePeriod,
    TemplateVersion,
    WeeklyTemplate,
)
from slotbridge.his.occupancy import lock_owners
from slotbridge.his.organisation import known_channel
from slotbridge.kit import clock


class NoTemplate(LookupError):
    """The schedule has no weekly template: save one first."""


@dataclass(frozen=True)
class PeriodSpec:
    """One stretch of a weekday (0 is Monday) in wall times of the unit, cut into slots."""

    weekday: int
    start: time
    end: time
    slot_minutes: int
    channels: Sequence[str] = ()
    room: Room | None = None
    services: Sequence[Service] = ()
    funding: str = Funding.PRIVATE


@dataclass(frozen=True)
class Generated:
    """What generating did, or would do, in numbers of slots.

    `kept`: as the pattern has them already. `changed`: same time; services, visibility or who pays
    as the new version has them. `booked_kept`: not touched, with a visit on them (A36). `blocked`:
    left out, since the person, room or device has another slot at that time.
    """

    added: int
    kept: int
    removed: int
    booked_kept: int
    changed: int = 0
    blocked: int = 0


@dataclass
class _Difference:
    version: TemplateVersion
    add: list[weekly.Planned] = field(default_factory=list)
    keep: list[Slot] = field(default_factory=list)
    change: list[tuple[Slot, weekly.Planned]] = field(default_factory=list)
    remove: list[Slot] = field(default_factory=list)
    booked: list[Slot] = field(default_factory=list)
    blocked: int = 0

    def numbers(self) -> Generated:
        return Generated(
            added=len(self.add),
            kept=len(self.keep),
            removed=len(self.remove),
            booked_kept=len(self.booked),
            changed=len(self.change),
            blocked=self.blocked,
        )


def _periods_of(versions: Iterable[int]) -> dict[int, set[weekly.Period]]:
    """The periods of each of these versions, in two queries."""
    periods: dict[int, set[weekly.Period]] = {version: set() for version in versions}
    rows = TemplatePeriod.objects.filter(version__in=periods).prefetch_related("services")
    for row in rows:
        periods[row.version_id].add(
            weekly.Period(
                weekday=row.weekday,
                start=row.start,
                end=row.end,
                slot_minutes=row.slot_minutes,
                channels=frozenset(row.channels),
                room_id=row.room_id,
                service_ids=frozenset(service.pk for service in row.services.all()),
                funding=row.funding,
            )
        )
    return periods


def _latest(schedule: Schedule) -> TemplateVersion | None:
    versions = TemplateVersion.objects.filter(template__schedule=schedule)
    return versions.order_by("-number").first()


def _write_version(
    template: WeeklyTemplate, number: int, periods: Iterable[weekly.Period]
) -> TemplateVersion:
    version = TemplateVersion.objects.create(
        organisation_id=template.organisation_id,
        template=template,
        number=number,
        created_at=clock.now(),
    )
    for period in periods:
        row = TemplatePeriod.objects.create(
            organisation_id=template.organisation_id,
            version=version,
            weekday=period.weekday,
            start=period.start,
            end=period.end,
            slot_minutes=period.slot_minutes,
            channels=sorted(period.channels),
            funding=period.funding,
            room_id=period.room_id,
        )
        row.services.set(period.service_ids)
    return version


@transaction.atomic
def save_template(*, schedule: Schedule, periods: Sequence[PeriodSpec], by: str) -> TemplateVersion:
    """The pattern as its next version; the present one if nothing differs. No slot changes.

    A schedule of a room keeps its own room. Raises PeriodsOverlap, UnknownChannel.
    """
    for code in sorted({code for spec in periods for code in spec.channels}):
        known_channel(schedule.organisation_id, code)
    wanted = {
        weekly.Period(
            weekday=spec.weekday,
            start=spec.start,
            end=spec.end,
            slot_minutes=spec.slot_minutes,
            channels=frozenset(spec.channels),
            room_id=schedule.room_id or (spec.room.pk if spec.room else None),
            service_ids=frozenset(slots.own_services(schedule, spec.services)),
            funding=Funding(spec.funding).value,
        )
        for spec in periods
    }
    weekly.check(wanted)
    template, _ = WeeklyTemplate.objects.get_or_create(
        schedule=schedule, defaults={"organisation_id": schedule.organisation_id}
    )
    WeeklyTemplate.objects.select_for_update(no_key=True).get(pk=template.pk)
    latest = _latest(schedule)
    if latest is not None and _periods_of([latest.pk])[latest.pk] == wanted:
        return latest
    in_order = sorted(wanted, key=lambda period: (period.weekday, period.start))
    version = _write_version(template, latest.number + 1 if latest else 1, in_order)
    audit.record(
        organisation=schedule.organisation,
        actor=by,
        action="template.save",
        target=schedule,
        version=version.number,
    )
    return version


def _taken(
    schedule: Schedule, planned: Iterable[weekly.Planned], leaving: Iterable[Slot]
) -> dict[tuple[str, int], Spans]:
    """When the schedule's person or device, and the rooms of the pattern, are in other slots,
    of whatever schedule. `leaving` do not count: they are about to go, or are as planned.
    """
    planned = list(planned)
    if not planned:
        return {}
    resources = {
        "practitioner": {schedule.practitioner_id} - {None},
        "room": {slot.room_id for slot in planned} - {None},
        "device": {schedule.device_id} - {None},
    }
    start, end = min(slot.start for slot in planned), max(slot.end for slot in planned)
    others = Slot.objects.filter(
        organisation_id=schedule.organisation_id, start__lt=end, end__gt=start
    ).exclude(pk__in=[slot.pk for slot in leaving])
    spans: defaultdict[tuple[str, int], list[Span]] = defaultdict(list)
    for kind in RESOURCES:
        rows = others.filter(**{f"{kind}__in": resources[kind]})
        for resource, *span in rows.values_list(f"{kind}_id", "start", "end"):
            spans[kind, resource].append((span[0], span[1]))
    return {who: Spans(found) for who, found in spans.items()}


def _is_blocked(
    schedule: Schedule, planned: weekly.Planned, taken: dict[tuple[str, int], Spans]
) -> bool:
    resources = zip(
        RESOURCES, (schedule.practitioner_id, planned.room_id, schedule.device_id), strict=True
    )
    return any(
        (spans := taken.get((kind, resource))) is not None
        and bool(spans.within(planned.start, planned.end))
        for kind, resource in resources
        if resource is not None
    )


def _as_wanted(slot: Slot, base: weekly.Planned | None, wanted: weekly.Planned) -> weekly.Planned:
    """What the slot should be: the new pattern's, save what somebody set on this slot by hand
    and what the pattern has not changed since (`base`: as the slot's own version had it).
    """
    if base is None:
        return wanted
    by_hand: dict[str, Any] = {}
    if base.channels == wanted.channels:
        by_hand["channels"] = frozenset(slot.channels)
    if base.service_ids == wanted.service_ids:
        by_hand["service_ids"] = frozenset(service.pk for service in slot.services.all())
    if base.funding == wanted.funding:
        by_hand["funding"] = slot.funding
    return replace(wanted, **by_hand)


def _differs(slot: Slot, wanted: weekly.Planned) -> bool:
    services = {service.pk for service in slot.services.all()}
    return (
        slot.funding != wanted.funding
        or set(slot.channels) != wanted.channels
        or services != wanted.service_ids
    )


def _difference(schedule: Schedule, first: date, last: date, *, lock: bool) -> _Difference:
    """`lock`: the owners first, then the slots, as everybody does (locks)."""
    version = _latest(schedule)
    if version is None:
        raise NoTemplate(f"schedule {schedule.pk}")
    there = Slot.objects.filter(
        schedule=schedule, day__gte=first, day__lte=last, template_version__isnull=False
    ).order_by("pk")
    if lock:
        rooms = version.periods.values_list("room_id", flat=True)
        lock_owners(schedule, *(Slot(room_id=room) for room in rooms))
        there = there.select_for_update(of=("self",))
    existing = list(there.prefetch_related("services"))
    versions = {slot.template_version_id for slot in existing if slot.template_version_id}
    tz = schedule.clinic.unit.tz
    plans = {
        number: weekly.plan(periods, first, last, tz)
        for number, periods in _periods_of(versions | {version.pk}).items()
    }
    wanted = dict(plans[version.pk])
    booked = set(active_visits().filter(slot__in=existing).values_list("slot_id", flat=True))
    difference = _Difference(version)
    for slot in existing:
        _compare(difference, slot, wanted, plans, is_booked=slot.pk in booked)
    unbooked = [slot for slot in existing if slot.pk not in booked]
    taken = _taken(schedule, wanted.values(), unbooked)
    for planned in wanted.values():
        if _is_blocked(schedule, planned, taken):
            difference.blocked += 1
        else:
            difference.add.append(planned)
    return difference


def _compare(
    difference: _Difference,
    slot: Slot,
    wanted: dict[Span, weekly.Planned],
    plans: dict[int, dict[Span, weekly.Planned]],
    *,
    is_booked: bool,
) -> None:
    """Sorts one slot into the difference, and takes what it fulfils out of `wanted`."""
    span = (slot.start, slot.end)
    planned = wanted.get(span)
    if is_booked:
        difference.booked.append(slot)
        wanted.pop(span, None)
    elif planned is None or planned.room_id != slot.room_id:
        difference.remove.append(slot)
    else:
        base = plans[slot.template_version_id or 0].get(span)
        planned = _as_wanted(slot, base, wanted.pop(span))
        if _differs(slot, planned):
            difference.change.append((slot, planned))
        else:
            difference.keep.append(slot)


def preview(*, schedule: Schedule, first: date, last: date) -> Generated:
    """The numbers that `generate_slots` would come to now. Raises NoTemplate."""
    return _difference(schedule, first, last, lock=False).numbers()


def _apply_changes(difference: _Difference) -> None:
    links = Slot.services.through
    for slot, planned in difference.change:
        slot.channels, slot.funding = sorted(planned.channels), planned.funding
    changed = [slot for slot, _ in difference.change]
    Slot.objects.bulk_update(changed, ["channels", "funding"], batch_size=500)
    stay = [slot.pk for slot in (*difference.keep, *changed)]
    outdated = Slot.objects.filter(pk__in=stay).exclude(template_version=difference.version)
    outdated.update(template_version=difference.version)
    links.objects.filter(slot__in=changed).delete()
    links.objects.bulk_create(
        links(slot_id=slot.pk, service_id=service)
        for slot, planned in difference.change
        for service in planned.service_ids
    )


def _new_slot(schedule: Schedule, version: TemplateVersion, planned: weekly.Planned) -> Slot:
    return Slot(
        organisation_id=schedule.organisation_id,
        schedule=schedule,
        practitioner_id=schedule.practitioner_id,
        room_id=planned.room_id,
        device_id=schedule.device_id,
        day=planned.day,
        start=planned.start,
        end=planned.end,
        channels=sorted(planned.channels),
        funding=planned.funding,
        template_version=version,
    )


@transaction.atomic
def generate_slots(*, schedule: Schedule, first: date, last: date, by: str) -> Generated:
    """Makes the slots of `first` to `last`, both included, what the latest version wants.

    Slots with visits and slots made or changed by hand stay as they are; generated ones that the
    pattern no longer has are removed; a time in use by another slot is left out. All or nothing.
    Raises NoTemplate.
    """
    WeeklyTemplate.objects.select_for_update(no_key=True).filter(schedule=schedule).first()
    difference = _difference(schedule, first, last, lock=True)
    Slot.objects.filter(pk__in=[slot.pk for slot in difference.remove]).delete()
    _apply_changes(difference)
    added = [_new_slot(schedule, difference.version, planned) for planned in difference.add]
    slots.insert_slots(
        added, {(planned.start, planned.end): planned.service_ids for planned in difference.add}
    )
    touched = [*added, *difference.remove, *(slot for slot, _ in difference.change)]
    outbox.record_days(schedule, slots.days_of(schedule, touched))
    numbers = difference.numbers()
    audit.record(
        organisation=schedule.organisation,
        actor=by,
        action="slots.generate",
        target=schedule,
        first=first.isoformat(),
        last=last.isoformat(),
        **asdict(numbers),
    )
    return numbers
