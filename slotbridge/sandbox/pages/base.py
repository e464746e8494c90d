"""What every page needs: language, zone, protection, and errors a person can read."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from django.core.exceptions import DisallowedHost
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_protect

from slotbridge.sandbox import rules
from slotbridge.sandbox.refusals import Reason, Refused

LANGUAGES = ("pl", "en")
COOKIE = "sandbox_lang"
STYLE = (Path(__file__).parent / "style.css").read_text()
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # a visit's link opens the visit: it must not leave
    "Cache-Control": "no-store",
}

REFUSALS: dict[Reason, Promise] = {
    Reason.TAKEN: _("This time has just been taken. Please choose another one."),
    Reason.NOT_OFFERED: _("This service is not offered at that time. Please choose another one."),
    Reason.DENIED: _(
        "The clinic could not accept this time just now. Nothing has been booked. "
        "Please choose another time or call the clinic."
    ),
    Reason.CLOSED: _("Online booking is switched off at this address."),
    Reason.ENDED: _("This visit has already been cancelled or moved."),
    Reason.BAD_RANGE: _("The end must be later than the start."),
    Reason.SAME: _("Such a break is in the calendar already."),
    Reason.ALREADY: _("This is so already: nothing has been changed."),
    Reason.DATA_MISSING: _("This doctor needs more of your data. Please fill in every field."),
    Reason.PAYER: _("This doctor does not take that insurance. Please choose who pays."),
    Reason.UNFIT: _("A price, a duration or an age is out of range. Nothing has been changed."),
    Reason.TOO_EARLY: _("The visit has not begun yet: mark it once it has."),
    Reason.TOO_LATE: _("The visit has begun: there is nothing to confirm any more."),
    Reason.NOTHING_TO_PAY: _("Nothing is to be paid online for this visit now."),
    Reason.MONEY_HELD: _(
        "This visit is paid for, and the other place is paid through another account. "
        "Cancel it and book anew."
    ),
}
SILENT = _(
    "The clinic’s system did not answer. Nothing has been booked. "
    "Please try again in a moment or call the clinic."
)


def refusal(error: Refused) -> Promise | str:
    """What the person reads; an integration's code 1 means the time is gone."""
    if error.is_silent:
        return SILENT
    if error.reason is Reason.DENIED and error.error_code == 1:
        return REFUSALS[Reason.TAKEN]
    if error.error_code is not None:
        return gettext("%(text)s (code %(code)s)") % {
            "text": REFUSALS[error.reason],
            "code": error.error_code,
        }
    return REFUSALS[error.reason]


def page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view for people: Polish unless they ask for English, times on the locale's clock."""
    protected = csrf_protect(view)

    @wraps(view)
    def shown(request: HttpRequest, **ids: Any) -> HttpResponse:
        language = _language(request)
        with translation.override(language), timezone.override(rules.LOCALE_ZONE):
            try:
                request.get_host()
                response = protected(request, **ids)
            except Http404:
                response = error_page(request, 404)
            except DisallowedHost:
                return HttpResponse("Unknown host", status=400, content_type="text/plain")
        for name, value in HEADERS.items():
            response.setdefault(name, value)
        if request.GET.get("lang") in LANGUAGES:
            response.set_cookie(COOKIE, language, samesite="Lax", httponly=True)
        return response

    shown.csrf_exempt = True  # type: ignore[attr-defined]  # csrf_protect inside decides
    return shown


@page
def missing(_request: HttpRequest) -> HttpResponse:
    """Every address that is no page."""
    raise Http404


def error_page(request: HttpRequest, status: int) -> HttpResponse:
    return render(request, "sandbox/error.html", {"status": status}, status=status)


def _language(request: HttpRequest) -> str:
    for wish in (request.GET.get("lang"), request.COOKIES.get(COOKIE)):
        if wish in LANGUAGES:
            return wish
    for code, _weight in _accepted(request.headers.get("Accept-Language", "")):
        if code in LANGUAGES:
            return code
    return "pl"


def _accepted(header: str) -> list[tuple[str, float]]:
    """Primary language codes of an Accept-Language header, best first."""
    found = []
    for part in header.split(","):
        code, _sep, weight = part.strip().partition(";q=")
        try:
            found.append((code.split("-")[0].lower(), float(weight or 1)))
        except ValueError:
            continue
    return sorted(found, key=lambda each: -each[1])


def style(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(
        STYLE, content_type="text/css; charset=utf-8", headers={"Cache-Control": "max-age=300"}
    )
