"""One visit: what it is, its story on both sides, and what can be done with it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from slotbridge.his import patients
from slotbridge.his import visits as his
from slotbridge.his.beside import beside
from slotbridge.his.models import Patient, Visit
from slotbridge.kit import clock
from slotbridge.sync.models import Booking, VisitTarget
from slotbridge.sync.visit_plans import presence_of
from slotbridge.web.access import DESK, EVERYBODY, PRACTITIONER, StaffRequest, page
from slotbridge.web.clashes import needs_settling
from slotbridge.web.forms.visits import CancelForm
from slotbridge.web.stories import story_of
from slotbridge.web.views.orders import orders_of
from slotbridge.web.views.visits import (
    channel_names,
    may_answer,
    may_mark,
    offers_for,
    over_text,
    own_visit,
)

FIELDS = {
    "given_name": gettext_lazy("First name"),
    "family_name": gettext_lazy("Surname"),
    "email": gettext_lazy("E-mail"),
    "phone": gettext_lazy("Phone"),
    "birth_date": gettext_lazy("Birth date"),
    "national_id": gettext_lazy("PESEL or other number"),
    "sex": gettext_lazy("Sex"),
    "street": gettext_lazy("Street and number"),
    "post_code": gettext_lazy("Post code"),
    "city": gettext_lazy("City"),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """What the portal gave and what our record has (A52, A54)."""

    column: str
    label: object
    booked: str
    ours: object


@page(see=EVERYBODY, change=DESK)
def visit(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    row = own_visit(request, public_id)
    zone = row.clinic.unit.tz
    is_open = row.status == Visit.Status.BOOKED
    is_order = row.status == Visit.Status.PROPOSED and row.expires_at is None
    is_waiting = is_order and row.start > clock.now()
    context = {
        "visit": row,
        "zone": zone,
        "channels": channel_names(request),
        "origin": channel_names(request).get(row.origin_channel, row.origin_channel),
        "story": story_of(row, zone),
        "offers": offers_for(row) if needs_settling(row) else [],
        "order": orders_of([row])[0] if is_waiting else None,
        "is_unanswered": is_order and not is_waiting,
        "beside": beside([row])[row.pk] if row.clash else [],
        "differences": _differences(row),
        "name_differs": Visit.Verify.NAME_DIFFERS in row.verify,
        "lacking": [FIELDS[column] for column in row.patient.lacking] if row.patient else [],
        "pay_until": _pay_until(row),
        "other_presence": _other_presence(row),
        # Of a portal's answer: nothing but the web may be opened by a press.
        "video_url": row.video_url if row.video_url.startswith("https://") else "",
        "targets": VisitTarget.objects.filter(visit=row).select_related("account"),
        "cancel_form": CancelForm(is_passed_on=bool(row.origin_channel)),
        "is_open": is_open,
        "may_answer": may_answer(request),
        "may_mark": may_mark(request),
        "now": clock.now(),
        "is_practitioner": request.user.role == PRACTITIONER,
        "here": request.path,
    }
    return render(request, "web/visit.html", context)


@page(see=(), change=DESK)
def cancel(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    row = own_visit(request, public_id)
    form = CancelForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Nothing was cancelled: give the reason."), extra_tags="bad")
        return redirect("visit", row.public_id)
    try:
        his.cancel_visit(visit=row, reason=form.cleaned_data["reason"], by=request.by)
    except his.VisitOver as over:
        messages.error(request, over_text(over), extra_tags="bad")
    else:
        messages.success(request, _("The visit is cancelled."))
    return redirect("visit", row.public_id)


@page(see=(), change=DESK)
def match(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Whose visit it is: a new patient, the same one, or a value taken over (A52, A54)."""
    row = own_visit(request, public_id)
    action, _colon, column = request.POST.get("action", "").partition(":")
    try:
        if action == "split":
            patients.split_off(visit=row, by=request.by)
            messages.success(request, _("The visit has a patient record of its own now."))
        elif action == "keep":
            patients.keep_match(visit=row, by=request.by)
        elif action == "take" and column in FIELDS:
            patients.take_over(visit=row, field=column, by=request.by)
    except patients.NothingBooked:
        messages.warning(request, _("Somebody has settled this already."))
    return redirect("visit", row.public_id)


def _pay_until(row: Visit) -> datetime | None:
    """When the portal ends an unpaid visit by itself; None where it is paid, or not theirs."""
    unpaid = {Visit.Payment.TO_BE_PAID, Visit.Payment.NOT_PAID}
    if row.payment not in unpaid or row.status != Visit.Status.BOOKED:
        return None
    booked = Booking.Status.BOOKED
    found = Booking.objects.filter(visit=row, status=booked, pay_until__gt=clock.now())
    return found.values_list("pay_until", flat=True).first()


def _other_presence(row: Visit) -> list[Booking]:
    """What portals say of who came, where the room does not say the same (A59)."""
    said = Booking.objects.filter(visit=row, status=Booking.Status.BOOKED).exclude(presence="")
    ours = presence_of(row)
    return [one for one in said.select_related("account") if one.presence != ours]


def _differences(row: Visit) -> list[Difference]:
    ours: Patient | None = row.patient
    return [
        Difference(column, FIELDS.get(column, column), value, getattr(ours, column, "") or "—")
        for column, value in row.as_booked.items()
        if ours is not None
    ]
