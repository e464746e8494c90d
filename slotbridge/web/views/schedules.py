"""„Grafiki”: schedules, and one day of one with its slots (R21, A15, A32, A36)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from slotbridge.his import slots as his
from slotbridge.his.breaches import NameTaken
from slotbridge.his.free import FreeSlot, free_slots
from slotbridge.his.models import (
    Channel,
    Clinic,
    Funding,
    Practitioner,
    Schedule,
    Service,
    Slot,
    Visit,
)
from slotbridge.his.names import sort_key
from slotbridge.kit import clock
from slotbridge.sync import shown
from slotbridge.web.access import ADMINISTRATORS, DESK, EVERYBODY, PRACTITIONER, StaffRequest, page
from slotbridge.web.days import asked_day, week_of
from slotbridge.web.forms.base import add_error
from slotbridge.web.forms.schedule import (
    NewSlotsForm,
    PickedSlotsForm,
    ScheduleForm,
    visibility_label,
)
from slotbridge.web.order import by_name


@dataclass(frozen=True)
class Mark:
    """A slot's box of one channel, and why the portal does not show the slot if it is ticked."""

    channel: Channel
    label: str
    is_visible: bool
    reasons: Sequence[shown.Reason] = ()


@dataclass(frozen=True)
class Row:
    """A slot in the day's table."""

    slot: Slot
    free: FreeSlot | None
    visits: list[Visit] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)


def own_schedules(request: StaffRequest) -> QuerySet[Schedule]:
    """Schedules that the person may see: a practitioner's own, of others all."""
    rows = Schedule.objects.filter(organisation=request.organisation).select_related(
        "clinic__unit", "practitioner", "room", "device"
    )
    if request.user.role == PRACTITIONER:
        rows = rows.filter(practitioner=request.user.practitioner_id or 0)
    return rows


def own_schedule(request: StaffRequest, public_id: uuid.UUID) -> Schedule:
    return get_object_or_404(own_schedules(request), public_id=public_id)


def day_address(schedule: Schedule, day: date) -> str:
    address = reverse("schedule", args=[schedule.public_id])
    return f"{address}?{urlencode({'day': day.isoformat()})}"


@page(see=EVERYBODY, change=ADMINISTRATORS)
def schedule_list(request: StaffRequest) -> HttpResponse:
    rows = (
        own_schedules(request)
        .filter(is_active=True)
        .annotate(
            coming=Count("slots", filter=Q(slots__start__gte=clock.now())),
        )
    )
    return render(request, "web/schedules.html", {"schedules": sorted(rows, key=_place_and_name)})


@page(see=ADMINISTRATORS, change=ADMINISTRATORS)
def schedule_new(request: StaffRequest) -> HttpResponse:
    form = ScheduleForm(
        request.POST or None,
        practitioners=list(
            Practitioner.objects.filter(organisation=request.organisation, is_active=True).order_by(
                "sort_key"
            )
        ),
        clinics=by_name(
            Clinic.objects.filter(organisation=request.organisation, is_active=True).select_related(
                "unit"
            )
        ),
    )
    if request.method == "POST" and form.is_valid():
        try:
            made = his.add_schedule(
                clinic=form.chosen_clinic, practitioner=form.chosen_practitioner, by=request.by
            )
        except NameTaken:
            text = _("This person already has a schedule in this clinic.")
            add_error(form, "practitioner", text, "taken")
        else:
            return redirect("schedule-template", made.public_id)
    return render(request, "web/schedule_new.html", {"form": form})


@page(see=EVERYBODY, change=DESK)
def schedule_day(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """A day's slots; posting adds slots to it."""
    schedule = own_schedule(request, public_id)
    tz = schedule.clinic.unit.tz
    day = asked_day(request, tz)
    channels = by_name(Channel.objects.filter(organisation=request.organisation))
    form = NewSlotsForm(
        request.POST or None,
        prefix="new",
        day=day,
        tz=tz,
        services=services_of(request),
        rooms=by_name(schedule.clinic.unit.rooms.filter(is_active=True)),
        channels=channels,
    )
    if request.method == "POST" and form.is_valid() and _open(request, schedule, form):
        return redirect(day_address(schedule, day))
    rows = _rows(schedule, day, channels)
    context = {
        "schedule": schedule,
        "day": day,
        "zone": tz,
        "week": _week(schedule, day),
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1),
        "today": clock.today(tz),
        "rows": rows,
        "channels": [(channel, visibility_label(channel)) for channel in channels],
        "fundings": Funding.choices,
        "form": form,
    }
    return render(request, "web/schedule_day.html", context)


@page(see=(), change=DESK)
def slots_act(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """What is done to ticked slots, or by the box of one slot."""
    schedule = own_schedule(request, public_id)
    day = asked_day(request, schedule.clinic.unit.tz)
    among = list(Slot.objects.filter(schedule=schedule, day=day))
    action, _colon, rest = request.POST.get("action", "").partition(":")
    code, _colon, one = rest.partition(":")
    form = PickedSlotsForm({"slots": [one]} if one else request.POST, among=among)
    if not form.is_valid():
        messages.warning(request, _("Tick slots in the table first."))
    elif action == "delete":
        _delete(request, schedule, form.slot_ids)
    elif action in {"publish", "withdraw"}:
        _set_visible(request, schedule, form.slot_ids, code, visible=action == "publish")
    elif action == "fund" and code in Funding.values:
        _fund(request, schedule, form.slot_ids, Funding(code))
    return redirect(day_address(schedule, day))


def services_of(request: StaffRequest) -> list[Service]:
    return by_name(Service.objects.filter(organisation=request.organisation, is_active=True))


def _place_and_name(schedule: Schedule) -> tuple[str, str, str]:
    person = schedule.practitioner
    return (
        sort_key(schedule.clinic.unit.name, ""),
        sort_key(schedule.clinic.name, ""),
        person.sort_key if person else "",
    )


def _open(request: StaffRequest, schedule: Schedule, form: NewSlotsForm) -> bool:
    try:
        made = his.open_slots(
            schedule=schedule,
            ranges=form.ranges,
            channels=form.channels,
            services=form.chosen_services,
            room=form.chosen_room,
            funding=form.cleaned_data["funding"],
            note=form.cleaned_data["note"],
            by=request.by,
        )
    except his.SlotOverlaps as error:
        add_error(form, "start", overlap_text(error), "overlaps")
        return False
    text = ngettext("%(n)s slot added.", "%(n)s slots added.", len(made)) % {"n": len(made)}
    messages.success(request, text)
    return True


def overlap_text(error: his.SlotOverlaps) -> str:
    """Names the first slot in the way: often one in another clinic, which this page hides."""
    slot = (
        Slot.objects.filter(pk__in=error.slot_ids)
        .select_related("schedule__clinic__unit")
        .order_by("start")
        .first()
    )
    if slot is None:
        return _("These times overlap each other.")
    tz = slot.schedule.clinic.unit.tz
    return _("Overlaps the slot %(start)s–%(end)s in %(clinic)s.") % {
        "start": f"{slot.start.astimezone(tz):%H:%M}",
        "end": f"{slot.end.astimezone(tz):%H:%M}",
        "clinic": slot.schedule.clinic.name,
    }


def _delete(request: StaffRequest, schedule: Schedule, slot_ids: list[int]) -> None:
    try:
        count = his.delete_slots(schedule=schedule, slot_ids=slot_ids, by=request.by)
    except his.SlotHasVisit as error:
        n = len(error.visit_ids)
        text = ngettext(
            "Nothing was deleted: %(n)s visit is on these slots. Move or cancel it first.",
            "Nothing was deleted: %(n)s visits are on these slots. Move or cancel them first.",
            n,
        )
        messages.error(request, text % {"n": n}, extra_tags="bad")
    else:
        text = ngettext("%(n)s slot deleted.", "%(n)s slots deleted.", count)
        messages.success(request, text % {"n": count})


def _set_visible(
    request: StaffRequest, schedule: Schedule, slot_ids: list[int], code: str, *, visible: bool
) -> None:
    channel = get_object_or_404(Channel, organisation=request.organisation, code=code)
    change = his.publish_slots if visible else his.withdraw_slots
    count = change(schedule=schedule, slot_ids=slot_ids, channel=channel.code, by=request.by)
    text = (
        ngettext(
            "%(n)s slot is now visible in %(portal)s.",
            "%(n)s slots are now visible in %(portal)s.",
            count,
        )
        if visible
        else ngettext(
            "%(n)s slot is no longer visible in %(portal)s.",
            "%(n)s slots are no longer visible in %(portal)s.",
            count,
        )
    )
    messages.success(request, text % {"n": count, "portal": channel.name})


def _fund(request: StaffRequest, schedule: Schedule, slot_ids: list[int], funding: Funding) -> None:
    count = his.fund_slots(schedule=schedule, slot_ids=slot_ids, funding=funding, by=request.by)
    text = ngettext(
        "%(n)s slot is now paid by: %(funding)s.",
        "%(n)s slots are now paid by: %(funding)s.",
        count,
    )
    messages.success(request, text % {"n": count, "funding": funding.label})


def _rows(schedule: Schedule, day: date, channels: Sequence[Channel]) -> list[Row]:
    slots = list(
        Slot.objects.filter(schedule=schedule, day=day)
        .select_related("room", "schedule__clinic__unit", "schedule__practitioner")
        .prefetch_related("services")
        .order_by("start")
    )
    if not slots:
        return []
    visits = Visit.objects.filter(slot__in=slots, status__in=Visit.ACTIVE).select_related(
        "patient", "service"
    )
    on_slot: dict[int, list[Visit]] = {}
    for visit in visits.order_by("start"):
        on_slot.setdefault(visit.slot_id or 0, []).append(visit)
    free = {
        found.slot_id: found
        for found in free_slots(
            schedules=[schedule.pk], start=slots[0].start, end=max(slot.end for slot in slots)
        )
    }
    reasons = {
        channel.code: shown.why_not_shown_for(
            [slot for slot in slots if channel.code in slot.channels], channel.code
        )
        for channel in channels
    }
    return [
        Row(
            slot,
            free.get(slot.pk),
            on_slot.get(slot.pk, []),
            [
                Mark(
                    channel,
                    visibility_label(channel),
                    channel.code in slot.channels,
                    reasons[channel.code].get(slot.pk, ()),
                )
                for channel in channels
            ],
        )
        for slot in slots
    ]


def _week(schedule: Schedule, day: date) -> list[tuple[date, int]]:
    days = week_of(day)
    counts = dict(
        Slot.objects.filter(schedule=schedule, day__gte=days[0], day__lte=days[-1])
        .values_list("day")
        .annotate(n=Count("pk"))
    )
    return [(one, counts.get(one, 0)) for one in days]
