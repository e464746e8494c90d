"""What a patient sees before choosing a time: clinics, their doctors and rooms, free times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet, Value
from django.db.models.functions import Concat, Lower, Replace
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from slotbridge.kit import clock
from slotbridge.portal import availability, freshness, holds
from slotbridge.portal.availability import FreeTime
from slotbridge.portal.models import Clinic, Hold, Resource, ResourceGroup
from slotbridge.portal.pages import order, times, words
from slotbridge.portal.pages.base import page, show

COOKIE = "portal_hold"  # of this browser and one resource, from the button to the form
MOST_SHOWN = 100
NEXT_WITHIN = 30  # days in which the clinic's page looks for each one's next free time


@dataclass(frozen=True, slots=True)
class Row:
    """Somebody on the clinic's page; `next` is None where nothing is free."""

    resource: Resource
    next: FreeTime | None
    when: str


@dataclass(frozen=True, slots=True)
class Section:
    """A group's rows; "" is the name of those without a group."""

    name: str
    rows: list[Row]


@page
def clinics(request: HttpRequest) -> HttpResponse:
    """Every open clinic, or those whose name or address holds all words of the search."""
    query = _query(request)
    found, count = order.clinics_as_shown(_open_clinics(query), MOST_SHOWN)
    shown = {"clinics": found, "count": count, "query": query}
    return show(request, "clinics.html", shown)


@page
def clinic(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Its doctors and rooms by group, in display order (7.1), each with the next free time."""
    found = get_object_or_404(Clinic, public_id=public_id, is_open=True)
    query = _query(request)
    groups = order.groups_as_shown(ResourceGroup.objects.filter(clinic=found))
    resources = order.resources_as_shown(found.resources.filter(hidden_at=None))
    is_fresh = freshness.of(found).is_offered
    free = _next_times(found, resources)
    rows = [_row(each, free.get(each.pk)) for each in resources]
    shown = {
        "clinic": found,
        "query": query,
        "has_resources": bool(resources),
        "sections": _sections(groups, rows, query),
        "is_offered": is_fresh or all(_is_own(each) for each in resources),
        "zone": words.zone(found.tz),
    }
    return show(request, "clinic.html", shown, zone=found.tz)


@page
def resource(request: HttpRequest, public_id: UUID) -> HttpResponse:
    return week_page(request, offered_resource(public_id))


def offered_resource(public_id: UUID) -> Resource:
    rows = Resource.objects.select_related("clinic")
    found: Resource = get_object_or_404(
        rows, public_id=public_id, hidden_at=None, clinic__is_open=True
    )
    return found


def is_offered(resource: Resource) -> bool:
    return _is_own(resource) or freshness.of(resource.clinic).is_offered


def own_hold(resource: Resource, token: str) -> Hold | None:
    """What the holder of `token` keeps of this resource: in nobody else's way, not in theirs."""
    held = holds.find(token) if token else None
    return held if held is not None and held.resource_id == resource.pk else None


def week_page(
    request: HttpRequest,
    found: Resource,
    shown: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    """A week of free times; where it has none, the way to the nearest one."""
    today = clock.today(found.clinic.tz)
    first = times.first_day(request.GET.get("from"), today)
    last = first + timedelta(days=times.DAYS_SHOWN - 1)
    own = own_hold(found, request.COOKIES.get(COOKIE, ""))
    free = availability.free_times(resource=found, first=first, last=last, own=own)
    brought = {
        "resource": found,
        "clinic": found.clinic,
        "group": _group_name(found),
        "is_offered": is_offered(found),
        "week": times.week_from(first, free, today),
        "nearest": None if free else _nearest(found, first),
        "horizon": times.HORIZON,
        "minutes": int(holds.KEPT_FOR.total_seconds() // 60),
        "zone": words.zone(found.clinic.tz),
        **(shown or {}),
    }
    return show(request, "resource.html", brought, zone=found.clinic.tz, status=status)


def folded(text: str) -> str:
    """For comparing what people type: case and the dots of ё do not count."""
    return text.casefold().replace("ё", "е")


def _query(request: HttpRequest) -> str:
    return request.GET.get("q", "").replace("\0", "").strip()[:100]


def _open_clinics(query: str) -> QuerySet[Clinic]:
    text = Concat(F("name"), Value(" "), F("address"))
    found = Clinic.objects.filter(is_open=True).annotate(
        words=Replace(Lower(text), Value("ё"), Value("е"))
    )
    for word in folded(query).split():
        found = found.filter(words__contains=word)
    return found


def _is_own(resource: Resource) -> bool:
    """Of the portal itself: no program of the clinic can be late with its occupancy (U-21)."""
    return resource.mis_id is None


def _next_times(clinic: Clinic, resources: list[Resource]) -> dict[int, FreeTime]:
    today = clock.today(clinic.tz)
    last = today + timedelta(days=NEXT_WITHIN - 1)
    return availability.next_free(clinic=clinic, resources=resources, first=today, last=last)


def _row(resource: Resource, free: FreeTime | None) -> Row:
    if free is None:
        return Row(resource, None, "")
    return Row(resource, free, words.when(free.day, free.time, clock.today(resource.clinic.tz)))


def _sections(groups: list[ResourceGroup], rows: Iterable[Row], query: str) -> list[Section]:
    """Groups that have somebody; then those of no group, or of one that is not there (U-18)."""
    named = {group.mis_id: Section(group.name, []) for group in groups}
    rest = Section("", [])
    for row in rows:
        group = row.resource.group_mis_id
        section = rest if group is None else named.get(group, rest)
        if _matches(f"{row.resource.name} {section.name}", query):
            section.rows.append(row)
    return [section for section in [*named.values(), rest] if section.rows]


def _matches(text: str, query: str) -> bool:
    words_typed = folded(query).split()
    return all(word in folded(text) for word in words_typed)


def _group_name(resource: Resource) -> str:
    if resource.group_mis_id is None:
        return ""
    group = ResourceGroup.objects.filter(
        clinic=resource.clinic, mis_id=resource.group_mis_id
    ).first()
    return group.name if group else ""


def _nearest(resource: Resource, first: date) -> FreeTime | None:
    last = first + timedelta(days=times.HORIZON)
    found = availability.free_times(resource=resource, first=first, last=last)
    return found[0] if found else None
