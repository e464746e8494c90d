"""The portal's own resources: a clinic keeps them here by hand, no import ever touches them.

For a doctor or a room that the clinic's program does not know (sections 1 and U-38).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.db.models import F

from slotbridge.kit import clock
from slotbridge.portal import deeds
from slotbridge.portal.models import Clinic, Resource, WorkingDay
from slotbridge.portal.router import DATABASE

LONGEST_RANGE = timedelta(days=366)
MIDNIGHT = 24 * 60


class NotOwn(Exception):
    """Imported from the clinic's program: change it there."""


class BadHours(Exception):
    """Hours or dates that no day can have; the form should have said so."""


@dataclass(frozen=True, slots=True)
class Period:
    """[start, end) in minutes since midnight, at the clinic; 1440 is the day's end."""

    start: int
    end: int


@transaction.atomic(using=DATABASE)
def add_own_resource(
    *, clinic: Clinic, name: str, time_step: int, by: str, group: int | None = None, pos: int = 0
) -> Resource:
    """`time_step` in minutes; `group` is the group's id in the clinic's program."""
    # Imports number resources too: the row's lock keeps the two from one number.
    Clinic.objects.filter(pk=clinic.pk).update(last_resource=F("last_resource") + 1)
    number = Clinic.objects.values_list("last_resource", flat=True).get(pk=clinic.pk)
    resource = Resource.objects.create(
        clinic=clinic,
        number=number,
        name=name,
        time_step=time_step,
        group_mis_id=group,
        pos=pos,
    )
    deeds.record(by=by, action="resource.add", clinic=clinic, number=number)
    return resource


@transaction.atomic(using=DATABASE)
def change_own_resource(
    *, resource: Resource, name: str, time_step: int, group: int | None, pos: int, by: str
) -> Resource:
    """Raises NotOwn. Orders keep their own length."""
    resource = _locked(resource)
    resource.name, resource.time_step = name, time_step
    resource.group_mis_id, resource.pos = group, pos
    resource.save(update_fields=["name", "time_step", "group_mis_id", "pos"])
    deeds.record(by=by, action="resource.change", clinic=resource.clinic, number=resource.number)
    return resource


@transaction.atomic(using=DATABASE)
def hide_own_resource(*, resource: Resource, is_hidden: bool, by: str) -> None:
    """Patients no longer see it; its hours and orders stay (as U-17). Raises NotOwn."""
    resource = _locked(resource)
    resource.hidden_at = clock.now() if is_hidden else None
    resource.save(update_fields=["hidden_at"])
    action = "resource.hide" if is_hidden else "resource.show"
    deeds.record(by=by, action=action, clinic=resource.clinic, number=resource.number)


@transaction.atomic(using=DATABASE)
def set_hours(
    *,
    resource: Resource,
    first: date,
    last: date,
    weekdays: Collection[int],
    periods: Sequence[Period],
    by: str,
) -> int:
    """Working hours on every date from `first` to `last` that falls on one of `weekdays`
    (Monday is 0); no periods: no hours. Other dates stay as they are. Returns how many days.

    Orders for times that are no longer offered stay. Raises NotOwn, BadHours.
    """
    resource = _locked(resource)
    if not timedelta(0) <= last - first <= LONGEST_RANGE:
        raise BadHours("dates")
    flat = _flat(periods)
    span = (first + timedelta(days=n) for n in range((last - first).days + 1))
    days = [day for day in span if day.weekday() in weekdays]
    WorkingDay.objects.filter(own_resource=resource, day__in=days).delete()
    if flat:
        WorkingDay.objects.bulk_create(
            WorkingDay(clinic=resource.clinic, own_resource=resource, day=day, periods=flat)
            for day in days
        )
    deeds.record(
        by=by, action="resource.hours", clinic=resource.clinic, number=resource.number,
        days=len(days),
    )  # fmt: skip
    return len(days)


def _locked(resource: Resource) -> Resource:
    locked = (
        Resource.objects.select_for_update(of=("self",))
        .select_related("clinic")
        .get(pk=resource.pk)
    )
    if locked.mis_id is not None:
        raise NotOwn
    return locked


def _flat(periods: Sequence[Period]) -> list[int]:
    """As WorkingDay keeps them: sorted, periods that touch joined. Raises BadHours."""
    flat: list[int] = []
    for each in sorted(periods, key=lambda period: period.start):
        if not 0 <= each.start < each.end <= MIDNIGHT or (flat and each.start < flat[-1]):
            raise BadHours("hours")
        if flat and flat[-1] == each.start:
            flat[-1] = each.end
        else:
            flat += [each.start, each.end]
    return flat
