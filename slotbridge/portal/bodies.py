"""Takes fields out of a request's body as raw bytes, in all the ways that clients post (U-5).

A framework decodes form fields as UTF-8 with replacement characters, which destroys windows-1251
text before anybody can look at it. Here nothing is decoded, and nothing is kept in memory but a
piece: values go to temporary files.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, Protocol, cast
from urllib.parse import unquote_to_bytes

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, UnreadablePostError
from django.utils.translation import gettext_noop as _
from python_multipart import MultipartParser, QuerystringParser
from python_multipart.decoders import Base64Decoder, QuotedPrintableDecoder
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from slotbridge.wire.medihost.problems import TOO_MANY_BYTES, DocumentRefused, Kind, Problem

PIECE = 128 * 1024
IN_MEMORY = 1024 * 1024  # of a value; a larger one goes to disk
LONGEST_NAME = 200
# A byte is three characters when percent-encoded; the rest is for the form around the values.
SPREAD, FORM = 3, 64 * 1024

_AS_QUOTED_PRINTABLE = bytes.maketrans(b"%+", b"= ")


_UNREADABLE = Kind("E_NO_XML", _("The form cannot be read."))
_TWICE = Kind("E_NO_XML", _("The form holds the field %(name)s more than once."))


class TooLarge(DocumentRefused):
    """More than may be kept: nothing of it was."""

    def __init__(self, most: int) -> None:
        super().__init__(TOO_MANY_BYTES(limit=most))


class NotAForm(DocumentRefused):
    """A form by its content type, but not by its bytes, or one that leaves open what is meant."""

    def __init__(self, problem: Problem | None = None) -> None:
        super().__init__(problem or _UNREADABLE())


class Value:
    """The bytes of one field, in a temporary file; more than `most` raise TooLarge."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.size = 0
        self.file = cast("BinaryIO", SpooledTemporaryFile(max_size=IN_MEMORY))  # noqa: SIM115 - receive() closes it

    def write(self, data: bytes) -> None:
        self.size += len(data)
        if self.size > self.most:
            raise TooLarge(self.most)
        self.file.write(data)

    def text(self) -> str:
        """Of a short value."""
        self.file.seek(0)
        return self.file.read().decode(errors="replace")


Form = dict[str, Value]


@contextmanager
def receive(
    request: HttpRequest, wanted: Mapping[str, int], *, raw: str | None = None
) -> Iterator[Form]:
    """The fields of the body that are in `wanted` (name -> most bytes), each at its start.

    `raw`: the field that a body with an XML or no content type is, as a whole. Other content types
    hold no field. Raises TooLarge, NotAForm.
    """
    with ExitStack() as files:
        form = _Form(wanted, files)
        reader = _reader(request, form, raw)
        if reader is not None:
            _read(request, reader)
        for value in form.values.values():
            value.file.seek(0)
        yield form.values


def percent_decoded(data: bytes) -> bytes:
    """As the form's encoding has it: "+" is a space, a "%" without two digits is itself.

    Once the few characters that mean something else there are out of the way, percent-encoding is
    quoted-printable, which the standard library decodes thirty times as fast.
    """
    quoted = data.replace(b"=", b"%3D").replace(b"\r", b"%0D").replace(b"\n", b"%0A")
    value = binascii.a2b_qp(quoted.translate(_AS_QUOTED_PRINTABLE))
    if len(quoted) - len(value) == 2 * quoted.count(b"%"):
        return value
    return unquote_to_bytes(data.replace(b"+", b" "))  # some "%" encodes nothing


class _Reader(Protocol):
    most: int

    def write(self, data: bytes) -> None: ...

    def finish(self) -> None: ...


class _Form:
    """Values of the wanted fields; the others are passed over."""

    def __init__(self, wanted: Mapping[str, int], files: ExitStack) -> None:
        self.wanted = wanted
        self.files = files
        self.values: Form = {}
        self.most = SPREAD * sum(wanted.values()) + FORM

    def begin(self, name: bytes) -> Value | None:
        field = name.decode("latin-1")
        if field not in self.wanted:
            return None
        if field in self.values:
            raise NotAForm(_TWICE(name=field))
        value = self.values[field] = Value(self.wanted[field])
        self.files.callback(value.file.close)
        return value


class _Raw:
    """The body is the value."""

    def __init__(self, form: _Form, name: str) -> None:
        self.most = form.wanted[name]
        self._value = Value(self.most)
        self.write = self._value.write
        form.files.callback(self._value.file.close)
        form.values[name] = self._value

    def finish(self) -> None:
        """Nothing is open."""


class _UrlEncoded:
    """application/x-www-form-urlencoded."""

    def __init__(self, form: _Form) -> None:
        self.most = form.most
        self._form = form
        self._name = bytearray()
        self._is_named = False
        self._value: Value | None = None
        self._rest = b""  # the beginning of an escape whose end is in the next piece
        self._parser = QuerystringParser(
            {
                "on_field_start": self._start,
                "on_field_name": self._more_name,
                "on_field_data": self._more_data,
                "on_field_end": self._end,
            }
        )

    def write(self, data: bytes) -> None:
        self._parser.write(data)

    def finish(self) -> None:
        self._parser.finalize()

    def _start(self) -> None:
        self._name.clear()
        self._is_named = False

    def _more_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start : min(end, start + LONGEST_NAME + 1)]
        del self._name[LONGEST_NAME + 1 :]

    def _begin(self) -> None:
        if not self._is_named:
            self._is_named = True
            self._value = self._form.begin(percent_decoded(bytes(self._name)))

    def _more_data(self, data: bytes, start: int, end: int) -> None:
        self._begin()
        if self._value is None:
            return
        encoded = self._rest + data[start:end]
        cut = encoded.rfind(b"%", max(len(encoded) - 2, 0))
        whole, self._rest = (encoded, b"") if cut < 0 else (encoded[:cut], encoded[cut:])
        self._value.write(percent_decoded(whole))

    def _end(self) -> None:
        self._begin()
        if self._value is not None:
            self._value.write(percent_decoded(self._rest))
        self._rest = b""


class _Multipart:
    """multipart/form-data: a value or a file part, and the transfer encodings of old clients."""

    def __init__(self, form: _Form, boundary: bytes) -> None:
        self.most = form.most
        self._form = form
        self._header = (bytearray(), bytearray())
        self._headers: dict[bytes, bytes] = {}
        self._into: _Sink | None = None
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._start,
                "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
                "on_header_end": self._end_header,
                "on_headers_finished": self._begin,
                "on_part_data": self._more_data,
                "on_part_end": self._end,
            },
        )

    def write(self, data: bytes) -> None:
        self._parser.write(data)

    def finish(self) -> None:
        self._end()  # a form that was cut off: its document will prove to be cut off as well

    def _start(self) -> None:
        self._headers = {}

    def _end_header(self) -> None:
        name, value = self._header
        self._headers[bytes(name).lower()] = bytes(value).strip()
        name.clear()
        value.clear()

    def _begin(self) -> None:
        disposition = self._headers.get(b"content-disposition", b"").decode("latin-1")
        value = self._form.begin(parse_options_header(disposition)[1].get(b"name", b""))
        encoding = self._headers.get(b"content-transfer-encoding", b"")
        self._into = None if value is None else _Sink(value, encoding)

    def _more_data(self, data: bytes, start: int, end: int) -> None:
        if self._into is not None:
            self._into.write(data[start:end])

    def _end(self) -> None:
        if self._into is not None:
            self._into.finish()
        self._into = None


class _Sink:
    """A part's bytes, out of their transfer encoding."""

    def __init__(self, value: Value, encoding: bytes) -> None:
        self._value = value
        self._decoder: Base64Decoder | QuotedPrintableDecoder | None = None
        self._drops = b""
        if encoding.lower() == b"base64":
            self._decoder, self._drops = Base64Decoder(value), b"\r\n \t"
        elif encoding.lower() == b"quoted-printable":
            self._decoder = QuotedPrintableDecoder(value)

    def write(self, data: bytes) -> None:
        if self._decoder is None:
            self._value.write(data)
        else:
            self._decoder.write(data.translate(None, self._drops))

    def finish(self) -> None:
        if self._decoder is not None:
            self._decoder.finalize()


def _reader(request: HttpRequest, form: _Form, raw: str | None) -> _Reader | None:
    kind, options = parse_options_header(request.META.get("CONTENT_TYPE", ""))
    if kind == b"application/x-www-form-urlencoded":
        return _UrlEncoded(form)
    if kind == b"multipart/form-data":
        try:
            return _Multipart(form, options[b"boundary"])
        except (KeyError, FormParserError):
            raise NotAForm from None
    is_xml = kind in {b"", b"application/xml", b"text/xml"} or kind.endswith(b"+xml")
    return _Raw(form, raw) if raw is not None and is_xml else None


def _read(request: HttpRequest, reader: _Reader) -> None:
    stream = _stream(request)
    try:
        _refuse_by_length(request, reader.most)
        for data in _pieces(stream, reader.most):
            reader.write(data)
        reader.finish()
    except TooLarge:
        _drain(request, stream, reader.most)
        raise
    except (FormParserError, UnreadablePostError):
        raise NotAForm from None


def _pieces(stream: BinaryIO, most: int) -> Iterator[bytes]:
    size = 0
    while data := stream.read(PIECE):
        size += len(data)
        if size > most:
            raise TooLarge(most)
        yield data


def _stream(request: HttpRequest) -> BinaryIO:
    """Django reads as much as Content-Length says, so nothing of a body sent in chunks; a server
    that ends its input by itself may be read to the end.
    """
    environ = cast("WSGIRequest", request).environ
    if not environ.get("CONTENT_LENGTH") and environ.get("wsgi.input_terminated"):
        return cast("BinaryIO", environ["wsgi.input"])
    return cast("BinaryIO", request)


def _refuse_by_length(request: HttpRequest, most: int) -> None:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdecimal() and int(length) > most:
        raise TooLarge(most)


def _drain(request: HttpRequest, stream: BinaryIO, most: int) -> None:
    """Passes over the rest, as long as it is no more than a document again: a client that is
    still sending does not look at the answer. One that asked first ("100-continue") need not send.
    """
    if "100-continue" in request.headers.get("Expect", "").lower():
        return
    left = most
    try:
        while left > 0 and (data := stream.read(PIECE)):
            left -= len(data)
    except UnreadablePostError:
        return  # it has gone
