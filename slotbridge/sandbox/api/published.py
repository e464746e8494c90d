"""The list of addresses that notifications come from, for allow-lists: no token is asked for.

Source: contract, Fundamentals; behaviour.md section 4. Faults aim at "public-ips".
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from slotbridge.sandbox import faults


def as_json(_request: HttpRequest) -> HttpResponse:
    return _unless_scripted(JsonResponse({"API": settings.SANDBOX_ADDRESSES}))


def as_text(_request: HttpRequest) -> HttpResponse:
    lines = "".join(f"{address}\n" for address in settings.SANDBOX_ADDRESSES)
    return _unless_scripted(HttpResponse(lines, content_type="text/plain; charset=UTF-8"))


def _unless_scripted(answer: HttpResponse) -> HttpResponse:
    fault = faults.strike(None, "public-ips", ("status",))
    return HttpResponse(status=fault.status) if fault else answer
