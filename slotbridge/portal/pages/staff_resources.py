"""The portal's own resources of a clinic: added, changed, hidden, and given hours."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from slotbridge.kit import clock
from slotbridge.portal import own
from slotbridge.portal.models import Resource, WorkingDay
from slotbridge.portal.pages.access import Here, staff_page
from slotbridge.portal.pages.staff_forms import HoursForm, ResourceForm, month_ahead
from slotbridge.portal.pages.staff_look import back, show_clinic

SHOWN_DAYS = timedelta(days=14)


@staff_page
def resources(request: HttpRequest, here: Here) -> HttpResponse:
    """Both kinds side by side, so that nobody enters by hand what the clinic's program sends."""
    found = Resource.objects.filter(clinic=here.clinic).order_by("pos", "name", "number")
    imported = [each for each in found if each.mis_id is not None]
    shown = {
        "section": "resources",
        "own": [each for each in found if each.mis_id is None],
        "imported": len([each for each in imported if each.hidden_at is None]),
        "imported_hidden": len([each for each in imported if each.hidden_at is not None]),
    }
    return show_clinic(request, here, "staff_resources.html", shown)


@staff_page
def add(request: HttpRequest, here: Here) -> HttpResponse:
    form = ResourceForm(request.POST or None, clinic=here.clinic)
    if form.is_valid():
        made = own.add_own_resource(clinic=here.clinic, by=here.by, **form.cleaned_data)
        return _back(here, made.public_id, "added")
    shown = {"section": "resources", "form": form}
    status = 422 if form.is_bound else 200
    return show_clinic(request, here, "staff_resource_add.html", shown, status=status)


@staff_page
def resource(request: HttpRequest, here: Here, resource: UUID) -> HttpResponse:
    found = _own(here, resource)
    form = ResourceForm(
        request.POST or None, clinic=here.clinic, initial=ResourceForm.initial_of(found)
    )
    if form.is_valid():
        own.change_own_resource(resource=found, by=here.by, **form.cleaned_data)
        return _back(here, resource, "changed")
    return _show(request, here, found, form=form)


@staff_page
def hours(request: HttpRequest, here: Here, resource: UUID) -> HttpResponse:
    found = _own(here, resource)
    if request.method != "POST":
        return redirect("portal-staff-resource", clinic=here.clinic.public_id, resource=resource)
    form = HoursForm(request.POST)
    if not form.is_valid():
        return _show(request, here, found, hours=form)
    data = form.cleaned_data
    own.set_hours(
        resource=found,
        first=data["first"],
        last=data["last"],
        weekdays=data["weekdays"],
        periods=data["periods"],
        by=here.by,
    )
    return _back(here, resource, "hours")


@staff_page
def hide(request: HttpRequest, here: Here, resource: UUID) -> HttpResponse:
    found = _own(here, resource)
    if request.method == "POST":
        own.hide_own_resource(
            resource=found, is_hidden=request.POST.get("hidden") == "yes", by=here.by
        )
    return redirect("portal-staff-resource", clinic=here.clinic.public_id, resource=resource)


def _show(
    request: HttpRequest,
    here: Here,
    found: Resource,
    *,
    form: ResourceForm | None = None,
    hours: HoursForm | None = None,
) -> HttpResponse:
    today = clock.today(here.zone)
    wrong = any(each is not None and each.is_bound for each in (form, hours))
    shown: dict[str, Any] = {
        "section": "resources",
        "resource": found,
        "form": form or ResourceForm(clinic=here.clinic, initial=ResourceForm.initial_of(found)),
        "hours": hours or HoursForm(initial=month_ahead(today)),
        "days": [
            (day.day, _spans(day.periods))
            for day in WorkingDay.objects.filter(
                own_resource=found, day__gte=today, day__lt=today + SHOWN_DAYS
            ).order_by("day")
        ],
    }
    return show_clinic(request, here, "staff_resource.html", shown, status=422 if wrong else 200)


def _own(here: Here, public_id: UUID) -> Resource:
    """Of this clinic and not imported: imported ones have no page, as nothing can be done here."""
    return get_object_or_404(Resource, clinic=here.clinic, public_id=public_id, mis_id=None)


def _back(here: Here, resource: UUID, done: str) -> HttpResponse:
    return back("portal-staff-resource", done, clinic=here.clinic.public_id, resource=resource)


def _spans(periods: list[int]) -> list[str]:
    """Minutes since midnight as people read them: ["09:00–13:00", "14:00–18:00"]."""
    return [f"{_wall(a)}–{_wall(b)}" for a, b in zip(periods[::2], periods[1::2], strict=True)]


def _wall(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
