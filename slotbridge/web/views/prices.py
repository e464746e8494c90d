"""„Administracja” → „Cenniki”: price lists, their prices, and the box of R16 (A24-A29)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from slotbridge.his import catalogue
from slotbridge.his.models import Clinic, Price, PriceList, Service
from slotbridge.his.price_lists import save_price_list
from slotbridge.his.stopping import StopEffect, effect_of_stopping
from slotbridge.kit import clock
from slotbridge.web import mapping
from slotbridge.web.access import ADMINISTRATORS, OVERSEERS, StaffRequest, page
from slotbridge.web.forms.base import add_error
from slotbridge.web.forms.prices import PriceForm, PriceListForm
from slotbridge.web.order import by_name
from slotbridge.web.zones import house_zone


@dataclass
class Trouble:
    """Why a price or a box was refused, and of which service."""

    service: Service | None = None
    amount_minor: int | None = None
    conflicts: list[catalogue.PriceConflict] = field(default_factory=list)


@page(see=OVERSEERS, change=ADMINISTRATORS)
def price_lists(request: StaffRequest) -> HttpResponse:
    rows = (
        PriceList.objects.filter(organisation=request.organisation)
        .select_related("clinic__unit")
        .prefetch_related("uses")
        .annotate(price_count=Count("prices"))
        .order_by("clinic__name", "-valid")
    )
    context = {
        "lists": rows,
        "portals": mapping.mapped_portals(request.organisation),
        "today": clock.today(house_zone(request.organisation)),
    }
    return render(request, "web/price_lists.html", context)


@page(see=OVERSEERS, change=ADMINISTRATORS)
def price_list(request: StaffRequest, public_id: uuid.UUID | None = None) -> HttpResponse:
    """A price list's form and prices; without an id, that of a new one."""
    row = _price_list(request, public_id) if public_id else None
    form = _list_form(request, row)
    trouble = Trouble()
    stopping: list[tuple[mapping.Portal, StopEffect]] = []
    if request.method == "POST" and form.is_valid():
        if row is not None and form.unticked and "confirmed" not in request.POST:
            stopping = [
                (portal, effect_of_stopping(price_list=row, channel=portal.channel.code))
                for portal in form.unticked
            ]
        elif saved := _save(request, row, form, trouble):
            messages.success(request, _("Saved: %(name)s.") % {"name": saved.name})
            return redirect("price-list", saved.public_id)
    if stopping:
        context = {"form": form, "stopping": stopping, "price_list": row}
        return render(request, "web/price_list_stop.html", context)
    return _show(request, row, form, trouble)


@page(see=(), change=ADMINISTRATORS)
def price(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Sets or removes one price of a list, or sets it in all ticked lists at once (A26)."""
    row = _price_list(request, public_id)
    form = PriceForm(request.POST, services=_services(request))
    trouble = Trouble()
    if form.is_valid() and _set(request, row, form, trouble):
        return redirect("price-list", row.public_id)
    return _show(request, row, _list_form(request, row, bound=False), trouble, form)


def _price_list(request: StaffRequest, public_id: uuid.UUID) -> PriceList:
    return get_object_or_404(
        PriceList.objects.select_related("clinic__unit"),
        organisation=request.organisation,
        public_id=public_id,
    )


def _services(request: StaffRequest) -> list[Service]:
    return by_name(Service.objects.filter(organisation=request.organisation, is_active=True))


def _list_form(
    request: StaffRequest, row: PriceList | None, *, bound: bool = True
) -> PriceListForm:
    clinics = Clinic.objects.filter(organisation=request.organisation).select_related("unit")
    clinics = clinics.filter(pk=row.clinic_id) if row else clinics.filter(is_active=True)
    initial: dict[str, Any] = {}
    if row is not None:
        last = row.valid.upper - timedelta(days=1) if row.valid.upper else None
        initial = {
            "clinic": str(row.clinic.public_id),
            "name": row.name,
            "valid_from": row.valid.lower,
            "last_day": last,
        }
    return PriceListForm(
        (request.POST or None) if bound else None,
        initial=initial,
        clinics=by_name(clinics),
        portals=mapping.mapped_portals(request.organisation),
        price_list=row,
        disabled=not request.may_change,
    )


def _save(
    request: StaffRequest, row: PriceList | None, form: PriceListForm, trouble: Trouble
) -> PriceList | None:
    try:
        return save_price_list(
            clinic=form.chosen_clinic,
            price_list=row,
            name=form.cleaned_data["name"],
            valid_from=form.cleaned_data["valid_from"],
            valid_to=form.valid_to,
            used_on=form.used_on,
            by=request.by,
        )
    except catalogue.SecondPriceList as second:
        text = _("In this clinic “%(name)s” is ticked already, and only one list may be.")
        add_error(
            form, f"portal_{second.channel}", text % {"name": second.other.name}, "second-list"
        )
    except catalogue.UnequalPrices as unequal:
        trouble.conflicts = unequal.conflicts
        add_error(form, None, _("A service would have two prices at once."), "unequal-prices")
    return None


def _set(request: StaffRequest, row: PriceList, form: PriceForm, trouble: Trouble) -> bool:
    action, _colon, channel = request.POST.get("action", "set").partition(":")
    amount = form.cleaned_data["amount"]
    if action == "remove":
        catalogue.remove_price(price_list=row, service=form.chosen_service, by=request.by)
        return True
    if amount is None:
        add_error(form, "amount", _("Give an amount like 150 or 149,50."), "required")
        return False
    try:
        if action == "everywhere":
            lists = catalogue.set_price_everywhere(
                organisation=request.organisation,
                channel=channel,
                service=form.chosen_service,
                amount_minor=amount,
                starting_from=row,
                by=request.by,
            )
            names = ", ".join(each.name for each in lists)
            messages.success(request, _("The price is changed in: %(lists)s.") % {"lists": names})
        else:
            catalogue.set_price(
                price_list=row,
                service=form.chosen_service,
                amount_minor=amount,
                is_from=form.cleaned_data["is_from"],
                by=request.by,
            )
    except catalogue.UnequalPrices as unequal:
        trouble.service, trouble.amount_minor = form.chosen_service, amount
        trouble.conflicts = unequal.conflicts
        return False
    return True


def _show(
    request: StaffRequest,
    row: PriceList | None,
    form: PriceListForm,
    trouble: Trouble,
    price_form: PriceForm | None = None,
) -> HttpResponse:
    prices: list[Price] = []
    if row is not None:
        prices = list(row.prices.select_related("service").order_by("service__name"))
    there = {one.service_id for one in prices}
    left = [service for service in _services(request) if service.pk not in there]
    context = {
        "form": form,
        "price_list": row,
        "prices": prices,
        "price_form": price_form,
        "new_price": PriceForm(services=left, auto_id="id_new_%s") if left else None,
        "trouble": trouble,
    }
    return render(request, "web/price_list.html", context)
