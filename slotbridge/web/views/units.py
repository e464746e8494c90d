"""„Struktura organizacyjna” → „Opieka medyczna”: units, their rooms, clinics and wards."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.forms import model_to_dict
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from slotbridge.his import organisation as his
from slotbridge.his import staff
from slotbridge.his.breaches import NameTaken
from slotbridge.his.models import Clinic, Unit
from slotbridge.web import mapping
from slotbridge.web.access import ADMINISTRATORS, OVERSEERS, StaffRequest, page
from slotbridge.web.forms.base import add_error, records
from slotbridge.web.forms.records import ClinicForm, RoomForm, UnitForm
from slotbridge.web.order import by_name


@page(see=OVERSEERS, change=ADMINISTRATORS)
def unit_list(request: StaffRequest) -> HttpResponse:
    units = by_name(
        Unit.objects.filter(organisation=request.organisation).annotate(
            clinic_count=Count("clinics", filter=Q(clinics__is_active=True))
        )
    )
    columns = mapping.linked(mapping.mapped_portals(request.organisation), units)
    return render(request, "web/units.html", {"units": units, "columns": columns})


@page(see=OVERSEERS, change=ADMINISTRATORS)
def unit(request: StaffRequest, public_id: uuid.UUID | None = None) -> HttpResponse:
    """A unit's form; without an id, that of a new one."""
    row = _unit(request, public_id) if public_id else None
    found = mapping.mapped_portals(request.organisation)
    form = UnitForm(
        request.POST or None,
        initial=model_to_dict(row) if row else None,
        is_new=row is None,
        disabled=not request.may_change,
    )
    mapping.add_fields(form, found, "unit", row)
    if request.method == "POST" and form.is_valid():
        saved = _save_unit(request, form, found, row)
        if saved is not None:
            messages.success(request, _("Saved: %(name)s.") % {"name": saved.name})
            return redirect("units")
    context = {"form": form, "unit": row, "rooms": by_name(row.rooms.all()) if row else []}
    return render(request, "web/unit.html", {**context, "room_form": RoomForm(prefix="room")})


@page(see=ADMINISTRATORS, change=ADMINISTRATORS)
def room(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Adds a room to a unit."""
    row = _unit(request, public_id)
    form = RoomForm(request.POST or None, prefix="room")
    if request.method == "POST" and form.is_valid():
        try:
            staff.add_room(unit=row, name=form.cleaned_data["name"], by=request.by)
        except NameTaken:
            add_error(form, "name", _("This is taken already: choose another."), "taken")
        else:
            return redirect("unit", row.public_id)
    return render(request, "web/room.html", {"form": form, "unit": row})


@page(see=OVERSEERS, change=ADMINISTRATORS)
def clinic_list(request: StaffRequest) -> HttpResponse:
    clinics = by_name(
        Clinic.objects.filter(organisation=request.organisation).select_related("unit")
    )
    columns = mapping.linked(mapping.mapped_portals(request.organisation), clinics)
    return render(request, "web/clinics.html", {"clinics": clinics, "columns": columns})


@page(see=OVERSEERS, change=ADMINISTRATORS)
def clinic(request: StaffRequest, public_id: uuid.UUID | None = None) -> HttpResponse:
    """A clinic's or ward's form; without an id, that of a new one."""
    row = (
        get_object_or_404(
            Clinic.objects.select_related("unit"),
            organisation=request.organisation,
            public_id=public_id,
        )
        if public_id
        else None
    )
    found = mapping.mapped_portals(request.organisation)
    units = by_name(Unit.objects.filter(organisation=request.organisation, is_active=True))
    form = ClinicForm(
        request.POST or None,
        initial=_clinic_initial(row),
        units=[row.unit] if row else units,  # a clinic stays where its slots and visits are
        is_new=row is None,
        disabled=not request.may_change,
    )
    mapping.add_fields(form, found, "clinic", row)
    if request.method == "POST" and form.is_valid():
        saved = _save_clinic(request, form, found, row, records(units))
        if saved is not None:
            messages.success(request, _("Saved: %(name)s.") % {"name": saved.name})
            return redirect("clinics")
    return render(
        request, "web/clinic.html", {"form": form, "clinic": row, "has_units": bool(units)}
    )


def _unit(request: StaffRequest, public_id: uuid.UUID) -> Unit:
    return get_object_or_404(Unit, organisation=request.organisation, public_id=public_id)


def _save_unit(
    request: StaffRequest, form: UnitForm, found: list[mapping.Portal], row: Unit | None
) -> Unit | None:
    def write() -> Unit:
        if row is None:
            return his.add_unit(organisation=request.organisation, by=request.by, **form.columns)
        return his.change_unit(unit=row, by=request.by, **form.columns)

    try:
        return mapping.save(form, found, record=write, by=request.by, unique_field="name")
    except his.ZoneInUse:
        text = _("The unit has slots: in another zone they would lie on other days.")
        add_error(form, "time_zone", text, "zone-in-use")
        return None


def _save_clinic(
    request: StaffRequest,
    form: ClinicForm,
    found: list[mapping.Portal],
    row: Clinic | None,
    units: dict[str, Unit],
) -> Clinic | None:
    columns = form.columns
    chosen = columns.pop("unit")

    def write() -> Clinic:
        if row is None:
            return his.add_clinic(unit=units[chosen], by=request.by, **columns)
        return his.change_clinic(clinic=row, by=request.by, **columns)

    return mapping.save(form, found, record=write, by=request.by, unique_field="name")


def _clinic_initial(row: Clinic | None) -> dict[str, Any] | None:
    return {**model_to_dict(row), "unit": str(row.unit.public_id)} if row else None
