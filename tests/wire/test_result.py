from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotbridge.wire.medihost.result import (
    MOST_MESSAGES,
    Message,
    NotAResult,
    Outcome,
    Result,
    SectionCounts,
    read_result,
    write_result,
)
from tests.wire.documents import local
from tests.wire.invented import texts

EXAMPLE = """\
<?xml version="1.0" encoding="UTF-8"?>
<MediExchangeResult Status="partial" ImportID="48213" ReceivedOn="01.07.2010 12:30:04">
  <Section name="Appointments" mode="diff" received="41" added="3" updated="2" unchanged="34" \
removed="0" withheld="0" parked="1" skipped="1"/>
  <Warning code="W_RESOURCE" section="Appointments" line="12" key="SchedEvent/102" \
attribute="resource_id">Resource 777777 is not known; the row is kept and takes effect once it is \
imported.</Warning>
  <Error code="E_DATE" section="Appointments" line="14" key="SchedEvent/104" \
attribute="ReceptionDateTime">31.02.2010 is not a date. The row was skipped; its last good version \
stays.</Error>
</MediExchangeResult>
"""
RESULT = Result(
    Outcome.PARTIAL,
    48213,
    local("2010-07-01 12:30:04"),
    (
        SectionCounts(
            "Appointments",
            "diff",
            received=41,
            added=3,
            updated=2,
            unchanged=34,
            parked=1,
            skipped=1,
        ),
    ),
    (
        Message(
            "W_RESOURCE",
            "Resource 777777 is not known; the row is kept and takes effect once it is imported.",
            section="Appointments",
            line=12,
            key="SchedEvent/102",
            attribute="resource_id",
        ),
        Message(
            "E_DATE",
            "31.02.2010 is not a date. The row was skipped; its last good version stays.",
            section="Appointments",
            line=14,
            key="SchedEvent/104",
            attribute="ReceptionDateTime",
        ),
    ),
)
counts = st.integers(0, 10**9)
results = st.builds(
    Result,
    outcome=st.sampled_from(Outcome),
    import_id=st.none() | counts,
    received_on=st.none()
    | st.datetimes(min_value=datetime.min.replace(year=2)).map(  # noqa: DTZ901 - a local time
        lambda moment: moment.replace(microsecond=0)
    ),
    sections=st.lists(
        st.builds(
            SectionCounts,
            name=texts,
            mode=texts,
            **dict.fromkeys(
                (
                    *("received", "added", "updated", "unchanged"),
                    *("removed", "withheld", "parked", "skipped"),
                ),
                counts,
            ),
        ),
        max_size=3,
    ).map(tuple),
    messages=st.lists(
        st.builds(
            Message,
            code=st.sampled_from(["E_DATE", "W_FORMAT"]),
            text=texts,
            section=texts,
            line=st.none() | counts,
            column=st.none() | counts,
            key=texts,
            attribute=texts,
        ),
        max_size=3,
    ).map(tuple),
)


def test_the_form_of_section_11_2():
    assert write_result(RESULT).decode() == EXAMPLE
    assert read_result(EXAMPLE.encode()) == RESULT


@given(results)
def test_writing_and_reading_a_result_is_identity(result):
    assert read_result(write_result(result)) == result


def test_no_more_than_1000_messages_are_listed_and_errors_come_first():
    warning, error = Message("W_FORMAT", "odd"), Message("E_DATE", "bad")
    result = Result(Outcome.PARTIAL, messages=(*[warning] * MOST_MESSAGES, error))

    read = read_result(write_result(result))

    assert read.messages == (error, *[warning] * (MOST_MESSAGES - 1))


def test_a_result_of_another_hand_is_read_as_far_as_it_goes():
    body = b"""<mediexchangeresult STATUS="OK" importid="x" ReceivedOn="yesterday" more="1">
      <!-- said --><section NAME="Orders" received="two" added="1"/>
      <error code="E_DATE" line="-"/><other/></mediexchangeresult>"""

    assert read_result(body) == Result(
        Outcome.OK,
        sections=(SectionCounts("Orders", added=1),),
        messages=(Message("E_DATE", ""),),
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Bad gateway</body></html>",
        b"<!DOCTYPE html><html Status='ok'/>",
        b"<MediExchangeResult/>",
        b'<MediExchangeResult Status="fine"/>',
        b'<MediExchange Status="ok"/>',
        b'{"status": "ok"}',
        b"\xff\xfe\x00",
    ],
)
def test_another_programs_answer_is_no_result(body):
    with pytest.raises(NotAResult):
        read_result(body)
