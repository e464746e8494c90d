"""„Wizyty”: the visits of a day, and what is pressed beside one of them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from slotbridge.his import visits as his
from slotbridge.his.models import Channel, Clinic, Practitioner, Schedule, Slot, Unit, Visit
from slotbridge.kit import clock
from slotbridge.web.access import DESK, EVERYBODY, PRACTITIONER, StaffRequest, page
from slotbridge.web.clashes import needs_settling, with_acceptance
from slotbridge.web.days import asked_day
from slotbridge.web.forms.visits import MarkForm, WhoForm
from slotbridge.web.order import by_name
from slotbridge.web.zones import house_zone

MARKS = {
    "confirm": his.confirm_visit,
    "arrived": his.mark_arrived,
    "fulfilled": his.mark_fulfilled,
    "noshow": his.mark_noshow,
    "settle": his.settle_clash,
}


@dataclass(frozen=True, slots=True)
class Offer:
    """A free time to offer instead, and the page that moves the visit there."""

    schedule: Schedule
    slot: Slot
    start: datetime
    end: datetime
    address: str


def own_visits(request: StaffRequest) -> QuerySet[Visit]:
    """Visits that the person may see: a practitioner's own, of others all."""
    rows = Visit.objects.filter(organisation=request.organisation).select_related(
        "patient", "service", "practitioner", "room", "device", "clinic__unit"
    )
    rows = with_acceptance(rows)
    if request.user.role == PRACTITIONER:
        rows = rows.filter(practitioner=request.user.practitioner_id or 0)
    return rows


def own_visit(request: StaffRequest, public_id: uuid.UUID) -> Visit:
    return get_object_or_404(own_visits(request), public_id=public_id)


def who_form(request: StaffRequest) -> WhoForm:
    """The filter above lists of visits and of free times."""
    rows = {"organisation": request.organisation, "is_active": True}
    return WhoForm(
        request.GET,
        units=by_name(Unit.objects.filter(**rows)),
        clinics=by_name(Clinic.objects.filter(**rows)),
        people=list(Practitioner.objects.filter(**rows).order_by("sort_key")),
    )


@page(see=EVERYBODY, change=DESK)
def visit_list(request: StaffRequest) -> HttpResponse:
    form = who_form(request)
    unit = form.chosen("unit")
    zone = unit.tz if unit else house_zone(request.organisation)
    day = asked_day(request, zone)
    rows = list(_on_day(own_visits(request), form, day, zone))
    kept = {name: value for name, value in request.GET.items() if name != "day" and value}
    context = {
        "form": form,
        "visits": [(visit, offers_for(visit) if needs_settling(visit) else []) for visit in rows],
        "day": day,
        "today": clock.today(zone),
        "before": urlencode({**kept, "day": day - timedelta(days=1)}),
        "after": urlencode({**kept, "day": day + timedelta(days=1)}),
        "now_day": urlencode(kept),
        "channels": channel_names(request),
        "here": request.get_full_path(),
        "may_mark": may_mark(request),
        "may_answer": may_answer(request),
        "now": clock.now(),
    }
    return render(request, "web/visits.html", context)


@page(see=(), change=(*DESK, PRACTITIONER))
def visit_mark(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Arrived, done, no-show, clash settled; back to where it was pressed."""
    visit = own_visit(request, public_id)
    form = MarkForm(request.POST)
    if form.is_valid() and not (
        form.cleaned_data["mark"] == "settle" and request.user.role == PRACTITIONER
    ):
        try:
            MARKS[form.cleaned_data["mark"]](visit=visit, by=request.by)
        except his.VisitOver as over:
            messages.error(request, over_text(over), extra_tags="bad")
        except his.TooEarly:
            text = _("The visit has not begun, so nobody can have missed it yet.")
            messages.error(request, text, extra_tags="bad")
        except his.SlotTaken:
            text = _("The time is still taken by another visit: move or cancel one of the two.")
            messages.error(request, text, extra_tags="bad")
    back = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        return redirect(back)
    return redirect("visit", visit.public_id)


def may_mark(request: StaffRequest) -> bool:
    return request.user.role in (*DESK, PRACTITIONER)


def may_answer(request: StaffRequest) -> bool:
    """Whether the person speaks for the clinic to a portal's patients."""
    return request.user.role in DESK


def channel_names(request: StaffRequest) -> dict[str, str]:
    rows = Channel.objects.filter(organisation=request.organisation)
    return dict(rows.values_list("code", "name"))


def over_text(over: his.VisitOver) -> str:
    """Why a visit can no longer be changed this way."""
    return {
        "past": _("The visit is over: it can no longer be changed this way."),
        "begun": _("The visit has begun: it can no longer be changed this way."),
        "paid": _("The visit is paid: it can no longer be changed this way."),
        "hold": _("This is only held time: cancel it instead."),
        "cancelled": _("The visit was cancelled meanwhile."),
    }.get(over.why, _("The visit is closed: it can no longer be changed this way."))


def offers_for(visit: Visit) -> list[Offer]:
    """Three free times nearest to a visit that cannot stay where it is (A46)."""
    near = his.nearest_free(visit=visit)
    schedules = Schedule.objects.select_related("practitioner", "room", "device").in_bulk(
        {schedule_id for schedule_id, _start, _end in near}
    )
    slots = _slots_of(near)
    return [
        Offer(
            schedules[key],
            slots[key, start],
            start,
            end,
            move_address(visit, slots[key, start], start),
        )
        for key, start, end in near
        if (key, start) in slots
    ]


def move_address(visit: Visit, slot: Slot, start: datetime) -> str:
    address = reverse("visit-move", args=[visit.public_id])
    return f"{address}?{urlencode({'slot': slot.public_id, 'start': start.isoformat()})}"


def _slots_of(
    near: Sequence[tuple[int, datetime, datetime]],
) -> dict[tuple[int, datetime], Slot]:
    if not near:
        return {}
    slots = Slot.objects.filter(
        schedule__in={key for key, _start, _end in near},
        start__lte=max(start for _key, start, _end in near),
        end__gt=min(start for _key, start, _end in near),
    )
    return {
        (key, start): slot
        for key, start, _end in near
        for slot in slots
        if slot.schedule_id == key and slot.start <= start < slot.end
    }


def _on_day(rows: QuerySet[Visit], form: WhoForm, day: date, zone: ZoneInfo) -> QuerySet[Visit]:
    start, end = clock.day_bounds(day, zone)
    rows = rows.filter(start__lt=end, end__gt=start, expires_at__isnull=True)
    # Time that was held and given back was never anybody's visit.
    rows = rows.filter(patient__isnull=False)
    for name, column in (
        ("unit", "clinic__unit"),
        ("clinic", "clinic"),
        ("person", "practitioner"),
    ):
        if (chosen := form.chosen(name)) is not None:
            rows = rows.filter(**{column: chosen})
    return rows.order_by("start", "practitioner__sort_key", "pk")
