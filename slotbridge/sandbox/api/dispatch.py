"""The way every request of the API takes: token, limit, fault, operation, log."""

import json
import time
from collections import defaultdict
from collections.abc import Mapping
from math import ceil
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, re_path
from django.views.decorators.csrf import csrf_exempt

from slotbridge.kit import clock
from slotbridge.sandbox import faults, limits, tokens
from slotbridge.sandbox.api.answers import (
    BAD_CREDENTIALS,
    FAILURE,
    NOT_AUTHENTICATED,
    SUCCESS,
    Answer,
    ApiError,
    Call,
    not_found,
)
from slotbridge.sandbox.api.routes import OPERATIONS, Operation
from slotbridge.sandbox.models import ApiCall, Client, FaultRule

PREFIX = "/api/v3/integration"


class NoAnswer(Exception):
    """Scripted: the connection must end without an answer (slotbridge.sandbox.wsgi)."""

    def __init__(self, seconds: float) -> None:
        super().__init__("scripted time-out")
        self.seconds = seconds


def serve(
    request: HttpRequest, operations: Mapping[str, Operation], ids: Mapping[str, str]
) -> HttpResponse:
    """One request for a path that serves `operations`, by method; none of them: 404."""
    started = time.perf_counter()
    method = request.method or "GET"
    operation = operations.get("GET" if method == "HEAD" else method)
    client, fault = None, None
    try:
        client = _client(request)
        usage = limits.count(client, method)
        if usage and usage.exceeded:
            response = _error(ApiError(429, "Rate limit exceeded"))
        elif operation is None:
            response = _unserved(operations)
        else:
            fault = faults.strike(client, operation.id, faults.CALL_EFFECTS)
            response = _run(operation, request, client, ids, fault)
        for name, value in (usage.headers() if usage else {}).items():
            response[name] = value
    except ApiError as error:
        response = _error(error)
    except NoAnswer:
        _log(request, client, operation, status=0, started=started, fault=fault)
        raise
    status = response.status_code
    _log(request, client, operation, status=status, started=started, fault=fault)
    return response


def _client(request: HttpRequest) -> Client:
    """The caller. Raises 401; without credentials the body has no `errors` (behaviour.md 1)."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise ApiError(401, NOT_AUTHENTICATED)
    client = tokens.owner(token.strip())
    if client is None:
        raise ApiError(401, BAD_CREDENTIALS)
    return client


def _run(
    operation: Operation,
    request: HttpRequest,
    client: Client,
    ids: Mapping[str, str],
    fault: FaultRule | None,
) -> HttpResponse:
    effect = fault.effect if fault else ""
    if fault and effect == "status":
        return _scripted(fault)
    if fault and effect == "slow":
        time.sleep(fault.seconds)
    if fault and effect == "timeout-before":
        raise NoAnswer(fault.seconds or faults.DEFAULT_HOLD)
    call = Call(
        client=client,
        query_string=request.META.get("QUERY_STRING", ""),
        raw_body=request.body,
        # Not get_host(): the caller shows a token, and reads its own Host back in Location.
        base_url=f"{request.scheme}://{request.headers.get('Host', '')}{PREFIX}",
    )
    response = _answer(operation.run(call, **ids))
    if fault and effect == "timeout-after":
        raise NoAnswer(fault.seconds or faults.DEFAULT_HOLD)
    return response


def _scripted(fault: FaultRule) -> HttpResponse:
    response = _error(ApiError(fault.status, "Scripted failure"))
    if fault.status == 429 and fault.seconds:
        response["Retry-After"] = str(ceil(fault.seconds))
    return response


def _unserved(operations: Mapping[str, Operation]) -> HttpResponse:
    if not operations:
        return _error(not_found())
    allowed = ", ".join(sorted(operations))
    response = _error(ApiError(405, f"Method Not Allowed (Allow: {allowed})"))
    response["Allow"] = allowed
    return response


def _answer(answer: Answer) -> HttpResponse:
    content = b"" if answer.body is None else _json(answer.body)
    return HttpResponse(
        content, status=answer.status, content_type=SUCCESS, headers=dict(answer.headers)
    )


def _error(error: ApiError) -> HttpResponse:
    body: dict[str, Any] = {"errors": error.errors, "message": error.message}
    if error.message == NOT_AUTHENTICATED:
        del body["errors"]
    return HttpResponse(_json(body), status=error.status, content_type=FAILURE)


def _json(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


def _log(
    request: HttpRequest,
    client: Client | None,
    operation: Operation | None,
    *,
    status: int,
    started: float,
    fault: FaultRule | None,
) -> None:
    if client is None:  # strangers would fill the log
        return
    ApiCall.objects.create(
        client=client,
        at=clock.now(),
        operation=operation.id if operation else "",
        method=(request.method or "")[:7],
        path=request.path.removeprefix(PREFIX).replace("\0", "")[:300],
        status=status,
        milliseconds=int((time.perf_counter() - started) * 1000),
        fault=fault.effect if fault else "",
    )


def _view(operations: Mapping[str, Operation]) -> Any:
    @csrf_exempt  # callers show a token, not a cookie
    def view(request: HttpRequest, **ids: str) -> HttpResponse:
        return serve(request, operations, ids)

    return view


def urlpatterns() -> list[URLPattern]:
    """One pattern a path, and a last one for every path that is not served."""
    by_path: dict[str, dict[str, Operation]] = defaultdict(dict)
    for operation in OPERATIONS:
        by_path[operation.path][operation.method] = operation
    served = [
        path(f"{PREFIX[1:]}{where}", _view(operations)) for where, operations in by_path.items()
    ]
    return [*served, re_path(rf"^{PREFIX[1:]}/", _view({}))]
