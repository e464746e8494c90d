"""What is written is what is read."""

import io
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slotbridge.wire.medihost.document import read_document
from slotbridge.wire.medihost.model import Appointment, Document, Occupancy, SyncMode
from slotbridge.wire.medihost.reader import read
from slotbridge.wire.medihost.writer import write, write_orders, write_pieces
from tests.wire.documents import KEY, local
from tests.wire.invented import documents, exported_orders


@settings(suppress_health_check=[HealthCheck.too_slow])  # a document has many values
@given(documents)
def test_writing_and_reading_a_document_is_identity(document):
    again, problems = read_document(write(document))

    assert again == document
    assert {each.code for each in problems} <= {"W_DEFAULT", "W_NO_HOURS", "W_REPEAT"}


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(exported_orders, max_size=2, unique_by=lambda row: row.id))
def test_writing_and_reading_an_answer_with_orders_is_identity(orders):
    body = b"".join(write_orders(KEY, orders))

    again, problems = read_document(body, export=True)

    assert (again, problems) == (Document(client_key=KEY, orders=tuple(orders)), [])


def test_no_orders_are_an_empty_section():
    assert b"".join(write_orders(KEY, [])).decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<MediExchange ClientKey="{KEY}">\n  <Orders/>\n</MediExchange>\n'
    )


def test_an_absent_section_is_not_an_empty_one():
    absent, empty = Document(KEY), Document(KEY, groups=(), appointments=Occupancy(SyncMode.FULL))

    assert read_document(write(absent))[0] == absent
    assert read_document(write(empty))[0] == empty
    assert write(empty) != write(absent)


def test_what_xml_cannot_carry_is_dropped():
    row = Appointment("T", 1, 2, local("2010-07-05 12:00"), 30, "a\x00b\x0b\ud800\uffff<\ufffe")

    (again,) = read_document(write(_one(row)))[0].appointments.rows

    assert again.title == "ab<"


def test_a_large_document_is_written_in_pieces():
    row = Appointment("T", 1, 2, local("2010-07-05 12:00"), 30, "занято")
    document = _one(*(row._replace(id=number) for number in range(3000)))

    pieces = list(write_pieces(document))

    assert len(pieces) > 3
    assert max(map(len, pieces)) < 200_000
    assert read_document(b"".join(pieces))[0] == document


def test_nothing_that_holds_people_shows_them_by_accident():
    document = replace(_one(), client_key="СЕКРЕТ")

    shown = repr(document) + "".join(map(repr, _opened(write(document))))

    assert "СЕКРЕТ" not in shown


def _one(*rows):
    return Document(KEY, appointments=Occupancy(SyncMode.FULL, rows))


def _opened(body):
    return read(io.BytesIO(body))
