"""What the portal's adviser sees: facilities, credentials, how integrations are told."""

import secrets
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from slotbridge.sandbox import actors, calendars, quirks, seed, tokens
from slotbridge.sandbox.models import (
    Address,
    ApiCall,
    Client,
    Facility,
    FaultRule,
    InsuranceProvider,
    Notification,
)
from slotbridge.sandbox.pages.base import page, refusal
from slotbridge.sandbox.pages.forms import FacilityForm
from slotbridge.sandbox.pages.integration_forms import AddressForm, ClientForm, QuirksForm
from slotbridge.sandbox.refusals import Refused

RECENT = 30


@page
def facilities(request: HttpRequest) -> HttpResponse:
    rows = Facility.objects.prefetch_related("doctors", "addresses", "clients")
    return render(request, "sandbox/adviser.html", {"facilities": rows})


@page
def register(request: HttpRequest) -> HttpResponse:
    form = FacilityForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = seed.seed(form.cleaned_data["name"], form.doctor_seeds())
        return _show_facility(request, made.facility, made.credentials, status=201)
    return render(request, "sandbox/register.html", {"form": form})


@page
def facility(request: HttpRequest, key: UUID) -> HttpResponse:
    """POST hands out another client's credentials; the secret is on that one page only."""
    found = get_object_or_404(Facility, key=key)
    credentials = None
    if request.method == "POST":
        name = request.POST.get("name", "").strip()[:200] or "Integration"
        credentials = seed.hand_out_credentials([found], name)
    return _show_facility(request, found, credentials)


def _show_facility(
    request: HttpRequest, found: Facility, credentials: seed.Credentials | None, status: int = 200
) -> HttpResponse:
    shown = {
        "facility": found,
        "addresses": found.addresses.select_related("doctor").prefetch_related("services__service"),
        "clients": found.clients.all(),
        "credentials": credentials,
    }
    return render(request, "sandbox/facility.html", shown, status=status)


@page
def address(request: HttpRequest, key: UUID) -> HttpResponse:
    """One address: how patients book there, and whose it is."""
    found = get_object_or_404(Address.objects.select_related("doctor", "facility"), key=key)
    doing = request.POST.get("do")
    form = AddressForm.of(found, request.POST if doing == "settings" else None)
    shown: dict[str, Any] = {
        "address": found,
        "form": form,
        "coupled": calendars.coupled(found),
        "done": request.GET.get("done"),
    }
    if request.method == "POST" and (doing != "settings" or form.is_valid()):
        try:
            _change_address(found, doing, form)
        except Refused as error:
            shown["refused"] = refusal(error)
        else:
            return redirect(f"{reverse('sandbox-address', kwargs={'key': key})}?done=yes")
    is_wrong = "refused" in shown or (doing == "settings" and not form.is_valid())
    return render(request, "sandbox/address.html", shown, status=409 if is_wrong else 200)


def _change_address(found: Address, doing: str | None, form: AddressForm) -> None:
    if doing == "settings":
        actors.adviser_sets_address(found, **form.settings())
        _set_insurers(found, set(form.cleaned_data["insurers"]))
        actors.adviser_changes_commercial_type(found, form.cleaned_data["commercial_type"])
    elif doing == "assign":
        actors.adviser_assigns_address(found)
    elif doing == "unassign":
        actors.adviser_unassigns_address(found)
    elif doing == "online":
        actors.adviser_opens_online_address(found)
    else:
        raise Http404


def _set_insurers(found: Address, wanted: set[InsuranceProvider]) -> None:
    """An insurer that stays keeps its plans."""
    taken = {each.provider for each in found.insurances.select_related("provider")}
    for provider in wanted - taken:
        actors.adviser_sets_insurance(found, provider)
    for provider in taken - wanted:
        actors.adviser_sets_insurance(found, provider, on=False)


@page
def client(request: HttpRequest, key: UUID) -> HttpResponse:
    found = get_object_or_404(Client, key=key)
    doing = request.POST.get("do")
    form = ClientForm(request.POST if doing == "settings" else None, instance=found)
    switches = quirks.read(found.quirks)
    quirk_form = QuirksForm(switches, request.POST if doing == "quirks" else None)
    shown: dict[str, Any] = {"client": found, "form": form, "quirk_form": quirk_form}
    if doing == "secret":
        shown["credentials"] = _new_secret(found)
    elif doing == "settings" and form.is_valid():
        form.save()
        return redirect("sandbox-client", key=key)
    elif doing == "quirks" and quirk_form.is_valid():
        Client.objects.filter(pk=found.pk).update(quirks=quirk_form.as_quirks())
        return redirect("sandbox-client", key=key)
    shown |= {
        "facilities": found.facilities.all(),
        "faults": FaultRule.objects.filter(client=found).exclude(remaining=0),
        "notifications": Notification.objects.filter(client=found).order_by("-position")[:RECENT],
        "calls": ApiCall.objects.filter(client=found)[:RECENT],
    }
    wrong = doing in {"settings", "quirks"}
    return render(request, "sandbox/client.html", shown, status=400 if wrong else 200)


def _new_secret(found: Client) -> seed.Credentials:
    """Replaces the secret; tokens given for the old one end."""
    secret = secrets.token_urlsafe(32)
    Client.objects.filter(pk=found.pk).update(secret_hash=tokens.digest(secret))
    tokens.revoke(found)
    return seed.Credentials(found, found.client_id, secret)
