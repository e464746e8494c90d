"""lxml's parser fed piece by piece: elements and their lines come out, no tree is ever built."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, repeat
from operator import sub
from typing import BinaryIO

from lxml import etree

from slotbridge.wire.medihost import decoding, problems
from slotbridge.wire.medihost.decoding import Survey
from slotbridge.wire.medihost.problems import DocumentRefused, Problem

# A start tag, as its name and attributes, or an end tag, as its name.
Start = tuple[str, Mapping[str, str]]
Tag = Start | str
# libxml2 keeps an unfinished tag in memory; one longer than so many limits of an attribute is not
# waited for.
_MOST_UNFINISHED = 16


@dataclass(frozen=True, slots=True)
class Step:
    """Tags in order; `lines`, where they begin, of the start tags only.

    `failure`: behind these tags the document cannot be read; there is no use in a further step.
    """

    tags: list[Tag]
    lines: list[int]
    failure: Problem | None = None


def parse(stream: BinaryIO, seen: Survey, most_characters: int) -> Iterator[Step]:
    """The document's tags. Raises DocumentRefused if an attribute is too long."""
    feeder = _Feeder if seen.is_plain else _FeederByLine
    return feeder(seen.first_line, most_characters).steps(
        piece
        for whole in decoding.clean_pieces(stream, seen)
        for piece in _cut(whole, most_characters)
    )


def _cut(piece: bytes, size: int) -> Iterator[bytes]:
    """Pieces short enough that a value which is too long lies in more than one."""
    if size >= decoding.PIECE:
        yield piece
        return
    for at in range(0, len(piece), size):
        yield piece[at : at + size]


class _Target:
    """What lxml calls for every tag."""

    def __init__(self) -> None:
        self.tags: list[Tag] = []
        self.end = self.tags.append

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.tags.append((tag, attributes))

    def close(self) -> None:
        """Called at the document's end, where nothing is left to do."""


class _Feeder:
    """For documents of tags and text alone.

    Every `<` begins a tag, so the lines of the tags are found by counting, and the parser can be
    fed large pieces: each feeding lets go of the interpreter's lock, and with 300 000 of them a
    busy server would crawl.
    """

    def __init__(self, first_line: int, most_characters: int) -> None:
        self._target = self._make_target()
        self._parser = etree.XMLParser(
            target=self._target,  # type: ignore[arg-type]  # lxml takes any part of the protocol
            encoding="utf-8",
            # Only XML's own five: no others can be declared, as a DOCTYPE was refused before. With
            # False libxml2 would give out a half-escaped text.
            resolve_entities="internal",  # type: ignore[arg-type]  # the stubs are older
            no_network=True,
            load_dtd=False,
            huge_tree=False,
        )
        self._first_line = first_line
        self._line = first_line
        self._most_characters = most_characters
        self._waiting: list[int] = []  # lines of start tags that the parser has not told of yet
        self._unfinished = 0  # bytes of pieces during which a tag was not finished

    def steps(self, pieces: Iterator[bytes]) -> Iterator[Step]:
        rest = b""
        for piece in pieces:
            whole = rest + piece
            # Whether a start tag or an end tag begins there is seen in the next piece.
            rest = b"<" if whole.endswith(b"<") else b""
            yield self._fed(whole[:-1] if rest else whole)
        failure = self._feed(rest) or self._close()
        yield Step([], [], failure) if failure else self._left()

    def _left(self) -> Step:
        """What was told only as the parser was closed: of a document of a few bytes, all of it."""
        tags = [tag for tag in self._target.tags if tag]
        starts = list(map(type, tags)).count(tuple)
        return Step(tags, [*self._waiting, *[self._line] * starts][:starts])

    def _make_target(self) -> _Target:
        return _Target()

    def _fed(self, piece: bytes) -> Step:
        was_unfinished = bool(self._waiting)
        self._waiting += self._lines_of_starts(piece)
        failure = self._feed(piece)
        tags = self._target.tags.copy()
        self._target.tags.clear()
        starts = list(map(type, tags)).count(tuple)
        lines = self._waiting[:starts]
        del self._waiting[:starts]
        if was_unfinished and starts:
            self._check_values(tags, lines[0])
        self._count_unfinished(0 if starts or not self._waiting else len(piece))
        return Step(tags, lines, failure)

    def _lines_of_starts(self, piece: bytes) -> Iterator[int]:
        """A line as often as start tags begin in it; moves on to the line at the piece's end."""
        texts = piece.split(b"\n")
        counts: Iterator[int] = map(bytes.count, texts, repeat(b"<"))
        for other in (b"</", b"<?"):  # end tags, and the declaration
            if other in piece:
                counts = map(sub, counts, map(bytes.count, texts, repeat(other)))
        first = self._line
        self._line += len(texts) - 1
        return chain.from_iterable(map(repeat, range(first, self._line + 1), counts))

    def _feed(self, piece: bytes) -> Problem | None:
        try:
            self._parser.feed(piece)
        except etree.XMLSyntaxError as error:
            return self._failure(error)
        return None

    def _close(self) -> Problem | None:
        try:
            self._parser.close()
        except etree.XMLSyntaxError as error:
            return self._failure(error)
        return None

    def _failure(self, error: etree.XMLSyntaxError) -> Problem:
        line, column = error.position
        line = max(1, line or 1) + self._first_line - 1
        column = max(1, column or 1)
        return problems.NOT_WELL_FORMED(line=line, column=column, at_line=line, at_column=column)

    def _check_values(self, tags: list[Tag], line: int) -> None:
        """The first start tag began in an earlier piece, so a value of it may be too long."""
        _, attributes = next(tag for tag in tags if not isinstance(tag, str))
        if any(len(value) > self._most_characters for value in attributes.values()):
            raise DocumentRefused(self._too_long(line))

    def _count_unfinished(self, size: int) -> None:
        """`size`: of a piece during which nothing was finished, else 0."""
        self._unfinished = self._unfinished + size if size else 0
        if self._unfinished > _MOST_UNFINISHED * self._most_characters:
            raise DocumentRefused(self._too_long(self._line))

    def _too_long(self, line: int) -> Problem:
        return problems.VALUE_TOO_LONG(line=line, limit=self._most_characters)


class _TalkativeTarget(_Target):
    """Also tells when text, a comment or an instruction has been read, as a nameless end tag."""

    def data(self, _text: str) -> None:
        self.tags.append("")

    def comment(self, _text: str) -> None:
        self.tags.append("")

    def pi(self, _target: str, _text: str | None = None) -> None:
        self.tags.append("")


class _FeederByLine(_Feeder):
    """For documents with comments and the like, in which a `<` need not begin a tag: fed line by
    line, so that a tag's line is the one that was fed.
    """

    def _make_target(self) -> _Target:
        return _TalkativeTarget()

    def _fed(self, piece: bytes) -> Step:
        step = Step([], [])
        for text in io.BytesIO(piece):
            step = self._fed_text(text, step)
            if step.failure:
                break
        return step

    def _fed_text(self, text: bytes, step: Step) -> Step:
        failure = self._feed(text)
        found = self._target.tags
        first = True
        for tag in found:
            if isinstance(tag, str):
                pass
            elif first and self._waiting and not text.startswith(b"<"):
                step.lines.append(self._waiting[0])
                self._check_values([tag], self._waiting[0])
            else:
                step.lines.append(self._line)
            first = False
        step.tags.extend(tag for tag in found if tag)
        if b"<" in text:
            self._waiting = [self._line]
        self._count_unfinished(0 if found else len(text))
        found.clear()
        self._line += text.endswith(b"\n")
        return Step(step.tags, step.lines, failure)
