"""„Personel” → „Personel”."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.forms import model_to_dict
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from slotbridge.his import staff as his
from slotbridge.his.models import Practitioner
from slotbridge.web import mapping
from slotbridge.web.access import ADMINISTRATORS, OFFICE, StaffRequest, page
from slotbridge.web.forms.records import PractitionerForm


@page(see=OFFICE, change=ADMINISTRATORS)
def staff_list(request: StaffRequest) -> HttpResponse:
    people = list(
        Practitioner.objects.filter(organisation=request.organisation)
        .prefetch_related("schedules__clinic")
        .order_by("-is_active", "sort_key", "pk")
    )
    columns = mapping.linked(mapping.mapped_portals(request.organisation), people)
    return render(request, "web/staff.html", {"people": people, "columns": columns})


@page(see=OFFICE, change=ADMINISTRATORS)
def person(request: StaffRequest, public_id: uuid.UUID | None = None) -> HttpResponse:
    """A practitioner's form; without an id, that of a new one."""
    row = (
        get_object_or_404(Practitioner, organisation=request.organisation, public_id=public_id)
        if public_id
        else None
    )
    found = mapping.mapped_portals(request.organisation)
    form = PractitionerForm(
        request.POST or None,
        initial=model_to_dict(row) if row else None,
        is_new=row is None,
        disabled=not request.may_change,
    )
    mapping.add_fields(form, found, "practitioner", row)
    if request.method == "POST" and form.is_valid():

        def write() -> Practitioner:
            if row is None:
                return his.add_practitioner(
                    organisation=request.organisation, by=request.by, **form.columns
                )
            return his.change_practitioner(practitioner=row, by=request.by, **form.columns)

        saved = mapping.save(
            form, found, record=write, by=request.by, unique_field="licence_number"
        )
        if saved is not None:
            messages.success(request, _("Saved: %(name)s.") % {"name": saved.full_name})
            return redirect("staff")
    schedules = row.schedules.select_related("clinic__unit") if row else []
    return render(request, "web/person.html", {"form": form, "person": row, "schedules": schedules})
