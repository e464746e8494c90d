"""Who will come, and who came, as patients and doctors say it (behaviour.md section 10)."""

from datetime import timedelta

import pytest

from slotbridge.sandbox import actors
from slotbridge.sandbox.models import Notification
from tests.sandbox.conftest import PATIENT, hour

pytestmark = pytest.mark.django_db(databases=["sandbox"])


@pytest.fixture
def booking(clinic, frozen, tomorrow):
    clinic.tell_day(tomorrow)
    return actors.patient_books(clinic.address, hour(tomorrow, 9), clinic.visit, PATIENT)


def refusal(act, *args):
    with pytest.raises(actors.Refused) as refused:
        act(*args)
    return refused.value.reason


def told(name):
    return Notification.objects.filter(name=name).count()


def test_a_patient_confirms_once_and_in_time(booking, frozen, tomorrow):
    actors.patient_confirms(booking)
    booking.refresh_from_db()
    assert (booking.is_confirmed, booking.confirmed_by) == (True, "user")
    assert refusal(actors.doctor_confirms, booking) == actors.Reason.ALREADY
    moved = actors.patient_moves(booking, hour(tomorrow, 10))
    assert moved.is_confirmed is False  # of another time nothing was said
    assert refusal(actors.patient_confirms, booking) == actors.Reason.ENDED
    frozen.move_to(hour(tomorrow, 10))
    assert refusal(actors.patient_confirms, moved) == actors.Reason.TOO_LATE
    assert told("booking-confirmed") == 1


def test_a_doctor_confirms_for_the_clinic(booking):
    actors.doctor_confirms(booking)
    booking.refresh_from_db()
    assert booking.confirmed_by == "admin"


def test_presence_is_marked_from_the_start_on_and_told_when_it_changes(booking, frozen, tomorrow):
    assert refusal(actors.doctor_marks_presence, booking, True) == actors.Reason.TOO_EARLY
    frozen.move_to(hour(tomorrow, 9))
    actors.doctor_marks_presence(booking, True)
    actors.doctor_marks_presence(booking, True)
    actors.doctor_marks_presence(booking, False)
    marks = [
        row.body["data"]["presence"]
        for row in Notification.objects.filter(name="presence-marked").order_by("position")
    ]
    assert marks == ["PRESENT", "ABSENT"]


def test_nobody_comes_to_a_cancelled_visit(booking, frozen):
    actors.doctor_cancels(booking)
    frozen.shift(timedelta(days=2))
    assert refusal(actors.doctor_marks_presence, booking, True) == actors.Reason.ENDED
    assert told("presence-marked") == 0
