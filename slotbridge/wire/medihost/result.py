"""MediExchangeResult: what import.php answers (section 11.2), written by the portal and read by
the clinic's side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lxml import etree

from slotbridge.wire.medihost import values
from slotbridge.wire.medihost.values import Unreadable
from slotbridge.wire.medihost.writer import DECLARATION, FORBIDDEN, escape, moment

_ROOT = "MediExchangeResult"
_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_COUNTERS = (
    *("received", "added", "updated", "unchanged"),
    *("removed", "withheld", "parked", "skipped"),
)

# More than this are not listed; the counters are always complete.
MOST_MESSAGES = 1000


class Outcome(StrEnum):
    OK = "ok"
    PARTIAL = "partial"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class SectionCounts:
    """What became of a section's rows. `withheld`: deletions that wait for a person (U-19)."""

    name: str
    mode: str = ""  # of Appointments
    received: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    withheld: int = 0
    parked: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Message:
    """A problem as it was told: its sentence is in the clinic's language already."""

    code: str
    text: str
    section: str = ""
    line: int | None = None
    column: int | None = None
    key: str = ""
    attribute: str = ""

    @property
    def is_error(self) -> bool:
        return self.code.startswith("E_")


@dataclass(frozen=True, slots=True)
class Result:
    """`received_on` is the clinic's local time, without a zone."""

    outcome: Outcome
    import_id: int | None = None
    received_on: datetime | None = None
    sections: tuple[SectionCounts, ...] = ()
    messages: tuple[Message, ...] = ()


class NotAResult(Exception):
    """These bytes are no MediExchangeResult: another program answered. Never quotes them."""


def write_result(result: Result) -> bytes:
    """At most MOST_MESSAGES of the messages: errors before warnings if there are more."""
    root = {
        "Status": result.outcome.value,
        "ImportID": result.import_id,
        "ReceivedOn": result.received_on and moment(result.received_on),
    }
    lines = [DECLARATION, f"<{_ROOT}{_attributes(root)}>\n"]
    lines += [f"  <Section{_attributes(_counts(each))}/>\n" for each in result.sections]
    lines += [_message(each) for each in _told(result.messages)]
    lines.append(f"</{_ROOT}>\n")
    return "".join(lines).encode()


def read_result(body: bytes) -> Result:
    """What is missing or unreadable but for the status is left out. Raises NotAResult."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(body, parser)
        outcome = Outcome(_lower(root).get("status", "").lower())
    except (etree.XMLSyntaxError, ValueError):
        raise NotAResult from None
    if _name(root) != _ROOT.lower():
        raise NotAResult
    given = _lower(root)
    return Result(
        outcome=outcome,
        import_id=_number(given.get("importid")),
        received_on=_moment(given.get("receivedon", "")),
        sections=tuple(_section(each) for each in root if _name(each) == "section"),
        messages=tuple(_told_message(each) for each in root if _name(each) in {"warning", "error"}),
    )


def _told(messages: tuple[Message, ...]) -> Iterable[Message]:
    if len(messages) <= MOST_MESSAGES:
        return messages
    return sorted(messages, key=lambda each: not each.is_error)[:MOST_MESSAGES]


def _counts(section: SectionCounts) -> Mapping[str, object]:
    counters = {name: getattr(section, name) for name in _COUNTERS}
    return {"name": section.name, "mode": section.mode, **counters}


def _message(message: Message) -> str:
    element = "Error" if message.is_error else "Warning"
    place = {
        "code": message.code,
        "section": message.section,
        "line": message.line,
        "column": message.column,
        "key": message.key,
        "attribute": message.attribute,
    }
    text = FORBIDDEN.sub("", message.text).translate(_TEXT)
    return f"  <{element}{_attributes(place)}>{text}</{element}>\n"


def _attributes(values: Mapping[str, object]) -> str:
    return "".join(
        f' {name}="{escape(str(value))}"'
        for name, value in values.items()
        if value is not None and value != ""
    )


def _name(element: etree._Element) -> str:
    """Lower case, without a namespace; empty for a comment or the like."""
    tag = element.tag
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def _lower(element: etree._Element) -> dict[str, str]:
    return {str(name).lower(): str(value) for name, value in element.items()}


def _section(element: etree._Element) -> SectionCounts:
    given = _lower(element)
    counters = {name: _number(given.get(name)) or 0 for name in _COUNTERS}
    return SectionCounts(name=given.get("name", ""), mode=given.get("mode", ""), **counters)


def _told_message(element: etree._Element) -> Message:
    given = _lower(element)
    return Message(
        code=given.get("code", ""),
        text=element.text or "",
        section=given.get("section", ""),
        line=_number(given.get("line")),
        column=_number(given.get("column")),
        key=given.get("key", ""),
        attribute=given.get("attribute", ""),
    )


def _number(text: str | None) -> int | None:
    try:
        value = values.integer(text or "").value
    except Unreadable:
        return None
    return value if isinstance(value, int) else None


def _moment(text: str) -> datetime | None:
    try:
        value = values.moment(text.strip()).value
    except Unreadable:
        return None
    return value if isinstance(value, datetime) else None
