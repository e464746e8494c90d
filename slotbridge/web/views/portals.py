"""„Portale”: what portals were told, what waits and why, and what needs a person (promise 10)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.db.models import F, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from slotbridge.his.models import Slot
from slotbridge.kit import clock
from slotbridge.sync import (
    bookings,
    inbox,
    lights,
    links,
    shown,
    telling_days,
    telling_visits,
    writing,
)
from slotbridge.sync.contract import ItemKind
from slotbridge.sync.exchange import plan
from slotbridge.sync.models import (
    Account,
    Booking,
    InboxMessage,
    Listing,
    ListingDay,
    VisitTarget,
)
from slotbridge.web.access import DESK, OFFICE, StaffRequest, page
from slotbridge.web.forms.portals import RetryForm
from slotbridge.web.views import exchanges
from slotbridge.web.views.home import portal_states
from slotbridge.web.zones import house_zone

SHOWN = 50
NEWEST = 10  # differences; all of them are on the page of comparisons
DAYS_JUDGED = 7  # how far ahead the list "not published" looks
SLOTS_JUDGED = 1000
# A slot that is over, full or just on its way is not published for a reason nobody needs to mend.
NO_MATTER = {"past", "taken", "waiting", "too-far", "too-soon"}


@dataclass(frozen=True, slots=True)
class Unassigned:
    """A portal's booking without a visit (A48), opened for staff."""

    booking: Booking
    data: dict[str, object]


@dataclass(slots=True)
class Unpublished:
    """Ticked slots that are not shown for the same reasons."""

    reasons: list[shown.Reason]
    count: int
    first: Slot


@page(see=OFFICE, change=DESK)
def portals(request: StaffRequest, channel: str = "") -> HttpResponse:
    states = portal_states(request)
    if not states:
        return render(request, "web/configuration_none.html")
    state = next((one for one in states if one.portal.channel.code == channel), None)
    if channel and state is None:
        raise Http404
    state = state or states[0]
    account = state.portal.account
    has_mapping = state.portal.has_mapping
    context = {
        "states": states,
        "state": state,
        "portal": state.portal,
        "account": account,
        "now": clock.now(),
        "zone": house_zone(request.organisation),
        "visits": _visits(account),
        "unpublished": _unpublished(account, state.portal.channel.code),
        "days_judged": DAYS_JUDGED,
        **(_of_calendars(account) if has_mapping else exchanges.context_of(account)),
    }
    template = "web/portals.html" if has_mapping else "web/portal_exchange.html"
    return render(request, template, context)


def _of_calendars(account: Account) -> dict[str, Any]:
    """What only a portal has that keeps a calendar for each doctor."""
    return {
        "listings": _listings(account),
        "has_ended": writing.has_ended(account),
        "broken_links": len(links.broken_links(account)),
        "unassigned": _unassigned(account),
        "parked_days": _due_days(account)
        .exclude(problem="")
        .order_by("listing__practitioner__sort_key", "listing_id", "day")[:SHOWN],
        "waiting_days": _due_days(account).filter(problem="")[:SHOWN],
        "messages_parked": account.messages.filter(state=InboxMessage.State.PARKED).order_by(
            "received_at"
        )[:SHOWN],
        "differences": account.differences.select_related("listing__practitioner").order_by(
            "-found_at"
        )[:NEWEST],
    }


@page(see=(), change=DESK)
def retry(request: StaffRequest, channel: str) -> HttpResponse:
    """“Try again” of one parked thing, or the confirmation of a held calendar."""
    account = get_object_or_404(Account, organisation=request.organisation, channel=channel)
    form = RetryForm(request.POST)
    if not form.is_valid():
        raise Http404
    what, data = form.cleaned_data["what"], form.cleaned_data
    listing = {"listing__account": account, "listing__address": data["address"]}
    if what == "day":
        row = get_object_or_404(ListingDay, day=data["day"], **listing)
        telling_days.retry_day(listing_day=row, by=request.by)
    elif what in {"visit", "called"}:
        target = get_object_or_404(VisitTarget, account=account, visit__public_id=data["key"])
        settle = (
            telling_visits.patient_was_called if what == "called" else telling_visits.retry_visit
        )
        settle(target=target, by=request.by)
    elif what == "seen":
        marked = get_object_or_404(Booking, account=account, external_id=data["booking"])
        bookings.note_seen(booking=marked, by=request.by)
    elif what == "send-all":
        plan.send_all(account=account, by=request.by)
    elif what == "message":
        message = get_object_or_404(InboxMessage, account=account, public_id=data["key"])
        inbox.retry(message=message, by=request.by)
    else:
        held = get_object_or_404(Listing, account=account, address=data["address"])
        telling_days.release_held(listing=held, by=request.by)
    if what not in {"called", "seen"}:
        again = (
            _("Everything is sent anew.") if what == "send-all" else _("It is on its way again.")
        )
        messages.success(request, again)
    return redirect("portal", channel)


def _listings(account: Account) -> list[tuple[Listing, str, lights.Light]]:
    """Each calendar with the name of its address there, and its light."""
    rows = list(
        account.listings.filter(is_active=True)
        .select_related("account", "practitioner")
        .order_by("practitioner__sort_key", "address")
    )
    places = dict(account.items.filter(kind=ItemKind.ADDRESS).values_list("external_id", "name"))
    return [
        (row, places.get(row.address, ""), light)
        for row, light in zip(rows, lights.lights_of_listings(rows), strict=True)
    ]


def _unassigned(account: Account) -> list[Unassigned]:
    rows = bookings.for_a_person(account).select_related("visit").order_by("start")[:SHOWN]
    return [Unassigned(row, bookings.data_of(row)) for row in rows]


def _due_days(account: Account) -> QuerySet[ListingDay]:
    return (
        ListingDay.objects.filter(listing__account=account, asked__gt=F("answered"))
        .select_related("listing__practitioner")
        .order_by("asked_at")
    )


def _visits(account: Account) -> Iterable[VisitTarget]:
    rows = VisitTarget.objects.filter(account=account)
    rows = rows.exclude(problem="", doubt="", call_patient=False, asked=F("answered"))
    return rows.select_related("visit__clinic__unit", "visit__practitioner").order_by("asked_at")[
        :SHOWN
    ]


def _unpublished(account: Account, channel: str) -> list[Unpublished]:
    now: datetime = clock.now()
    slots = list(
        Slot.objects.filter(
            organisation=account.organisation_id,
            channels__contains=[channel],
            end__gt=now,
            start__lt=now + timedelta(days=DAYS_JUDGED),
        )
        .select_related("schedule__clinic__unit", "schedule__practitioner")
        .order_by("start", "pk")[:SLOTS_JUDGED]
    )
    grouped: dict[tuple[int, tuple[str, ...]], Unpublished] = {}
    reasons = shown.why_not_shown_for(slots, channel)
    for slot in slots:
        weighty = [reason for reason in reasons[slot.pk] if reason.code not in NO_MATTER]
        if not weighty:
            continue
        key = (slot.schedule_id, tuple(reason.sentence for reason in weighty))
        if key in grouped:
            grouped[key].count += 1
        else:
            grouped[key] = Unpublished(weighty, 1, slot)
    return list(grouped.values())
