"""Coming in and going out: log-in, log-out, the own password, and the staff's short addresses."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from slotbridge.portal import callers, staff
from slotbridge.portal.models import Order, StaffMember
from slotbridge.portal.pages import access, base
from slotbridge.portal.pages.staff_forms import LogInForm, PasswordForm
from slotbridge.portal.pages.staff_look import STYLE_DIGEST, show_operator


@base.page
def log_in(request: HttpRequest) -> HttpResponse:
    member = access.member_of(request)
    if member is not None and request.method != "POST":
        return redirect(access.way_on(request, member))
    form = LogInForm(request.POST or None)
    shown: dict[str, Any] = {"form": form, "next": request.GET.get("next", "")}
    status = 200
    if form.is_valid():
        try:
            member = staff.log_in(**form.cleaned_data, address=_address(request))
        except staff.WrongLogin:
            shown["wrong"], status = True, 403
        except staff.TooManyTries as error:
            shown["minutes"], status = error.minutes, 429
        else:
            return _opened(request, member)
    shown["staff_digest"] = STYLE_DIGEST
    return base.show(request, "staff_log_in.html", shown, status=status)


def _opened(request: HttpRequest, member: StaffMember) -> HttpResponse:
    response = redirect(access.way_on(request, member))
    access.open_session(request, response, member)
    if base.COOKIE not in request.COOKIES:
        # Nobody chose a language in this browser yet: the member's own.
        response.set_cookie(
            base.COOKIE,
            member.language,
            max_age=base.A_YEAR,
            samesite="Lax",
            httponly=True,
            secure=settings.CSRF_COOKIE_SECURE,
        )
    return response


@access.member_page
def log_out(request: HttpRequest, member: StaffMember) -> HttpResponse:
    """Only by a form: a link or a picture elsewhere must not log anybody out."""
    if request.method != "POST":
        return redirect(access.home_of(member))
    staff.end_sessions(member)
    response = redirect(reverse("portal-log-in"))
    access.close_session(response)
    return response


@access.member_page
def password(request: HttpRequest, member: StaffMember) -> HttpResponse:
    form = PasswordForm(request.POST or None)
    if form.is_valid() and _changed(request, member, form):
        response = redirect(f"{reverse('portal-password')}?done=password")
        access.open_session(request, response, member)
        return response
    status = 422 if form.is_bound else 200
    shown = {"form": form, "clinic": member.clinic}
    return show_operator(request, member, "staff_password.html", shown, status=status)


def _changed(request: HttpRequest, member: StaffMember, form: PasswordForm) -> bool:
    """Whether the password is the new one now; if not, the form says why."""
    data = form.cleaned_data
    try:
        if staff.knows_password(member=member, password=data["old"], address=_address(request)):
            staff.set_password(member=member, password=data["new"], by=member.login)
            return True
        form.add_error("old", _("This is not your present password."))
    except staff.WeakPassword as error:
        form.add_error("new", str(error.reason))
    except staff.TooManyTries as error:
        sentence = ngettext(
            "Too many wrong passwords. Try again in %(n)d minute.",
            "Too many wrong passwords. Try again in %(n)d minutes.",
            error.minutes,
        )
        form.add_error("old", sentence % {"n": error.minutes})
    return False


def _address(request: HttpRequest) -> str:
    return str(callers.caller_of(request).address)


@access.member_page
def start(request: HttpRequest, member: StaffMember) -> HttpResponse:  # noqa: ARG001 - every view is given the request
    """/staff/: the member's first page."""
    return redirect(access.home_of(member))


@access.member_page
def orders(request: HttpRequest, member: StaffMember) -> HttpResponse:  # noqa: ARG001 - every view is given the request
    """/staff/orders/, as letters write it."""
    if member.clinic is None:
        return redirect(access.home_of(member))
    return redirect("portal-staff-orders", clinic=member.clinic.public_id)


@access.member_page
def order(request: HttpRequest, member: StaffMember, token: UUID) -> HttpResponse:  # noqa: ARG001 - every view is given the request
    """/staff/orders/<token>/, as letters write it."""
    found = get_object_or_404(Order.objects.select_related("clinic"), token=token)
    if not access.may_see(member, found.clinic):
        raise Http404
    return redirect("portal-staff-order", clinic=found.clinic.public_id, token=token)
