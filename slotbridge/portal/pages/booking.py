"""From a free time to an order: the time is held, the form is filled in, the order is filed.

A form carries a random token, which its order takes over: sent twice, it makes one order. The
token never stands in an address: a link that somebody passes on cannot lend theirs to another.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import translation

from slotbridge.kit import clock
from slotbridge.portal import availability, callers, holds, limits, orders
from slotbridge.portal.availability import FreeTime, JustTaken
from slotbridge.portal.limits import TooMuch
from slotbridge.portal.models import Hold, Resource
from slotbridge.portal.models.base import random_id
from slotbridge.portal.pages import times, words
from slotbridge.portal.pages.base import page, show
from slotbridge.portal.pages.patient import (
    COOKIE,
    is_offered,
    offered_resource,
    own_hold,
    week_page,
)
from slotbridge.portal.pages.patient_forms import OrderForm


@dataclass(frozen=True, slots=True)
class Wanted:
    """The time that a form is about. `hold` is None once it has lapsed: the time may be free."""

    resource: Resource
    start: datetime
    token: UUID
    hold: Hold | None

    @property
    def address(self) -> str:
        here = reverse("portal-order-form", kwargs={"public_id": self.resource.public_id})
        return f"{here}?start={self.start.astimezone(self.resource.clinic.tz):%Y-%m-%dT%H:%M}"


@page
def hold(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """A button of the week: keeps the time and leads to the form."""
    found = offered_resource(public_id)
    if request.method != "POST":
        return redirect("portal-resource", public_id=public_id)
    start = times.read_moment(request.POST.get("start"), found.clinic.tz)
    try:
        wanted = _hold_instead(request, found, start, _of_browser(request))
    except JustTaken as taken:
        shown = {"taken": True, "nearest_times": _choices(found, taken.nearest)}
        return week_page(request, found, shown, status=409)
    except TooMuch as refusal:
        return _wait(week_page(request, found, {"wait": refusal.minutes}, status=429), refusal)
    return _remember(redirect(wanted.address), wanted)


@page
def order_form(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = offered_resource(public_id)
    start = times.read_moment(request.GET.get("start"), found.clinic.tz)
    if not is_offered(found):
        return redirect("portal-resource", public_id=public_id)
    if request.method != "POST":
        return _opened(request, _wanted(found, start, _of_browser(request)))
    wanted = _wanted(found, start, request.POST.get("token", ""))
    if wanted.hold is None:
        # Lapsed while they typed, or used by this very form a moment ago: its token stays.
        wanted = replace(wanted, token=_as_token(request.POST.get("token")) or wanted.token)
    if "instead" in request.POST:
        return _changed(request, wanted)
    form = OrderForm(request.POST)
    if not form.is_valid():
        return _form_page(request, wanted, form, status=422)
    return _filed(request, wanted, form)


def _opened(request: HttpRequest, wanted: Wanted) -> HttpResponse:
    """The empty form; of a time that is held no longer only while it is free."""
    if wanted.hold is None:
        try:
            availability.find(resource=wanted.resource, start=wanted.start)
        except JustTaken as taken:
            shown = {"taken": True, "nearest_times": _choices(wanted.resource, taken.nearest)}
            return week_page(request, wanted.resource, shown, status=409)
    return _form_page(request, wanted, OrderForm())


def _changed(request: HttpRequest, wanted: Wanted) -> HttpResponse:
    """Another time with what was typed, not yet judged: it may be half of it."""
    start = times.read_moment(request.POST["instead"], wanted.resource.clinic.tz)
    form = OrderForm(initial=request.POST.dict())
    try:
        now = _hold_instead(request, wanted.resource, start, str(wanted.token))
    except JustTaken as taken:
        return _taken_page(request, wanted, form, taken)
    except TooMuch as refusal:
        return _too_much_page(request, wanted, form, refusal)
    return _remember(_form_page(request, now, form, {"is_changed": True}), now)


def _filed(request: HttpRequest, wanted: Wanted, form: OrderForm) -> HttpResponse:
    try:
        order = orders.file_order(
            resource=wanted.resource,
            start=wanted.start,
            person=form.person(),
            language=translation.get_language() or settings.LANGUAGE_CODE,
            hold=wanted.hold,
            token=wanted.token,
            caller=_caller(request),
        )
    except JustTaken as taken:
        return _taken_page(request, wanted, form, taken)
    except TooMuch as refusal:
        return _too_much_page(request, wanted, form, refusal)
    return redirect("portal-order", token=order.token)


def _taken_page(
    request: HttpRequest, wanted: Wanted, form: OrderForm, taken: JustTaken
) -> HttpResponse:
    shown = {"taken": True, "nearest_times": _choices(wanted.resource, taken.nearest)}
    return _form_page(request, wanted, form, shown, status=409)


def _too_much_page(
    request: HttpRequest, wanted: Wanted, form: OrderForm, refusal: TooMuch
) -> HttpResponse:
    shown = {"wait": refusal.minutes}
    return _wait(_form_page(request, wanted, form, shown, status=429), refusal)


def _wait(response: HttpResponse, refusal: TooMuch) -> HttpResponse:
    response["Retry-After"] = str(refusal.minutes * 60)
    return response


def _form_page(
    request: HttpRequest,
    wanted: Wanted,
    form: OrderForm,
    shown: dict[str, Any] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    tz = wanted.resource.clinic.tz
    wall = wanted.start.astimezone(tz)
    week = reverse("portal-resource", kwargs={"public_id": wanted.resource.public_id})
    brought = {
        "resource": wanted.resource,
        "clinic": wanted.resource.clinic,
        "form": form,
        "token": wanted.token,
        "action": wanted.address,
        "back": f"{week}?from={wall:%Y-%m-%d}",
        "day": wall.date(),
        "time": wall.time(),
        "duration": wanted.hold.duration if wanted.hold else wanted.resource.time_step,
        "zone": words.zone(tz, wanted.start),
        "kept_until": wanted.hold.expires_at if wanted.hold else None,
        **(shown or {}),
    }
    return show(request, "order_form.html", brought, zone=tz, status=status)


def _wanted(resource: Resource, start: datetime, token: str) -> Wanted:
    """With the hold of `token`, if it is for this time; else with another random token."""
    held = own_hold(resource, token)
    if held is None or held.start != start:
        return Wanted(resource, start, random_id(), None)
    return Wanted(resource, start, held.token, held)


def _hold_instead(request: HttpRequest, resource: Resource, start: datetime, token: str) -> Wanted:
    """Holds the time; the browser's former hold of the resource is given back. Raises JustTaken,
    TooMuch.
    """
    former = own_hold(resource, token)
    if former is not None and former.start == start:
        return Wanted(resource, start, former.token, former)
    held = holds.hold_time(resource=resource, start=start, instead=former, caller=_caller(request))
    return Wanted(resource, start, held.token, held)


def _as_token(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None


def _caller(request: HttpRequest) -> str:
    return limits.caller_at(callers.caller_of(request).address)


def _of_browser(request: HttpRequest) -> str:
    return request.COOKIES.get(COOKIE, "")


def _remember(response: HttpResponse, wanted: Wanted) -> HttpResponse:
    response.set_cookie(
        COOKIE,
        str(wanted.token),
        max_age=holds.KEPT_FOR,
        path=reverse("portal-resource", kwargs={"public_id": wanted.resource.public_id}),
        samesite="Lax",
        httponly=True,
        secure=settings.CSRF_COOKIE_SECURE,
    )
    return response


def _choices(resource: Resource, free: Iterable[FreeTime]) -> list[times.Choice]:
    return times.choices(free, clock.today(resource.clinic.tz))
