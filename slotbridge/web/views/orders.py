"""Orders of portals that wait for the clinic's answer: seen first, accepted or rejected (U-42)."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from slotbridge.his import visits as his
from slotbridge.his.beside import beside
from slotbridge.his.models import Visit
from slotbridge.kit import clock
from slotbridge.web.access import DESK, StaffRequest, page
from slotbridge.web.forms.visits import AcceptForm, RejectForm
from slotbridge.web.views.visits import Offer, offers_for, over_text, own_visit, own_visits

MOST_ORDERS = 30


@dataclass(frozen=True, slots=True)
class Order:
    """An order as staff answer it: what is in its way, what is free instead, why it is rejected."""

    visit: Visit
    beside: list[Visit]
    offers: list[Offer]
    form: RejectForm


def waiting(request: StaffRequest) -> QuerySet[Visit]:
    """Orders that can still be answered, the next to begin first."""
    return (
        own_visits(request)
        .filter(
            status=Visit.Status.PROPOSED,
            expires_at__isnull=True,
            patient__isnull=False,
            start__gt=clock.now(),
        )
        .order_by("start", "pk")
    )


def orders_of(visits: Collection[Visit]) -> list[Order]:
    """Each with its own form. What clashes is looked up for those that do."""
    clashing = [visit for visit in visits if visit.clash]
    in_the_way = beside(clashing)
    return [
        Order(
            visit,
            in_the_way.get(visit.pk, []),
            offers_for(visit) if visit.clash else [],
            RejectForm(auto_id=f"{visit.public_id}_%s"),
        )
        for visit in visits
    ]


@page(see=(), change=DESK)
def accept(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Beside another visit only if the person has said so, knowing of it."""
    row = own_visit(request, public_id)
    form = AcceptForm(request.POST)
    form.is_valid()
    if row.clash and not form.cleaned_data.get("overbook"):
        text = _("Nothing was accepted: the time is not free here any more. Look first.")
        messages.warning(request, text)
        return redirect("visit", row.public_id)
    try:
        his.accept_visit(visit=row, by=request.by)
    except his.VisitOver as over:
        messages.error(request, over_text(over), extra_tags="bad")
    else:
        messages.success(request, _("The order is accepted. The portal is told, and its patient."))
    return _back(request, row)


@page(see=(), change=DESK)
def reject(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    row = own_visit(request, public_id)
    form = RejectForm(request.POST)
    if not form.is_valid():
        messages.error(
            request, _("Nothing was rejected: the reason is too long."), extra_tags="bad"
        )
        return redirect("visit", row.public_id)
    if row.status != Visit.Status.PROPOSED:
        messages.warning(request, _("Somebody has answered this order meanwhile."))
        return redirect("visit", row.public_id)
    try:
        his.cancel_visit(visit=row, reason=form.cleaned_data["reason"], by=request.by)
    except his.VisitOver as over:
        messages.error(request, over_text(over), extra_tags="bad")
    else:
        messages.success(request, _("The order is rejected. The portal is told, and its patient."))
    return _back(request, row)


def _back(request: StaffRequest, row: Visit) -> HttpResponse:
    """Where it was pressed: a list of orders goes on with the next one."""
    back = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        return redirect(back)
    return redirect("visit", row.public_id)
