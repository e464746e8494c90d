"""A received document as lines to look at: a window of it, decoded, with the client key masked."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

LINES_BEFORE = 40
LINES = 400
LONGEST_LINE = 4000  # characters; some programs write all of it into one line

_KEY = re.compile(r"""(clientkey\s*=\s*["'])[^"']*""", re.IGNORECASE)
# A browser would show them as nothing, or as something else.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    text: str
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Window:
    """`lines` from somewhere in a document of `has_before`, these, and `has_after`."""

    lines: list[Line]
    has_before: bool
    has_after: bool

    @property
    def before(self) -> int:
        """Which line to ask for to see what comes before."""
        return max(1, self.lines[0].number - LINES + LINES_BEFORE) if self.lines else 1

    @property
    def after(self) -> int:
        return self.lines[-1].number + 1 + LINES_BEFORE if self.lines else 1


def window(pieces: Iterator[bytes], encoding: str, line: int) -> Window:
    """The lines around `line` (the first is 1). Reads no further than it shows; in memory are one
    piece and the window.
    """
    first = max(1, line - LINES_BEFORE)
    shown: list[Line] = []
    for number, (text, is_cut) in enumerate(_lines(_decoded(pieces, encoding)), start=1):
        if number >= first + LINES:
            return Window(shown, has_before=first > 1, has_after=True)
        if number >= first:
            shown.append(Line(number, _readable(text), is_cut))
    return Window(shown, has_before=first > 1, has_after=False)


def _decoded(pieces: Iterator[bytes], encoding: str) -> Iterator[str]:
    """What cannot be decoded is shown as a replacement character, not refused."""
    try:
        decoder = codecs.getincrementaldecoder(encoding or "utf-8")("replace")
    except LookupError:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for piece in pieces:
        yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)


def _lines(texts: Iterator[str]) -> Iterator[tuple[str, bool]]:
    """Lines as the parser counts them; of an endless one only the beginning is kept."""
    kept, is_cut = "", False
    for text in texts:
        head, *rest = text.split("\n")
        kept, is_cut = _more(kept, head, is_cut=is_cut)
        for part in rest:
            yield kept, is_cut
            kept, is_cut = _more("", part, is_cut=False)
    if kept or is_cut:
        yield kept, is_cut


def _more(kept: str, part: str, *, is_cut: bool) -> tuple[str, bool]:
    room = LONGEST_LINE - len(kept)
    return kept + part[:room], is_cut or len(part) > room


def _readable(text: str) -> str:
    masked = _KEY.sub(r"\1••••••••", text.lstrip("\ufeff"))
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", masked)
