"""The portal's answers, sorted by what the caller does next.

Nothing the portal wrote is repeated in an error unless it is one of the contract's constant
texts: its messages can quote what we sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx
from django.utils.translation import gettext_noop as _noop

from slotbridge.connectors.docplanner import fields
from slotbridge.connectors.docplanner.operations import Operation
from slotbridge.kit import clock
from slotbridge.sync.contract import (
    Budget,
    Gone,
    OutcomeUnknown,
    PortalError,
    Refused,
    TryLater,
)

# 429 without a word on how long: the same PUT slots is still being processed (README, "429").
STILL_PROCESSING = timedelta(seconds=10)
LONGEST_WAIT = timedelta(hours=1)  # the longest span that the portal counts requests in

# components/examples of the contract: texts without a value in them.
CONSTANT_TEXTS = frozenset(
    {
        "Object not found",
        "You are not authorized to see this facility",
        "You are not authorized to see this doctor",
        "You are not authorized to see this address",
        "You are not authorized to use this feature",
        "You are not authorized to make changes on this calendar",
        "This address does not belong to this facility",
        "This address does not belong to this doctor",
        "This booking does not belong to this address",
        "This service does not belong to this address",
        "No slots found on given address",
        "Calendar not found for this address",
        "Break for given address, date range and description exists",
        "Invalid date range",
        "Date range must not exceed 180 days",
        "Invalid date given.",
        "Invalid break ID",
        "Address service does not exist",
        "Unable to book a visit for this address",
        "Unable to cancel a visit for this address",
        "Service does not exist",
        "Service does not belong to the address",
        "Address does not exist",
        "The visit has already been canceled or moved",
        "No notifications found",
        "Invalid credentials.",
        "Authentication credentials could not be found.",
        "The end date must be at least 1 minute after the start date",
        (
            "This booking has a payment on it and the target address bills through a different"
            " payment account. Cancel the booking and create a new one instead."
        ),
    }
)
# Texts with values in them: how they begin, and what we say instead.
TEXTS_WITH_VALUES = {
    "Cannot activate calendar on address": "Profile or address is not commercial",
    "End date should be less than": "A period ends too far ahead",
    "Slot for date range": "A period exceeds a single day",
    "Unable to perform booking. Requested": "The requested slot is not free",
    "Unable to perform booking. Slot": "The slot does not support the service",
}

# What staff read instead of a status, and what they can do about it.
_IN_WORDS = {
    "Profile or address is not commercial": _noop(
        "The doctor's profile or address is not a paid one on the portal, so it shows no free"
        " times. Ask the portal's adviser."
    ),
    "You are not authorized to make changes on this calendar": _noop(
        "The portal does not let us change this calendar. Ask its adviser to switch the"
        " integration on for this address."
    ),
    "You are not authorized to see this facility": _noop(
        "The portal does not let us see this facility. Ask its adviser to assign it to your login."
    ),
    "Address service does not exist": _noop(
        "A service is gone from this address on the portal. The lists are being read anew."
    ),
    "Service does not exist": _noop(
        "A service is gone from this address on the portal. The lists are being read anew."
    ),
    "Unable to book a visit for this address": _noop(
        "The portal takes no bookings for this address. Ask its adviser whether it is switched on."
    ),
    "Unable to cancel a visit for this address": _noop(
        "The portal does not let us cancel visits at this address. Cancel it on the portal by hand."
    ),
}
_NOT_NOW = _noop("The portal could not do it just now. It is tried again by itself.")
_NO = _noop("The portal refused it.")


class Invalid(Refused):
    """400: what was sent does not fit what the portal holds now."""


class Conflict(Refused):
    """409: an equal record is there already."""


NOTHING: Mapping[str, object] = {"_items": []}
_REFUSALS: Mapping[int, type[Refused]] = {
    HTTPStatus.BAD_REQUEST: Invalid,
    HTTPStatus.CONFLICT: Conflict,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A success: its JSON, None where it has none, or NOTHING for a 404 that means it."""

    data: object
    location: str = ""
    content: bytes = b""


def sort(operation: Operation, response: httpx.Response) -> Answer:
    """The answer, if it is one. Raises TryLater, Refused, Gone or OutcomeUnknown.

    401 is not for here: the client renews its token first.
    """
    if response.is_success and not is_page(response):
        location = response.headers.get("Location", "")
        return Answer(fields.json_or_none(response.content), location, response.content)
    text = complaint(response)
    missing = response.status_code == HTTPStatus.NOT_FOUND and not is_page(response)
    if missing and text in operation.empty:
        return Answer(NOTHING)
    raise _failure(operation, response, text)


def _failure(operation: Operation, response: httpx.Response, text: str) -> PortalError:
    status = response.status_code
    said = in_words(operation, status, text)
    if _not_done(response):
        return TryLater(said, retry_after(response))
    if _is_unclear(response):
        if operation.repeatable:
            return TryLater(said, retry_after(response))
        return OutcomeUnknown(said)
    if status in operation.gone and text not in operation.refused:
        return Gone(said)
    return _REFUSALS.get(status, Refused)(said)


def in_words(operation: Operation, status: int, text: str) -> str:
    """A sentence for staff, and in brackets what to tell whoever is asked for help."""
    later = status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.METHOD_NOT_ALLOWED} or (
        status >= HTTPStatus.INTERNAL_SERVER_ERROR
    )
    sentence = _IN_WORDS.get(text, _NOT_NOW if later else _NO)
    return f"{sentence} [{operation.name}: {status}" + (f", {text}]" if text else "]")


def _not_done(response: httpx.Response) -> bool:
    """Over the limit, or stopped by a web firewall before it reached the portal."""
    status = response.status_code
    stopped = response.is_client_error and is_page(response)
    return stopped or status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.METHOD_NOT_ALLOWED}


def _is_unclear(response: httpx.Response) -> bool:
    """Neither yes nor no: a failing server, a redirect, a success that is a web page."""
    status = response.status_code
    timed_out = status == HTTPStatus.REQUEST_TIMEOUT
    return response.is_server_error or status < HTTPStatus.BAD_REQUEST or timed_out


def is_page(response: httpx.Response) -> bool:
    return "html" in str(response.headers.get("Content-Type", "")).lower()


def complaint(response: httpx.Response) -> str:
    """The contract's constant text that this answer carries; "" if it carries none of them."""
    for text in _texts(fields.mapping(fields.json_or_none(response.content))):
        if text in CONSTANT_TEXTS:
            return text
        for beginning, ours in TEXTS_WITH_VALUES.items():
            if text.startswith(beginning):
                return ours
    return ""


def _texts(body: Mapping[str, object]) -> Iterator[str]:
    """Every text of an error body, `errors` being a list of texts or field -> texts."""
    errors = body.get("errors")
    nested = list(errors.values()) if isinstance(errors, dict) else errors
    for part in [body.get("message"), *(nested if isinstance(nested, list) else ())]:
        for text in part if isinstance(part, list) else [part]:
            if isinstance(text, str):
                yield text


def budget(response: httpx.Response) -> Budget | None:
    """What a write's answer says of the writes left; None where the limiter is off."""
    limit = _count(response, "X-RateLimit-Limit")
    remaining = _count(response, "X-RateLimit-Remaining")
    resets_at = fields.moment(response.headers.get("X-RateLimit-Reset"))  # an ISO date
    if limit is None or remaining is None or resets_at is None:
        return None
    return Budget(limit, remaining, resets_at)


def _count(response: httpx.Response, header: str) -> int | None:
    raw = str(response.headers.get(header, ""))
    return int(raw) if raw.isascii() and raw.isdecimal() and len(raw) < 10 else None


def retry_after(response: httpx.Response) -> timedelta | None:
    """How long the portal asks us to wait, at most an hour; None if it does not say."""
    asked = _asked_wait(str(response.headers.get("Retry-After", "")))
    if asked is None and response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        left = budget(response)
        spent = left is not None and left.remaining == 0
        asked = left.resets_at - clock.now() if left and spent else STILL_PROCESSING
    return None if asked is None else min(max(asked, timedelta()), LONGEST_WAIT)


def _asked_wait(header: str) -> timedelta | None:
    """Retry-After: seconds, or a date (RFC 9110)."""
    if header.isascii() and header.isdecimal():
        return timedelta(seconds=int(header[:6]))
    try:
        until = parsedate_to_datetime(header)
    except ValueError:
        return None
    return _aware(until) - clock.now()


def _aware(instant: datetime) -> datetime:
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
