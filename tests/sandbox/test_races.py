"""Many at once, over real connections: the database decides who was first."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from django.db import connections

from slotbridge.sandbox import actors, presence
from slotbridge.sandbox.models import Booking, Notification, Service
from slotbridge.sandbox.router import DATABASE
from tests.sandbox.conftest import PATIENT, hour

pytestmark = pytest.mark.django_db(databases=["sandbox"], transaction=True)
CONSTRAINT = "sandbox_no_double_booking"


def at_once(count, act):
    """Runs `act(number)` in `count` threads released together; what each returned or raised."""
    gate = threading.Barrier(count)

    def run(number):
        try:
            connections[DATABASE].ensure_connection()
            gate.wait(60)
            return act(number)
        except Exception as error:  # noqa: BLE001 - handed to the test, which looks at each
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


@pytest.fixture
def without_the_constraint():
    from slotbridge.sandbox.models import Booking

    constraint = next(each for each in Booking._meta.constraints if each.name == CONSTRAINT)
    with connections[DATABASE].schema_editor() as editor:
        editor.remove_constraint(Booking, constraint)
    yield
    Booking.objects.all().delete()
    with connections[DATABASE].schema_editor() as editor:
        editor.add_constraint(Booking, constraint)


def race_for_one_slot(clinic, start):
    return at_once(
        50, lambda _n: actors.patient_books(clinic.address, start, clinic.visit, PATIENT)
    )


def test_without_the_constraint_one_slot_is_booked_twice(clinic, tomorrow, without_the_constraint):
    clinic.tell_day(tomorrow)
    race_for_one_slot(clinic, hour(tomorrow, 9))
    assert Booking.objects.count() > 1


def test_of_fifty_patients_one_gets_the_slot_and_49_a_clear_refusal(clinic, tomorrow):
    clinic.tell_day(tomorrow)
    results = race_for_one_slot(clinic, hour(tomorrow, 9))

    winners = [each for each in results if isinstance(each, Booking)]
    losers = [each for each in results if isinstance(each, actors.Refused)]
    assert (len(winners), len(losers)) == (1, 49), results
    assert {each.reason for each in losers} == {actors.Reason.TAKEN}
    assert Booking.objects.get() == winners[0]
    assert Notification.objects.count() == 1


def test_over_the_api_a_lost_race_is_404(clinic, tomorrow):
    clinic.api.set(is_limited=False)
    clinic.tell_day(tomorrow)
    answers = at_once(20, lambda _n: clinic.book(hour(tomorrow, 9)))

    assert sorted(answer.status_code for answer in answers) == [200] + [404] * 19
    assert {answer.json().get("message", "")[-9:] for answer in answers} == {"not found", ""}


def test_opposite_moves_and_cancels_end_without_a_deadlock(clinic, tomorrow):
    clinic.tell_day(tomorrow)
    starts = [hour(tomorrow, 9 + n / 2) for n in range(6)]
    bookings = [
        actors.patient_books(clinic.address, start, clinic.visit, PATIENT) for start in starts[:4]
    ]

    def act(number):
        booking = Booking.objects.get(pk=bookings[number % 4].pk)
        if number % 3 == 0:
            return actors.doctor_cancels(booking)
        return actors.patient_moves(booking, starts[(number + 1) % 6])

    results = at_once(16, act)
    assert not [
        each
        for each in results
        if isinstance(each, Exception) and not isinstance(each, actors.Refused)
    ]
    active = list(Booking.objects.filter(status="booked").order_by("start"))
    assert all(a.end <= b.start for a, b in pairwise(active))


def test_two_pullers_never_get_the_same_notification(clinic, tomorrow):
    clinic.tell_day(tomorrow)
    for n in range(6):
        actors.patient_books(clinic.address, hour(tomorrow, 9 + n / 2), clinic.visit, PATIENT)
    answers = at_once(12, lambda _n: clinic.api("GET", "/notifications"))

    pulled = [
        answer.json()["data"]["visit_booking"]["id"]
        for answer in answers
        if answer.status_code == 200
    ]
    assert len(pulled) == len(set(pulled)) == 6


def test_the_same_put_at_once_is_processed_once(clinic, tomorrow):
    clinic.api.set(is_limited=False)
    period = clinic.period(hour(tomorrow, 9), hour(tomorrow, 10), (clinic.visit, 30))
    answers = at_once(12, lambda _n: clinic.put(period))

    assert {answer.status_code for answer in answers} <= {201, 429}
    assert clinic.starts(tomorrow) == ["09:00", "09:30"]


def test_the_limit_holds_for_callers_at_once(clinic):
    clinic.api.set(reads_per_hour=10)
    answers = at_once(20, lambda _n: clinic.api("GET", "/facilities"))
    assert sorted(answer.status_code for answer in answers) == [200] * 10 + [429] * 10


@pytest.fixture
def booked(clinic, tomorrow):
    clinic.api.set(is_limited=False)
    clinic.tell_day(tomorrow)
    return actors.patient_books(clinic.address, hour(tomorrow, 9), clinic.visit, PATIENT)


def test_without_the_lock_a_visit_is_confirmed_twice(booked, monkeypatch):
    both_have_read = threading.Barrier(2)

    def read_only(booking):
        current = Booking.objects.get(pk=booking.pk)
        both_have_read.wait(60)
        return current

    monkeypatch.setattr(presence, "_locked", read_only)
    confirmed = at_once(
        2, lambda _n: presence.confirm(Booking.objects.get(pk=booked.pk), by="user")
    )
    assert confirmed == [None, None]
    assert Notification.objects.filter(name="booking-confirmed").count() == 2


def test_of_many_confirmations_at_once_one_counts(clinic, booked):
    path = f"{clinic.path}/bookings/{booked.pk}/confirm"
    answers = at_once(8, lambda _n: clinic.api("PUT", path, json={"confirmed_by": "user"}))

    assert sorted(answer.status_code for answer in answers) == [204] + [409] * 7


def test_a_service_or_an_insurer_added_by_many_at_once_is_there_once(clinic):
    clinic.api.set(is_limited=False)
    wanted = {"service_id": str(Service.objects.create(name="badanie kontrolne").pk)}

    def add(number):
        if number % 2:
            return clinic.api("POST", f"{clinic.path}/services", json=wanted).status_code
        body = {"insurance_provider_id": "13"}
        return clinic.api("POST", f"{clinic.path}/insurance-providers", json=body).status_code

    assert sorted(at_once(12, add)) == [201, 204] + [400] * 5 + [409] * 5
