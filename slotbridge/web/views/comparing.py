"""„Portale” → rehearsal and comparisons: what would be written, and how well both sides agree."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from slotbridge.sync import agreement, rehearsal, writing
from slotbridge.sync.contract import ItemKind
from slotbridge.sync.lights import light_of
from slotbridge.sync.models import Account, Difference, Listing
from slotbridge.web import mapping
from slotbridge.web.access import ADMINISTRATORS, OFFICE, StaffRequest, page
from slotbridge.web.forms.portals import WritingForm
from slotbridge.web.zones import house_zone

# A calendar of twelve weeks is computed in full: so many at once keep the page quick.
AT_ONCE = 20
DIFFERENCES = 100

Kind = Difference.Kind


@dataclass(frozen=True, slots=True)
class Line:
    """One calendar of a comparison, with the name of its address and what differs most."""

    of: agreement.Agreement
    place: str
    most: str | Promise


@page(see=OFFICE, change=ADMINISTRATORS)
def rehearsal_page(request: StaffRequest, channel: str) -> HttpResponse:
    """What would be written, or, after going live, how far the first load has come."""
    portal = _portal(request, channel)
    account = portal.account
    is_live = account.writing == Account.Writing.LIVE
    context = {
        **_common(request, portal),
        "totals": rehearsal.rehearse(account),
        "budget": rehearsal.budget_of(account),
    }
    if is_live:
        told, total = writing.progress(account)
        context |= {"told": told, "total": total, "refreshes": told < total}
    else:
        shown = _page(request, rehearsal.calendars(account))
        context |= {"page": shown, "rows": _with_places(account, shown)}
    return render(request, "web/portal_rehearsal.html", context)


@page(see=OFFICE, change=ADMINISTRATORS)
def reports_page(request: StaffRequest, channel: str) -> HttpResponse:
    """The last comparison of each calendar; with `?address=`, what was found at one of them."""
    portal = _portal(request, channel)
    account = portal.account
    shown = _page(request, agreement.listings_of(account))
    places = _places(account, shown)
    chosen = request.GET.get("address", "")
    return render(
        request,
        "web/portal_reports.html",
        {
            **_common(request, portal),
            "page": shown,
            "lines": [
                Line(row, places.get(row.listing.address, ""), _label(row.most))
                for row in agreement.of(account, shown)
            ],
            "in_all": agreement.in_all(account),
            "since": agreement.since(account),
            "chosen": get_object_or_404(account.listings, address=chosen) if chosen else None,
            "differences": _differences(account, chosen),
        },
    )


@page(see=(), change=ADMINISTRATORS)
def write(request: StaffRequest, channel: str) -> HttpResponse:
    """How the account writes from now on: rehearsed, compared, or live."""
    account = _portal(request, channel).account
    form = WritingForm(request.POST)
    if not form.is_valid() or not writing.may_be_chosen(account):
        raise Http404
    what = form.cleaned_data["what"]
    if what == Account.Writing.REHEARSAL:
        writing.start_rehearsal(account=account, by=request.by)
        messages.success(request, _("From now on nothing is written. Look at what would be."))
    elif what == Account.Writing.SHADOW:
        days = form.cleaned_data["days"] or writing.SHADOW_DAYS
        writing.start_shadow(account=account, days=days, by=request.by)
        messages.success(request, _("Both sides are compared, and nothing is changed."))
    else:
        writing.go_live(account=account, by=request.by)
        messages.success(
            request, _("Live. Bookings are taken over first, then everything is told.")
        )
    if account.state in {Account.State.UNCONFIGURED, Account.State.OFF}:
        return redirect("configuration-of", channel)
    return redirect(
        "portal-reports" if what == Account.Writing.SHADOW else "portal-rehearsal", channel
    )


def _portal(request: StaffRequest, channel: str) -> mapping.Portal:
    for portal in mapping.mapped_portals(request.organisation):
        if portal.channel.code == channel:
            return portal
    raise Http404


def _common(request: StaffRequest, portal: mapping.Portal) -> dict[str, object]:
    account = portal.account
    return {
        "portal": portal,
        "account": account,
        "light": light_of(account),
        "is_live": account.writing == Account.Writing.LIVE,
        "has_ended": writing.has_ended(account),
        "days": range(1, writing.MOST_SHADOW_DAYS + 1),
        "usual_days": writing.SHADOW_DAYS,
        "zone": house_zone(request.organisation),
    }


def _page(request: StaffRequest, listings: object) -> Page[Listing]:
    return Paginator(listings, AT_ONCE).get_page(request.GET.get("page"))  # type: ignore[arg-type]  # a query set


def _places(account: Account, listings: Page[Listing]) -> dict[str, str]:
    names = account.items.filter(
        kind=ItemKind.ADDRESS, external_id__in=[listing.address for listing in listings]
    )
    return dict(names.values_list("external_id", "name"))


def _with_places(account: Account, listings: Page[Listing]) -> list[tuple[rehearsal.Calendar, str]]:
    places = _places(account, listings)
    return [(row, places.get(row.listing.address, "")) for row in rehearsal.in_detail(listings)]


def _label(kind: str) -> str | Promise:
    return Kind(kind).label if kind else ""


def _differences(account: Account, address: str) -> list[Difference]:
    found = account.differences.filter(found_at__gte=agreement.since(account))
    if address:
        found = found.filter(listing__address=address)
    if account.writing == Account.Writing.LIVE:
        found = found.exclude(done=Difference.Done.COMPARED)
    else:
        found = found.filter(done=Difference.Done.COMPARED)
    return list(found.select_related("listing__practitioner").order_by("-found_at")[:DIFFERENCES])
