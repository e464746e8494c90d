"""How the sandbox calls its clients' notification addresses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from slotbridge.kit import http


def post(url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> int | None:
    """The status of the answer; None if none came within `seconds`."""
    answer = _post(url, body, headers, seconds)
    return None if answer is None else answer.status_code


def ping(url: str, headers: Mapping[str, str], seconds: float) -> int | None:
    """The status a bare GET is answered with; None if none came within `seconds`.

    Verb and body of the portal's ping are documented nowhere: the most harmless is sent.
    """
    with http.client("") as client:
        try:
            return client.get(url, headers=dict(headers), timeout=seconds).status_code
        except (httpx.TransportError, httpx.InvalidURL):
            return None


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a question: yes, or no with a code; or none in time."""

    agreed: bool = False
    error_code: int | None = None
    is_silent: bool = False


def ask(url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> Reply:
    """2xx is a yes. Source: behaviour.md section 4, Real-time requests: silence is a no."""
    answer = _post(url, body, headers, seconds)
    if answer is None:
        return Reply(is_silent=True)
    return Reply(answer.is_success, _error_code(answer))


def _post(
    url: str, body: bytes, headers: Mapping[str, str], seconds: float
) -> httpx.Response | None:
    sent = {**headers, "Content-Type": "application/json"}
    with http.client("") as client:
        try:
            return client.post(url, content=body, headers=sent, timeout=seconds)
        except (httpx.TransportError, httpx.InvalidURL):
            return None


def _error_code(answer: httpx.Response) -> int | None:
    try:
        sent: Any = answer.json()
    except ValueError:
        return None
    code = sent.get("error_code") if isinstance(sent, dict) else None
    return code if isinstance(code, int) else None
