"""What a doctor sees: the own calendar, and everything that can be done in it."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from slotbridge.kit import clock
from slotbridge.sandbox import actors, calendars, payloads, rules
from slotbridge.sandbox.models import Address, AddressService, Booking, Break, Doctor, Service
from slotbridge.sandbox.pages import times
from slotbridge.sandbox.pages.base import REFUSALS, page, refusal
from slotbridge.sandbox.pages.forms import BreakForm, MoveForm, NewServiceForm, ServiceForm
from slotbridge.sandbox.pages.patient import find_visit, read_start
from slotbridge.sandbox.pages.patient_forms import DeskPatientForm, ReasonForm
from slotbridge.sandbox.refusals import Reason, Refused


@page
def doctors(request: HttpRequest) -> HttpResponse:
    found = Doctor.objects.prefetch_related("addresses__facility")
    return render(request, "sandbox/desk.html", {"doctors": found})


@page
def week(request: HttpRequest, key: UUID) -> HttpResponse:
    """`key` is the address's: each address has a calendar of its own."""
    start = times.first_day(request.GET.get("from"))
    return _show_week(request, _address(key), start)


def _address(key: UUID) -> Address:
    return get_object_or_404(Address.objects.select_related("doctor", "facility"), key=key)


def _has_coupled(address: Address) -> bool:
    return bool(calendars.coupled(address))


def _show_week(
    request: HttpRequest,
    address: Address,
    start: date,
    *,
    form: BreakForm | None = None,
    refused: Promise | str | None = None,
) -> HttpResponse:
    shown = {
        "address": address,
        "siblings": address.doctor.addresses.select_related("facility"),
        "week": times.desk_week(address, start),
        "form": form or BreakForm(initial={"day": start}, has_coupled=_has_coupled(address)),
        "refused": refused,
        "done": request.GET.get("done"),
    }
    is_wrong = refused is not None or (form is not None and not form.is_valid())
    return render(request, "sandbox/week.html", shown, status=409 if is_wrong else 200)


def _back(address: Address, day: date, done: str) -> HttpResponse:
    here = reverse("sandbox-week", kwargs={"key": address.key})
    return redirect(f"{here}?from={day}&done={done}")


@page
def book(request: HttpRequest, key: UUID) -> HttpResponse:
    address = _address(key)
    start = read_start(request.GET.get("start"))
    offers = calendars.offers(address, start, start + timedelta(seconds=1))
    services = [
        service
        for service in address.services.select_related("service")
        if any(offer.service == service.pk for offer in offers)
    ]
    form = DeskPatientForm(request.POST or None)
    shown: dict[str, Any] = {
        "address": address,
        "start": start,
        "services": services,
        "form": form,
        "day": rules.day_of(start),
    }
    if request.method == "POST" and form.is_valid():
        named = request.POST.get("service")
        chosen = next((each for each in services if str(each.pk) == named), None)
        try:
            if chosen is not None:
                actors.doctor_books(address, start, chosen, form.patient())
                return _back(address, rules.day_of(start), "booked")
            shown["refused"] = REFUSALS[Reason.TAKEN]
        except Refused as error:
            shown["refused"] = refusal(error)
    status = 409 if "refused" in shown else 200
    return render(request, "sandbox/desk_book.html", shown, status=status)


@page
def add_break(request: HttpRequest, key: UUID) -> HttpResponse:
    address = _address(key)
    form = BreakForm(request.POST, has_coupled=_has_coupled(address))
    if not form.is_valid():
        return _show_week(request, address, clock.today(rules.LOCALE_ZONE), form=form)
    data = form.cleaned_data
    since = clock.at(data["day"], data["since"], rules.LOCALE_ZONE)
    till = clock.at(data["day"], data["till"], rules.LOCALE_ZONE)
    try:
        actors.doctor_adds_break(
            address, since, till, data["description"], on_coupled=data.get("on_coupled", False)
        )
    except Refused as error:
        return _show_week(request, address, data["day"], form=form, refused=refusal(error))
    return _back(address, data["day"], "break")


@page
def remove_break(request: HttpRequest, key: UUID, number: int) -> HttpResponse:
    address = _address(key)
    found = get_object_or_404(Break, pk=number, address=address)
    if request.method == "POST":
        actors.doctor_removes_break(found)
    return _back(address, rules.day_of(found.since), "unbreak")


@page
def switch_calendar(request: HttpRequest, key: UUID) -> HttpResponse:
    address = _address(key)
    day = clock.today(rules.LOCALE_ZONE)
    if request.method == "POST":
        try:
            actors.doctor_switches_calendar(address, on=request.POST.get("on") == "yes")
        except Refused as error:
            return _show_week(request, address, day, refused=refusal(error))
    return _back(address, day, "switched")


@page
def services(request: HttpRequest, key: UUID) -> HttpResponse:
    """What patients can book at the address: added, changed, removed."""
    address = _address(key)
    shown: dict[str, Any] = {"address": address, "done": request.GET.get("done")}
    form = NewServiceForm(request.POST if request.POST.get("do") == "add" else None)
    if request.method == "POST":
        try:
            done = _change_services(request, address, form)
        except Refused as error:
            shown["refused"] = refusal(error)
        else:
            if done:
                here = reverse("sandbox-services", kwargs={"key": key})
                return redirect(f"{here}?done={done}")
            shown["refused"] = _("Check the fields: nothing has been changed.")
    rows = address.services.select_related("service")
    shown["rows"] = [(row, ServiceForm.of(row)) for row in rows]
    shown["form"] = form
    shown["dictionary"] = Service.objects.all()[:500]
    status = 409 if "refused" in shown else 200
    return render(request, "sandbox/services.html", shown, status=status)


def _change_services(request: HttpRequest, address: Address, new: NewServiceForm) -> str:
    """What was done; nothing where the form is wrong."""
    if request.POST.get("do") == "add":
        if not new.is_valid():
            return ""
        service, _is_new = Service.objects.get_or_create(name=new.cleaned_data["name"])
        actors.doctor_adds_service(address, service, **new.terms())
        return "added"
    named = request.POST.get("service", "")
    if not named.isdecimal():
        raise Http404
    row = get_object_or_404(AddressService, pk=named, address=address)
    if request.POST.get("do") == "remove":
        actors.doctor_removes_service(row)
        return "removed"
    changed = ServiceForm(request.POST)
    if not changed.is_valid():
        return ""
    actors.doctor_changes_service(row, **changed.terms())
    return "changed"


@page
def visit(request: HttpRequest, key: UUID) -> HttpResponse:
    """One visit: who comes, whether they came; cancel it, or move it."""
    found = find_visit(key)
    form = ReasonForm(request.POST or None)
    anywhere = actors.moves_anywhere(found.address)
    shown: dict[str, Any] = {
        "visit": found,
        "form": form,
        "day": rules.day_of(found.start),
        "video_url": payloads.video_url(found),
        "has_begun": found.start <= clock.now(),
        "move_form": MoveForm() if anywhere and found.is_active else None,
        "done": request.GET.get("done"),
    }
    if request.method == "POST" and form.is_valid():
        try:
            done = _carry_out(request, found, form.cleaned_data["reason"])
        except Refused as error:
            shown["refused"] = refusal(error)
            found.refresh_from_db()
        else:
            return done
    if found.is_active and found.service:
        start = times.first_day(request.GET.get("from") or shown["day"].isoformat())
        shown["week"] = times.free_week(
            found.address, found.service, start, without=found, for_doctor=True
        )
    return render(
        request, "sandbox/desk_visit.html", shown, status=409 if "refused" in shown else 200
    )


def _carry_out(request: HttpRequest, found: Booking, reason: str) -> HttpResponse:
    """Does what the button says; where to go then."""
    doing = request.POST.get("do")
    if doing == "cancel":
        actors.doctor_cancels(found, reason)
        return _back(found.address, rules.day_of(found.start), "cancel")
    if doing == "move":
        moved = actors.doctor_moves(found, _new_start(request))
        return _back(moved.address, rules.day_of(moved.start), "move")
    if doing == "confirm":
        actors.doctor_confirms(found)
    elif doing in {"present", "absent"}:
        actors.doctor_marks_presence(found, present=doing == "present")
    else:
        raise Http404
    here = reverse("sandbox-desk-visit", kwargs={"key": found.key})
    return redirect(f"{here}?done={doing}")


def _new_start(request: HttpRequest) -> datetime:
    """A time chosen from those on offer, or typed."""
    typed = MoveForm(request.POST)
    if typed.is_valid():
        return clock.at(typed.cleaned_data["day"], typed.cleaned_data["time"], rules.LOCALE_ZONE)
    return read_start(request.POST.get("start"))
