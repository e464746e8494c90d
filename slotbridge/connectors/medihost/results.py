"""What the portal made of a document, sorted by what the caller does next (section 11).

The sentences of a result hold no personal value (11.2), so staff may read them; an exception's
text, which reaches logs, holds the status and the codes only.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import timedelta
from http import HTTPStatus

from slotbridge.connectors.medihost.documents import TABLES
from slotbridge.sync.contract import AccountRejected, PortalError, Refused, TryLater
from slotbridge.sync.exchange.contract import Part, Refusal, RowRefusal, Told
from slotbridge.wire.medihost.model import Section
from slotbridge.wire.medihost.result import (
    Message,
    NotAResult,
    Outcome,
    Result,
    SectionCounts,
    read_result,
)

_PARTS: Mapping[str, Part] = {
    Section.GROUPS: Part.OFFER,
    Section.RESOURCES: Part.OFFER,
    Section.SCHEDULES: Part.OFFER,
    Section.APPOINTMENTS: Part.BUSY,
    Section.ORDERS: Part.ANSWERS,
}
_KINDS = {table.casefold(): kind for kind, table in TABLES.items()}
_REASONS = {"E_ORDER_FINAL": RowRefusal.ENDED, "E_ORDER_UNKNOWN": RowRefusal.UNKNOWN}
_CODE = re.compile(r"[EW]_[A-Z]{2,20}(?:_[A-Z]{2,20}){0,3}")
_KEY_CODES = {"E_KEY", "E_KEY_MISSING"}
LONGEST_TEXT = 250


def told(body: bytes) -> Told:
    """What a success says. The real portal's answers are unknown: one that cannot be read is a
    success without counts (U-26). Raises what `failure` makes of a result that says "error".
    """
    result = result_in(body)
    if result is None:
        return Told()
    if result.outcome is Outcome.ERROR:
        raise failure("import.php", HTTPStatus.OK, result)
    withheld: Counter[Part] = Counter()
    for section in result.sections:
        if section.withheld and section.name in _PARTS:
            withheld[_PARTS[section.name]] += section.withheld
    return Told(
        refused=tuple(_refusals(result.messages)),
        withheld=dict(withheld),
        counts={section.name: _counts(section) for section in result.sections},
    )


def result_in(body: bytes) -> Result | None:
    try:
        return read_result(body)
    except NotAResult:
        return None


def failure(
    script: str, status: int, result: Result | None, retry_after: timedelta | None = None
) -> PortalError:
    """What an answer without success means: by its status, or by its codes where the status is a
    success after all.
    """
    codes = [message.code for message in result.messages] if result else []
    said = ", ".join([f"{script}: {status}", *_known(codes)])
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return AccountRejected(said)
    if status in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS} or status >= 500:
        return TryLater(said, retry_after)
    if _KEY_CODES & set(codes):
        return AccountRejected(said)
    if "E_BUSY" in codes:
        return TryLater(said, retry_after)
    if 300 <= status < 400:
        return Refused(f"{said}: the address leads to another one; enter that one")
    return Refused(said)


def _known(codes: Iterable[str]) -> list[str]:
    """The first few codes, each once; what is none of ours is not repeated."""
    return list(dict.fromkeys(code for code in codes if _CODE.fullmatch(code)))[:3]


def _refusals(messages: Iterable[Message]) -> Iterator[Refusal]:
    for message in messages:
        part = _PARTS.get(message.section)
        if message.is_error and part is not None:
            why = _REASONS.get(message.code, RowRefusal.WRONG)
            text = f"{message.text.strip()[:LONGEST_TEXT]} [{message.code}]"
            yield Refusal(part, _our_key(part, message.key), why, text)


def _our_key(part: Part, key: str) -> str:
    """Of "Visit/12" it is "visit/12"; all other keys are the same on both sides."""
    table, slash, id_ = key.rpartition("/")
    if part is not Part.BUSY or table.casefold() not in _KINDS:
        return key
    return f"{_KINDS[table.casefold()]}{slash}{id_}"


def _counts(section: SectionCounts) -> dict[str, int]:
    return {name: value for name, value in asdict(section).items() if isinstance(value, int)}
