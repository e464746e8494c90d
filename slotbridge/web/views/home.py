"""The first page: today's visits, and what needs a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from slotbridge.his.models import Patient, Visit
from slotbridge.kit import clock
from slotbridge.sync import lights
from slotbridge.sync.models import Account
from slotbridge.web import mapping
from slotbridge.web.access import ADMINISTRATOR, EVERYBODY, PRACTITIONER, StaffRequest, page
from slotbridge.web.clashes import unsettled
from slotbridge.web.views.orders import MOST_ORDERS, orders_of, waiting
from slotbridge.web.views.visits import (
    channel_names,
    may_answer,
    may_mark,
    offers_for,
    own_visits,
)
from slotbridge.web.zones import house_zone

MOST_CLASHES = 20


@dataclass(frozen=True, slots=True)
class PortalState:
    portal: mapping.Portal
    light: lights.Light
    waiting: lights.Waiting
    needs_banner: bool


def portal_states(request: StaffRequest) -> list[PortalState]:
    return [
        PortalState(
            portal,
            lights.light_of(portal.account),
            lights.waiting(portal.account),
            lights.needs_banner(portal.account),
        )
        for portal in mapping.portals(request.organisation)
    ]


@page(see=EVERYBODY)
def home(request: StaffRequest) -> HttpResponse:
    zone = house_zone(request.organisation)
    today = clock.today(zone)
    start, end = clock.day_bounds(today, zone)
    now = clock.now()
    rows = own_visits(request).filter(expires_at__isnull=True, patient__isnull=False)
    todays = list(
        rows.filter(start__lt=end, end__gt=start)
        .exclude(status=Visit.Status.CANCELLED)
        .order_by("start", "pk")
    )
    clashes = unsettled(rows).filter(end__gt=now)
    orders = waiting(request)
    is_office = request.user.role != PRACTITIONER
    states = portal_states(request) if is_office else []
    context = {
        "zone": zone,
        "today": today,
        "orders": orders_of(list(orders[:MOST_ORDERS])),
        "order_count": orders.count(),
        "visits": todays,
        "clashes": [
            (visit, offers_for(visit)) for visit in clashes.order_by("start")[:MOST_CLASHES]
        ],
        "clash_count": clashes.count(),
        "doubtful": rows.exclude(verify=[]).filter(end__gt=now).count() if is_office else 0,
        "to_verify": Patient.objects.filter(organisation=request.organisation, is_active=True)
        .exclude(verify=[])
        .count()
        if is_office
        else 0,
        "states": states,
        "for_a_person": sum(state.waiting.for_a_person for state in states),
        "unassigned": sum(state.waiting.unassigned for state in states),
        "page_unassigned": _page_of([one for one in states if one.waiting.unassigned]),
        "page_for_a_person": _page_of([one for one in states if one.waiting.for_a_person]),
        "is_office": is_office,
        "is_administrator": request.user.role == ADMINISTRATOR,
        "refreshes": any(
            state.portal.account.state == Account.State.SYNCHRONISING for state in states
        ),
        "may_mark": may_mark(request),
        "may_answer": may_answer(request),
        "channels": channel_names(request),
        "here": request.path,
        "now": now,
    }
    return render(request, "web/home.html", context)


def _page_of(states: Sequence[PortalState]) -> str:
    """The address of the first of these portals' pages; without any, that of all."""
    return reverse("portal", args=[states[0].portal.channel.code]) if states else reverse("portals")
