"""What an operation gets, gives and raises, and the portal's words for what is wrong."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from slotbridge.sandbox import quirks
from slotbridge.sandbox.models import Client

SUCCESS = "application/vnd.docplanner+json; charset=UTF-8"
FAILURE = "application/vnd.error+docplanner+json"

YEARS = range(1900, 2200)

# Messages are those of the contract's examples, word for word.
NOT_FOUND = "Object not found"
INVALID = "Invalid arguments"
INVALID_DATE = "Invalid date given."
NOT_AUTHENTICATED = "Authentication credentials could not be found."
BAD_CREDENTIALS = "Invalid credentials."
NOT_COMMERCIAL = "Cannot activate calendar on address {}, profile/address is not commercial"


class ApiError(Exception):
    """Answered with this status and the portal's error body."""

    def __init__(self, status: int, message: str, errors: Any = ()) -> None:
        super().__init__(f"{status}")
        self.status = status
        self.message = message
        self.errors = errors if isinstance(errors, dict) else list(errors)


def not_found(message: str = NOT_FOUND) -> ApiError:
    return ApiError(404, message)


def invalid(message: str = INVALID, errors: Any = ()) -> ApiError:
    return ApiError(400, message, errors)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int = 200
    body: Any = None  # None: no body
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """One authenticated request."""

    client: Client
    query_string: str
    raw_body: bytes
    base_url: str

    @cached_property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.query_string, keep_blank_values=True))

    @cached_property
    def scopes(self) -> frozenset[str]:
        """`with` in all its spellings: with=a,b - with=a&b - with=a&with=b - with[]=a&with[]=b.

        Source: behaviour.md section 2. Names nobody knows are ignored.
        """
        found: set[str] = set()
        for name, value in parse_qsl(self.query_string, keep_blank_values=True):
            if name == "with" or re.fullmatch(r"with\[\d*\]", name):
                found.update(value.split(","))
            elif not value and "." in name:
                found.add(name)
        return frozenset(scope.strip() for scope in found)

    @cached_property
    def quirks(self) -> quirks.Quirks:
        return quirks.read(self.client.quirks)

    def json(self) -> dict[str, Any]:
        """The body, which must be a JSON object; an empty one counts as {}. Raises 400."""
        if not self.raw_body.strip():
            return {}
        try:
            body = json.loads(self.raw_body)
        except (ValueError, RecursionError):
            raise invalid() from None
        if not isinstance(body, dict):
            raise invalid()
        return body

    def moment(self, name: str, wrong: ApiError) -> datetime:
        """A required query parameter that is an ISO date with an offset. Raises `wrong`."""
        return instant(self.query.get(name), wrong)


def instant(raw: Any, wrong: ApiError) -> datetime:
    """An ISO 8601 date and time that carries an offset. Raises `wrong` for anything else.

    Also for one so far away that it has no local time or no end.
    """
    if not isinstance(raw, str):
        raise wrong
    try:
        value = datetime.fromisoformat(raw)
    except ValueError:
        raise wrong from None
    if value.tzinfo is None or value.year not in YEARS:
        raise wrong
    return value


def whole(raw: Any, wrong: ApiError, *, least: int = 1) -> int:
    """A whole number, also as text (samples of the portal show both). Raises `wrong`."""
    if isinstance(raw, str) and raw.isdecimal() and len(raw) < 19:
        raw = int(raw)
    if not isinstance(raw, int) or isinstance(raw, bool) or not least <= raw < 2**63:
        raise wrong
    return raw


def text(raw: Any, wrong: ApiError) -> str:
    """Optional text; null is ''. Raises `wrong` for anything else."""
    return "" if raw is None else storable(raw, wrong)


def storable(raw: Any, wrong: ApiError) -> str:
    """Text without what no database keeps: NUL, and halves of a character. Raises `wrong`."""
    if not isinstance(raw, str) or "\0" in raw or any("\ud800" <= each <= "\udfff" for each in raw):
        raise wrong
    return raw


def flag(raw: Any, wrong: ApiError) -> bool:
    """Raises `wrong` for anything but true and false."""
    if not isinstance(raw, bool):
        raise wrong
    return raw
