"""„Portale” for an account that exchanges documents: what was told, orders for a person."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from slotbridge.kit import clock
from slotbridge.sync import bookings
from slotbridge.sync.exchange import orders, standing
from slotbridge.sync.exchange.contract import OrderState
from slotbridge.sync.models import Account, Booking, Exchange
from slotbridge.web import exchanges
from slotbridge.web.access import DESK, StaffRequest, page
from slotbridge.web.forms.portals import AnswerForm

SHOWN = 50
LOOKED_AT = 500  # exchanges, of which many are reads that become one line


@dataclass(frozen=True, slots=True)
class Order:
    """An order that has no visit here, or about which the portal said something, opened."""

    booking: Booking
    data: dict[str, object]

    @property
    def is_over(self) -> bool:
        end = self.booking.end
        return end is None or end <= clock.now()

    @property
    def is_being_told(self) -> bool:
        """Whether it was answered here, and the portal has not taken the answer yet."""
        return self.booking.answer not in {"", self.booking.order_state}

    @property
    def may_be_accepted(self) -> bool:
        return self._is_ours and self.booking.order_state == OrderState.WAITING

    @property
    def may_be_rejected(self) -> bool:
        return self._is_ours

    @property
    def _is_ours(self) -> bool:
        """Whether it is answered on this page, and not with its visit."""
        return not (self.booking.visit_id or self.is_over or self.is_being_told)


def context_of(account: Account) -> dict[str, Any]:
    """What the page shows of this family; the rest is common to both."""
    exchange = Exchange.objects.filter(account=account).first()
    rows = standing.orders_to_show(account)[:SHOWN]
    return {
        "exchange": exchange,
        "orders": [Order(row, bookings.data_of(row)) for row in rows],
        "withheld": _withheld(exchange),
        "told": list(
            islice(exchanges.listed(account.exchanges.order_by("-at", "-pk")[:LOOKED_AT]), SHOWN)
        ),
        "rounds": exchanges.rounds(exchange) if exchange else [],
    }


@page(see=(), change=DESK)
def answer(request: StaffRequest, channel: str) -> HttpResponse:
    """Accepts or rejects an order that has no visit here (U-38)."""
    account = get_object_or_404(Account, organisation=request.organisation, channel=channel)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        raise Http404
    key = form.cleaned_data["order"]
    booking = get_object_or_404(Booking, account=account, external_id=key)
    accept = form.cleaned_data["answer"] == "accept"
    try:
        orders.answer(booking=booking, accept=accept, by=request.by)
    except orders.OrderOver:
        messages.warning(request, _("Somebody has answered this order meanwhile."))
    else:
        text = (
            _("The order is accepted. The portal is told, and its patient.")
            if accept
            else _("The order is rejected. The portal is told, and its patient.")
        )
        messages.success(request, text)
    return redirect("portal", channel)


def _withheld(exchange: Exchange | None) -> list[tuple[str | Promise, int]]:
    """What the portal keeps although it is gone here (U-19), by part."""
    kept = exchange.withheld if exchange is not None else {}
    return [(exchanges.KEPT.get(part, part), count) for part, count in kept.items()]
