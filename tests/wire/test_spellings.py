"""Names of elements and attributes: every row of section 5's table."""

import pytest

from slotbridge.wire.medihost.model import Order
from tests.wire.documents import (
    KEY,
    appointment,
    appointments,
    day,
    document,
    local,
    read_text,
    refusal,
    schedules,
    section,
    told,
)

ORDER = {
    "ID": "3",
    "Status": "1",
    "user_id": "17",
    "user_name": "Мария",
    "order_date": "01.07.2010",
    "MW_Resource_ID": "422",
    "Resource_Name": "Бурдин В. С.",
    "Resource_ID": "5",
    "Reception_Datetime": "01.07.2010 15:00:00",
    "Duration": "20",
    "Type": "3",
    "Name1": "Иванова",
    "Name2": "Анна",
    "Name3": "Петровна",
    "Aim": "консультация",
    "Phone": "телефон",
    "City": "Казань",
    "Address": "адрес",
    "Email": "почта@ru",
    "Comment": "позвонить",
    "LastChangedOn": "01.07.2010 10:02:17",
}
READ = Order(
    id=3,
    status=1,
    user_id=17,
    user_name="Мария",
    order_date=local("2010-07-01 00:00").date(),
    mis_resource_id=422,
    resource_name="Бурдин В. С.",
    resource_id=5,
    start=local("2010-07-01 15:00"),
    duration=20,
    type=3,
    name1="Иванова",
    name2="Анна",
    name3="Петровна",
    aim="консультация",
    phone="телефон",
    city="Казань",
    address="адрес",
    email="почта@ru",
    comment="позвонить",
    changed_on=local("2010-07-01 10:02:17"),
)


def _order(attributes):
    return document(section("Orders", f"<o {_text(attributes)}/>"))


def _text(attributes):
    return " ".join(f'{name}="{value}"' for name, value in attributes.items())


@pytest.mark.parametrize("export", [False, True])
@pytest.mark.parametrize("respell", [str, str.lower, str.upper])
def test_an_order_in_any_spelling(respell, export):
    body = _order({respell(name): text for name, text in ORDER.items()})

    read, problems = read_text(body, export=export)

    assert (read.orders, problems) == ((READ,), [])


@pytest.mark.parametrize(
    "rule",
    [
        'w_startTime="7:00" w_endTime="18:00" b_startTime="13:00" b_endTime="14:00"',
        'w_start="07:00" w_end="18:00" b_start="13:00" b_end="14:00"',
        'W_STARTTIME="7:00" W_END="18:00" B_StartTime="13:00" b_END="14:00"',
    ],
)
def test_hours_under_either_name(rule):
    read, problems = read_text(schedules(day(rule)))

    assert problems == []
    assert read.schedules[0].rules == ((420, 1080, 780, 840),)


def test_a_resource_id_means_the_clinics_in_an_appointment_and_the_portals_in_an_order():
    read, _ = read_text(_order({"ID": "3", "Status": "1", "resource_id": "5"}))
    assert (read.orders[0].resource_id, read.orders[0].mis_resource_id) == (5, None)

    read, _ = read_text(appointments(appointment(resource_id="422")))
    assert read.appointments.rows[0].resource_id == 422


def test_the_time_of_an_appointment_is_not_known_by_the_name_it_has_in_an_order():
    row = appointment(ReceptionDateTime=None, Reception_Datetime="05.07.2010 12:00:00")

    assert told(appointments(row)) == [
        ("W_UNKNOWN", 3, "T/1", "Reception_Datetime"),
        ("E_MISSING", 3, "T/1", "ReceptionDateTime"),
    ]


def test_both_spellings_that_agree_are_fine():
    rule = 'w_start="08:00" w_startTime="8:00" w_endTime="9:00" w_end=""'

    read, problems = read_text(schedules(day(rule)))

    assert problems == []
    assert read.schedules[0].rules[0].start == 480


def test_both_spellings_that_differ_skip_the_row_and_quote_no_title():
    row = appointment(Title="Тайный", TITLE="Секретный")

    read, (problem,) = read_text(appointments(row))

    assert read.appointments.rows == ()
    assert (problem.code, problem.attribute) == ("E_CONFLICT", "Title")
    assert not problem.params


def test_elements_and_sections_in_any_case():
    body = (
        f'<MEDIEXCHANGE CLIENTKEY="{KEY}"><RESOURCEGROUPS><RG ID="1" NAME="Н" POS="0"/>'
        '</RESOURCEGROUPS><schedules><S DATE="05.07.2010" RESOURCE_ID="1">'
        '<TIME_RULES W_START="8:00" W_END="9:00"/></S></schedules></MEDIEXCHANGE>'
    )

    read, problems = read_text(body)

    assert problems == []
    assert (read.client_key, read.groups[0].name) == (KEY, "Н")
    assert read.schedules[0].rules[0].end == 540


def test_a_namespace_is_ignored_and_told_of_once():
    rows = "".join(f"<m:rg id='{n}' m:name='Н' pos='0'/>" for n in range(30))
    body = (
        f'<m:MediExchange xmlns:m="urn:x" m:ClientKey="{KEY}"><m:ResourceGroups>{rows}'
        "</m:ResourceGroups></m:MediExchange>"
    )

    read, problems = read_text(body)

    assert read.client_key == KEY
    assert len(read.groups) == 30
    assert [each.code for each in problems] == ["W_NAMESPACE"]


def test_the_same_name_with_and_without_a_namespace_is_two_spellings():
    body = document(
        '<Appointments SyncMode="diff" xmlns:m="urn:x">',
        f'<a {appointment()} m:id="2"/>',
        "</Appointments>",
    )

    assert "E_CONFLICT" in [code for code, *_ in told(body)]


def test_two_different_keys_are_refused():
    body = f'<MediExchange ClientKey="{KEY}" clientkey="x"/>'

    problem = refusal(body)

    assert (problem.code, dict(problem.params)) == ("E_KEY", {})


def test_contradictory_modes_are_refused():
    body = document('<Appointments SyncMode="full" syncmode="diff"/>')

    assert refusal(body).code == "E_SYNC_MODE"


def test_unknown_names_are_told_once_each_and_then_counted():
    rows = [appointment(id=str(number), extra="1") for number in range(5)]
    body = document(
        '<Future x="1"><deep><a/></deep></Future>',
        section(
            "Appointments",
            *(f"<a {row}><note>text</note></a>" for row in rows),
            attributes='SyncMode="diff" since="never"',
        ),
    )

    read, problems = read_text(body)

    assert len(read.appointments.rows) == 5
    assert [(each.code, str(each), each.line) for each in problems] == [
        ("W_UNKNOWN", "The element Future is not known and was ignored.", 2),
        ("W_UNKNOWN", "The attribute since is not known and was ignored.", 3),
        ("W_UNKNOWN", "The element note is not known and was ignored.", 4),
        ("W_UNKNOWN", "The attribute extra is not known and was ignored.", 4),
        ("W_UNKNOWN", "The same in 4 more places of this section.", None),
        ("W_UNKNOWN", "The same in 4 more places of this section.", None),
    ]


def test_a_document_full_of_unknown_names_is_told_of_in_short():
    rows = [appointment(id=str(number), **{f"x{number}": "1"}) for number in range(500)]

    assert len(told(appointments(*rows))) < 110


def test_a_rule_within_another_section_is_not_known():
    body = document('<Orders><o ID="1" Status="1"><time_rules/></o></Orders>')

    assert [code for code, *_ in told(body)] == ["W_UNKNOWN"]


def test_the_elements_of_another_section_are_not_known():
    body = document('<Schedules><r id="1" name="Н" time_step="30"/></Schedules>')

    read, problems = read_text(body)

    assert read.schedules == ()
    assert [each.code for each in problems] == ["W_UNKNOWN"]
