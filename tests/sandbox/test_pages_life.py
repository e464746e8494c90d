"""Confirming, paying, insurance, presence, services and addresses, on pages without scripts."""

import re

import httpx
import pytest

from slotbridge.kit import http
from slotbridge.sandbox import actors, payments
from slotbridge.sandbox.models import Address, Booking, Client
from tests.sandbox.conftest import PATIENT, hour
from tests.sandbox.test_pages import PERSON, Browser, book_path

pytestmark = pytest.mark.django_db(databases=["sandbox"])


@pytest.fixture
def browser(db_of_sandbox):
    return Browser("en")


def test_a_patient_pays_confirms_and_has_the_link_of_an_online_visit(
    clinic, browser, frozen, tomorrow
):
    Address.objects.filter(pk=clinic.address.pk).update(is_online_only=True, takes_payment=True)
    clinic.tell_day(tomorrow)
    path = book_path(clinic, hour(tomorrow, 9))
    assert "you have 90 minutes" in browser.get(path).text
    page = browser.send(path, **PERSON).text
    booking = Booking.objects.get()
    visit = f"/visits/{booking.key}"
    assert "to be paid" in page
    assert "https://video." in page

    assert "paid for" in browser.send(visit, to=f"{visit}/pay").text
    assert "Thank you" in browser.send(visit, to=f"{visit}/confirm").text
    again = browser.send(visit, status=409, to=f"{visit}/confirm").text
    assert "This is so already" in again
    booking.refresh_from_db()
    assert (booking.payment_status, booking.is_confirmed) == (payments.PAID, True)


def test_what_was_not_paid_for_is_explained(clinic, browser, frozen, tomorrow):
    actors.adviser_sets_address(clinic.address, takes_payment=True)
    clinic.tell_day(tomorrow)
    booking = actors.patient_books(clinic.address, hour(tomorrow, 9), clinic.visit, PATIENT)
    visit = f"/visits/{booking.key}"
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', browser.get(visit).text)[1]
    frozen.shift(payments.TIME_TO_PAY)
    late = browser.http.post(f"{visit}/pay", data={"csrfmiddlewaretoken": token})
    assert late.status_code == 409
    assert "not paid for in time" in browser.get(visit).text


def test_the_form_demands_what_the_address_demands(clinic, browser, tomorrow):
    actors.adviser_sets_address(
        clinic.address, extra_fields={"gender": True, "nin": True, "birth_date": True}
    )
    clinic.tell_day(tomorrow)
    path = book_path(clinic, hour(tomorrow, 9))
    extra = {"gender": "m", "nin": "44051401359", "birth_date": "1944-05-14"}
    for wrong in ({"nin": "44051401358"}, {"birth_date": "1044-05-14"}, {"gender": ""}):
        assert "errorlist" in browser.send(path, **PERSON | extra | wrong).text
    assert not Booking.objects.exists()
    browser.send(path, **PERSON | extra)
    assert Booking.objects.get().patient.items() >= extra.items()


def test_an_insured_patient_chooses_who_pays_and_with_which_plan(clinic, browser, tomorrow):
    from slotbridge.sandbox.models import InsuranceProvider

    insurer = InsuranceProvider.objects.get(name="Zdrowie Plus")
    actors.adviser_sets_address(clinic.address, insurance_support="insurance")
    actors.adviser_sets_insurance(clinic.address, insurer)
    clinic.tell_day(tomorrow)
    page = browser.get(f"/doctors/{clinic.doctor.key}").text
    assert "Zdrowie Plus" in page
    assert "I pay myself" not in page
    link = re.search(r'href="(/book/[^"]+)"', page)[1].replace("&amp;", "&")
    plan = insurer.plans.get(name="Rodzinny")
    browser.send(link, **PERSON, insurance_plan=str(plan.pk), insurance_number="Z-7")
    booking = Booking.objects.get()
    assert (booking.insurance_provider, booking.insurance_plan) == (insurer, plan)
    assert booking.patient["insurance_number"] == "Z-7"
    assert "Zdrowie Plus, Rodzinny" in browser.get(f"/visits/{booking.key}").text
    stolen = link.replace(f"payer={insurer.pk}", "")
    answer = browser.send(stolen, status=409, **PERSON)
    assert "Please choose who pays" in answer.text


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (httpx.ReadTimeout("late"), "system did not answer"),
        (httpx.Response(409, json={"error_code": 7}), "(code 7)"),
        (httpx.Response(409, json={"error_code": 1}), "has just been taken"),
        (httpx.Response(400), "could not accept this time"),
    ],
)
def test_a_patient_who_is_stopped_reads_why(clinic, browser, tomorrow, reply, text):
    clinic.tell_day(tomorrow)
    clinic.api.set(asks_slot_booking=True, notification_url="https://hub.example/hook")

    def hub(_request):
        if isinstance(reply, Exception):
            raise reply
        return reply

    with http.through(httpx.MockTransport(hub)):
        answer = browser.send(book_path(clinic, hour(tomorrow, 9)), status=409, **PERSON)
    assert text in answer.text
    assert not Booking.objects.exists()


def test_a_doctor_marks_who_came_and_confirms(clinic, browser, frozen, tomorrow):
    clinic.tell_day(tomorrow)
    booking = actors.patient_books(clinic.address, hour(tomorrow, 9), clinic.visit, PATIENT)
    visit = f"/desk/visits/{booking.key}"
    assert "Did the patient come?" not in browser.get(visit).text
    assert "confirmed" in browser.send(visit, do="confirm").text
    assert browser.send(visit, status=409, do="present")
    frozen.move_to(hour(tomorrow, 9.5))
    browser.send(visit, do="absent")
    booking.refresh_from_db()
    assert (booking.presence, booking.confirmed_by) == ("absent", "admin")
    day = tomorrow.date().isoformat()
    assert "did not come" in browser.get(f"/desk/{clinic.address.key}", **{"from": day}).text


def test_a_doctor_changes_services_and_prices(clinic, browser):
    path = f"/desk/{clinic.address.key}/services"
    fields = {"price": "180,50", "minutes": "40", "custom_name": "", "is_visible": "on"}
    browser.send(path, do="add", name="szczepienie", **fields | {"price": "180.50"})
    added = clinic.address.services.get(service__name="szczepienie")
    assert (added.price_minor, added.default_duration) == (18_050, 40)
    again = browser.send(path, status=409, do="add", name="szczepienie", **fields | {"price": ""})
    assert "This is so already" in again.text
    wrong = fields | {"minutes": "0"}
    assert browser.send(path, status=409, do="change", service=str(added.pk), **wrong)
    browser.send(path, do="change", service=str(added.pk), **fields | {"price": "0"})
    added.refresh_from_db()
    assert added.price_minor == 0
    browser.send(path, do="remove", service=str(added.pk))
    assert clinic.address.services.count() == 2
    browser.send(path, status=404, do="remove", service=str(added.pk))


def test_a_doctor_takes_a_break_at_both_addresses_and_moves_anywhere_by_the_switch(
    clinic, browser, frozen, tomorrow
):
    clinic.tell_day(tomorrow)
    week = f"/desk/{clinic.address.key}"
    assert "on_coupled" not in browser.get(week).text
    online = actors.adviser_opens_online_address(clinic.address)
    day = tomorrow.date().isoformat()
    break_ = {"day": day, "since": "13:00", "till": "14:00", "description": "", "on_coupled": "on"}
    browser.send(week, to=f"{week}/break", **break_)
    assert online.breaks.count() == 1

    booking = actors.doctor_books(clinic.address, hour(tomorrow, 9), clinic.visit, PATIENT)
    visit = f"/desk/visits/{booking.key}"
    assert "Move to any time" not in browser.get(visit).text
    clinic.api.quirk(moves_anywhere=True)
    browser.send(visit, do="move", day=day, time="18:15")
    assert Booking.objects.get(status="booked").start == hour(tomorrow, 18.25)


def test_an_adviser_decides_how_patients_book_and_whose_an_address_is(clinic, browser):
    path = f"/adviser/addresses/{clinic.address.key}"
    settings = {
        "do": "settings",
        "commercial_type": "saas-only",
        "takes_payment": "on",
        "payment_account": "A-1",
        "demanded": ["nin"],
        "insurance_support": "private_and_insurance",
        "insurers": ["13"],
    }
    assert "Saved" in browser.send(path, **settings).text
    clinic.address.refresh_from_db()
    address = clinic.address
    assert (address.commercial_type, address.takes_payment) == ("saas-only", True)
    assert address.extra_fields == {"gender": False, "nin": True, "birth_date": False}
    assert [each.provider_id for each in address.insurances.all()] == [13]
    browser.send(path, status=409, **settings | {"commercial_type": "gold"})
    browser.send(path, **settings | {"insurers": [], "insurance_support": "private"})
    assert not address.insurances.exists()

    browser.send(path, do="online")
    assert Address.objects.filter(is_online_only=True).count() == 1
    browser.send(path, status=409, do="online")
    page = browser.send(path, do="unassign").text
    assert "taken from its doctor" in page
    assert f"/desk/{address.key}" in browser.get(f"/adviser/facilities/{clinic.facility.key}").text
    patients = browser.get(f"/doctors/{clinic.doctor.key}").text
    assert f"address={address.pk}" not in patients
    assert "taken from its doctor" not in browser.send(path, do="assign").text
    browser.send(path, status=404, do="dance")


def test_an_adviser_ticks_what_an_integration_has_asked_for(clinic, browser):
    path = f"/adviser/clients/{clinic.api.client.key}"
    assert browser.get(path).text.count("checked") > 11  # a new one has asked for everything
    settings = {
        "do": "settings",
        "name": "Integracja",
        "delivery": "pull",
        "retry_minutes": "5",
        "question_timeout_ms": "500",
        "writes_per_minute": "5",
        "reads_per_hour": "50",
        "is_pms": "on",
        "opted_in": ["break-created", "booking-confirmed"],
        "muted_events": ["presence-marked"],
    }
    browser.send(path, **settings)
    client = Client.objects.get()
    assert client.is_pms
    assert client.opted_in == ["break-created", "booking-confirmed"]
    assert client.muted_events == ["presence-marked"]
