"""The bytes decide about the encoding (U-16); what XML forbids is taken out."""

import pytest

from slotbridge.wire.medihost.reader import Limits, Opened
from tests.wire.documents import appointment, appointments, found, read_text, refusal, told

TITLE = "Печеркина Ёлка - приём"
BODY = appointments(appointment(Title=TITLE))


def _declared(name, body=BODY):
    return f'<?xml version="1.0" encoding="{name}"?>\n{body}'


def _title(body):
    read, _ = read_text(body)
    return read.appointments.rows[0].title


def _encoding(body):
    return next(each.encoding for each in found(body) if isinstance(each, Opened))


@pytest.mark.parametrize(
    ("declared", "codec", "encoding"),
    [
        ("windows-1251", "cp1251", "windows-1251"),
        ("Windows-1251", "cp1251", "windows-1251"),
        ("cp1251", "cp1251", "windows-1251"),
        ("KOI8-R", "koi8-r", "koi8-r"),
        ("CP866", "cp866", "cp866"),
        ("ISO-8859-5", "iso8859-5", "iso-8859-5"),
        ("UTF-8", "utf-8", "utf-8"),
        ("utf8", "utf-8", "utf-8"),
        ("UTF-8", "utf-8-sig", "utf-8"),
        ("UTF-16", "utf-16", "utf-16"),
        ("UTF-16LE", "utf-16-le", "utf-16"),
        ("UTF-16BE", "utf-16-be", "utf-16"),
    ],
)
def test_a_declared_encoding(declared, codec, encoding):
    body = _declared(declared).encode(codec)

    assert (_title(body), _encoding(body)) == (TITLE, encoding)
    if not declared.startswith("UTF-16") or codec == "utf-16":
        assert told(body) == []


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (_declared("windows-1251").encode(), "utf-8"),
        (_declared("windows-1251").encode("utf-8-sig"), "utf-8"),
        (_declared("UTF-8").encode("cp1251"), "windows-1251"),
        (_declared("UTF-16").encode("cp1251"), "windows-1251"),
        (_declared("Shift_JIS").encode("cp1251"), "windows-1251"),
        (_declared("Shift_JIS").encode(), "utf-8"),
        (_declared("UTF-8").encode("utf-16"), "utf-16"),
        (BODY.encode("cp1251"), "windows-1251"),
    ],
)
def test_the_bytes_win_over_the_declaration_with_a_warning(body, encoding):
    assert (_title(body), _encoding(body)) == (TITLE, encoding)
    assert [code for code, *_ in told(body)] == ["W_ENCODING"]


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_without_a_declaration_the_bytes_suffice(codec):
    body = BODY.encode(codec)

    assert _title(body) == TITLE
    assert told(body) == []


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (_declared("windows-1251").encode("cp1251").replace("Ё".encode("cp1251"), b"\x98"), 4),
        (b"\xef\xbb\xbf" + BODY.encode("cp1251"), 3),
        (BODY.encode("utf-16")[:-1], 5),
    ],
)
def test_bytes_that_are_no_text_are_refused(body, line):
    problem = refusal(body)

    assert (problem.code, problem.line) == ("E_ENCODING", line)


def test_the_declaration_is_found_behind_white_space_and_the_lines_still_count():
    body = "\n\r\n \t" + _declared("KOI8-R")

    read, _ = read_text(body.encode("koi8-r"))
    broken = refusal(body.replace("Duration=", "Duration").encode("koi8-r"))

    assert read.appointments.rows[0].title == TITLE
    assert (broken.code, broken.line) == ("E_NOT_WELL_FORMED", 6)


def test_control_characters_are_removed_and_told_of_once_with_the_first_line():
    body = "\x00" + BODY.replace("Ёлка", "Ё\x01л\x0bка").replace("</App", "\x1f</App")

    read, (problem,) = read_text(body)

    assert read.appointments.rows[0].title == TITLE
    assert (problem.code, problem.line, dict(problem.params)) == ("W_CONTROL", 1, {"count": 4})


def test_control_characters_far_apart_and_much_white_space_in_front():
    far = BODY.replace("</App", f"{' ' * 70_000}\x02</App").replace("Ёлка", "Ёл\x02ка")

    read, problems = read_text(f"{' ' * 70_000}\n\x03{' ' * 70_000}\n{far}")

    assert read.appointments.rows[0].title == TITLE
    assert [(each.line, each.params["count"]) for each in problems] == [(2, 3)]


def test_tabs_and_line_breaks_are_no_control_characters_but_blanks():
    assert _title(BODY.replace("Ёлка - ", "Ёлка\t-\n")) == TITLE


@pytest.mark.parametrize(
    "body", [b"", b"  \r\n", b"\xef\xbb\xbf", b"\xff\xfe", b"\x00\x01", b"\xef\xbb\xbf \n\x00"]
)
def test_an_empty_document_is_none(body):
    assert refusal(body).code == "E_NO_XML"


@pytest.mark.parametrize("codec", ["utf-8", "cp1251", "utf-16"])
def test_the_order_of_checks_size_before_encoding_before_doctype_before_root(codec):
    doctype = "<!DOCTYPE x><Exchange>Ё</Exchange>"
    assert refusal(doctype.encode(codec), Limits(size=5)).code == "E_TOO_LARGE"
    assert refusal(b"\xef\xbb\xbf\xff" + doctype.encode(codec)).code == "E_ENCODING"
    assert refusal(doctype.encode(codec)).code == "E_DTD"
    assert refusal("<Exchange>".encode(codec)).code == "E_ROOT"
