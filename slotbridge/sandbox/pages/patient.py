"""What a patient sees: doctors, free times, a booking, and its link."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from slotbridge.kit import clock
from slotbridge.sandbox import actors, bookings, payloads, payments, rules
from slotbridge.sandbox.models import (
    Address,
    AddressService,
    Booking,
    Client,
    Doctor,
    Facility,
    InsuranceProvider,
)
from slotbridge.sandbox.pages import times
from slotbridge.sandbox.pages.base import page, refusal
from slotbridge.sandbox.pages.patient_forms import PatientForm, ReasonForm
from slotbridge.sandbox.refusals import Refused


@page
def home(request: HttpRequest) -> HttpResponse:
    counts = {
        "doctors": Doctor.objects.count(),
        "facilities": Facility.objects.count(),
        "clients": Client.objects.count(),
    }
    return render(request, "sandbox/home.html", {"counts": counts})


@page
def doctors(request: HttpRequest) -> HttpResponse:
    query = request.GET.get("q", "").strip()[:100]
    found = Doctor.objects.annotate(places=Count("addresses")).prefetch_related("addresses")
    for word in query.split():
        found = found.filter(
            Q(name__icontains=word)
            | Q(surname__icontains=word)
            | Q(specialization__icontains=word)
            | Q(facilities__name__icontains=word)
            | Q(addresses__city_name__icontains=word)
        )
    return render(
        request, "sandbox/doctors.html", {"doctors": found.distinct()[:200], "query": query}
    )


@page
def doctor(request: HttpRequest, key: UUID) -> HttpResponse:
    """One address and one service at a time, a week of free times."""
    found = get_object_or_404(Doctor, key=key)
    addresses = list(found.addresses.filter(is_disabled=False).select_related("facility"))
    address = _chosen(addresses, request.GET.get("address"))
    services = list(_visible(address)) if address else []
    service = _chosen(services, request.GET.get("service"))
    insurers = _insurers(address) if address else []
    payer = _named_payer(insurers, request.GET.get("payer"))
    if payer is None and address and not address.takes_private:
        payer = next(iter(insurers), None)
    shown: dict[str, Any] = {
        "doctor": found,
        "addresses": addresses,
        "address": address,
        "services": services,
        "service": service,
        "insurers": insurers,
        "payer": payer,
    }
    if address and service:
        start = times.first_day(request.GET.get("from"))
        insurer = payer.pk if payer else None
        shown["week"] = times.free_week(address, service, start, payer=insurer)
        if not any(day.times for day in shown["week"].days):
            shown["next_free"] = times.next_free(address, service, start, insurer)
            shown["no_times"] = shown["next_free"] is None
    return render(request, "sandbox/doctor.html", shown)


def _visible(address: Address) -> Any:
    return address.services.filter(is_visible=True).select_related("service")


def _chosen(rows: list[Any], raw: str | None) -> Any:
    """The row whose id a link names; the first otherwise; None of none."""
    named = [row for row in rows if str(row.pk) == raw]
    return (named or rows or [None])[0]


def _insurers(address: Address) -> list[InsuranceProvider]:
    """Whose patients may come here; none where patients pay alone."""
    if address.insurance_support == "private":
        return []
    return [each.provider for each in address.insurances.select_related("provider")]


def _named_payer(insurers: list[InsuranceProvider], raw: str | None) -> InsuranceProvider | None:
    return next((each for each in insurers if str(each.pk) == raw), None)


def read_start(raw: str | None) -> datetime:
    try:
        start = datetime.fromisoformat(raw or "")
    except ValueError:
        raise Http404 from None
    if start.tzinfo is None:
        raise Http404
    return start


@page
def book(request: HttpRequest, key: UUID) -> HttpResponse:
    address = get_object_or_404(Address.objects.select_related("doctor", "facility"), key=key)
    service = _named_service(address, request.GET.get("service"))
    start = read_start(request.GET.get("start"))
    payer = _named_payer(_insurers(address), request.GET.get("payer"))
    form = PatientForm(address, payer, request.POST or None)
    shown = {
        "address": address,
        "service": service,
        "start": start,
        "payer": payer,
        "is_paid_here": address.takes_payment and payer is None,
        "form": form,
    }
    if request.method == "POST" and form.is_valid():
        try:
            made = actors.patient_books(
                address,
                start,
                service,
                form.patient(),
                comment=form.cleaned_data["comment"],
                payer=payer.pk if payer else None,
                plan=form.plan(),
            )
        except Refused as error:
            shown |= {"refused": refusal(error), "back": _times_link(address, service, start)}
            return render(request, "sandbox/book.html", shown, status=409)
        return redirect(f"{reverse('sandbox-visit', kwargs={'key': made.key})}?done=booked")
    return render(request, "sandbox/book.html", shown)


def _named_service(address: Address, raw: str | None) -> AddressService:
    if not (raw or "").isdecimal():
        raise Http404
    found: AddressService = get_object_or_404(_visible(address), pk=raw)
    return found


def _times_link(address: Address, service: AddressService, start: datetime) -> str:
    query = {"address": address.pk, "service": service.pk, "from": rules.day_of(start)}
    here = reverse("sandbox-doctor", kwargs={"key": address.doctor.key})
    return f"{here}?{urlencode(query)}"


def find_visit(key: UUID) -> Booking:
    rows = Booking.objects.select_related(
        "address__doctor",
        "address__facility",
        "service__service",
        "insurance_provider",
        "insurance_plan",
        "origin",
    )
    return get_object_or_404(rows, key=key)


@page
def visit(request: HttpRequest, key: UUID) -> HttpResponse:
    """The page behind the patient's link; that of a moved visit leads to the newest one."""
    found = find_visit(key)
    newest = bookings.newest(found)
    if newest.pk != found.pk:
        return redirect(f"{reverse('sandbox-visit', kwargs={'key': newest.key})}?done=moved")
    return _show_visit(request, found)


def _show_visit(request: HttpRequest, found: Booking, **more: Any) -> HttpResponse:
    shown = {
        "visit": found,
        "done": request.GET.get("done"),
        "form": ReasonForm(),
        "video_url": payloads.video_url(found),
        "can_confirm": not found.is_confirmed and found.start > clock.now(),
        "is_to_pay": found.is_active and found.payment_status == payments.NOT_PAID,
    }
    status = 409 if "refused" in more else 200
    return render(request, "sandbox/visit.html", shown | more, status=status)


@page
def confirm(request: HttpRequest, key: UUID) -> HttpResponse:
    return _act(request, key, actors.patient_confirms, "confirmed")


@page
def pay(request: HttpRequest, key: UUID) -> HttpResponse:
    """Invented money: the press of a button pays."""
    return _act(request, key, actors.patient_pays, "paid")


def _act(
    request: HttpRequest, key: UUID, actor: Callable[[Booking], None], done: str
) -> HttpResponse:
    found = find_visit(key)
    here = reverse("sandbox-visit", kwargs={"key": key})
    if request.method != "POST":
        return redirect(here)
    try:
        actor(found)
    except Refused as error:
        return _show_visit(request, find_visit(key), refused=refusal(error))
    return redirect(f"{here}?done={done}")


@page
def move(request: HttpRequest, key: UUID) -> HttpResponse:
    found = find_visit(key)
    if not found.is_active or found.service is None:
        return redirect("sandbox-visit", key=key)
    shown: dict[str, Any] = {"visit": found}
    if request.method == "POST":
        try:
            moved = actors.patient_moves(found, read_start(request.POST.get("start")))
        except Refused as error:
            shown["refused"] = refusal(error)
        else:
            return redirect(f"{reverse('sandbox-visit', kwargs={'key': moved.key})}?done=moved")
    start = times.first_day(request.GET.get("from") or rules.day_of(found.start).isoformat())
    shown["week"] = times.free_week(
        found.address, found.service, start, without=found, payer=found.insurance_provider_id
    )
    return render(request, "sandbox/move.html", shown, status=409 if "refused" in shown else 200)


@page
def cancel(request: HttpRequest, key: UUID) -> HttpResponse:
    found = find_visit(key)
    form = ReasonForm(request.POST)
    if request.method == "POST" and form.is_valid():
        try:
            actors.patient_cancels(found, form.cleaned_data["reason"])
        except Refused as error:
            return _show_visit(request, found, form=form, refused=refusal(error))
    return redirect("sandbox-visit", key=key)
