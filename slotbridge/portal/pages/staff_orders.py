"""Orders of a clinic: found, looked at, answered."""

from __future__ import annotations

import re
from datetime import date
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from slotbridge.kit import clock
from slotbridge.portal import orders as acts
from slotbridge.portal.models import Order
from slotbridge.portal.pages import history, order_rows
from slotbridge.portal.pages.access import Here, staff_page
from slotbridge.portal.pages.staff_forms import AnswerForm, DayForm, SearchForm
from slotbridge.portal.pages.staff_look import back, paged, show_clinic

STATES: dict[str, tuple[Promise, Q]] = {
    "waiting": (_("Waiting"), Q(status=Order.Status.RECEIVED)),
    "accepted": (_("Accepted"), Q(status=Order.Status.ACCEPTED)),
    "rejected": (_("Rejected"), Q(status=Order.Status.REJECTED)),
    "all": (_("All"), Q()),
}
NAMES = ("name1__iregex", "name2__iregex", "name3__iregex")


@staff_page
def orders(request: HttpRequest, here: Here) -> HttpResponse:
    """By state and day; a search comes by POST, so that no name stands in an address."""
    state = request.GET.get("state", "")
    if state not in STATES:
        state = "waiting"
    day = DayForm(request.GET).chosen()
    form = SearchForm(request.POST or None)
    words = form.cleaned_data["words"] if form.is_valid() else ""
    found = Order.objects.filter(clinic=here.clinic).select_related("resource")
    found = _named(found, words) if words else _of(found, here, state, day)
    rows = paged(request, found)
    shown = {
        "section": "orders",
        "rows": rows,
        "listed": order_rows.rows(here.clinic, rows.rows),
        "states": [(key, label) for key, (label, _q) in STATES.items()],
        "state": "" if words else state,
        "day": None if words else day,
        "words": words,
    }
    return show_clinic(request, here, "staff_orders.html", shown)


def _of(found: QuerySet[Order], here: Here, state: str, day: date | None) -> QuerySet[Order]:
    found = found.filter(STATES[state][1])
    if day is not None:
        start, end = clock.day_bounds(day, here.zone)
        found = found.filter(start__gte=start, start__lt=end)
        return found.order_by("start", "number")
    # Whoever has waited longest comes first; what is settled, by when it takes place.
    return found.order_by("filed_at", "number") if state == "waiting" else found.order_by("-start")


def _named(found: QuerySet[Order], words: str) -> QuerySet[Order]:
    """Each word begins a name, ё or е, or the digits stand in the phone number."""
    digits = "".join(each for each in words if each.isdigit())
    if digits and not any(each.isalpha() for each in words):
        # As typed: people write spaces, hyphens and brackets between the digits as they please.
        pattern = r"\D*".join(digits[-10:])
        return found.filter(phone__regex=pattern).order_by("-start")
    for word in words.split()[:4]:
        begins = "^" + re.sub("[её]", "[её]", re.escape(word.casefold()))
        found = found.filter(Q(*((name, begins) for name in NAMES), _connector=Q.OR))
    return found.order_by("-start")


@staff_page
def order(request: HttpRequest, here: Here, token: UUID) -> HttpResponse:
    found = get_object_or_404(
        Order.objects.select_related("resource", "clinic"), clinic=here.clinic, token=token
    )
    form = AnswerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if request.POST.get("do") == "ask":
            asked = AnswerForm(initial=form.cleaned_data)
            return _show(request, here, found, asked, "staff_reject.html")
        return _answer(request, here, found, form)
    return _show(request, here, found, form)


def _answer(request: HttpRequest, here: Here, found: Order, form: AnswerForm) -> HttpResponse:
    if not _is_theirs(here):
        raise PermissionDenied
    accept = request.POST.get("do") == "accept"
    ids = {"clinic": here.clinic.public_id, "token": found.token}
    try:
        acts.answer_order(
            order=found, accept=accept, by=here.member, comment=form.cleaned_data["comment"]
        )
    except acts.Closed:
        return back("portal-staff-order", "answered", **ids)
    return back("portal-staff-order", "accepted" if accept else "rejected", **ids)


def _show(
    request: HttpRequest,
    here: Here,
    found: Order,
    form: AnswerForm,
    template: str = "staff_order.html",
) -> HttpResponse:
    shown: dict[str, Any] = {
        "section": "orders",
        "order": found,
        "row": order_rows.rows(here.clinic, [found])[0],
        "form": form,
        "is_theirs": _is_theirs(here),
        "history": history.of(found),
    }
    return show_clinic(request, here, template, shown)


def _is_theirs(here: Here) -> bool:
    """Operators look, but only the clinic answers (8.2)."""
    return not here.member.is_operator
