"""Orders as the portal exports them, read into our words."""

from datetime import UTC, datetime
from pathlib import Path
from xml.etree.ElementTree import Element, tostring

import httpx
import pytest

from slotbridge.connectors.medihost.tests.conftest import KEY
from slotbridge.sync.contract import PortalPatient
from slotbridge.sync.exchange.contract import OrderState

GOLDEN = Path(__file__).parent / "golden"
SINCE = datetime(2010, 7, 1, tzinfo=UTC)
GIVEN = {
    "ID": "3",
    "Status": "0",
    "order_date": "01.07.2010",
    "MW_Resource_ID": "422",
    "Resource_Name": "Бурдин В. С.",
    "Resource_ID": "5",
    "Reception_Datetime": "01.07.2010 15:00:00",
    "Duration": "30",
    "Type": "3",
    "Name1": "Иванова",
    "Name2": "Анна",
    "LastChangedOn": "01.07.2010 10:02:17",
}


def order(**changed):
    row = Element(
        "o", {name: value for name, value in (GIVEN | changed).items() if value is not None}
    )
    return tostring(row, encoding="unicode")


@pytest.fixture
def fetched(portal):
    """What is read if the portal answers these rows."""

    def read(*rows, zone="Europe/Moscow"):
        portal.will(
            200, f'<MediExchange ClientKey="{KEY}"><Orders>{"".join(rows)}</Orders></MediExchange>'
        )
        return portal.connector(time_zone=zone).orders(SINCE)

    return read


@pytest.fixture
def one(fetched):
    def read(**changed):
        found = fetched(order(**changed))
        assert found.unreadable == []
        return found.orders[0]

    return read


def test_the_documents_sample_is_read(portal):
    """Golden: the answer to export.php of the protocol's sample."""
    portal.answers.append(
        httpx.Response(200, content=(GOLDEN / "orders.2010-07-01.xml").read_bytes())
    )
    found = portal.connector().orders(SINCE)
    assert found.unreadable == []
    first, second = found.orders
    assert (first.id, first.state, first.resource) == ("1", OrderState.WAITING, 369)
    assert first.start == datetime(2010, 7, 1, 13, tzinfo=UTC)  # Moscow was UTC+4 that summer
    assert first.end == datetime(2010, 7, 1, 13, 30, tzinfo=UTC)
    assert first.changed_at == datetime(2010, 7, 1, 8, 11, 2, tzinfo=UTC)
    assert first.patient == PortalPatient("имя отчество", "фамилия", "mlab@medwork.ru")
    assert first.comment == "цель\nPhone: телефон\nCity: город\nAddress: адрес"
    assert (second.id, second.state, second.resource) == ("2", OrderState.ACCEPTED, -90)
    assert second.resource_name == "Кабинет УЗИ №2"
    assert (second.end - second.start).total_seconds() == 20 * 60
    assert second.patient.email == ""
    assert "Email: счастье@ru" in second.comment


def test_an_order_that_has_ended_is_read_as_such(one):
    assert one(Status="3").state == OrderState.ENDED


def test_an_order_for_one_of_the_portals_own_has_no_resource_of_ours(one):
    assert one(MW_Resource_ID=None).resource is None


def test_times_are_the_clinics(one):
    assert one().start == datetime(2010, 7, 1, 11, tzinfo=UTC)


def test_the_first_of_two_equal_times_is_meant(fetched):
    row = order(Reception_Datetime="25.10.2026 02:30:00")
    [found] = fetched(row, zone="Europe/Warsaw").orders
    assert found.start == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize("phone", ["+7 900 000-00-00", "8 (900) 000 00 00", "112233"])
def test_a_phone_number_is_taken_as_it_was_typed(one, phone):
    found = one(Phone=phone)
    assert (found.patient.phone, found.comment) == (phone, "")


@pytest.mark.parametrize("phone", ["телефон", "9000", "+7 900 000-00-00 вечером", "-----------"])
def test_what_is_no_phone_number_is_kept_as_a_note(one, phone):
    found = one(Phone=phone, Aim="консультация")
    assert (found.patient.phone, found.comment) == ("", f"консультация\nPhone: {phone}")


@pytest.mark.parametrize(
    ("email", "is_one"),
    [
        ("anna@example.ru", True),
        ("анна@почта.рф", True),
        ("счастье@ru", False),
        ("anna@example", False),
        ("anna example.ru", False),
        ("a@b@example.ru", False),
        ("Анна a@example.ru", False),
    ],
)
def test_only_what_a_letter_could_reach_is_an_email_address(one, email, is_one):
    found = one(Email=email)
    assert found.patient.email == (email if is_one else "")
    assert found.comment == ("" if is_one else f"Email: {email}")


def test_the_portals_comment_is_kept(one):
    assert one(Aim="консультация", Comment="лучше утром").comment == "консультация\nлучше утром"


def test_one_bad_row_stops_only_itself(fetched):
    found = fetched(order(ID="3", Reception_Datetime="31.02.2010 15:00:00"), order(ID="4"))
    assert [each.id for each in found.orders] == ["4"]
    assert found.unreadable == [
        "An order of the portal could not be read. [3, E_DATE, Reception_Datetime]"
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ID", None),
        ("Status", "2"),
        ("Reception_Datetime", None),
        ("Duration", "-30"),
        ("Name1", None),
        ("LastChangedOn", "yesterday"),
    ],
)
def test_what_cannot_be_read_is_said_without_its_values(fetched, name, value):
    found = fetched(order(**{name: value}, Name2="Тайна", Phone="+7 900 111-22-33"))
    assert found.orders == []
    assert found.unreadable
    said = " ".join(found.unreadable)
    assert "Тайна" not in said
    assert "111" not in said


def test_rows_that_contradict_each_other_are_none(fetched):
    found = fetched(order(), order(Status="1"), order(ID="4"))
    assert [each.id for each in found.orders] == ["4"]
    assert "E_DUPLICATE" in found.unreadable[0]


def test_a_row_told_twice_is_one_order(fetched):
    found = fetched(order(), order())
    assert [each.id for each in found.orders] == ["3"]
    assert found.unreadable == []


def test_orders_of_another_kind_are_passed_over(fetched):
    found = fetched(order(Type="4"), order(ID="4"))
    assert [each.id for each in found.orders] == ["4"]


def test_an_answer_without_its_root_is_understood(portal):
    """U-4: a bare `Orders`, and no key."""
    portal.will(200, f"<Orders>{order()}</Orders>")
    assert [each.id for each in portal.connector().orders(SINCE).orders] == ["3"]


def test_nobody_reads_a_patient_in_a_log(one):
    assert repr(one(Phone="+7 900 000-00-00")) == "PortalOrder(3)"
