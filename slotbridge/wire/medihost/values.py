"""The forms of values (section 6): text to value, and whether the form was an unusual one."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time
from functools import lru_cache
from typing import NamedTuple

from slotbridge.wire.medihost import problems
from slotbridge.wire.medihost.model import SyncMode
from slotbridge.wire.medihost.problems import Kind

MIDNIGHT = 24 * 60  # as the end of a day, in minutes
_LEAST_INTEGER, _MOST_INTEGER = -(2**63), 2**63 - 1
_QUOTED = 40  # characters of an unreadable value that are shown again

_DATE = r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})"
_ISO_DATE = r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})"
_ZEROS = r"(?P<zeros>[T ]+0?0:00(:00)?)?"
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(:(?P<second>\d{2}))?"
_DATES = tuple(re.compile(form + _ZEROS, re.ASCII) for form in (_DATE, _ISO_DATE))
_MOMENTS = (
    re.compile(f"{_DATE} +(?P<clock>.*)", re.ASCII | re.DOTALL),
    re.compile(f"{_ISO_DATE}[T ](?P<clock>.*)", re.ASCII | re.DOTALL),
)
_TIME = re.compile(_CLOCK, re.ASCII)
_ISO_TIME = re.compile(r"(?P<hour>\d{2}):(?P<minute>\d{2})(:(?P<second>\d{2}))?", re.ASCII)
_WALL = re.compile(r"(?P<hour>\d{1,2}):(?P<minute>\d{1,2})(:00)?", re.ASCII)
_INTEGER = re.compile(r"[+-]?[0-9]+")
_ZERO_FRACTION = re.compile(r"[.,]0+\Z")
_EMPTY_DATE = date.min  # 1C's "not set"


class Read(NamedTuple):
    """`value` None: counts as missing. `is_odd`: readable, but worth a warning."""

    value: object
    is_odd: bool = False


class Unreadable(Exception):
    """The value has no such form. `kind` with `params` says so."""

    def __init__(self, kind: Kind, **params: object) -> None:
        super().__init__(kind.code)
        self.kind = kind
        self.params = params


Reader = Callable[[str], Read]
# Days, times and numbers of resources repeat. Texts, which may be about people, are not kept.
_remembered = lru_cache(maxsize=4096)


def quoted(text: str) -> str:
    return text if len(text) <= _QUOTED else f"{text[:_QUOTED]}…"


@_remembered
def integer(text: str) -> Read:
    """A signed 64-bit integer. Raises Unreadable."""
    plain = "".join(text.split())  # inner white space: 1C groups digits
    whole = _ZERO_FRACTION.sub("", plain)
    # The length keeps a megabyte of digits from being multiplied out.
    if not _INTEGER.fullmatch(whole):
        raise Unreadable(problems.NO_INTEGER, value=quoted(text))
    digits = whole.lstrip("+-0")
    value = int(f"-0{digits}" if whole[0] == "-" else f"0{digits}") if len(digits) < 20 else None
    if value is None or not _LEAST_INTEGER <= value <= _MOST_INTEGER:
        raise _out_of_range(text, _LEAST_INTEGER, _MOST_INTEGER)
    return Read(value, whole != text)


@_remembered
def time_step(text: str) -> Read:
    """Minutes; 0 counts as missing (U-9). Raises Unreadable."""
    minutes, is_odd = integer(text)
    if minutes == 0:
        return Read(None)
    return Read(_within(minutes, text, 1, MIDNIGHT), is_odd)


@_remembered
def duration(text: str) -> Read:
    """Minutes, up to 31 days (U-36). Raises Unreadable."""
    try:
        minutes, is_odd = integer(text)
    except Unreadable:
        minutes, is_odd = None, False
    return Read(_within(minutes, text, 1, 31 * MIDNIGHT), is_odd)


def status(text: str) -> Read:
    """0, 1 or 3. Raises Unreadable."""
    try:
        value, is_odd = integer(text)
    except Unreadable:
        value, is_odd = None, False
    if value not in {0, 1, 3}:
        raise Unreadable(problems.WRONG_STATUS)
    return Read(value, is_odd)


@_remembered
def day(text: str) -> Read:
    """A date; 1C's empty one counts as missing. Raises Unreadable."""
    for form in _DATES:
        if found := form.fullmatch(text):
            value = _existing_day(found)
            if value == _EMPTY_DATE:
                return Read(None)
            return Read(value, form is _DATES[1] or bool(found["zeros"]))
    raise Unreadable(problems.NO_DATE, value=quoted(text))


@_remembered
def moment(text: str) -> Read:
    """A local date and time, without a zone; 1C's empty one counts as missing.

    Raises Unreadable: with the date's code, or with the time's if only the time is wrong.
    """
    for form, clock in zip(_MOMENTS, (_TIME, _ISO_TIME), strict=True):
        if found := form.fullmatch(text):
            value = _existing_day(found)
            if value == _EMPTY_DATE:
                return Read(None)
            wall = _existing_time(clock.fullmatch(found["clock"]), text)
            return Read(datetime.combine(value, wall), form is _MOMENTS[1])
    raise Unreadable(problems.NO_DATE, value=quoted(text))


@_remembered
def wall(text: str) -> Read:
    """Minutes since midnight, up to 24:00. Raises Unreadable."""
    found = _WALL.fullmatch(text)
    if found is None:
        raise Unreadable(problems.NO_TIME, value=quoted(text))
    minutes = int(found["hour"]) * 60 + int(found["minute"])
    if int(found["minute"]) > 59 or minutes > MIDNIGHT:
        raise Unreadable(problems.NO_TIME, value=quoted(text))
    return Read(minutes, len(found["minute"]) == 1)


def text_up_to(limit: int) -> Reader:
    """A text of at most `limit` characters. The reader it gives raises Unreadable."""

    def read(text: str) -> Read:
        if len(text) > limit:
            raise Unreadable(problems.TEXT_TOO_LONG, limit=limit)
        return Read(text)

    return read


def guid(text: str) -> Read:
    """Upper case without braces; whether it is one is found out where keys are known."""
    return Read(text.removeprefix("{").removesuffix("}").strip().upper() or None)


def sync_mode(text: str) -> Read:
    """Raises Unreadable."""
    try:
        return Read(SyncMode(text.lower()))
    except ValueError:
        raise Unreadable(problems.UNKNOWN_SYNC_MODE, value=quoted(text)) from None


def any_text(text: str) -> Read:
    return Read(text)


def _within(value: object, text: str, least: int, most: int) -> int:
    if isinstance(value, int) and least <= value <= most:
        return value
    raise _out_of_range(text, least, most)


def _out_of_range(text: str, least: int, most: int) -> Unreadable:
    return Unreadable(problems.OUT_OF_RANGE, value=quoted(text), least=least, most=most)


def _existing_day(found: re.Match[str]) -> date:
    try:
        return date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        end = max(found.end("year"), found.end("day"))
        raise Unreadable(problems.NO_DATE, value=found.string[:end]) from None


def _existing_time(found: re.Match[str] | None, text: str) -> time:
    if found is not None:
        try:
            return time(int(found["hour"]), int(found["minute"]), int(found["second"] or 0))
        except ValueError:
            pass
    raise Unreadable(problems.NO_TIME, value=quoted(text))
