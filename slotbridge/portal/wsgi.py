"""The portal as a WSGI application, whatever Django's settings say about urls and middleware.

`application` is what a server runs. `portal_app` is the same for a caller in this very process
(httpx.WSGITransport(app=portal_app)): it leaves the caller's database connections and urls alone.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import django
from django.apps import apps
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpRequest, HttpResponseBase
from django.urls import get_urlconf, set_urlconf

if not apps.ready:
    django.setup(set_prefix=False)

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

URLCONF = "slotbridge.portal.urls"


class PortalRequest(WSGIRequest):
    """A request that keeps its address to itself: Django hands it to loggers, who write its repr,
    and a client key stands in the query string of export.php (U-1).
    """

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.method}>"


class PortalHandler(WSGIHandler):
    """Django's handler without any middleware: what pages need, their decorator brings."""

    request_class = PortalRequest

    def load_middleware(self, is_async: bool = False) -> None:  # noqa: ARG002 - Django's signature
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        self._middleware_chain = convert_exception_to_response(self._get_response)  # type: ignore[attr-defined]  # BaseHandler's

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        # The caller's url configuration comes back: a hub in this process resolves its own urls.
        before = get_urlconf()
        request.urlconf = URLCONF  # type: ignore[attr-defined]  # documented by Django
        try:
            return super().get_response(request)
        finally:
            set_urlconf(before)


class InProcess(PortalHandler):
    """Without the signals of a request: Django's receivers would close the test's connections."""

    def __call__(  # type: ignore[override]  # the stubs say what it returns is not iterated
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        response = self.get_response(PortalRequest(environ))
        headers = [
            *response.items(),
            *(("Set-Cookie", c.OutputString()) for c in response.cookies.values()),
        ]
        start_response(f"{response.status_code} {response.reason_phrase}", headers)
        return list(response)


application = PortalHandler()
portal_app = InProcess()
