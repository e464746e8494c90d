"""„Pacjenci”: search, records, and the queue of those to be verified (R26, A50-A56)."""

from __future__ import annotations

import uuid
from urllib.parse import parse_qs, urlencode, urlsplit

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from slotbridge.his import audit, patients
from slotbridge.his.models import Patient, PatientMerge
from slotbridge.web.access import DESK, OFFICE, StaffRequest, page
from slotbridge.web.forms.patients import OtherForm, PatientForm, SearchForm, data_of, initial_of
from slotbridge.web.views.visits import channel_names, own_visits
from slotbridge.web.zones import house_zone

SHOWN = 100


@page(see=OFFICE, change=DESK)
def patient_list(request: StaffRequest) -> HttpResponse:
    """Search results; without a search, the queue of those to be verified."""
    form = SearchForm(request.GET if "q" in request.GET else None)
    waiting = Patient.objects.filter(organisation=request.organisation, is_active=True).exclude(
        verify=[]
    )
    found = (
        form.found(request.organisation)
        if form.is_bound
        else list(waiting.order_by("created_at")[:SHOWN])
    )
    context = {
        "form": form,
        "patients": found,
        "waiting": waiting.count(),
        "channels": channel_names(request),
        "zone": house_zone(request.organisation),
        "verify": dict(Patient.Verify.choices),
    }
    return render(request, "web/patients.html", context)


@page(see=DESK, change=DESK)
def patient_new(request: StaffRequest) -> HttpResponse:
    """Registers a patient; from a visit being planned it leads back there."""
    back = request.GET.get("next", "")
    form = PatientForm(request.POST or None, prefix="patient")
    if request.method == "POST" and form.is_valid():
        made = patients.register(
            organisation=request.organisation, data=data_of(form), by=request.by
        )
        if url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
            return redirect(_with_patient(back, made))
        messages.success(request, _("The patient is registered."))
        return redirect("patient", made.public_id)
    return render(request, "web/patient_new.html", {"form": form})


@page(see=OFFICE, change=DESK)
def patient(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """A patient's record; saving it as checked clears what was to be verified (A56)."""
    row = _patient(request, public_id)
    if row.merged_into is not None:
        return redirect("patient", row.merged_into.public_id)
    form = PatientForm(
        request.POST or None, initial=initial_of(row), disabled=not request.may_change
    )
    if request.method == "POST" and form.is_valid():
        save = patients.verify if "verify" in request.POST else patients.change
        save(patient=row, by=request.by, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("patient", row.public_id)
    if request.method == "GET":
        audit.record(
            organisation=request.organisation, actor=request.by, action="patient.read", target=row
        )
    context = {
        "patient": row,
        "form": form,
        "verify": [Patient.Verify(one).label for one in row.verify],
        "origin": channel_names(request).get(row.origin_channel, row.origin_channel),
        "candidates": row.candidates.select_related("candidate").order_by("pk"),
        "merges": row.merges.filter(undone_at=None).select_related("absorbed").order_by("-at"),
        "visits": own_visits(request).filter(patient=row).order_by("-start")[:50],
        "consents": row.consents.order_by("-at"),
        "zone": house_zone(request.organisation),
    }
    return render(request, "web/patient.html", context)


@page(see=(), change=DESK)
def merge(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Another record turns out to be the same person: it is taken into this one, or out again."""
    row = _patient(request, public_id)
    form = OtherForm(request.POST)
    if not form.is_valid():
        return redirect("patient", row.public_id)
    other = _patient(request, form.cleaned_data["other"])
    try:
        if "undo" in request.POST:
            done = get_object_or_404(
                PatientMerge, survivor=row, absorbed=other, undone_at__isnull=True
            )
            patients.undo_merge(merge=done, by=request.by)
            messages.success(request, _("The two records are apart again."))
        else:
            patients.merge(survivor=row, absorbed=other, by=request.by)
            messages.success(request, _("The two records are one now."))
    except patients.CannotMerge:
        messages.error(request, _("These two cannot be merged."), extra_tags="bad")
    except patients.LaterMerge:
        text = _("A later merge stands on this one: undo that one first.")
        messages.error(request, text, extra_tags="bad")
    return redirect("patient", row.public_id)


def _patient(request: StaffRequest, public_id: uuid.UUID) -> Patient:
    return get_object_or_404(
        Patient.objects.select_related("merged_into"),
        organisation=request.organisation,
        public_id=public_id,
    )


def _with_patient(address: str, patient: Patient) -> str:
    parts = urlsplit(address)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    query["patient"] = str(patient.public_id)
    return parts._replace(query=urlencode(query)).geturl()
