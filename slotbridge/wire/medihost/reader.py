"""Reads a Medihost document as a stream: memory does not grow with it, but for 24 bytes a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from slotbridge.wire.medihost import decoding, elements, problems, spelling
from slotbridge.wire.medihost.elements import MOST_NAME, Element, Note, local_name
from slotbridge.wire.medihost.found import Batch, Began, Ended, Found, Opened
from slotbridge.wire.medihost.model import Section, SyncMode
from slotbridge.wire.medihost.parsing import Start, Step, Tag, parse
from slotbridge.wire.medihost.problems import DocumentRefused, Problem
from slotbridge.wire.medihost.sections import AnyRows, rows_of
from slotbridge.wire.medihost.telling import Teller
from slotbridge.wire.medihost.values import quoted

__all__ = ["Batch", "Began", "Ended", "Found", "Limits", "Opened", "read"]

_SECTIONS = {section.value.lower(): section for section in Section}


@dataclass(frozen=True, slots=True)
class Limits:
    """Of U-29 and U-14: bytes of the document, elements, depth, characters of an attribute."""

    size: int = 32 * 1024 * 1024
    elements: int = 300_000
    depth: int = 8
    attribute: int = 64 * 1024


def read(
    stream: BinaryIO, limits: Limits | None = None, *, export: bool = False
) -> Iterator[Found]:
    """What the document holds, as it is read; `stream` is seekable and at its start.

    `Opened` comes first (after warnings on the encoding). Raises DocumentRefused as soon as a
    document error is met; what was given out until then must be thrown away. A document that ends
    without raising is well-formed to its end. `export`: it is an answer of export.php, where a
    bare `Orders` root and a missing key are accepted (U-4) and an order needs all of 4.8's R.
    """
    limits = limits or Limits()
    seen = decoding.survey(stream, limits.size)
    yield from seen.warnings
    reading = _Reading(limits, seen.encoding, is_export=export)
    for step in parse(stream, seen, limits.attribute):
        yield from reading.take(step)
    yield from reading.finish()


class _Reading:
    """How far a document has been read.

    `refusal`: what its sections are refused for once it is known to be well-formed to its end, as
    that is checked before (11.3).
    """

    def __init__(self, limits: Limits, encoding: str, *, is_export: bool) -> None:
        self.refusal: Problem | None = None
        self._limits = limits
        self._encoding = encoding
        self._is_export = is_export
        self._elements = elements.EXPORTED if is_export else elements.IMPORTED
        self._found: list[Found] = []
        self._outside = Teller(self._found)
        self._count = 0
        self._depth = 0
        self._ignored_depth = 0  # of the element that is ignored with all it holds
        self._root_depth = 1  # 0: the root is a section
        self._seen: set[Section] = set()
        self._rows: AnyRows | None = None  # of the section that is open
        self._has_told_namespace = False

    def take(self, step: Step) -> Iterator[Found]:
        """What these tags bring. Raises DocumentRefused, after what came before the fault."""
        failure = step.failure
        try:
            self._read(step)
        except DocumentRefused as refused:
            failure = refused.problem
        yield from filter(self._is_news, self._found)
        self._found.clear()
        if failure:
            raise DocumentRefused(failure)

    def finish(self) -> Iterator[Found]:
        """The document was well-formed to its end. Raises DocumentRefused."""
        if self.refusal:
            raise DocumentRefused(self.refusal)
        self._outside.finish()
        yield from filter(self._is_news, self._found)

    def _read(self, step: Step) -> None:
        rows = self._rows
        if rows is not None and self._is_run(step.tags, rows):
            self._count_elements(len(step.lines), step.lines[-1])
            rows.take(step.tags[::2], step.lines)  # type: ignore[arg-type]  # start tags
        else:
            lines = iter(step.lines)
            for tag in step.tags:
                if isinstance(tag, str):
                    self._end()
                else:
                    self._start(tag, next(lines))
        if self._rows is not None:
            self._rows.flush()

    def _is_run(self, tags: list[Tag], rows: AnyRows) -> bool:
        """Whether between two rows nothing but rows without contents follows.

        As tags nest, it is enough that every second one ends a row.
        """
        return (
            self._level == 1
            and not self._ignored_depth
            and len(tags) > 0
            and len(tags) == 2 * tags[1::2].count(rows.row_name)
        )

    @property
    def _level(self) -> int:
        """0 in the root, 1 in a section, 2 in a row."""
        return self._depth - self._root_depth

    def _start(self, start: Start, line: int) -> None:
        self._count_elements(1, line)
        self._depth += 1
        if self._depth > self._limits.depth:
            raise DocumentRefused(problems.TOO_DEEP(line=line, limit=self._limits.depth))
        if self._ignored_depth:
            return
        notes: list[Note] = []
        name = local_name(start[0], notes)
        if self._depth == 1:
            self._start_root(name, start[1], line)
        elif not self._is_known(name, start[1], line):
            self._ignored_depth = self._depth
        self._outside.tell(notes, line)

    def _is_known(self, name: str, attributes: Mapping[str, str], line: int) -> bool:
        rows = self._rows
        if rows is None:
            return self._start_section(name, attributes, line)
        if self._level == 2 and name.lower() == rows.row_name:
            rows.start(attributes, line)
            return True
        if self._level == 3 and rows.start_child(name, attributes):
            return True
        rows.teller.tell([_unknown(name)], line)
        return False

    def _start_root(self, name: str, attributes: Mapping[str, str], line: int) -> None:
        is_bare = self._is_export and name.lower() == Section.ORDERS.value.lower()
        if not is_bare and name.lower() != spelling.ROOT.lower():
            raise DocumentRefused(problems.WRONG_ROOT(line=line))
        reading = elements.read_element(elements.ROOT, attributes)
        if not reading.is_good:
            raise DocumentRefused(problems.KEYS_DIFFER(line=line, attribute=spelling.CLIENT_KEY))
        key = reading.fields["client_key"]
        assert key is None or isinstance(key, str)
        self._found.insert(0, Opened(key, self._encoding, is_bare))
        self._outside.tell(reading.notes, line)
        if is_bare:
            self._root_depth = 0
            self._open(Section.ORDERS, elements.NO_ATTRIBUTES, {}, line)

    def _start_section(self, name: str, attributes: Mapping[str, str], line: int) -> bool:
        section = _SECTIONS.get(name.lower())
        if section is None:
            self._outside.tell([_unknown(name)], line)
            return False
        if section in self._seen:
            self._refuse(problems.SECTION_TWICE(section=section, line=line, name=section.value))
        has_mode = section is Section.APPOINTMENTS
        element = elements.OCCUPANCY if has_mode else elements.NO_ATTRIBUTES
        self._open(section, element, attributes, line)
        return True

    def _open(
        self, section: Section, element: Element, attributes: Mapping[str, str], line: int
    ) -> None:
        self._seen.add(section)
        self._rows = rows_of(section, self._elements[section], self._found)
        reading = elements.read_element(element, attributes)
        mode = reading.fields.get("mode")
        if not reading.is_good:
            self._refuse(
                problems.UNKNOWN_SYNC_MODE(
                    section=section,
                    line=line,
                    attribute=spelling.SYNC_MODE,
                    value=quoted(attributes.get(spelling.SYNC_MODE, "…").strip()),
                )
            )
        assert mode is None or isinstance(mode, SyncMode)
        self._found.append(Began(section, mode))
        self._rows.teller.tell(reading.notes, line)

    def _end(self) -> None:
        if self._ignored_depth == self._depth:
            self._ignored_depth = 0
        elif not self._ignored_depth and self._rows is not None:
            if self._level == 2:
                self._rows.end()
            elif self._level == 1:
                self._rows.finish()
                self._rows = None
        self._depth -= 1

    def _count_elements(self, count: int, line: int) -> None:
        self._count += count
        if self._count > self._limits.elements:
            raise DocumentRefused(
                problems.TOO_MANY_ELEMENTS(line=line, limit=self._limits.elements)
            )

    def _refuse(self, problem: Problem) -> None:
        self.refusal = self.refusal or problem

    def _is_news(self, found: Found) -> bool:
        """Nothing is given out any more once the document is refused, but the key that is checked
        before; a namespace is told of once a document.
        """
        if self.refusal:
            return isinstance(found, Opened)
        if not isinstance(found, Problem) or found.code != "W_NAMESPACE":
            return True
        is_news = not self._has_told_namespace and found.text != problems.MORE_ALIKE
        self._has_told_namespace = True
        return is_news


def _unknown(name: str) -> Note:
    return Note(problems.UNKNOWN_ELEMENT, "", {"name": name[:MOST_NAME]})
