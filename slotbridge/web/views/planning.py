"""Finding a free time, planning a visit in it, moving a visit to it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from slotbridge.his import visits as his
from slotbridge.his.free import FreeSlot, free_slots
from slotbridge.his.models import Patient, Schedule, Service, Slot, Visit
from slotbridge.kit import clock
from slotbridge.web.access import DESK, StaffRequest, page
from slotbridge.web.days import asked_day
from slotbridge.web.forms.patients import PatientForm, SearchForm
from slotbridge.web.forms.visits import MoveForm, PlanForm
from slotbridge.web.views.schedules import services_of
from slotbridge.web.views.visits import move_address, over_text, own_visit, own_visits, who_form
from slotbridge.web.zones import house_zone

DAYS_SHOWN = 7
MOST_SCHEDULES = 200


@dataclass(frozen=True, slots=True)
class FreeTime:
    start: datetime
    end: datetime
    address: str


@dataclass(frozen=True, slots=True)
class FreeDay:
    """The free times of one schedule on one day."""

    schedule: Schedule
    day: date
    zone: ZoneInfo
    times: list[FreeTime]


@page(see=DESK)
def free_times(request: StaffRequest) -> HttpResponse:
    """Free times of a week: to plan a visit, or, with ?visit=, to move that one."""
    visit = _moving(request)
    form = who_form(request)
    zone = house_zone(request.organisation)
    day = asked_day(request, zone)
    schedules = Schedule.objects.filter(
        organisation=request.organisation, is_active=True
    ).select_related("clinic__unit", "practitioner", "room", "device")
    for name, column in (
        ("unit", "clinic__unit"),
        ("clinic", "clinic"),
        ("person", "practitioner"),
    ):
        if (chosen := form.chosen(name)) is not None:
            schedules = schedules.filter(**{column: chosen})
    kept = {name: value for name, value in request.GET.items() if name != "day" and value}
    context = {
        "form": form,
        "visit": visit,
        "zone": visit.clinic.unit.tz if visit else zone,
        "day": day,
        "last": day + timedelta(days=DAYS_SHOWN - 1),
        "before": urlencode({**kept, "day": day - timedelta(days=DAYS_SHOWN)}),
        "after": urlencode({**kept, "day": day + timedelta(days=DAYS_SHOWN)}),
        "days": _free_days(list(schedules.order_by("pk")[:MOST_SCHEDULES]), day, visit),
    }
    return render(request, "web/free_times.html", context)


@page(see=DESK, change=DESK)
def plan(request: StaffRequest) -> HttpResponse:
    """A visit in one slot: first the patient, then service, start and length."""
    slot = _slot(request, request.GET.get("slot", ""))
    if slot is None:
        return redirect("visit-free")
    tz = slot.schedule.clinic.unit.tz
    patient = _patient(request)
    free = _free_of(slot)
    search = SearchForm(request.GET if "q" in request.GET else None)
    form = PlanForm(
        request.POST or None,
        free=free,
        tz=tz,
        services=_services_on(request, slot),
        initial={"start": request.GET.get("start", "")},
    )
    if request.method == "POST" and patient is not None and form.is_valid():
        visit = _book(request, slot, patient, form)
        if visit is not None:
            messages.success(request, _("The visit is planned."))
            return redirect("visit", visit.public_id)
    here = f"{reverse('visit-plan')}?{urlencode(_kept(request))}"
    context = {
        "slot": slot,
        "schedule": slot.schedule,
        "zone": tz,
        "free": free,
        "form": form,
        "patient": patient,
        "search": search,
        "found": search.found(request.organisation),
        "searched": search.is_bound,
        "new_patient": PatientForm(prefix="patient"),
        "here": here,
        "change_patient": f"{reverse('visit-plan')}?{urlencode(_kept(request, 'patient'))}",
        "kept": _kept(request, "patient"),
    }
    return render(request, "web/plan.html", context)


@page(see=DESK, change=DESK)
def move(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Shows where a visit would go (GET), and moves it there (POST)."""
    visit = own_visit(request, public_id)
    form = MoveForm(request.POST or request.GET)
    slot = _slot(request, str(form.cleaned_data["slot"])) if form.is_valid() else None
    if slot is None:
        return redirect(f"{reverse('visit-free')}?{urlencode({'visit': visit.public_id})}")
    start = form.cleaned_data["start"]
    end = start + (visit.end - visit.start)
    if request.method == "POST":
        try:
            his.move_visit(visit=visit, schedule=slot.schedule, start=start, end=end, by=request.by)
        except his.VisitOver as over:
            messages.error(request, over_text(over), extra_tags="bad")
        except (his.SlotTaken, his.NoSlot):
            text = _("This time has just been taken: choose another.")
            messages.error(request, text, extra_tags="bad")
            return redirect(f"{reverse('visit-free')}?{urlencode({'visit': visit.public_id})}")
        else:
            messages.success(request, _("The visit is moved."))
        return redirect("visit", visit.public_id)
    context = {
        "visit": visit,
        "old_zone": visit.clinic.unit.tz,
        "slot": slot,
        "schedule": slot.schedule,
        "zone": slot.schedule.clinic.unit.tz,
        "start": start,
        "end": end,
    }
    return render(request, "web/move.html", context)


def _moving(request: StaffRequest) -> Visit | None:
    key = request.GET.get("visit", "")
    return get_object_or_404(own_visits(request), public_id=_uuid(key)) if key else None


def _slot(request: StaffRequest, key: str) -> Slot | None:
    public_id = _uuid(key)
    if public_id is None:
        return None
    rows = Slot.objects.filter(organisation=request.organisation, public_id=public_id)
    return rows.select_related(
        "schedule__clinic__unit", "schedule__practitioner", "schedule__room", "schedule__device"
    ).first()


def _patient(request: StaffRequest) -> Patient | None:
    key = request.GET.get("patient", "")
    if not key:
        return None
    return get_object_or_404(
        Patient, organisation=request.organisation, is_active=True, public_id=_uuid(key)
    )


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _kept(request: StaffRequest, *without: str) -> dict[str, str]:
    names = ("slot", "start", "patient")
    return {
        name: request.GET[name] for name in names if name in request.GET and name not in without
    }


def _free_of(slot: Slot) -> list[tuple[datetime, datetime]]:
    """What is free of a slot from now on."""
    now = clock.now()
    found = free_slots(schedules=[slot.schedule_id], start=slot.start, end=slot.end)
    return [
        (max(first, now.replace(second=0, microsecond=0)), last)
        for one in found
        if one.slot_id == slot.pk
        for first, last in one.free
        if last > now
    ]


def _services_on(request: StaffRequest, slot: Slot) -> list[Service]:
    only = {service.pk for service in slot.services.all()}
    return [one for one in services_of(request) if not only or one.pk in only]


def _book(request: StaffRequest, slot: Slot, patient: Patient, form: PlanForm) -> Visit | None:
    try:
        return his.book_visit(
            schedule=slot.schedule,
            start=form.chosen_start,
            end=form.end,
            patient=patient,
            service=form.chosen_service,
            comment=form.cleaned_data["comment"],
            by=request.by,
        )
    except (his.SlotTaken, his.NoSlot):
        form.add_error("start", _("This time has just been taken: choose another."))
    return None


def _free_days(schedules: Sequence[Schedule], day: date, visit: Visit | None) -> list[FreeDay]:
    known = {schedule.pk: schedule for schedule in schedules}
    if not known:
        return []
    zones = [schedule.clinic.unit.tz for schedule in known.values()]
    last = day + timedelta(days=DAYS_SHOWN - 1)
    start = max(clock.now(), min(clock.day_bounds(day, tz)[0] for tz in zones))
    end = max(clock.day_bounds(last, tz)[1] for tz in zones)
    if start >= end:
        return []
    grouped: dict[tuple[date, int], list[FreeTime]] = {}
    found = free_slots(schedules=list(known), start=start, end=end)
    ids = [one.slot_id for one in found if one.free]
    slots = Slot.objects.in_bulk(ids)
    for one in found:
        if one.slot_id in slots:
            tz = known[one.schedule_id].clinic.unit.tz
            key = (clock.day_of(one.start, tz), one.schedule_id)
            grouped.setdefault(key, []).extend(_times(one, slots[one.slot_id], start, visit))
    return [
        FreeDay(known[key], on, known[key].clinic.unit.tz, times)
        for (on, key), times in sorted(grouped.items())
        if times and day <= on <= last
    ]


def _times(one: FreeSlot, slot: Slot, now: datetime, visit: Visit | None) -> list[FreeTime]:
    """Where the visit that moves fits, or where a new one can begin."""
    times = []
    for first, last in one.free:
        length = visit.end - visit.start if visit else last - first
        start = first
        while start + length <= last:
            if start + length > now:
                address = (
                    move_address(visit, slot, start)
                    if visit
                    else f"{reverse('visit-plan')}?"
                    + urlencode({"slot": slot.public_id, "start": start.isoformat()})
                )
                times.append(FreeTime(start, start + length, address))
            start += length
    return times
