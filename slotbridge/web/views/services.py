"""„Słowniki” → „Usługi komercyjne”."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.forms import model_to_dict
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from slotbridge.his import catalogue
from slotbridge.his.models import Service
from slotbridge.web import mapping
from slotbridge.web.access import ADMINISTRATORS, OVERSEERS, StaffRequest, page
from slotbridge.web.forms.records import ServiceForm
from slotbridge.web.order import by_name


@page(see=OVERSEERS, change=ADMINISTRATORS)
def service_list(request: StaffRequest) -> HttpResponse:
    rows = by_name(Service.objects.filter(organisation=request.organisation))
    columns = mapping.linked(mapping.mapped_portals(request.organisation), rows)
    return render(request, "web/services.html", {"services": rows, "columns": columns})


@page(see=OVERSEERS, change=ADMINISTRATORS)
def service(request: StaffRequest, public_id: uuid.UUID | None = None) -> HttpResponse:
    """A commercial service's form; without an id, that of a new one."""
    row = (
        get_object_or_404(Service, organisation=request.organisation, public_id=public_id)
        if public_id
        else None
    )
    found = mapping.mapped_portals(request.organisation)
    form = ServiceForm(
        request.POST or None,
        initial=model_to_dict(row) if row else None,
        is_new=row is None,
        disabled=not request.may_change,
    )
    mapping.add_fields(form, found, "service", row)
    if request.method == "POST" and form.is_valid():

        def write() -> Service:
            if row is None:
                return catalogue.add_service(
                    organisation=request.organisation, by=request.by, **form.columns
                )
            return catalogue.change_service(service=row, by=request.by, **form.columns)

        saved = mapping.save(form, found, record=write, by=request.by, unique_field="name")
        if saved is not None:
            messages.success(request, _("Saved: %(name)s.") % {"name": saved.name})
            return redirect("services")
    return render(request, "web/service.html", {"form": form, "service": row})
