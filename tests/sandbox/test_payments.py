"""Visits paid for online, and who pays instead of the patient (behaviour.md sections 5 and 11)."""

from datetime import timedelta

import pytest

from slotbridge.kit import clock
from slotbridge.sandbox import actors, chores, delivery, payments
from slotbridge.sandbox.models import Booking, InsuranceProvider, Notification
from slotbridge.sandbox.patients import PatientData
from tests.sandbox.conftest import PATIENT, hour, iso

pytestmark = pytest.mark.django_db(databases=["sandbox"])


@pytest.fixture
def paid_clinic(clinic, frozen, tomorrow):
    actors.adviser_sets_address(clinic.address, takes_payment=True, payment_account="A")
    clinic.tell_day(tomorrow)
    return clinic


@pytest.fixture
def books(paid_clinic, tomorrow):
    starts = iter([hour(tomorrow, 9 + n / 2) for n in range(6)])
    return lambda **more: actors.patient_books(
        paid_clinic.address, next(starts), paid_clinic.visit, PATIENT, **more
    )


def events(name):
    rows = Notification.objects.filter(name=name).order_by("position")
    return [row.body["data"] for row in rows]


def test_unpaid_after_90_minutes_it_is_cancelled_and_told_though_nobody_calls(
    paid_clinic, books, frozen
):
    booking = books()
    assert events("slot-booked")[0]["visit_booking"]["visit_payment"] is True
    frozen.shift(payments.TIME_TO_PAY - timedelta(seconds=1))
    assert chores.run().canceled == 0
    frozen.shift(timedelta(seconds=1))
    assert chores.run().canceled == 1
    assert chores.run().canceled == 0

    booking.refresh_from_db()
    assert booking.status == Booking.Status.CANCELED
    told = events("booking-canceled")
    assert [each["visit_booking"]["id"] for each in told] == [str(booking.pk)]
    assert events("booking-payment-status-changed") == []
    offered = actors.offered(paid_clinic.address, clock.now(), booking.end)
    assert (booking.start, paid_clinic.visit.pk) in offered


def test_pushing_notices_the_unpaid_too(books, frozen):
    booking = books()
    frozen.shift(payments.TIME_TO_PAY)
    delivery.deliver_due()
    booking.refresh_from_db()
    assert not booking.is_active


def test_paid_it_stays_and_every_step_of_the_money_is_told(paid_clinic, books, frozen):
    booking = books()
    actors.patient_pays(booking, payments.WAITING)
    actors.patient_pays(booking, payments.PAID)
    frozen.shift(timedelta(minutes=91))
    assert chores.run().canceled == 0
    paid_clinic.api.renew()
    shown = paid_clinic.api("GET", f"{paid_clinic.path}/bookings/{booking.pk}").json()
    assert (shown["visit_payment"], shown["visit_payment_status"]) == (True, "paid")
    actors.patient_cancels(booking)
    actors.patient_pays(booking, payments.REFUNDED)  # money goes back after the visit is gone

    steps = [each["visit_payment_status"] for each in events("booking-payment-status-changed")]
    assert [(each["status_from"], each["status_to"]) for each in steps] == [
        ("not-paid", "waiting_for_confirmation"),
        ("waiting_for_confirmation", "paid"),
        ("paid", "refunded"),
    ]


def test_money_that_came_too_late_or_twice_is_refused(paid_clinic, books, frozen, tomorrow):
    late, twice = books(), books()
    actors.patient_pays(twice)
    free = actors.doctor_books(paid_clinic.address, hour(tomorrow, 11), paid_clinic.visit, PATIENT)
    frozen.shift(payments.TIME_TO_PAY)

    def reason(booking):
        with pytest.raises(actors.Refused) as refused:
            actors.patient_pays(booking)
        return refused.value.reason

    assert reason(late) == actors.Reason.ENDED
    assert reason(twice) == actors.Reason.NOTHING_TO_PAY
    assert reason(free) == actors.Reason.NOTHING_TO_PAY  # what the clinic books is paid there


def test_a_paid_visit_keeps_to_its_account_and_an_unpaid_one_keeps_its_90_minutes(
    paid_clinic, books, frozen, tomorrow
):
    other = actors.adviser_opens_online_address(paid_clinic.address)
    actors.doctor_changes_slots(
        other,
        tomorrow.date(),
        [
            actors.rules.Period(
                hour(tomorrow, 9), hour(tomorrow, 12), ((other.services.first().pk, 30),)
            )
        ],
    )
    service = other.services.first()
    actors.adviser_sets_address(other, payment_account="B")
    paid, unpaid = books(), books()
    actors.patient_pays(paid)
    assert payments.holds_money(paid)

    with pytest.raises(actors.Refused) as refused:
        actors.patient_moves(paid, hour(tomorrow, 9), address=other, service=service)
    assert refused.value.reason == actors.Reason.MONEY_HELD
    paid.refresh_from_db()
    assert paid.is_active
    body = {
        "address_service_id": str(service.pk),
        "address_id": str(other.pk),
        "start": iso(hour(tomorrow, 9)),
        "duration": 30,
    }
    answer = paid_clinic.api("POST", f"{paid_clinic.path}/bookings/{paid.pk}/move", json=body)
    assert answer.status_code == 422
    actors.patient_pays(paid, payments.CHARGED_BACK)  # nothing is held any more
    actors.patient_moves(paid, hour(tomorrow, 9), address=other, service=service)

    frozen.shift(timedelta(minutes=60))
    moved = actors.patient_moves(unpaid, hour(tomorrow, 10), address=other, service=service)
    assert moved.payment_due_at == unpaid.payment_due_at
    frozen.shift(timedelta(minutes=30))
    assert chores.run().canceled == 1


def test_who_pays_decides_what_a_patient_sees_and_the_booking_says_so(
    paid_clinic, frozen, tomorrow
):
    address, visit = paid_clinic.address, paid_clinic.visit
    nfz = InsuranceProvider.objects.get(pk=InsuranceProvider.NFZ)
    actors.adviser_sets_address(address, insurance_support="private_and_insurance")
    actors.adviser_sets_insurance(address, nfz)

    def period(first, accepted, *providers):
        ends = hour(tomorrow, first + 1)
        services = ((visit.pk, 30),)
        return actors.rules.Period(hour(tomorrow, first), ends, services, accepted, providers)

    actors.doctor_changes_slots(
        address,
        tomorrow.date(),
        [
            period(8, "with-insurance-only", 13),
            period(9, "without-insurance-only"),
            period(10, "with-and-without-insurance"),
        ],
    )

    def hours(payer):
        found = actors.offered(address, clock.now(), tomorrow + timedelta(days=1), payer=payer)
        return sorted({start for start, _service in found})

    half = [0, 0.5]
    assert hours(None) == [hour(tomorrow, at + n) for at in (9, 10) for n in half]
    assert hours(13) == [hour(tomorrow, at + n) for at in (8, 10) for n in half]
    with pytest.raises(actors.Refused) as refused:
        actors.patient_books(address, hour(tomorrow, 9), visit, PATIENT, payer=13)
    assert refused.value.reason == actors.Reason.NOT_OFFERED
    booked = actors.patient_books(address, hour(tomorrow, 8), visit, PATIENT, payer=13)
    assert booked.payment_status == ""  # the public insurer does not pay online
    told = events("slot-booked")[-1]["visit_booking"]
    assert told["insurance"] == {"id": "13", "name": "NFZ", "plan": "", "plan_id": ""}
    assert told["visit_payment"] is False
    # By phone the clinic books whom it wants, whatever it published.
    actors.doctor_books(address, hour(tomorrow, 8.5), visit, PATIENT)


def test_an_insurer_that_is_not_taken_and_data_that_is_missing_stop_the_patient(paid_clinic, books):
    address = paid_clinic.address
    with pytest.raises(actors.Refused) as refused:
        books(payer=InsuranceProvider.NFZ)
    assert refused.value.reason == actors.Reason.PAYER
    actors.adviser_sets_address(address, insurance_support="insurance")
    with pytest.raises(actors.Refused) as refused:
        books()
    assert refused.value.reason == actors.Reason.PAYER
    actors.adviser_sets_address(
        address, insurance_support="private", extra_fields={"nin": True, "birth_date": True}
    )
    with pytest.raises(actors.Refused) as refused:
        books()
    assert refused.value.reason == actors.Reason.DATA_MISSING
    whole = PatientData("Abelard", "Giza", nin="44051401359", birth_date="1944-05-14")
    before = Booking.objects.count()
    free = min(actors.offered(address, clock.now(), clock.now() + timedelta(days=3)))[0]
    actors.patient_books(address, free, paid_clinic.visit, whole)
    assert Booking.objects.count() == before + 1
