"""Every sample, as far as its bytes alone say what becomes of it."""

import io
import re
from datetime import date

import pytest

from slotbridge.wire.medihost.hours import working_periods
from slotbridge.wire.medihost.model import SyncMode
from slotbridge.wire.medihost.reader import Batch, Ended, Opened, read
from slotbridge.wire.medihost.writer import write, write_orders
from tests.wire.documents import KEY, found, local, read_text, refusal, sample, samples, told

REFUSED = {
    "billion-laughs.xml": ("E_DTD", 2),
    "duplicate-sections.xml": ("E_SECTION_TWICE", 5),
    "title-10mb.xml.gz": ("E_VALUE_LONG", 4),
    "truncated.xml": ("E_NOT_WELL_FORMED", 110),
    "unescaped-ampersand.xml": ("E_NOT_WELL_FORMED", 3),
    "unknown-syncmode.xml": ("E_SYNC_MODE", 2),
    "wrong-root.xml": ("E_ROOT", 1),
    "xxe.xml": ("E_DTD", 2),
}
# What is told, and the ids of the rows that are given out and count.
READ = {
    "bad-date.xml": ([("E_DATE", 4, "SchedEvent/104", "ReceptionDateTime")], [103]),
    "bad-schedule-date.xml": ([("E_DATE", 6, "", "date")], [1]),
    "break-outside-hours.xml": ([("E_BREAK", 6, "383/06.07.2010", "b_startTime")], [1]),
    "conflicting-spellings.xml": ([("E_CONFLICT", 3, "383/05.07.2010", "w_startTime")], []),
    "control-character.xml": ([("W_CONTROL", 3, "", "")], [120]),
    "declared-1251-bytes-utf8.xml": ([("W_ENCODING", None, "", "")], [111]),
    "duplicate-ids.xml": (
        [
            ("E_DUPLICATE", 4, "391", ""),
            ("E_DUPLICATE", 5, "391", ""),
            ("E_DUPLICATE", 9, "SchedEvent/106", ""),
            ("E_DUPLICATE", 10, "SchedEvent/106", ""),
        ],
        [393, 105],
    ),
    "end-before-start.xml": ([("E_HOURS", 6, "383/06.07.2010", "w_endTime")], [1]),
    "half-break.xml": ([("E_BREAK", 6, "383/06.07.2010", "b_startTime")], [1]),
    "mass-deletion.xml": ([], [393]),
    "missing-client-key.xml": ([], [108]),
    "negative-duration.xml": ([("E_RANGE", 4, "SchedEvent/116", "Duration")], [115]),
    "status-7.xml": ([("E_STATUS", 3, "1", "Status")], [2]),
    "status-backwards.xml": ([], [2]),
    "undeclared-bytes-1251.xml": ([("W_ENCODING", None, "", "")], [112]),
    "unknown-order.xml": ([], [999999]),
    "unknown-resource.xml": ([], [101, 102]),
    "wrong-client-key.xml": ([], [107]),
}


def _ids(document):
    sections = [document.groups, document.resources, document.schedules, document.orders]
    if document.appointments:
        sections.insert(3, document.appointments.rows)
    return [row.id for rows in sections if rows for row in rows]


def test_no_sample_is_left_out():
    assert samples("bad") == sorted(f"bad/{name}" for name in [*REFUSED, *READ])


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_document_is_refused_as_a_whole(name):
    problem = refusal(sample(f"bad/{name}"))

    assert (problem.code, problem.line) == REFUSED[name]


@pytest.mark.parametrize("name", READ)
def test_bad_rows_are_told_and_the_good_ones_count(name):
    body = sample(f"bad/{name}")

    document, _ = read_text(body)

    assert (told(body), _ids(document)) == READ[name]


@pytest.mark.parametrize("name", ["duplicate-sections.xml", "unknown-syncmode.xml"])
def test_a_key_can_be_checked_before_the_sections_are(name):
    pieces = read(io.BytesIO(sample(f"bad/{name}")))

    assert next(pieces) == Opened(KEY, "utf-8")


@pytest.mark.parametrize("name", ["declared-1251-bytes-utf8.xml", "undeclared-bytes-1251.xml"])
def test_russian_text_is_read_whatever_is_declared(name):
    document, _ = read_text(sample(f"bad/{name}"))

    assert document.appointments.rows[0].title == "Печеркина М.И. - повторный прием"


def test_a_control_character_is_taken_out_of_the_title():
    document, _ = read_text(sample("bad/control-character.xml"))

    assert document.appointments.rows[0].title == "Совещаниев 12:00"


def test_the_documents_own_sample_is_read_whole():
    document, problems = read_text(sample("mis-export.xml"))

    assert problems == []
    assert document.client_key == KEY
    assert len(document.groups) == 11
    assert len(document.resources) == 70
    assert sum(each.id < 0 for each in document.resources) == 9
    assert sum(each.group_id is None for each in document.resources) == 49
    assert len(document.schedules) == 27
    assert sum(each.rules[0].break_start is not None for each in document.schedules) == 22
    assert document.appointments.mode is SyncMode.FULL
    assert len(document.appointments.rows) == 1
    assert [(each.id, each.status) for each in document.orders] == [(1, 0), (2, 1)]


def test_writing_the_sample_again_gives_the_same_bytes():
    body = sample("mis-export.xml")
    document, _ = read_text(body)

    written = write(document)

    declaration, rest = written.split(b"\n", 1)
    assert declaration == b'<?xml version="1.0" encoding="UTF-8"?>'
    assert _without_white_space(rest) == _without_white_space(body)


def test_the_samples_orders_are_exported_byte_for_byte():
    document, _ = read_text(sample("mis-export.xml"))

    assert b"".join(write_orders(KEY, document.orders)) == sample("orders-export.xml")


def _without_white_space(body):
    return re.sub(rb">\s+<", b"><", body).strip()


def _one(name):
    document, _ = read_text(sample(f"tolerated/{name}"))
    return document, told(sample(f"tolerated/{name}"))


def test_names_as_in_the_attribute_lists():
    document, problems = _one("table-spelling.xml")

    assert problems == []
    assert working_periods(document.schedules[0].rules) == [(420, 780), (840, 1080)]
    assert (document.orders[0].id, document.orders[0].status) == (1, 1)


def test_windows_1251():
    document, problems = _one("windows-1251.xml")

    assert problems == []
    assert document.appointments.rows[0].title == "Печеркина М.И. - повторный прием"


def test_a_byte_order_mark():
    document, problems = _one("utf8-bom.xml")

    assert problems == []
    assert document.appointments.rows[0].id == 202


def test_odd_formats():
    document, problems = _one("odd-formats.xml")

    first, second = document.appointments.rows
    assert document.client_key == KEY
    assert document.appointments.mode is SyncMode.DIFF
    assert (first.id, first.resource_id, first.start, first.duration) == (
        1203,
        -90,
        local("2010-07-05 09:00"),
        30,
    )
    assert (second.id, second.start, second.duration) == (1204, local("2010-07-05 10:00"), None)
    assert sorted((code, line, attribute) for code, line, _, attribute in problems) == [
        ("W_DEFAULT", 4, "Duration"),
        ("W_FORMAT", 3, "Duration"),
        ("W_FORMAT", 3, "id"),
        ("W_FORMAT", 4, "ReceptionDateTime"),
        ("W_UNKNOWN", 3, "extra"),
    ]


def test_sections_in_reverse_order():
    document, problems = _one("sections-reversed.xml")

    assert [each.id for each in document.groups] == [11]
    assert [each.id for each in document.resources] == [500]
    assert [each.resource_id for each in document.schedules] == [500]
    assert [each.resource_id for each in document.appointments.rows] == [500]
    assert problems == [("W_DEFAULT", 11, "500", "pos"), ("W_DEFAULT", 14, "11", "pos")]


def test_split_and_night_shifts():
    document, problems = _one("split-and-night-shifts.xml")

    hours = [
        (each.resource_id, each.day, working_periods(each.rules)) for each in document.schedules
    ]
    assert hours == [
        (383, date(2010, 7, 5), [(480, 720)]),
        (383, date(2010, 7, 5), [(960, 1200)]),
        (-97, date(2010, 7, 5), [(1200, 1440)]),
        (-97, date(2010, 7, 6), [(0, 480)]),
        (-97, date(2010, 7, 7), []),
    ]
    assert problems == [("W_NO_HOURS", 15, "-97/07.07.2010", "")]


def test_orders_sent_back_as_they_are():
    document, problems = _one("orders-unchanged.xml")

    assert problems == []
    assert [(each.id, each.status) for each in document.orders] == [(1, 0), (2, 1)]


def test_a_bad_row_counts_as_received():
    events = found(sample("bad/bad-date.xml"))

    assert [len(each.rows) for each in events if isinstance(each, Batch)] == [1]
    assert [each.received for each in events if isinstance(each, Ended)] == [2]
