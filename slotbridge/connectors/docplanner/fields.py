"""Single JSON values of the portal, read leniently: absent where they cannot be used.

Samples show ids, phones and durations both as numbers and as text (behaviour.md section 2).
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from urllib.parse import urlsplit

LONGEST_ID = 100
LONGEST_TEXT = 2000
LONGEST_MINUTES = 7 * 24 * 60
LARGEST_PRICE = 100_000_000  # whole units: some currencies have small ones
_ID = re.compile(r"(?=.*[^.])[A-Za-z0-9_.:@~-]{1,100}")  # dots alone would climb a URL's path


def json_or_none(content: bytes) -> object:
    """The JSON value in `content`; None if there is none."""
    try:
        found: object = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return found


def mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Mapping[str, object]] | None:
    """A collection's records: `_items` by the schemas, `results` by one sample, or a bare list.

    None if this is no collection, which is not the same as an empty one.
    """
    within = mapping(value)
    found = within.get("_items", within.get("results", value))
    return [mapping(each) for each in found] if isinstance(found, list) else None


def identifier(value: object) -> str:
    """A portal's id as text; "" if it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    found = str(value).strip() if isinstance(value, str) or abs(value) < 10**18 else ""
    return found if _ID.fullmatch(found) else ""


def text(value: object, longest: int = LONGEST_TEXT) -> str:
    """Text without control characters or halves of characters, neither of which can be stored."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    if isinstance(value, int):
        return identifier(value)
    kept = (c if unicodedata.category(c) not in {"Cc", "Cs"} else " " for c in value)
    return "".join(kept).strip()[:longest].rstrip()


def moment(value: object) -> datetime | None:
    """An instant in UTC, from ISO 8601 with any offset; None without one."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value.strip())
        return found.astimezone(UTC) if found.tzinfo else None
    except (ValueError, OverflowError):
        return None


def day(value: object) -> date | None:
    if not isinstance(value, str):
        return None
    try:
        return date.fromisoformat(value.strip())
    except ValueError:
        return None


def duration(value: object) -> timedelta | None:
    """Minutes as a number or text; None unless whole and positive."""
    found = identifier(value)
    whole = found.isdecimal() and len(found) < 6 and 0 < int(found) <= LONGEST_MINUTES
    return timedelta(minutes=int(found)) if whole else None


def price_minor(value: object, decimals: int) -> int | None:
    """Minor units from the portal's whole ones, of a currency with so many decimals; further ones
    are cut off, as the portal does. None if there is no price.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        found = Decimal(str(value))
    except (InvalidOperation, ValueError):
        return None
    if not (found.is_finite() and 0 <= found <= LARGEST_PRICE):
        return None
    return int(found.scaleb(decimals))


def price(minor: int | None, decimals: int) -> int | float | None:
    """The JSON number for minor units of a currency with so many decimals.

    Whole where it can be. The nearest float of a price of at most 15 digits is written with the
    digits of the price: no 199.99000000000001.
    """
    if minor is None:
        return None
    found = Decimal(minor).scaleb(-decimals)
    return int(found) if found == found.to_integral_value() else float(found)


def flag(value: object) -> bool | None:
    """None where nothing was said."""
    return value if isinstance(value, bool) else None


def whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def web_address(value: object) -> str:
    """A link that can be shown to be followed; "" for any other text."""
    found = text(value, longest=500)
    try:
        parts = urlsplit(found)
    except ValueError:
        return ""
    followed = parts.scheme in {"http", "https"} and bool(parts.hostname)
    return found if followed and found.isascii() and " " not in found else ""
