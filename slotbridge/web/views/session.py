"""Logging in and out, the page's language, and pages that say no."""

from __future__ import annotations

from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.i18n import set_language

log_in = LoginView.as_view(redirect_authenticated_user=True)
log_out = LogoutView.as_view()
language = set_language


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    context = {
        "title": _("Not allowed"),
        "sentence": str(exception) or _("Your role does not allow this."),
    }
    return render(request, "web/refusal.html", context, status=403)


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django passes it, for developers
    """The form's secret does not fit the session: as a rule it was open since before log-in."""
    context = {
        "title": _("This form was open too long"),
        "sentence": _("Nothing was saved. Go back, load the page anew and try again."),
    }
    return render(request, "web/refusal.html", context, status=403)


def broken(request: HttpRequest) -> HttpResponse:
    """Says so without asking the database, which may be what is broken."""
    return render(request, "web/broken.html", status=500)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django passes it; it may quote an address
    context = {
        "title": _("Not found"),
        "sentence": _("There is no such page or record, or it is not yours to see."),
    }
    return render(request, "web/refusal.html", context, status=404)
