"""A day at a clinic, resource by resource: hours, what takes time, orders, and what is free.

The one page that shows the titles of appointments, which may name patients (U-12).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse

from slotbridge.kit import clock
from slotbridge.portal import availability
from slotbridge.portal.availability import FreeTime
from slotbridge.portal.changes import LIVE
from slotbridge.portal.grid import Span
from slotbridge.portal.models import Appointment, Order, Resource, ResourceGroup
from slotbridge.portal.pages import order
from slotbridge.portal.pages.access import Here, staff_page
from slotbridge.portal.pages.staff_forms import DayForm
from slotbridge.portal.pages.staff_look import show_clinic

A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that takes time: an order, or an appointment with its title."""

    start: datetime
    end: datetime
    title: str = ""
    order: Order | None = None


@dataclass(slots=True)
class Column:
    """A resource's day."""

    resource: Resource
    hours: Sequence[Span] = ()
    entries: list[Entry] = field(default_factory=list)
    free: Sequence[FreeTime] = ()

    @property
    def has_anything(self) -> bool:
        return bool(self.hours or self.entries)


@staff_page
def day(request: HttpRequest, here: Here) -> HttpResponse:
    today = clock.today(here.zone)
    chosen = DayForm(request.GET).chosen() or today
    groups = order.groups_as_shown(ResourceGroup.objects.filter(clinic=here.clinic))
    group = next((each for each in groups if str(each.mis_id) == request.GET.get("group")), None)
    columns = _columns(here, chosen, group)
    shown: dict[str, Any] = {
        "section": "day",
        "form": DayForm(initial={"day": chosen}),
        "day": chosen,
        "before": chosen - A_DAY,
        "after": chosen + A_DAY,
        "today": today,
        "groups": groups,
        "group": group,
        "columns": [each for each in columns if each.has_anything],
        "off": [
            each.resource
            for each in columns
            if not each.has_anything and each.resource.hidden_at is None
        ],
    }
    return show_clinic(request, here, "staff_day.html", shown)


def _columns(here: Here, day: date, group: ResourceGroup | None) -> list[Column]:
    found = Resource.objects.filter(clinic=here.clinic).select_related("clinic")
    if group is not None:
        found = found.filter(group_mis_id=group.mis_id)
    resources = order.resources_as_shown(found)
    entries = _entries(here, resources, day)
    shown = [each for each in resources if each.hidden_at is None or each.pk in entries]
    hours = availability.working_hours(
        clinic=here.clinic,
        resources=[each for each in shown if each.hidden_at is None],
        first=day,
        last=day,
    )
    free = availability.free_of(clinic=here.clinic, resources=shown, first=day, last=day)
    return [
        Column(
            each,
            hours.get(each.pk, ()),
            sorted(entries.get(each.pk, ()), key=lambda entry: (entry.start, entry.end)),
            free[each.pk],
        )
        for each in shown
    ]


def _entries(here: Here, resources: Sequence[Resource], day: date) -> dict[int, list[Entry]]:
    """Orders and appointments that touch the day, by the resources' primary keys.

    Those of a hidden resource count as nothing, save live orders: somebody expects to come.
    """
    start, end = clock.day_bounds(day, here.zone)
    entries: dict[int, list[Entry]] = defaultdict(list)
    orders = Order.objects.filter(
        clinic=here.clinic,
        resource__in=resources,
        status__in=LIVE,
        start__range=(start - availability.LONGEST, end),
        end__gt=start,
    )
    for each in orders:
        if each.start < end:
            entries[each.resource_id].append(Entry(each.start, each.end, order=each))
    by_mis_id = {each.mis_id: each for each in resources if each.hidden_at is None}
    for row in _appointments(here, list(by_mis_id), day):
        resource = by_mis_id[row.resource_mis_id]
        begins = clock.at(row.day, row.time, here.zone)
        ends = begins + timedelta(minutes=row.duration or resource.time_step)
        if begins < end and ends > start:
            entries[resource.pk].append(Entry(begins, ends, title=row.title))
    return entries


def _appointments(here: Here, mis_ids: list[int | None], day: date) -> list[Appointment]:
    """Of the day, and earlier ones that may last into it: none is longer than 31 days (U-36)."""
    long_ago = day - availability.LONGEST - A_DAY
    return list(
        Appointment.objects.filter(
            Q(day__range=(day - A_DAY, day)) | Q(day__gte=long_ago, day__lt=day, duration__gt=1440),
            clinic=here.clinic,
            resource_mis_id__in=[each for each in mis_ids if each is not None],
        )
    )
