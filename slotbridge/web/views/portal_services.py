"""„Portale” → services and prices: what each address offers, ours and the portal's (A16-A31)."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from slotbridge.sync import service_lines, services, telling_services
from slotbridge.sync.models import ListingService
from slotbridge.sync.registry import calendar_class
from slotbridge.sync.service_lines import Address
from slotbridge.web import mapping
from slotbridge.web.access import DESK, OFFICE, StaffRequest, page
from slotbridge.web.forms.portals import ServiceForm
from slotbridge.web.mapping import Portal

DECIDE = {
    "retry": telling_services.retry,
    "give": telling_services.give_to_us,
    "leave": telling_services.leave,
}


@page(see=OFFICE, change=DESK)
def services_page(request: StaffRequest, channel: str) -> HttpResponse:
    """One address at a time, chosen from the list of all: the first one that has trouble."""
    portal = next(
        (
            one
            for one in mapping.mapped_portals(request.organisation)
            if one.channel.code == channel
        ),
        None,
    )
    if portal is None:
        raise Http404
    if request.method == "POST":
        return _decide(request, portal)
    account = portal.account
    found = [] if portal.obstacle else service_lines.addresses(account)
    chosen = _chosen(found, request.GET.get("address", ""))
    context = {
        "portal": portal,
        "addresses": found,
        "chosen": chosen,
        "lines": service_lines.lines(chosen.listing) if chosen else [],
        "are_ours": services.are_ours(account),
        "currency": calendar_class(account.kind).currency_of(account.settings),
    }
    return render(request, "web/portal_services.html", context)


def _decide(request: StaffRequest, portal: Portal) -> HttpResponse:
    form = ServiceForm(request.POST)
    if not form.is_valid():
        raise Http404
    data = form.cleaned_data
    row = get_object_or_404(
        ListingService,
        listing__account=portal.account,
        listing__address=data["address"],
        service=data["service"],
    )
    DECIDE[data["what"]](listing_service=row, by=request.by)
    messages.success(
        request, _("It is on its way again.") if data["what"] == "retry" else _("Saved.")
    )
    chosen = urlencode({"address": data["address"]})
    return redirect(f"{reverse('portal-services', args=[portal.channel.code])}?{chosen}")


def _chosen(found: Sequence[Address], address: str) -> Address | None:
    for one in found:
        if one.listing.address == address:
            return one
    return next((one for one in found if one.parked), found[0] if found else None)
