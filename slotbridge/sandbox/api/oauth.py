"""POST /oauth/v2/token: client credentials as HTTP Basic or as form fields."""

import time
from base64 import b64decode
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from slotbridge.sandbox import faults, tokens
from slotbridge.sandbox.api.dispatch import NoAnswer
from slotbridge.sandbox.models import FaultRule


@csrf_exempt  # callers show a secret, not a cookie
def token(request: HttpRequest) -> HttpResponse:
    """{access_token, expires_in: 3600, token_type: bearer, scope: null}.

    Errors are those of RFC 6749 section 5.2. Faults aim at "token".
    """
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    fault = faults.strike(None, "token", faults.CALL_EFFECTS)
    if fault and fault.effect == "status":
        return _refusal("temporarily_unavailable", "Scripted failure", fault.status)
    _hold(fault, "slow", "timeout-before")
    if request.POST.get("grant_type") != "client_credentials":
        told = "Invalid grant_type parameter or parameter missing"
        return _refusal("unsupported_grant_type", told, 400)
    basic = _basic(request.headers.get("Authorization", ""))
    sent = (request.POST.get("client_id", ""), request.POST.get("client_secret", ""))
    try:
        client = tokens.check(*(basic or sent))
    except tokens.WrongCredentials:
        return _refusal(
            "invalid_client", "The client credentials are invalid", 401 if basic else 400
        )
    answer = {
        "access_token": tokens.give(client),
        "expires_in": int(tokens.LIFETIME.total_seconds()),
        "token_type": "bearer",
        "scope": None,
    }
    _hold(fault, "timeout-after")
    return JsonResponse(answer, headers={"Cache-Control": "no-store"})


def _hold(fault: FaultRule | None, *effects: str) -> None:
    if fault is None or fault.effect not in effects:
        return
    if fault.effect == "slow":
        time.sleep(fault.seconds)
    else:
        raise NoAnswer(fault.seconds or faults.DEFAULT_HOLD)


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _, coded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, _, secret = b64decode(coded, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return client_id, secret


def _refusal(error: str, description: str, status: int) -> HttpResponse:
    body: dict[str, Any] = {"error": error, "error_description": description}
    headers = {"WWW-Authenticate": 'Basic realm="Service"'} if status == 401 else {}
    return JsonResponse(body, status=status, headers=headers)
