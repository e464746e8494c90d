"""What every page needs: language, protection, the look, and errors a person can read."""

import hashlib
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import (
    DisallowedHost,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.decorators import decorator_from_middleware

LANGUAGES = ("ru", "en")
COOKIE = "portal_lang"
A_YEAR = 365 * 24 * 3600
STYLE = (Path(__file__).parent / "style.css").read_text()
STYLE_DIGEST = hashlib.sha256(STYLE.encode()).hexdigest()[:12]
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # An order's link opens the order: it must not leave. "no-referrer" would make browsers send
    # "Origin: null" with our own forms, which the protection against forged ones refuses.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",  # free times change by the minute; orders and staff are personal
}


class FormGuard(CsrfViewMiddleware):
    """Django's protection against forged forms, with a page of ours for a stale one."""

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:  # noqa: ARG002 - Django's signature
        return error_page(request, 403, kind="form")


View = Callable[..., HttpResponse]
guarded: Callable[[View], View] = decorator_from_middleware(FormGuard)  # type: ignore[assignment]  # our views answer plain responses
STATUSES: dict[type[Exception], int] = {
    Http404: 404,
    PermissionDenied: 403,
    RequestDataTooBig: 413,
    SuspiciousOperation: 400,
}


def page(view: View) -> View:
    """A view for people: Russian unless they ask for English, never in a frame, kept by no cache.

    A view may set any of `HEADERS` itself.
    """
    protected = guarded(view)

    @wraps(view)
    def shown(request: HttpRequest, **ids: Any) -> HttpResponse:
        try:
            request.get_host()
        except DisallowedHost:
            return HttpResponse("Unknown host", status=400, content_type="text/plain")
        language = _language(request)
        with translation.override(language):
            try:
                response = protected(request, **ids)
            except tuple(STATUSES) as error:
                statuses = (status for kind, status in STATUSES.items() if isinstance(error, kind))
                response = error_page(request, next(statuses))
        return _completed(request, response, language)

    shown.csrf_exempt = True  # type: ignore[attr-defined]  # FormGuard inside decides
    return shown


def _completed(request: HttpRequest, response: HttpResponse, language: str) -> HttpResponse:
    for name, value in HEADERS.items():
        response.setdefault(name, value)
    response.setdefault("Content-Language", language)
    if request.GET.get("lang") in LANGUAGES:
        response.set_cookie(
            COOKIE,
            language,
            max_age=A_YEAR,
            samesite="Lax",
            httponly=True,
            secure=settings.CSRF_COOKIE_SECURE,
        )
    return response


def show(
    request: HttpRequest,
    template: str,
    shown: Mapping[str, Any],
    *,
    zone: ZoneInfo | None = None,
    status: int = 200,
) -> HttpResponse:
    """The template under portal/, with what base.html needs; instants on `zone`'s clock."""
    brought = {
        "portal_name": settings.PORTAL_NAME,
        "style_digest": STYLE_DIGEST,
        "languages": LANGUAGES,
        **shown,
    }
    with timezone.override(zone):
        return render(request, f"portal/{template}", brought, status=status)


def error_page(request: HttpRequest, status: int, *, kind: str = "") -> HttpResponse:
    """`kind` "form": a form that was open for too long, or came from elsewhere."""
    return show(request, "error.html", {"status": status, "kind": kind}, status=status)


@page
def missing(_request: HttpRequest) -> HttpResponse:
    """Every address that is no page."""
    raise Http404


@page
def broken(request: HttpRequest) -> HttpResponse:
    """Django's handler500: our own defect."""
    return error_page(request, 500)


def style(request: HttpRequest) -> HttpResponse:
    return sheet(request, STYLE, STYLE_DIGEST)


def sheet(request: HttpRequest, text: str, digest: str) -> HttpResponse:
    """A style sheet; pages link it by its digest, so that it can be kept for a year."""
    is_named = request.GET.get("v") == digest
    keep = f"public, max-age={A_YEAR}, immutable" if is_named else "public, max-age=300"
    return HttpResponse(
        text,
        content_type="text/css; charset=utf-8",
        headers={"Cache-Control": keep, "X-Content-Type-Options": "nosniff"},
    )


def _language(request: HttpRequest) -> str:
    for wish in (request.GET.get("lang"), request.COOKIES.get(COOKIE)):
        if wish in LANGUAGES:
            return wish
    for code in _accepted(request.headers.get("Accept-Language", "")):
        if code in LANGUAGES:
            return code
    return LANGUAGES[0]


def _accepted(header: str) -> list[str]:
    """Primary language codes of an Accept-Language header, best first, refused ones left out."""
    found = []
    for part in header[:500].split(","):
        code, _sep, weight = part.strip().partition(";")
        try:
            weighed = float(weight.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if weighed > 0:
            found.append((code.split("-")[0].lower(), weighed))
    return [code for code, _weight in sorted(found, key=lambda each: -each[1])]
