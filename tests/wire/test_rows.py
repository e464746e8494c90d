"""What becomes of a row: defaults, limits, hours, and rows that contradict each other."""

import pytest

from slotbridge.wire.medihost.hours import working_periods
from slotbridge.wire.medihost.model import Rule, SyncMode
from slotbridge.wire.medihost.reader import Ended
from tests.wire.documents import (
    appointment,
    appointments,
    day,
    document,
    found,
    read_text,
    schedules,
    section,
    told,
)


def _codes(body, **options):
    return [code for code, *_ in told(body, **options)]


def _resources(*rows):
    return document(section("Resources", *(f"<r {row}/>" for row in rows)))


# Values that are missing


@pytest.mark.parametrize("step", ["", 'time_step=""', 'time_step="0"', 'time_step="0,0"'])
def test_a_missing_step_is_30_minutes(step):
    read, problems = read_text(_resources(f'id="1" name="Н" pos="0" {step}'))

    assert read.resources[0].time_step == 30
    assert [(each.code, each.attribute, str(each)) for each in problems] == [
        ("W_DEFAULT", "time_step", "The value is missing; 30 was used.")
    ]


def test_a_missing_mode_deletes_nothing():
    for attributes in ["", 'SyncMode=""', 'SyncMode=" "']:
        read, problems = read_text(document(f"<Appointments {attributes}/>"))

        assert read.appointments.mode is SyncMode.DIFF
        assert [each.code for each in problems] == ["W_DEFAULT"]


def test_a_missing_table_is_an_empty_name():
    read, problems = read_text(appointments(appointment(tablename="  ")))

    assert read.appointments.rows[0].tablename == ""
    assert [(each.code, each.key) for each in problems] == [("W_DEFAULT", "/1")]


def test_the_name_of_a_table_is_trimmed_and_then_compared_exactly():
    read, problems = read_text(
        appointments(appointment(tablename=" T "), appointment(tablename="t"))
    )

    assert [row.tablename for row in read.appointments.rows] == ["T", "t"]
    assert problems == []


def test_a_missing_group_or_title_is_nothing_to_tell():
    read, problems = read_text(_resources('id="0" name="Н" time_step="20" group_id="" pos="-1"'))
    assert (read.resources[0].group_id, problems) == (None, [])

    read, problems = read_text(appointments(appointment(Title=None)))
    assert (read.appointments.rows[0].title, problems) == ("", [])


@pytest.mark.parametrize("name", ["id", "resource_id", "ReceptionDateTime"])
@pytest.mark.parametrize("text", [None, "", "  "])
def test_a_required_value_that_is_missing_skips_the_row(name, text):
    read, problems = read_text(appointments(appointment(**{name: text})))

    assert read.appointments.rows == ()
    assert [(each.code, each.attribute) for each in problems] == [("E_MISSING", name)]


def test_an_empty_date_of_1c_is_missing():
    body = appointments(appointment(ReceptionDateTime="01.01.0001 0:00:00"))

    assert _codes(body) == ["E_MISSING"]


def test_all_problems_of_a_row_are_told():
    body = appointments('tablename="T" resource_id="x" ReceptionDateTime="y" Duration="z"')

    assert [(code, attribute) for code, _, _, attribute in told(body)] == [
        ("E_MISSING", "id"),
        ("E_INTEGER", "resource_id"),
        ("E_DATE", "ReceptionDateTime"),
        ("E_RANGE", "Duration"),
    ]


# Texts


def test_a_long_title_is_cut_and_the_time_counts():
    read, problems = read_text(appointments(appointment(Title="ы" * 1001)))

    assert read.appointments.rows[0].title == "ы" * 1000
    assert [(each.code, each.key, each.attribute) for each in problems] == [
        ("W_LONG", "T/1", "Title")
    ]


def test_a_title_of_just_the_limit_is_kept():
    read, problems = read_text(appointments(appointment(Title="ы" * 1000)))

    assert (len(read.appointments.rows[0].title), problems) == (1000, [])


@pytest.mark.parametrize(
    "body",
    [
        _resources(f'id="1" name="{"Н" * 251}" time_step="30" pos="0"'),
        document(section("ResourceGroups", f'<rg id="1" name="{"Н" * 251}" pos="0"/>')),
        appointments(appointment(tablename="T" * 129)),
        document(section("Orders", f'<o ID="1" Status="1" Comment="{"x" * 2001}"/>')),
    ],
)
def test_another_text_over_its_limit_skips_the_row(body):
    assert _codes(body) == ["E_LONG"]


def test_a_name_of_250_characters_is_kept():
    assert _codes(_resources(f'id="1" name="{"Н" * 250}" time_step="30" pos="0"')) == []


# Many alike


def test_the_same_oddity_is_told_of_twenty_times_and_then_counted():
    rows = [appointment(id=str(number), Duration=None) for number in range(30)]

    read, problems = read_text(appointments(*rows))

    assert len(read.appointments.rows) == 30
    assert [each.line for each in problems] == [*range(3, 23), None]
    assert str(problems[-1]) == "The same in 10 more places of this section."
    assert problems[-1].code == "W_DEFAULT"


def test_every_error_is_told():
    rows = [appointment(id=str(number), Duration="0") for number in range(1500)]

    assert len(told(appointments(*rows))) == 1500


# Orders


def test_an_import_of_an_order_needs_its_id_and_status():
    assert _codes(document(section("Orders", '<o ID="1"/>', '<o Status="1"/>'))) == [
        "E_MISSING",
        "E_MISSING",
    ]


def test_an_absent_or_empty_attribute_of_an_order_is_none():
    read, _ = read_text(document(section("Orders", '<o ID="1" Status="1" Comment="" Name1=" "/>')))

    assert set(read.orders[0][2:]) == {None}


def test_what_the_portal_owns_need_not_be_readable_in_an_import():
    order = 'ID="1" Status="3" order_date="never" LastChangedOn="31.02.2010 9:00" Type="x"'

    read, problems = read_text(document(section("Orders", f"<o {order}/>")))

    assert (read.orders[0].status, read.orders[0].changed_on) == (3, None)
    assert [(each.code, each.attribute) for each in problems] == [
        ("W_FORMAT", "order_date"),
        ("W_FORMAT", "Type"),
        ("W_FORMAT", "LastChangedOn"),
    ]


def test_what_the_clinic_owns_must_be_readable():
    order = 'ID="1" Status="1" Reception_Datetime="31.02.2010 9:00" Duration="0" MW_Resource_ID="x"'

    assert _codes(document(section("Orders", f"<o {order}/>"))) == [
        "E_INTEGER",
        "E_DATE",
        "E_RANGE",
    ]


def test_an_export_needs_all_that_an_order_has():
    body = '<Orders><o ID="1" Status="0" user_name="Мария"/></Orders>'

    read, problems = read_text(body, export=True)

    assert (read.client_key, read.orders) == ("", ())
    assert sorted(each.attribute for each in problems) == sorted(
        [
            *("order_date", "Resource_Name", "Resource_ID", "Reception_Datetime", "Duration"),
            *("Type", "Name1", "Name2", "LastChangedOn"),
        ]
    )


# Hours


def _rule(start, end, break_start=None, break_end=None):
    given = {"w_startTime": start, "w_endTime": end}
    given |= {"b_startTime": break_start, "b_endTime": break_end}
    return " ".join(f'{name}="{text}"' for name, text in given.items() if text is not None)


def _day(*rules):
    read, problems = read_text(schedules(day(*(_rule(*rule) for rule in rules))))
    periods = working_periods(read.schedules[0].rules) if read.schedules else None
    return periods, [each.code for each in problems]


@pytest.mark.parametrize(
    ("rules", "periods", "codes"),
    [
        ([("7:00", "18:00")], [(420, 1080)], []),
        ([("7:00", "18:00", "", "")], [(420, 1080)], []),
        ([("7:00", "18:00", "13:00", "14:00")], [(420, 780), (840, 1080)], []),
        ([("7:00", "18:00", "7:00", "8:00")], [(480, 1080)], []),
        ([("8:00", "12:00"), ("16:00", "20:00")], [(480, 720), (960, 1200)], []),
        ([("8:00", "12:00"), ("12:00", "20:00")], [(480, 1200)], []),
        ([("8:00", "12:00"), ("8:00", "12:00")], [(480, 720)], ["W_REPEAT"]),
        ([("20:00", "24:00")], [(1200, 1440)], []),
        ([("20:00", "0:00")], [(1200, 1440)], []),
        ([("20:00", "24:00", "23:00", "0:00")], [(1200, 1380)], []),
        ([("0:00", "0:00")], [], ["W_NO_HOURS"]),
        ([("9:00", "9:00", "13:00", "14:00")], [], ["W_NO_HOURS"]),
        ([("9:00", "10:00", "9:00", "10:00")], [], ["W_NO_HOURS"]),
        ([], [], ["W_NO_HOURS"]),
        ([("0:00", "0:00"), ("9:00", "10:00")], [(540, 600)], []),
        ([("7:00", "18:00", "13:00", "13:00")], [(420, 1080)], ["W_FORMAT"]),
        ([("7:00", "18:00", "20:00", "20:00")], [(420, 1080)], ["W_FORMAT"]),
        ([("9:5", "18:00")], [(545, 1080)], ["W_FORMAT"]),
        ([("18:00", "7:00")], None, ["E_HOURS"]),
        ([("24:00", "7:00")], None, ["E_HOURS"]),
        ([("8:00", "16:00", "13:00")], None, ["E_BREAK"]),
        ([("8:00", "16:00", None, "13:00")], None, ["E_BREAK"]),
        ([("8:00", "16:00", "14:00", "13:00")], None, ["E_BREAK"]),
        ([("8:00", "16:00", "16:30", "17:30")], None, ["E_BREAK"]),
        ([("8:00", "16:00", "15:30", "16:30")], None, ["E_BREAK"]),
        ([("8:00", "16:00", "7:30", "8:30")], None, ["E_BREAK"]),
        ([("8:00", "")], None, ["E_MISSING"]),
        ([("8:00", "25:00")], None, ["E_TIME"]),
        ([("8:00", "12:00"), ("18:00", "7:00")], None, ["E_HOURS"]),
        ([("8:00", "12:00"), ("11:00", "15:00")], None, ["E_OVERLAP"]),
        ([("8:00", "20:00", "12:00", "16:00"), ("12:00", "16:00")], None, ["E_OVERLAP"]),
    ],
)
def test_a_day(rules, periods, codes):
    assert _day(*rules) == (periods, codes)


def test_periods_that_overlap_are_joined():
    rules = [Rule(480, 720, 600, 620), Rule(700, 800), Rule(100, 200), Rule(110, 120)]

    assert working_periods(rules) == [(100, 200), (480, 600), (620, 800)]


# Keys that occur more than once


def _ended(body):
    return next(each for each in found(body) if isinstance(each, Ended))


def test_identical_rows_count_as_one():
    body = appointments(*[appointment()] * 3, appointment(id="2"))

    read, problems = read_text(body)

    assert [row.id for row in read.appointments.rows] == [1, 2]
    assert [(each.code, each.line, each.key) for each in problems] == [
        ("W_REPEAT", 4, "T/1"),
        ("W_REPEAT", 5, "T/1"),
    ]
    assert _ended(body).received == 4
    assert _ended(body).repeated == (("T", 1),)


@pytest.mark.parametrize(
    "change",
    [
        {"Title": "другое"},
        {"Duration": "20"},
        {"resource_id": "-2"},
        {"ReceptionDateTime": "05.07.2010 12:00:01"},
    ],
)
def test_rows_of_one_key_that_differ_are_all_errors(change):
    first = appointment(resource_id="-1")
    body = appointments(first, appointment(id="7"), appointment(**{"resource_id": "-1"} | change))

    read, problems = read_text(body)

    assert [row.id for row in read.appointments.rows] == [7]
    assert [(each.code, each.line) for each in problems] == [("E_DUPLICATE", 3), ("E_DUPLICATE", 5)]
    assert _ended(body).refused == (("T", 1),)


def test_one_id_in_two_tables_is_two_rows():
    body = appointments(appointment(), appointment(tablename="U"), appointment(tablename="U"))

    read, problems = read_text(body)

    assert [row.tablename for row in read.appointments.rows] == ["T", "U"]
    assert [(each.code, each.key) for each in problems] == [("W_REPEAT", "U/1")]


def test_a_good_row_is_not_used_beside_a_bad_one_of_its_key():
    body = appointments(appointment(), appointment(Duration="0"))

    read, problems = read_text(body)

    assert read.appointments.rows == ()
    assert [(each.code, each.line) for each in problems] == [("E_RANGE", 4), ("E_DUPLICATE", 3)]


def test_two_bad_rows_of_one_key_are_told_of_once_each():
    assert _codes(appointments(*[appointment(Duration="0")] * 2)) == ["E_RANGE", "E_RANGE"]


@pytest.mark.parametrize("numbers", [("-1", "-2"), ("0", str(2**61 - 1))])
def test_numbers_that_share_a_hash_are_different_numbers(numbers):
    rows = [f'id="{number}" name="Н" time_step="30" pos="{number}"' for number in numbers]
    assert _codes(_resources(*rows)) == []

    rows = [f'id="1" name="Н" time_step="30" pos="{number}"' for number in numbers]
    assert _codes(_resources(*rows)) == ["E_DUPLICATE", "E_DUPLICATE"]


def test_two_orders_of_one_id_that_differ():
    orders = ['<o ID="1" Status="1"/>', '<o ID="1" Status="3"/>', '<o ID="1"/>']

    assert _codes(document(section("Orders", *orders))) == [
        "E_MISSING",
        "E_DUPLICATE",
        "E_DUPLICATE",
    ]


def test_several_rows_for_one_day_are_its_hours_together():
    morning, evening = _rule("8:00", "12:00"), _rule("16:00", "20:00")
    body = schedules(day(morning, number="1"), day(evening, number="2"), day(morning, number="3"))

    read, problems = read_text(body)

    rules = [rule for row in read.schedules for rule in row.rules]
    assert working_periods(rules) == [(480, 720), (960, 1200)]
    assert len(read.schedules) == 2
    assert [(each.code, each.line, each.key) for each in problems] == [
        ("W_REPEAT", 5, "383/05.07.2010")
    ]


def test_hours_of_one_day_that_overlap_and_differ_are_errors_of_that_day_only():
    body = schedules(
        day(_rule("8:00", "12:00"), number="1"),
        day(_rule("11:00", "15:00"), number="2"),
        day(_rule("16:00", "17:00"), number="3"),
        day(_rule("8:00", "12:00"), number="4", date="06.07.2010"),
        day(_rule("8:00", "12:00"), number="5", resource_id="384"),
    )

    read, problems = read_text(body)

    assert [row.id for row in read.schedules] == [4, 5]
    assert [(each.code, each.line, each.key) for each in problems] == [
        ("E_OVERLAP", line, "383/05.07.2010") for line in (3, 4, 5)
    ]


def test_half_a_day_is_not_used_if_its_other_half_is_bad():
    body = schedules(
        day(_rule("8:00", "12:00"), number="1"), day(_rule("18:00", "7:00"), number="2")
    )

    read, problems = read_text(body)

    assert read.schedules == ()
    assert [(each.code, each.line) for each in problems] == [("E_HOURS", 4), ("E_DUPLICATE", 3)]


def test_two_bad_halves_of_a_day():
    bad = _rule("18:00", "7:00")

    assert _codes(schedules(day(bad, number="1"), day(bad, number="2"))) == ["E_HOURS", "E_HOURS"]


def test_numbers_of_schedule_rows_may_repeat_or_be_anything():
    days = [
        day(_rule("8:00", "9:00"), number="1", date=f"0{number}.07.2010") for number in (1, 2, 3)
    ]
    odd = day(_rule("8:00", "9:00"), number="x", date="04.07.2010")
    none = odd.replace('id="x" ', "").replace("04.07", "05.07")

    read, problems = read_text(schedules(*days, odd, none))

    assert [row.id for row in read.schedules] == [1, 1, 1, None, None]
    assert [(each.code, each.line, each.attribute) for each in problems] == [
        ("W_FORMAT", 6, "id"),
        ("W_REPEAT", 4, "id"),
    ]
    assert "2 times" in str(problems[1])


# Long runs of rows, which take a short cut


ODD_ROWS = [
    appointment(id="-5"),
    appointment(id=" 6 "),
    appointment(id="7x"),
    appointment(id="9" * 30),
    appointment(id="٣"),
    appointment(id=None),
    appointment(id="20", tablename=""),
    appointment(id="21", tablename="T" * 129),
    appointment(id="22", resource_id="-1"),
    appointment(id="23", resource_id="2 013"),
    appointment(id="24", ReceptionDateTime="2010-07-05T10:00"),
    appointment(id="25", ReceptionDateTime="01.01.0001 0:00:00"),
    appointment(id="26", Duration="0"),
    appointment(id="27", Duration=None),
    appointment(id="28", Duration="30,0"),
    appointment(id="29", Title="ы" * 1001),
    appointment(id="30", Title=None),
    appointment(id="31", extra="1"),
    appointment(id="32", title="другое"),
    appointment(id="33", Title=" &amp;#38; "),
]


def test_rows_within_a_long_run_are_read_as_each_by_itself():
    plain = [appointment(id=str(number)) for number in range(1000, 3000)]
    body = appointments(*plain[:1000], *ODD_ROWS, *plain[1000:])

    read, problems = read_text(body)

    each = [read_text(appointments(row)) for row in ODD_ROWS]
    assert read.appointments.rows[1000:-1000] == tuple(
        row for alone, _ in each for row in alone.appointments.rows
    )
    assert [(problem.code, problem.key, problem.attribute) for problem in problems] == [
        (problem.code, problem.key, problem.attribute) for _, told_of in each for problem in told_of
    ]
    assert {problem.line for problem in problems} <= set(range(1003, 1023))
    assert _ended(body).received == 2020


def test_a_run_of_rows_with_more_different_values_than_are_remembered():
    rows = [appointment(id=str(number), resource_id=str(number)) for number in range(12_000)]

    read, _ = read_text(appointments(*rows))

    assert [row.resource_id for row in read.appointments.rows] == list(range(12_000))


def test_an_order_shows_nobody():
    read, _ = read_text(document(section("Orders", '<o ID="7" Status="1" Name1="Иванова"/>')))

    assert repr(read.orders) == "(Order(7),)"


def test_personal_values_are_never_quoted():
    names = ["Title", "user_name", "Name1", "Name2", "Name3", "Aim", "Phone", "City", "Address"]
    secret = dict.fromkeys([*names, "Email", "Comment"], "СЕКРЕТ" * 500)
    twice = secret | {name.upper(): "СЕКРЕТ!" for name in secret}
    text = " ".join(f'{name}="{value}"' for name, value in twice.items())

    for export in [False, True]:
        body = document(
            section("Orders", f'<o ID="1" Status="1" {text}/>'),
            section("Appointments", f"<a {text}/>", attributes='SyncMode="full"'),
        )
        _, problems = read_text(body, export=export)

        assert len(problems) > 10
        assert "СЕКРЕТ" not in repr(problems)


def test_an_unknown_element_within_a_day_is_ignored():
    body = schedules(day(_rule("8:00", "9:00")).replace("</s>", "<note/></s>"))

    read, problems = read_text(body)

    assert len(read.schedules[0].rules) == 1
    assert [each.code for each in problems] == ["W_UNKNOWN"]


def test_very_many_rows_of_one_key_are_told_in_part_and_counted():
    rows = [appointment(Title=str(number)) for number in range(1200)]

    read, problems = read_text(appointments(*rows))

    assert read.appointments.rows == ()
    assert len(problems) == 1001
    assert problems[-1].code == "E_DUPLICATE"
    assert str(problems[-1]) == "The same in 200 more places of this section."
