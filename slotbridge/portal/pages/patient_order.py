"""An order behind its link: its state in words, what to do next, and how to withdraw it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from slotbridge.kit import clock
from slotbridge.portal import orders
from slotbridge.portal.models import Order
from slotbridge.portal.pages import calendar_file, words
from slotbridge.portal.pages.base import page, show

# The link opens the order: no search engine may keep it.
UNSEEN = {"X-Robots-Tag": "noindex, nofollow"}


@dataclass(frozen=True, slots=True)
class State:
    """What the patient reads first; `look` is classes of the style sheet."""

    look: str
    title: str | Promise
    next: str | Promise


WAITS = State(
    "waits",
    _("The order is filed"),
    _("It waits for the clinic’s answer. The time is kept for you meanwhile."),
)
UNANSWERED = State(
    "warn past",
    _("The clinic did not answer"),
    _("The time of the appointment has passed. Please call the clinic or choose another time."),
)
CONFIRMED = State(
    "good",
    _("You have an appointment"),
    _("The clinic has confirmed it. If you cannot come, withdraw the order: others need the time."),
)
PASSED = State(
    "over past",
    _("The time of the appointment has passed"),
    _("The clinic had confirmed it. You can make a new appointment."),
)
WITHDRAWN = State(
    "over gone",
    _("You have withdrawn the order"),
    _("There is nothing more to do. You can choose another time."),
)
REFUSED = State(
    "bad gone",
    _("The appointment will not take place"),
    _("The clinic has rejected or cancelled it. Please choose another time or call the clinic."),
)


def state_of(order: Order) -> State:
    is_past = order.start <= clock.now()
    match order.status:
        case Order.Status.RECEIVED:
            return UNANSWERED if is_past else WAITS
        case Order.Status.ACCEPTED:
            return PASSED if is_past else CONFIRMED
    return WITHDRAWN if order.closed_by == Order.Closer.PATIENT else REFUSED


def is_live(order: Order) -> bool:
    """Whether there is anything left to withdraw or to come to."""
    return order.status != Order.Status.REJECTED and order.start > clock.now()


@page
def order(request: HttpRequest, token: UUID) -> HttpResponse:
    found = _find(token)
    shown = {
        "state": state_of(found),
        "is_live": is_live(found),
        "link": request.build_absolute_uri(request.path),
    }
    return _show(request, found, "order.html", shown)


@page
def withdraw(request: HttpRequest, token: UUID) -> HttpResponse:
    """Asks first; what is withdrawn, rejected or over leads back to the order."""
    found = _find(token)
    here = reverse("portal-order", kwargs={"token": token})
    if not is_live(found):
        return redirect(here)
    if request.method != "POST":
        return _show(request, found, "withdraw.html", {})
    with suppress(orders.TooLate):  # the appointment began while the question was read
        orders.withdraw_order(order=found)
    return redirect(here)


@page
def calendar(_request: HttpRequest, token: UUID) -> HttpResponse:
    headers = {**UNSEEN, "Content-Disposition": 'attachment; filename="appointment.ics"'}
    content = calendar_file.of_order(_find(token))
    return HttpResponse(content, content_type="text/calendar; charset=utf-8", headers=headers)


def _find(token: UUID) -> Order:
    found: Order = get_object_or_404(
        Order.objects.select_related("clinic", "resource"), token=token
    )
    return found


def _show(request: HttpRequest, order: Order, template: str, shown: dict[str, Any]) -> HttpResponse:
    brought = {
        "order": order,
        "clinic": order.clinic,
        "resource": order.resource,
        "zone": words.zone(order.clinic.tz, order.start),
        "day": order.day,
        "time": order.time,
        "duration": order.duration,
        **shown,
    }
    response = show(request, template, brought, zone=order.clinic.tz)
    for name, value in UNSEEN.items():
        response[name] = value
    return response
