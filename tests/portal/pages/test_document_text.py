"""A document as numbered lines, read as a stream."""

import pytest

from slotbridge.portal.pages import document_text
from slotbridge.portal.pages.document_text import LINES, LINES_BEFORE, LONGEST_LINE, window


def shown(text, line=1, encoding="utf-8", by=7):
    data = text.encode(encoding) if isinstance(text, str) else text
    pieces = (data[n : n + by] for n in range(0, len(data), by))
    return window(pieces, encoding, line)


def texts(found):
    return [each.text for each in found.lines]


def test_lines_keep_their_numbers_however_the_document_comes_in_pieces():
    text = "<a>\n  <b/>\n\n</a>"
    for by in range(1, 20):
        found = shown(text, by=by)
        assert [(each.number, each.text) for each in found.lines] == [
            (1, "<a>"),
            (2, "  <b/>"),
            (3, ""),
            (4, "</a>"),
        ]


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1251", "utf-16-le", "cp866", "koi8-r"])
def test_letters_survive_in_every_encoding(encoding):
    assert texts(shown('Title="Осмотр"\nДа', encoding=encoding)) == ['Title="Осмотр"', "Да"]


def test_an_encoding_that_nobody_knows_is_shown_as_well_as_it_goes():
    found = window(iter(["Да".encode(), b"\xff"]), "klingon", 1)

    assert texts(found) == ["Да\N{REPLACEMENT CHARACTER}"]


def test_a_window_around_a_line_says_what_lies_beyond():
    text = "\n".join(f"row {n}" for n in range(1, 2001))

    found = shown(text, line=1000, by=1000)

    assert found.lines[0].number == 1000 - LINES_BEFORE
    assert len(found.lines) == LINES
    assert (found.has_before, found.has_after) == (True, True)
    assert shown(text, line=found.after, by=1000).lines[0].number == found.lines[-1].number + 1
    assert shown(text, line=found.before, by=1000).lines[0].number < found.lines[0].number


def test_nothing_is_read_beyond_the_window():
    read = []

    def pieces():
        for n in range(1_000_000):
            read.append(n)
            yield b"row\n"

    window(pieces(), "utf-8", 1)

    assert len(read) < 2 * LINES


def test_a_line_without_end_is_cut_and_says_so():
    found = shown("x" * (LONGEST_LINE * 3) + "\nnext", by=1000)

    assert [(len(each.text), each.is_cut) for each in found.lines] == [
        (LONGEST_LINE, True),
        (4, False),
    ]


@pytest.mark.parametrize(
    "text",
    [
        '<M ClientKey="SECRET">',
        "<m clientkey = 'SECRET'>",
        '<M CLIENTKEY="SECRET',
        "ClientKey='SECRET' x",
    ],
)
def test_the_client_key_is_masked(text):
    (line,) = texts(shown(text))

    assert "SECRET" not in line
    assert "••••••••" in line


def test_characters_that_would_deceive_the_eye_are_seen():
    assert texts(shown("a\u202eb\x00c\td")) == ["a\ufffdb\ufffdc\td"]


def test_an_empty_document_has_no_lines():
    found = shown("")

    assert (texts(found), found.has_before, found.has_after) == ([], False, False)
    assert (found.before, found.after) == (1, 1)


def test_a_line_beyond_the_end_shows_nothing_and_leads_back():
    found = shown("one\ntwo", line=5000)

    assert (texts(found), found.has_before) == ([], True)
    assert document_text.window(iter([b"one"]), "utf-8", found.before).lines[0].number == 1
