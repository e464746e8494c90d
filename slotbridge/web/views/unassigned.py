"""A portal's booking that means nobody of ours (A48): link, take over by hand, or cancel there."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from slotbridge.his.models import Schedule
from slotbridge.kit import clock
from slotbridge.sync import assigning, bookings, cancelling
from slotbridge.sync.contract import ItemKind
from slotbridge.sync.models import Booking, CatalogueItem
from slotbridge.web.access import DESK, OFFICE, StaffRequest, page
from slotbridge.web.forms.base import add_error
from slotbridge.web.forms.visits import AssignForm, CancelForm
from slotbridge.web.views.visits import channel_names
from slotbridge.web.zones import house_zone


@page(see=OFFICE, change=DESK)
def booking(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """What the portal said of it, and the three ways to settle it."""
    row = _row(request, public_id)
    return _shown(request, row, AssignForm(schedules=_schedules(request)), CancelForm())


@page(see=(), change=DESK)
def assign(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    row = _row(request, public_id)
    form = AssignForm(request.POST, schedules=_schedules(request))
    if not form.is_valid():
        return _shown(request, row, form, CancelForm())
    try:
        visit = assigning.assign(booking=row, schedule=form.chosen, by=request.by)
    except assigning.BookingSettled:
        return _was_settled(request, row)
    messages.success(request, _("The booking is a visit now. Look whether the time is free."))
    return redirect("visit", visit.public_id)


@page(see=(), change=DESK)
def cancel(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    row = _row(request, public_id)
    form = CancelForm(request.POST)
    if not form.is_valid():
        return _shown(request, row, AssignForm(schedules=_schedules(request)), form)
    try:
        cancelling.cancel_unassigned(booking=row, reason=form.cleaned_data["reason"], by=request.by)
    except assigning.BookingSettled:
        return _was_settled(request, row)
    except cancelling.SwitchedOff:
        off = _("The integration is switched off: cancel the booking on the portal by hand.")
        add_error(form, "reason", off, "switched-off")
        return _shown(request, row, AssignForm(schedules=_schedules(request)), form)
    messages.success(request, _("The portal is told to cancel it, and tells its patient."))
    return redirect("portal", row.account.channel)


def _row(request: StaffRequest, public_id: uuid.UUID) -> Booking:
    rows = Booking.objects.filter(organisation=request.organisation).select_related(
        "account", "visit"
    )
    return get_object_or_404(rows, public_id=public_id)


def _schedules(request: StaffRequest) -> list[Schedule]:
    rows = Schedule.objects.filter(organisation=request.organisation, is_active=True)
    rows = rows.select_related("clinic__unit", "practitioner", "room", "device")
    return list(rows.order_by("practitioner__sort_key", "clinic__name", "pk"))


def _shown(
    request: StaffRequest, row: Booking, assign_form: AssignForm, cancel_form: CancelForm
) -> HttpResponse:
    data = bookings.data_of(row)
    ids = {
        ItemKind.DOCTOR: row.doctor,
        ItemKind.ADDRESS: row.address,
        ItemKind.SERVICE: data.get("dictionary_service", ""),
    }
    # The portal counts each kind by itself: an address may have a doctor's number.
    names = {
        kind: name
        for kind, id_, name in CatalogueItem.objects.filter(
            account=row.account, kind__in=ids, external_id__in=ids.values()
        ).values_list("kind", "external_id", "name")
        if ids[ItemKind(kind)] == id_
    }
    context = {
        "booking": row,
        "data": data,
        "doctor": names.get(ItemKind.DOCTOR, ""),
        "address": names.get(ItemKind.ADDRESS, ""),
        "service": names.get(ItemKind.SERVICE, ""),
        "portal": channel_names(request).get(row.account.channel, row.account.channel),
        "zone": house_zone(request.organisation),
        "is_open": row.status == Booking.Status.BOOKED
        and row.visit_id is None
        and row.end is not None
        and row.end > clock.now(),
        "assign_form": assign_form,
        "cancel_form": cancel_form,
    }
    return render(request, "web/booking.html", context)


def _was_settled(request: StaffRequest, row: Booking) -> HttpResponse:
    messages.warning(request, _("Somebody has settled this already."))
    return redirect("portal-booking", row.public_id)
