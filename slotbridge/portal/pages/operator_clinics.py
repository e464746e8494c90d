"""One clinic as operators see it: facts, keys, and who may log in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from slotbridge.portal import clinics, freshness, keys
from slotbridge.portal.models import ClientKey, Clinic, Deed, StaffMember
from slotbridge.portal.pages.access import operator_page
from slotbridge.portal.pages.operator_forms import ClinicForm
from slotbridge.portal.pages.staff_deeds import sentences
from slotbridge.portal.pages.staff_look import back, show_operator

SERVICES = ("import.php", "export.php")


@operator_page
def clinic(request: HttpRequest, member: StaffMember, clinic: UUID) -> HttpResponse:
    found = _clinic(clinic)
    valid = list(found.keys.filter(revoked_at=None).order_by("place"))
    shown = {
        "section": "clinics",
        "clinic": found,
        "light": freshness.of(found),
        "keys": valid,
        "newest": _newest(found),
        "may_issue": len(valid) < len(keys.PLACES),
        "revoked": found.keys.exclude(revoked_at=None).order_by("-revoked_at")[:5],
        "staff": found.staff.order_by("-is_active", "name"),
        "deeds": sentences(Deed.objects.filter(clinic=found).order_by("-at", "-pk")[:8]),
        "addresses": _addresses(),
        "most_mib": found.most_bytes // (1024 * 1024),
    }
    return show_operator(request, member, "operator_clinic.html", shown)


@operator_page
def add(request: HttpRequest, member: StaffMember) -> HttpResponse:
    form = ClinicForm(request.POST or None)
    if form.is_valid():
        made = clinics.add_clinic(facts=form.facts(), by=member.login)
        return back("portal-operator-clinic", "added", clinic=made.public_id)
    return _form(request, member, form)


@operator_page
def edit(request: HttpRequest, member: StaffMember, clinic: UUID) -> HttpResponse:
    found = _clinic(clinic)
    form = ClinicForm(request.POST or None, initial=ClinicForm.initial_of(found))
    if form.is_valid():
        clinics.change_clinic(clinic=found, facts=form.facts(found), by=member.login)
        return back("portal-operator-clinic", "changed", clinic=clinic)
    return _form(request, member, form, clinic=found)


def _form(
    request: HttpRequest, member: StaffMember, form: ClinicForm, clinic: Clinic | None = None
) -> HttpResponse:
    shown = {"section": "clinics", "form": form, "clinic": clinic}
    status = 422 if form.is_bound else 200
    return show_operator(request, member, "operator_clinic_form.html", shown, status=status)


@operator_page
def issue(request: HttpRequest, member: StaffMember, clinic: UUID) -> HttpResponse:
    """The answer shows the key, once: there is nothing to redirect to that could show it again."""
    found = _clinic(clinic)
    # The form says which key was the newest when it was shown: sent again by a reload, it issues
    # no second one.
    if request.method != "POST" or request.POST.get("after", "") != _newest(found):
        return redirect("portal-operator-clinic", clinic=clinic)
    try:
        key = keys.issue_key(clinic=found, by=member.login)
    except keys.TooManyKeys:
        return back("portal-operator-clinic", "two-keys", clinic=clinic)
    shown: dict[str, Any] = {
        "section": "clinics",
        "clinic": found,
        "key": key,
        "addresses": _addresses(),
    }
    return show_operator(request, member, "operator_key.html", shown)


@operator_page
def revoke(request: HttpRequest, member: StaffMember, clinic: UUID, place: int) -> HttpResponse:
    """Asks first, since no key comes back. `place` is 1 or 2; the form names the very key."""
    found = _clinic(clinic)
    key = get_object_or_404(ClientKey, clinic=found, place=place, revoked_at=None)
    if request.method == "POST":
        if request.POST.get("hint") != key.hint:
            raise Http404
        keys.revoke_key(key=key, by=member.login)
        return back("portal-operator-clinic", "revoked", clinic=clinic)
    shown = {
        "section": "clinics",
        "clinic": found,
        "key": key,
        "is_last": found.keys.filter(revoked_at=None).count() == 1,
    }
    return show_operator(request, member, "operator_revoke.html", shown)


def _clinic(public_id: UUID) -> Clinic:
    return get_object_or_404(Clinic, public_id=public_id)


def _newest(clinic: Clinic) -> str:
    """The beginning of the key that was issued last; "" before the first one."""
    return clinic.keys.order_by("-pk").values_list("hint", flat=True).first() or ""


def _addresses() -> list[str]:
    """Where clinics send to and fetch from, as their programs are set up."""
    return [f"{settings.PORTAL_URL}/services/{each}" for each in SERVICES]
