"""The sandbox as a WSGI application, whatever Django's settings say about urls and middleware.

`application` is what a server runs. `sandbox_app` is the same for a caller in this very process
(httpx.WSGITransport(app=sandbox_app)): it leaves the caller's database connections and urls
alone, and a scripted time-out raises httpx.ReadTimeout, as a socket would.
"""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import django
import httpx
from django.apps import apps
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import get_urlconf, set_urlconf

if not apps.ready:
    django.setup(set_prefix=False)

from slotbridge.sandbox.api.dispatch import NoAnswer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

URLCONF = "slotbridge.sandbox.urls"


class SandboxHandler(WSGIHandler):
    """Django's handler without any middleware: what pages need, their decorator brings."""

    def load_middleware(self, is_async: bool = False) -> None:  # noqa: ARG002 - Django's signature
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        self._middleware_chain = convert_exception_to_response(self._answer)

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        try:
            answer: HttpResponseBase = self._get_response(request)  # type: ignore[attr-defined]  # BaseHandler's
        except NoAnswer as none:
            # An exception would end in a 500 page: carried out of Django as a mark instead.
            response = HttpResponse(status=504)
            response.no_answer_seconds = none.seconds  # type: ignore[attr-defined]  # our mark
            return response
        return answer

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        # The caller's url configuration comes back: a hub in this process resolves its own urls.
        before = get_urlconf()
        request.urlconf = URLCONF  # type: ignore[attr-defined]  # documented by Django
        try:
            response = super().get_response(request)
        finally:
            set_urlconf(before)
        seconds = getattr(response, "no_answer_seconds", None)
        if seconds is not None:
            self.keep_silent(seconds)
        return response

    def keep_silent(self, seconds: float) -> None:
        """A scripted time-out: the caller has given up by the time it gets the bare 504."""
        time.sleep(seconds)


class InProcess(SandboxHandler):
    """Without the signals of a request: Django's receivers would close the test's connections."""

    def __call__(  # type: ignore[override]  # the stubs say what it returns is not iterated
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        response = self.get_response(WSGIRequest(environ))
        headers = [
            *response.items(),
            *(("Set-Cookie", c.OutputString()) for c in response.cookies.values()),
        ]
        start_response(f"{response.status_code} {response.reason_phrase}", headers)
        return list(response)

    def keep_silent(self, seconds: float) -> None:  # noqa: ARG002 - nobody waits in a process
        raise httpx.ReadTimeout("scripted time-out")


application = SandboxHandler()
sandbox_app = InProcess()
