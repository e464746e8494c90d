"""Who may log in: a clinic's staff and the operators, added and switched off by operators."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from slotbridge.portal import staff
from slotbridge.portal.models import Clinic, StaffMember
from slotbridge.portal.pages.access import operator_page
from slotbridge.portal.pages.operator_forms import MemberForm, NewMemberForm
from slotbridge.portal.pages.staff_look import back, show_operator


@operator_page
def operators(request: HttpRequest, member: StaffMember) -> HttpResponse:
    found = StaffMember.objects.filter(clinic=None).order_by("-is_active", "name")
    shown = {"section": "operators", "rows": found}
    return show_operator(request, member, "operator_operators.html", shown)


@operator_page
def add(request: HttpRequest, member: StaffMember, clinic: UUID | None = None) -> HttpResponse:
    """The answer shows the first password, once. Without `clinic` it is an operator's.

    Sent again by a reload, the form is refused: the login is taken.
    """
    of = get_object_or_404(Clinic, public_id=clinic) if clinic else None
    form = NewMemberForm(
        request.POST or None, initial={"language": of.language if of else member.language}
    )
    shown = {"section": "clinics" if of else "operators", "clinic": of, "form": form}
    if form.is_valid():
        password = staff.random_password()
        try:
            made = staff.add_member(
                clinic=of, password=password, by=member.login, **form.cleaned_data
            )
        except staff.LoginTaken:
            form.add_error("login", _("Somebody has this login. Choose another one."))
        else:
            return _tell(request, member, made, password)
    status = 422 if form.is_bound else 200
    return show_operator(request, member, "operator_member_add.html", shown, status=status)


@operator_page
def edit(request: HttpRequest, member: StaffMember, person: UUID) -> HttpResponse:
    found = _person(person)
    initial = {"name": found.name, "email": found.email, "language": found.language}
    form = MemberForm(request.POST or None, initial=initial)
    if form.is_valid():
        staff.change_member(member=found, by=member.login, **form.cleaned_data)
        return back("portal-operator-member", "changed", person=person)
    shown = {
        "section": "clinics" if found.clinic else "operators",
        "person": found,
        "clinic": found.clinic,
        "form": form,
    }
    status = 422 if form.is_bound else 200
    return show_operator(request, member, "operator_member.html", shown, status=status)


@operator_page
def switch(request: HttpRequest, member: StaffMember, person: UUID) -> HttpResponse:
    found = _person(person)
    if request.method != "POST":
        return redirect("portal-operator-member", person=person)
    is_active = request.POST.get("active") == "yes"
    try:
        staff.switch_member(member=found, is_active=is_active, by=member.login)
    except staff.LastOperator:
        return back("portal-operator-member", "last", person=person)
    return back("portal-operator-member", "on" if is_active else "off", person=person)


@operator_page
def reset(request: HttpRequest, member: StaffMember, person: UUID) -> HttpResponse:
    """A new first password, shown once; whoever is logged in under the old one is out."""
    found = _person(person)
    if request.method != "POST":
        return redirect("portal-operator-member", person=person)
    password = staff.random_password()
    staff.set_password(member=found, password=password, by=member.login)
    return _tell(request, member, found, password)


def _tell(
    request: HttpRequest, member: StaffMember, person: StaffMember, password: str
) -> HttpResponse:
    shown = {
        "section": "clinics" if person.clinic else "operators",
        "person": person,
        "clinic": person.clinic,
        "password": password,
    }
    return show_operator(request, member, "operator_password.html", shown)


def _person(public_id: UUID) -> StaffMember:
    return get_object_or_404(StaffMember.objects.select_related("clinic"), public_id=public_id)
