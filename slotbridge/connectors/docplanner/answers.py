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
from slotbridge.connectors.docplanner.operations import Ending, Operation
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
        "Same Date Range",
        "Date range must not exceed 180 days",
        "Invalid date given.",
        "Invalid break ID",
        "Address service does not exist",
        "Unable to book a visit for this address",
        "Unable to cancel a visit for this address",
        "Service does not exist",
        "Service does not belong to the address",
        "Address does not exist",
        "Calendar does not exist",
        "Calendar already enabled",
        "Calendar already disabled",
        "Could not enable calendar on disabled address",
        "Doctor is not related with facility",
        "The address service you are trying to add already exists in the system",
        "Provided insurance provider ID not found in dictionary",
        "Integration is not authorized for this address",
        "The visit has already been canceled or moved",
        "Visit has already been confirmed",
        "Visit has been canceled",
        "Visit has been deleted",
        "Visit is in the past",
        "Visit is marked as canceled",
        "Visit not found",
        "This visit does not belong to this doctor",
        "Opinion already exists",
        "Cannot send request",
        "You are not allowed to use this method",
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
# Texts with values in them, or whose samples are only said to be examples: what they contain, and
# what we say instead.
TEXTS_WITH_VALUES = {
    "Cannot activate calendar on address": "Profile or address is not commercial",
    "End date should be less than": "A period ends too far ahead",
    "Slot for date range": "A period exceeds a single day",
    "Unable to perform booking. Requested": "The requested slot is not free",
    "Unable to perform booking. Slot": "The slot does not support the service",
    "cannot be canceled because it is not booked": "The booking is not booked any more",
    "is already assigned to this address": "The insurer is assigned to the address already",
    "is not assigned to this address": "The insurer is not assigned to the address",
    "Insurance provider(s) with id": "The address does not take this insurer",
    "but insurance providers are missing": "A period names no insurer",
    "Insurance providers are not supported": "A period may not name an insurer",
    "Invalid price value": "The price is not one that the portal takes",
    "Visit is in the future": "Visit is in the future",
    "Phone number is invalid": "Phone number is invalid",
    "confirmed_by value is invalid": "Nobody can have confirmed it",
    "cannot be set before since": "A break would end before it begins",
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
    "Could not enable calendar on disabled address": _noop(
        "The address is switched off on the portal, so its calendar cannot be opened. Ask the"
        " portal’s adviser."
    ),
    "Integration is not authorized for this address": _noop(
        "The portal does not let us confirm visits at this address. Ask its adviser to switch the"
        " integration on for it."
    ),
    "The address does not take this insurer": _noop(
        "This address takes no public insurance on the portal. Ask its adviser to switch it on, or"
        " offer these times to patients who pay."
    ),
    "Provided insurance provider ID not found in dictionary": _noop(
        "The portal does not know this insurer. Ask its adviser."
    ),
    "Visit is in the future": _noop(
        "The portal takes no attendance of a visit that has not begun yet."
    ),
    "Visit is in the past": _noop("The portal takes no confirmation of a visit that is over."),
    "The price is not one that the portal takes": _noop(
        "The portal does not take this price. Check it in the price list."
    ),
    "This booking has a payment on it and the target address bills through a different"
    " payment account. Cancel the booking and create a new one instead.": _noop(
        "The patient has paid online, and the other doctor is paid by another account. Cancel the"
        " booking with a reason and book a new one."
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
    """A success: its JSON, None where it has none, or NOTHING for a refusal that means it."""

    data: object
    location: str = ""
    content: bytes = b""

    @property
    def is_empty(self) -> bool:
        return self.data is NOTHING


def sort(operation: Operation, response: httpx.Response) -> Answer:
    """The answer, if it is one. Raises TryLater, Refused, Gone or OutcomeUnknown.

    401 is not for here: the client renews its token first.
    """
    if response.is_success and not is_page(response):
        location = response.headers.get("Location", "")
        return Answer(fields.json_or_none(response.content), location, response.content)
    text = complaint(response)
    ending = None if is_page(response) else operation.ending(response.status_code, text)
    if ending is Ending.EMPTY:
        return Answer(NOTHING)
    if ending is Ending.DONE:
        return Answer(None)
    raise _failure(operation, response, text, ending)


def _failure(
    operation: Operation, response: httpx.Response, text: str, ending: Ending | None
) -> PortalError:
    status = response.status_code
    said = in_words(operation, status, text)
    if _not_done(response):
        return TryLater(said, retry_after(response))
    if _is_unclear(response):
        if operation.repeatable:
            return TryLater(said, retry_after(response))
        return OutcomeUnknown(said)
    missing = status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE} and ending is not Ending.REFUSED
    if missing or ending is Ending.GONE:
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
        for part, ours in TEXTS_WITH_VALUES.items():
            if part in text:
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
