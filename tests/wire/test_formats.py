"""The forms of values: every row of section 6, and what is not accepted."""

from datetime import date

import pytest

from slotbridge.wire.medihost import values
from slotbridge.wire.medihost.model import SyncMode
from slotbridge.wire.medihost.values import Unreadable
from tests.wire.documents import local


def _read(reader, text):
    return tuple(reader(text))


def _code(reader, text):
    with pytest.raises(Unreadable) as error:
        reader(text)
    return error.value.kind.code


@pytest.mark.parametrize(
    ("text", "value", "is_odd"),
    [
        ("01.07.2010", date(2010, 7, 1), False),
        ("1.7.2010", date(2010, 7, 1), False),
        ("2010-07-01", date(2010, 7, 1), True),
        ("01.07.2010 0:00:00", date(2010, 7, 1), True),
        ("01.07.2010 00:00", date(2010, 7, 1), True),
        ("2010-07-01T00:00:00", date(2010, 7, 1), True),
        ("29.02.2012", date(2012, 2, 29), False),
        ("01.01.0001", None, False),
        ("0001-01-01", None, False),
        ("0001-01-01T00:00:00", None, False),
    ],
)
def test_a_date(text, value, is_odd):
    assert _read(values.day, text) == (value, is_odd)


@pytest.mark.parametrize(
    "text",
    [
        *("01.07.10", "31.02.2010", "2010-7-1", "01.07.2010 9:00", "01/07/2010", "1 июля 2010"),
        *("00.07.2010", "01.13.2010", "01.07.0000", "٠١.٠٧.٢٠١٠", "20100701"),
    ],
)
def test_no_date(text):
    assert _code(values.day, text) == "E_DATE"


@pytest.mark.parametrize(
    ("text", "minutes", "is_odd"),
    [
        ("7:00", 420, False),
        ("18:00", 1080, False),
        ("07:00", 420, False),
        ("07:00:00", 420, False),
        ("0:00", 0, False),
        ("24:00", 1440, False),
        ("9:5", 545, True),
    ],
)
def test_a_time(text, minutes, is_odd):
    assert _read(values.wall, text) == (minutes, is_odd)


@pytest.mark.parametrize(
    "text", ["7", "7.00", "24:01", "25:00", "7:60", "07:00:30", "-7:00", "7:000", "07:00:0", "утро"]
)
def test_no_time(text):
    assert _code(values.wall, text) == "E_TIME"


@pytest.mark.parametrize(
    ("text", "value", "is_odd"),
    [
        ("01.07.2010 12:11:02", local("2010-07-01 12:11:02"), False),
        ("1.7.2010 9:00:00", local("2010-07-01 09:00"), False),
        ("05.07.2010 9:00", local("2010-07-05 09:00"), False),
        ("2010-07-05T10:00:00", local("2010-07-05 10:00"), True),
        ("2010-07-05 10:00", local("2010-07-05 10:00"), True),
        ("01.01.0001 0:00:00", None, False),
        ("0001-01-01T00:00:00", None, False),
    ],
)
def test_a_date_and_time(text, value, is_odd):
    assert _read(values.moment, text) == (value, is_odd)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("31.02.2010 12:00:00", "E_DATE"),
        ("05.07.2010", "E_DATE"),
        ("05.07.10 12:00", "E_DATE"),
        ("12:00 05.07.2010", "E_DATE"),
        ("05.07.2010 25:00:00", "E_TIME"),
        ("05.07.2010 24:00:00", "E_TIME"),
        ("05.07.2010 12:60", "E_TIME"),
        ("05.07.2010 9:5", "E_TIME"),
        ("05.07.2010 12:00:00+04:00", "E_TIME"),
        ("2010-07-05T10:00:00Z", "E_TIME"),
        ("2010-07-05T10:00:00+03:00", "E_TIME"),
        ("2010-07-05T9:00", "E_TIME"),
    ],
)
def test_no_date_and_time(text, code):
    assert _code(values.moment, text) == code


def test_only_the_date_is_quoted_if_only_the_date_is_wrong():
    with pytest.raises(Unreadable) as error:
        values.moment("31.02.2010 12:00:00")

    assert error.value.params == {"value": "31.02.2010"}


@pytest.mark.parametrize(
    ("text", "value", "is_odd"),
    [
        ("30", 30, False),
        ("-99999", -99999, False),
        ("+7", 7, False),
        ("007", 7, False),
        ("-0", 0, False),
        ("2 013", 2013, True),
        ("2\u00a0013", 2013, True),
        ("2\u202f013", 2013, True),
        ("30.0", 30, True),
        ("30,00", 30, True),
        (str(2**63 - 1), 2**63 - 1, False),
        (str(-(2**63)), -(2**63), False),
    ],
)
def test_an_integer(text, value, is_odd):
    assert _read(values.integer, text) == (value, is_odd)


@pytest.mark.parametrize("text", ["30,5", "1_000", "x", "-", "٣", "1e3", "--1", ".0", "0x1F"])
def test_no_integer(text):
    assert _code(values.integer, text) == "E_INTEGER"


@pytest.mark.parametrize("text", [str(2**63), str(-(2**63) - 1), "9" * 60_000])
def test_an_integer_of_more_than_64_bits(text):
    assert _code(values.integer, text) == "E_RANGE"


@pytest.mark.parametrize(("text", "value"), [("1", 1), ("1440", 1440), ("0", None)])
def test_a_time_step(text, value):
    assert values.time_step(text).value == value


@pytest.mark.parametrize(
    ("text", "code"), [("-1", "E_RANGE"), ("1441", "E_RANGE"), ("half", "E_INTEGER")]
)
def test_no_time_step(text, code):
    assert _code(values.time_step, text) == code


@pytest.mark.parametrize("text", ["1", "44640", "30,0"])
def test_a_duration(text):
    assert isinstance(values.duration(text).value, int)


@pytest.mark.parametrize("text", ["0", "-30", "44641", "30,5", "half"])
def test_no_duration(text):
    assert _code(values.duration, text) == "E_RANGE"


@pytest.mark.parametrize("text", ["2", "4", "-1", "accepted", "1,5"])
def test_no_status(text):
    assert _code(values.status, text) == "E_STATUS"


@pytest.mark.parametrize("text", ["0", "1", "3"])
def test_a_status(text):
    assert values.status(text).value == int(text)


@pytest.mark.parametrize("text", ["full", "FULL", "Full"])
def test_an_enumeration_in_any_case(text):
    assert values.sync_mode(text).value is SyncMode.FULL


@pytest.mark.parametrize("text", ["{9ddde578-ab}", "9DDDE578-AB", "9ddde578-ab", "{ 9DDDE578-AB }"])
def test_a_key_in_any_case_with_or_without_braces(text):
    assert values.guid(text).value == "9DDDE578-AB"


def test_empty_braces_are_no_key():
    assert values.guid("{}").value is None


def test_a_long_unreadable_value_is_quoted_in_part():
    with pytest.raises(Unreadable) as error:
        values.day("x" * 1000)

    assert error.value.params == {"value": "x" * 40 + "…"}
