"""A portal that takes everything at once: what remains to be measured is our own work."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx

from slotbridge.kit import clock, http

URL = "http://portal.example"
_PLENTY = 1_000_000  # writes a minute


class InstantPortal(httpx.BaseTransport):
    """Answers in this very process, without reading what it is told; has no limit to speak of."""

    def __init__(self) -> None:
        self.writes = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/oauth/"):
            token = {"access_token": "a" * 40, "expires_in": 86400, "token_type": "bearer"}
            return httpx.Response(200, json=token)
        if request.method != "PUT":
            return httpx.Response(500)  # nothing else is asked of it
        self.writes += 1
        resets = (clock.now() + timedelta(minutes=1)).isoformat(timespec="seconds")
        headers = {
            "X-RateLimit-Limit": str(_PLENTY),
            "X-RateLimit-Remaining": str(_PLENTY - 1),
            "X-RateLimit-Reset": resets,
        }
        return httpx.Response(201, headers=headers)


@contextmanager
def instant() -> Iterator[InstantPortal]:
    """Within it every connector of this process speaks to such a portal."""
    portal = InstantPortal()
    with http.through(portal):
        yield portal
