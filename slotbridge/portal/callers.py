"""Who calls the portal, seen through its own proxies."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from slotbridge.kit import callers
from slotbridge.kit.callers import Caller


def caller_of(request: HttpRequest) -> Caller:
    """Forwarding headers are believed only from settings.PORTAL_PROXIES."""
    return callers.caller_of(
        peer=request.META.get("REMOTE_ADDR", ""),
        scheme=request.environ["wsgi.url_scheme"],  # type: ignore[attr-defined]  # WSGIRequest's
        headers=request.headers,
        proxies=settings.PORTAL_PROXIES,
    )
