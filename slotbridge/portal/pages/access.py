"""Who is logged in: sessions in signed cookies, and the pages that need one.

A session holds no data but who it is, so nothing of it needs keeping on the server; it ends after
12 hours, with a log-out, with a new password, and when the member is switched off.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme

from slotbridge.portal import staff
from slotbridge.portal.models import Clinic, StaffMember
from slotbridge.portal.pages import base

# Not Django's setting: a hub on another port of this host would overwrite a cookie of its name.
COOKIE = "portal_session"
LIFE = timedelta(hours=12)


class Session(SessionStore):
    """Lives for 12 hours from the log-in, however busy it is."""

    def get_session_cookie_age(self) -> int:
        return int(LIFE.total_seconds())


@dataclass(frozen=True, slots=True)
class Here:
    """Who looks, and at which clinic's pages."""

    member: StaffMember
    clinic: Clinic

    @property
    def by(self) -> str:
        return self.member.login

    @property
    def zone(self) -> ZoneInfo:
        return self.clinic.tz


def staff_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page of one clinic, named in the address by `clinic`: for its staff and for operators.

    The view gets a `Here` instead. For everybody else the clinic does not exist.
    """

    @wraps(view)
    def let_in(request: HttpRequest, member: StaffMember, clinic: UUID, **ids: Any) -> HttpResponse:
        found = get_object_or_404(Clinic, public_id=clinic)
        if not may_see(member, found):
            raise Http404
        return view(request, Here(member, found), **ids)

    return member_page(let_in)


def operator_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page of the portal's operators; the view gets the member. Nobody else learns of it."""

    @wraps(view)
    def let_in(request: HttpRequest, member: StaffMember, **ids: Any) -> HttpResponse:
        if not member.is_operator:
            raise Http404
        return view(request, member, **ids)

    return member_page(let_in)


def member_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page for whoever is logged in; the view gets the member."""

    @wraps(view)
    def let_in(request: HttpRequest, **ids: Any) -> HttpResponse:
        member = member_of(request)
        if member is None:
            query = urlencode({"next": request.get_full_path()})
            return redirect(f"{reverse('portal-log-in')}?{query}")
        return view(request, member, **ids)

    return base.page(let_in)


def may_see(member: StaffMember, clinic: Clinic) -> bool:
    return member.is_operator or member.clinic_id == clinic.pk


def member_of(request: HttpRequest) -> StaffMember | None:
    """Who is logged in; None without a session, or with one that has ended."""
    session = Session(request.COOKIES.get(COOKIE))
    number = session.get("member")
    if number is None:
        return None
    member = StaffMember.objects.select_related("clinic").filter(pk=number).first()
    if member is None or not member.is_active:
        return None
    mark = str(session.get("fingerprint", ""))
    return member if constant_time_compare(mark, staff.fingerprint(member)) else None


def open_session(request: HttpRequest, response: HttpResponse, member: StaffMember) -> None:
    """Begins a session; nothing of an earlier one, nor the forms' secret, goes on."""
    session = Session()
    session["member"] = member.pk
    session["fingerprint"] = staff.fingerprint(member)
    session["nonce"] = secrets.token_urlsafe(16)
    session.save()
    response.set_cookie(
        COOKIE,
        session.session_key or "",
        max_age=int(LIFE.total_seconds()),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    rotate_token(request)


def close_session(response: HttpResponse) -> None:
    response.delete_cookie(COOKIE, samesite="Lax")


def way_on(request: HttpRequest, member: StaffMember) -> str:
    """Where to go after the log-in: the page that was asked for, or the member's first one."""
    wish = request.POST.get("next") or request.GET.get("next") or ""
    if wish.startswith(("/staff/", "/operator/")) and url_has_allowed_host_and_scheme(
        wish, allowed_hosts=None
    ):
        return wish
    return home_of(member)


def home_of(member: StaffMember) -> str:
    if member.clinic is None:
        return reverse("portal-operator")
    return reverse("portal-dashboard", kwargs={"clinic": member.clinic.public_id})
