"""export.php: its parameters, its statuses, its answer (2.1, U-1 to U-4)."""

from datetime import UTC, date, datetime, time, timedelta
from email.utils import parsedate_to_datetime

import pytest

from slotbridge.kit import clock
from slotbridge.portal import keys
from slotbridge.portal.models import Clinic, Order, Resource
from slotbridge.wire.medihost.result import read_result
from tests.portal.conftest import KEY, SAMPLES

pytestmark = pytest.mark.django_db(databases=["portal"])

EXPECTED = (SAMPLES / "orders-export.xml").read_bytes()
FORM = "application/x-www-form-urlencoded"
MORNING = 1277971200  # 01.07.2010 12:00 in Moscow


def at(*wall, tz):
    return datetime(2010, 7, 1, *wall, tzinfo=tz)


@pytest.fixture
def sample_orders(clinic):
    """The two orders of the document's sample."""
    patients = [
        ("фамилия", "имя", "отчество", "mlab@medwork.ru", "имя пользователя"),
        ("иванов", "иван", "иванович", "счастье@ru", "username"),
    ]
    booked = [(369, "Нестеров О. П.", 30), (-90, "Кабинет УЗИ №2", 20)]
    for number, ((mis_id, name, duration), patient) in enumerate(
        zip(booked, patients, strict=True), 1
    ):
        resource = Resource.objects.create(clinic=clinic, number=number, mis_id=mis_id, name=name)
        name1, name2, name3, email, user_name = patient
        start = at(17, tz=clinic.tz)
        Order.objects.create(
            clinic=clinic,
            number=number,
            resource=resource,
            status=number - 1,
            user_id=1,
            user_name=user_name,
            order_date=date(2010, 7, 1),
            day=date(2010, 7, 1),
            time=time(17),
            duration=duration,
            start=start,
            end=start + timedelta(minutes=duration),
            name1=name1,
            name2=name2,
            name3=name3,
            aim="цель",
            phone="телефон",
            city="город",
            address="адрес",
            email=email,
            filed_at=start,
            changed_at=at(12, 11, 1 + number, tz=clinic.tz),
        )


def code(answer):
    return [each.code for each in read_result(answer.content).messages]


def numbers(answer):
    assert answer.status_code == 200, answer.text
    return answer.text.count("<o ")


def test_the_samples_orders_come_out_as_the_sample_has_them(export, sample_orders):
    answer = export(start=MORNING)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/xml; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.content.split() == EXPECTED.split()


def test_nothing_new_is_an_answer_too(export, clinic):
    answer = export(start=MORNING)

    assert answer.status_code == 200
    assert f'<MediExchange ClientKey="{KEY}">' in answer.text
    assert "<Orders/>" in answer.text


def test_parameters_come_in_the_query_or_in_a_form_and_both_spellings_of_the_address(
    portal, export, sample_orders
):
    params = {"client_key": KEY, "start": str(MORNING)}
    expected = export(start=MORNING).content

    assert export("/services/export", start=MORNING).content == expected
    assert portal.post("/services/export.php", data=params).content == expected
    files = {name: (None, value) for name, value in params.items()}
    assert portal.post("/services/export", files=files).content == expected
    in_both = portal.post(f"/services/export.php?start={MORNING}", data={"client_key": KEY})
    assert in_both.content == expected


def test_start_and_end_are_inclusive(export, sample_orders):
    first, second = MORNING + 662, MORNING + 663  # 12:11:02 and 12:11:03

    assert numbers(export(start=first)) == 2
    assert numbers(export(start=first, end=first)) == 1
    assert numbers(export(start=second)) == 1
    assert numbers(export(start=second + 1)) == 0
    assert numbers(export(start=0, end=first - 1)) == 0
    assert numbers(export(start=0, end=second)) == 2


@pytest.mark.parametrize("start", [f" {MORNING}\n", "-5", "0", "32503679999", str(MORNING)])
def test_timestamps_are_whole_seconds(export, clinic, start):
    assert export(start=start).status_code == 200


@pytest.mark.parametrize(
    "params",
    [
        {"start": None},
        {"start": ""},
        {"start": "yesterday"},
        {"start": "1277963100.5"},
        {"start": "1e9"},
        {"start": "١٢٧٧٩٦٣١٠٠"},
        {"start": "32503680000"},
        {"start": f"{MORNING}000"},
        {"start": "9" * 100},
        {"start": ["1", "2"]},
        {"start": MORNING, "end": MORNING - 1},
        {"start": MORNING, "end": "now"},
    ],
)
def test_a_parameter_that_is_missing_or_makes_no_sense_hands_out_nothing(
    export, sample_orders, params
):
    answer = export(**params)

    assert answer.status_code == 400
    assert code(answer) == ["E_PARAM"]
    assert answer.headers["Content-Type"] == "application/xml; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_end_without_a_value_is_no_end(export, sample_orders):
    assert numbers(export(start=MORNING, end="")) == 2


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE"])
def test_orders_are_fetched_by_get_or_post(portal, clinic, method):
    answer = portal.request(method, "/services/export.php")

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, POST"


def test_the_key_comes_before_the_parameters(export, portal, clinic):
    assert (export(client_key=None).status_code, code(export(client_key=None))) == (
        400,
        ["E_KEY_MISSING"],
    )
    wrong = export(client_key="0" * 8)
    assert (wrong.status_code, code(wrong)) == (403, ["E_KEY"])
    contradictory = portal.post(
        f"/services/export.php?client_key={KEY}", data={"client_key": "0" * 8, "start": "0"}
    )
    assert (contradictory.status_code, code(contradictory)) == (403, ["E_KEY"])


def test_a_slowed_down_address_is_told_when_to_come_back(export, clinic, frozen):
    for _try in range(10):
        export(client_key="0" * 8, start=0)

    answer = export(start=0)

    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "600"


def test_a_parameter_longer_than_any_makes_nobody_work(portal, clinic):
    answer = portal.post("/services/export.php", data={"client_key": "x" * 1_000_000})

    assert answer.status_code == 413
    assert code(answer) == ["E_TOO_LARGE"]


def test_a_clinic_sees_only_its_own_orders_whatever_its_key(export, sample_orders, clinic):
    other = Clinic.objects.create(name="Другая клиника", created_at=clock.now())
    its_key = keys.issue_key(clinic=other, by="operator")
    new_key = keys.issue_key(clinic=clinic, by="operator")

    assert numbers(export(client_key=its_key, start=0)) == 0
    answer = export(client_key=f"{{{new_key.lower()}}}", start=0)
    assert numbers(answer) == 2
    assert f'ClientKey="{new_key}"' in answer.text


def test_the_next_question_can_be_built_from_the_date_of_this_answer(export, clinic, frozen):
    answer = export(start=MORNING)

    assert parsedate_to_datetime(answer.headers["Date"]) == datetime(2026, 3, 2, 7, tzinfo=UTC)
