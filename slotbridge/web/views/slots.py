"""One slot, and a schedule's weekly template."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from slotbridge.his import slots as his
from slotbridge.his import templates
from slotbridge.his.models import Channel, Schedule, Slot, TemplatePeriod
from slotbridge.his.weekly import PeriodsOverlap
from slotbridge.kit import clock
from slotbridge.web.access import DESK, EVERYBODY, StaffRequest, page
from slotbridge.web.forms.base import add_error
from slotbridge.web.forms.schedule import EMPTY_ROWS, GenerateForm, PeriodForm, SlotForm
from slotbridge.web.order import by_name
from slotbridge.web.views.schedules import (
    day_address,
    overlap_text,
    own_schedule,
    own_schedules,
    services_of,
)

WEEKS_AHEAD = 6


@page(see=DESK, change=DESK)
def slot(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """A slot's form."""
    row = get_object_or_404(
        Slot.objects.select_related("schedule__clinic__unit", "schedule__practitioner"),
        schedule__in=own_schedules(request),
        public_id=public_id,
    )
    tz = row.schedule.clinic.unit.tz
    form = SlotForm(
        request.POST or None,
        day=row.day,
        tz=tz,
        services=services_of(request),
        initial={
            "start": row.start.astimezone(tz).time(),
            "end": row.end.astimezone(tz).time(),
            "services": [str(service.public_id) for service in row.services.all()],
            "funding": row.funding,
            "note": row.note,
        },
    )
    if request.method == "POST" and form.is_valid() and _change(request, row, form):
        return redirect(day_address(row.schedule, row.day))
    context = {"form": form, "slot": row, "schedule": row.schedule, "zone": tz}
    return render(request, "web/slot.html", {**context, "back": day_address(row.schedule, row.day)})


@page(see=EVERYBODY, change=DESK)
def template(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """The weekly template: saving makes its next version; slots stay until generated anew."""
    schedule = own_schedule(request, public_id)
    forms = _period_forms(request, schedule)
    are_valid = [form.is_valid() for form in forms]  # all of them, so that each shows its errors
    if request.method == "POST" and all(are_valid):
        specs = [
            templates.PeriodSpec(
                weekday=form.cleaned_data["weekday"],
                start=form.cleaned_data["start"],
                end=form.cleaned_data["end"],
                slot_minutes=form.cleaned_data["slot_minutes"],
                channels=form.channels,
                room=form.chosen_room,
                services=form.chosen_services,
                funding=form.cleaned_data["funding"],
            )
            for form in forms
            if form.is_filled
        ]
        try:
            templates.save_template(schedule=schedule, periods=specs, by=request.by)
        except PeriodsOverlap:
            add_error(forms[0], None, _("Two lines of one day overlap."), "overlap")
        else:
            messages.success(request, _("The template is saved. Generate slots from it below."))
            return redirect("schedule-template", schedule.public_id)
    today = clock.today(schedule.clinic.unit.tz)
    generate_form = GenerateForm(
        initial={"first": today, "last": today + timedelta(weeks=WEEKS_AHEAD)}
    )
    context = {"schedule": schedule, "forms": forms, "generate_form": generate_form}
    return render(request, "web/template.html", context)


@page(see=DESK, change=DESK)
def generate(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Shows what generating would do (GET), and does it (POST)."""
    schedule = own_schedule(request, public_id)
    form = GenerateForm(request.POST or request.GET or None)
    numbers = None
    try:
        if form.is_valid() and request.method == "POST":
            made = templates.generate_slots(
                schedule=schedule,
                first=form.cleaned_data["first"],
                last=form.cleaned_data["last"],
                by=request.by,
            )
            text = ngettext("%(n)s slot added.", "%(n)s slots added.", made.added)
            messages.success(request, text % {"n": made.added})
            return redirect(day_address(schedule, form.cleaned_data["first"]))
        if form.is_valid():
            numbers = templates.preview(
                schedule=schedule,
                first=form.cleaned_data["first"],
                last=form.cleaned_data["last"],
            )
    except templates.NoTemplate:
        messages.warning(request, _("Save a weekly template first."))
        return redirect("schedule-template", schedule.public_id)
    context = {"schedule": schedule, "form": form, "numbers": numbers}
    return render(request, "web/generate.html", context)


def _change(request: StaffRequest, row: Slot, form: SlotForm) -> bool:
    start, end = form.span
    try:
        his.change_slot(
            slot=row,
            start=start,
            end=end,
            services=form.chosen_services,
            funding=form.cleaned_data["funding"],
            note=form.cleaned_data["note"],
            by=request.by,
        )
    except his.SlotHasVisit as error:
        n = len(error.visit_ids)
        text = ngettext(
            "%(n)s visit would stick out of the slot. Move or cancel it first.",
            "%(n)s visits would stick out of the slot. Move or cancel them first.",
            n,
        )
        add_error(form, "end", text % {"n": n}, "has-visit")
        return False
    except his.SlotOverlaps as error:
        add_error(form, "start", overlap_text(error), "overlaps")
        return False
    messages.success(request, _("Saved."))
    return True


def _period_forms(request: StaffRequest, schedule: Schedule) -> list[PeriodForm]:
    choices: dict[str, Any] = {
        "rooms": by_name(schedule.clinic.unit.rooms.filter(is_active=True)),
        "channels": by_name(Channel.objects.filter(organisation=request.organisation)),
        "services": services_of(request),
        "disabled": not request.may_change,
    }
    present = [_initial(period) for period in _periods(schedule)]
    lines: list[dict[str, Any] | None] = [*present, *([None] * EMPTY_ROWS)]
    if request.method == "POST":
        count = sum(1 for key in request.POST if key.endswith("-weekday"))
        lines = [None] * min(count, 100)
    return [
        PeriodForm(request.POST or None, prefix=f"p{n}", initial=line, **choices)
        for n, line in enumerate(lines)
    ]


def _periods(schedule: Schedule) -> list[TemplatePeriod]:
    latest = (
        TemplatePeriod.objects.filter(version__template__schedule=schedule)
        .order_by("-version__number")
        .values_list("version_id", flat=True)
        .first()
    )
    return list(
        TemplatePeriod.objects.filter(version=latest)
        .select_related("room")
        .prefetch_related("services")
        .order_by("weekday", "start")
    )


def _initial(period: TemplatePeriod) -> dict[str, Any]:
    return {
        "weekday": period.weekday,
        "start": period.start,
        "end": period.end,
        "slot_minutes": period.slot_minutes,
        "room": str(period.room.public_id) if period.room else "",
        "services": [str(service.public_id) for service in period.services.all()],
        "funding": period.funding,
        **{f"visible_{code}": True for code in period.channels},
    }
