"""From a document's bytes to clean UTF-8 (U-16), in pieces: first looked over, then given out.

The whole document is looked over before a parser sees any of it, so that a document that is too
large, is no text or has a DOCTYPE is refused by reading alone.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import dropwhile
from typing import BinaryIO

from slotbridge.wire.medihost import problems
from slotbridge.wire.medihost.problems import DocumentRefused, Problem

PIECE = 64 * 1024
_HEAD = 1024  # a declaration lies within
_CONTROLS = bytes(byte for byte in range(32) if byte not in b"\t\n\r")  # forbidden by XML
_BLANK = b" \t\r\n"
_DOCTYPE = b"<!DOCTYPE"
_BEGIN = re.compile(rb"<\?xml[ \t\r\n]")
_DECLARATION = re.compile(r"<\?xml\s[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._:-]+)[\"']")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Names that declarations use -> Python's.
_SINGLE_BYTE = {
    "windows-1251": "windows-1251",
    "cp1251": "windows-1251",
    "cp-1251": "windows-1251",
    "win-1251": "windows-1251",
    "x-cp1251": "windows-1251",
    "koi8-r": "koi8-r",
    "cp866": "cp866",
    "ibm866": "cp866",
    "iso-8859-5": "iso-8859-5",
}
_SAME = {"utf8": "utf-8", "utf-16-le": "utf-16", "utf-16-be": "utf-16"}


@dataclass(frozen=True, slots=True)
class Survey:
    """What a look over all bytes of a document has shown.

    `encoding` as people call it, `codec` as Python does; `offset`: bytes of the byte order mark;
    `first_line`: the line at which the text begins behind leading white space; `is_plain`: there
    are no comments, CDATA sections or processing instructions.
    """

    encoding: str
    codec: str
    offset: int
    first_line: int
    has_controls: bool
    is_plain: bool
    warnings: tuple[Problem, ...] = ()


def survey(stream: BinaryIO, most_bytes: int) -> Survey:
    """Raises DocumentRefused: too large, empty, undecodable, DOCTYPE, in this order."""
    if stream.seek(0, io.SEEK_END) > most_bytes:
        raise DocumentRefused(problems.TOO_MANY_BYTES(limit=most_bytes))
    codec, offset, warning = _decide(stream)
    found = _Findings()
    for piece in _utf8(stream, codec, offset):
        found.add(piece)
    if not found.has_text:
        raise DocumentRefused(problems.NO_DOCUMENT())
    if found.doctype_line:
        raise DocumentRefused(problems.HAS_DTD(line=found.doctype_line))
    warnings = [warning] if warning else []
    if found.controls:
        warnings.append(problems.CONTROLS_REMOVED(line=found.control_line, count=found.controls))
    return Survey(
        encoding=_SAME.get(codec, codec),
        codec=codec,
        offset=offset,
        first_line=found.first_line,
        has_controls=found.controls > 0,
        is_plain=found.is_plain,
        warnings=tuple(warnings),
    )


def clean_pieces(stream: BinaryIO, seen: Survey) -> Iterator[bytes]:
    """The document in UTF-8 without byte order mark, leading white space and control characters.

    No piece holds more characters than PIECE.
    """
    pieces = _utf8(stream, seen.codec, seen.offset)
    if seen.has_controls:
        pieces = (piece.translate(None, _CONTROLS) for piece in pieces)
    begun = dropwhile(lambda piece: not piece.strip(_BLANK), pieces)
    yield next(begun).lstrip(_BLANK)  # the survey has seen some text
    yield from begun


class _Findings:
    """Gathers what matters from clean pieces of a document."""

    def __init__(self) -> None:
        self.has_text = False
        self.is_plain = True
        self.first_line = 1
        self.controls = 0
        self.control_line = 0
        self.doctype_line = 0
        self._line = 1  # at which the next piece begins
        self._tail = b""

    def add(self, piece: bytes) -> None:
        clean = piece.translate(None, _CONTROLS)
        if len(clean) < len(piece):
            self._note_controls(piece, len(piece) - len(clean))
        if not self.has_text:
            clean = self._without_blanks(clean)
        text = self._tail + clean
        self._look_for_markup(text)
        self._tail = text[1 - len(_DOCTYPE) :]
        self._line += clean.count(b"\n")

    def _without_blanks(self, clean: bytes) -> bytes:
        """What is left of white space before the document, and of the mark that begins it."""
        begun = clean.lstrip(_BLANK)
        self._line += clean.count(b"\n") - begun.count(b"\n")
        self.first_line = self._line
        self.has_text = bool(begun)
        return begun[len(b"<?xml") :] if _BEGIN.match(begun) else begun

    def _note_controls(self, piece: bytes, count: int) -> None:
        if not self.controls:
            first = next(at for at, byte in enumerate(piece) if byte in _CONTROLS)
            self.control_line = self._line + piece.count(b"\n", 0, first)
        self.controls += count

    def _look_for_markup(self, text: bytes) -> None:
        """`text` begins with the former piece's last bytes: a mark may lie across both."""
        # One byte is found much faster than two.
        if not (b"!" in text and b"<!" in text) and not (b"?" in text and b"<?" in text):
            return
        self.is_plain = False
        at = text.find(_DOCTYPE)
        if at >= 0 and not self.doctype_line:
            self.doctype_line = self._line + text.count(b"\n", len(self._tail), at)


def _decide(stream: BinaryIO) -> tuple[str, int, Problem | None]:
    """(codec, bytes of the byte order mark, a warning): the bytes decide (U-16)."""
    stream.seek(0)
    head = stream.read(_HEAD)
    mark = next(((bom, codec) for bom, codec in _BOMS if head.startswith(bom)), None)
    if mark is not None:
        bom, codec = mark
        if codec == "utf-8":
            for _ in _decoded(stream, codec):
                pass
        return codec, len(bom), _difference(_declared(head, codec), codec)
    if wide := _without_mark(head):
        return wide, 0, _difference(_declared(head, wide), wide)
    declared = _declared(head, "latin-1")
    if _is_utf8(stream):
        return "utf-8", 0, _difference(declared, "utf-8")
    if declared in _SINGLE_BYTE:
        return _SINGLE_BYTE[declared], 0, None
    if declared:
        return "windows-1251", 0, _ignored(declared, "windows-1251")
    return "windows-1251", 0, problems.ENCODING_GUESSED(encoding="windows-1251")


def _without_mark(head: bytes) -> str:
    """UTF-16 without a byte order mark shows itself: a document begins with ASCII characters."""
    if head[1:4:2] == b"\0\0":
        return "utf-16-le"
    return "utf-16-be" if head[0:3:2] == b"\0\0" else ""


def _declared(head: bytes, codec: str) -> str:
    text = head.decode(codec, errors="ignore").lstrip("\ufeff").translate(_DROPPED).lstrip()
    found = _DECLARATION.match(text)
    return found[1].lower() if found else ""


_DROPPED = dict.fromkeys(_CONTROLS)


def _difference(declared: str, codec: str) -> Problem | None:
    declared = _SAME.get(declared, declared)
    encoding = _SAME.get(codec, codec)
    return _ignored(declared, encoding) if declared not in {"", encoding} else None


def _ignored(declared: str, encoding: str) -> Problem:
    return problems.ENCODING_IGNORED(declared=declared[:40], encoding=encoding)


def _is_utf8(stream: BinaryIO) -> bool:
    try:
        for _ in _decoded(stream, "utf-8"):
            pass
    except DocumentRefused:
        return False
    return True


def _utf8(stream: BinaryIO, codec: str, offset: int) -> Iterator[bytes]:
    """The document in UTF-8, which it is known to be if `codec` says so.

    Raises DocumentRefused (E_ENCODING).
    """
    if codec != "utf-8":
        return (text.encode() for text in _decoded(stream, codec, offset))
    stream.seek(offset)
    return iter(lambda: stream.read(PIECE), b"")


def _decoded(stream: BinaryIO, codec: str, offset: int = 0) -> Iterator[str]:
    """Raises DocumentRefused (E_ENCODING)."""
    stream.seek(offset)
    decoder = codecs.getincrementaldecoder(codec)()
    line = 1
    raw = None
    while raw != b"":
        raw = stream.read(PIECE)
        try:
            text = decoder.decode(raw, final=not raw)
        except UnicodeDecodeError as error:
            good = error.object[: error.start].decode(codec, errors="ignore")
            line += good.count("\n")
            name = _SAME.get(codec, codec)
            raise DocumentRefused(problems.UNDECODABLE(line=line, encoding=name)) from None
        line += text.count("\n")
        yield text
