"""An address's services and its own fields, by the API (behaviour.md section 5)."""

import json
from datetime import timedelta
from importlib import import_module

import pytest
from django.db import connections

from slotbridge.sandbox import actors, calendars, seed, services
from slotbridge.sandbox.models import (
    Address,
    AddressService,
    Booking,
    CalendarDay,
    Service,
    SlotRequest,
)
from tests.sandbox.conftest import CONTRACT, PATIENT, Api, hour

pytestmark = pytest.mark.django_db(databases=["sandbox"])


@pytest.fixture
def other(clinic):
    """Another client of the same facility: it hears what `clinic.api` does."""
    return Api(seed.hand_out_credentials([clinic.facility], "Other"))


def heard(api):
    """(name, data) of everything not yet pulled; each fits the contract."""
    answer = api("GET", "/notifications/multiple?limit=100")
    told = answer.json().get("notifications", [])
    for each in told:
        CONTRACT.check_notification(each)
    return [(each["name"], each["data"]) for each in told]


def add(clinic, **more):
    service, _made = Service.objects.get_or_create(name="badanie kontrolne")
    body = {"service_id": str(service.pk)} | more
    return clinic.api("POST", f"{clinic.path}/services", content=json.dumps(body))


def test_a_service_is_added_with_its_id_in_body_and_location_and_once_only(clinic, other):
    """Operation addAddressService."""
    added = add(
        clinic,
        price=119.999,
        is_price_from=True,
        is_visible=False,
        description="Z opisem",
        default_duration=45,
        custom_name="Kontrola",
        allowed_patients={"minimum_age": 18, "maximum_age": None},
    )
    shown = added.json()

    assert added.status_code == 201
    assert added.headers["location"].endswith(f"{clinic.path}/services/{shown['id']}")
    assert (shown["name"], shown["custom_name"], shown["price"]) == ("Kontrola", "Kontrola", 119)
    assert shown["allowed_patients"] == {"minimum_age": 18, "maximum_age": None}
    row = AddressService.objects.get(pk=shown["id"])
    assert (row.price_minor, row.default_duration, row.is_default) == (11_999, 45, False)
    assert add(clinic).status_code == 409
    assert [(name, data["address_service"]["id"]) for name, data in heard(other)] == [
        ("address-service-created", shown["id"])
    ]
    assert heard(clinic.api) == []  # its own call


@pytest.mark.parametrize(
    "wrong",
    [
        {"price": "12.50"},
        {"price": -1},
        {"price": True},
        {"price": 1e300},
        {"custom_name": ""},
        {"custom_name": " "},
        {"custom_name": "x" * 201},
        {"custom_name": "\ud800"},
        {"description": "\0"},
        {"description": 5},
        {"is_visible": "yes"},
        {"is_price_from": None},
        {"default_duration": 0},
        {"default_duration": 1441},
        {"default_duration": "30"},
        {"allowed_patients": []},
        {"allowed_patients": {"minimum_age": "18"}},
        {"allowed_patients": {"minimum_age": 19, "maximum_age": 18}},
        {"allowed_patients": {"maximum_age": 151}},
        {"service_id": None},
    ],
)
def test_a_service_with_wrong_terms_is_neither_added_nor_changed(clinic, wrong):
    assert add(clinic, **wrong).status_code == 400
    assert clinic.address.services.count() == 2
    if "service_id" not in wrong:
        answer = clinic.api(
            "PATCH", f"{clinic.path}/services/{clinic.visit.pk}", content=json.dumps(wrong)
        )
        assert answer.status_code == 400
        before = AddressService.objects.get(pk=clinic.visit.pk)
        assert (before.price_minor, before.custom_name) == (25_000, "")


def test_a_service_of_no_dictionary_is_404(clinic):
    assert add(clinic, service_id="1").status_code == 404


def test_a_change_touches_what_it_names_and_null_clears(clinic, other):
    """Operation updateAddressService."""
    path = f"{clinic.path}/services/{clinic.visit.pk}"

    def change(**fields):
        answer = clinic.api("PATCH", path, json=fields)
        assert answer.status_code == 200, answer.text
        return answer.json()

    named = change(custom_name="Wizyta", description="Opis", allowed_patients={"minimum_age": 3})
    assert (named["name"], named["price"]) == ("Wizyta", 250)
    assert named["allowed_patients"] == {"minimum_age": 3, "maximum_age": None}
    priced = change(price=99)
    assert (priced["price"], priced["description"]) == (99, "Opis")
    cleared = change(custom_name=None, description=None, price=None, allowed_patients=None)
    assert (cleared["name"], cleared["custom_name"]) == ("konsultacja", None)
    assert (cleared["price"], cleared["description"]) == (None, None)
    assert cleared["allowed_patients"] == {"minimum_age": None, "maximum_age": None}
    change(price=None)  # as it is already
    assert [name for name, _data in heard(other)] == ["address-service-changed"] * 3


def test_a_duration_may_be_null_in_an_addition_but_not_in_a_change(clinic):
    added = add(clinic, default_duration=None)
    path = f"{clinic.path}/services/{added.json()['id']}"

    assert added.status_code == 201
    assert clinic.api("PATCH", path, json={"default_duration": None}).status_code == 400


def test_a_deleted_service_makes_the_next_calendar_update_fail_and_comes_back_with_another_id(
    clinic, other, tomorrow
):
    """Operation deleteAddressService; behaviour.md section 5."""
    clinic.tell_day(tomorrow, 9, 10, ((clinic.visit, 30), (clinic.check, 20)))
    booked = actors.patient_books(clinic.address, hour(tomorrow, 9), clinic.visit, PATIENT)
    path = f"{clinic.path}/services/{clinic.visit.pk}"
    assert clinic.api("DELETE", path).status_code == 204
    assert clinic.api("DELETE", path).status_code == 404

    refused = clinic.put(clinic.period(hour(tomorrow, 9), hour(tomorrow, 10), (clinic.visit, 30)))
    assert refused.json()["message"] == "Address service does not exist"
    offered = actors.offered(clinic.address, hour(tomorrow, 9), hour(tomorrow, 10))
    assert {service for _start, service in offered} == {clinic.check.pk}
    assert Booking.objects.get(pk=booked.pk).service is None
    shown = clinic.api("GET", f"{clinic.path}/bookings/{booked.pk}").json()
    assert shown["address_service"] is None

    again = clinic.api(
        "POST", f"{clinic.path}/services", json={"service_id": str(clinic.visit.service_id)}
    )
    assert again.status_code == 201
    assert again.json()["id"] != str(clinic.visit.pk)
    assert [name for name, _data in heard(other)] == [
        "slot-booked",
        "address-service-deleted",
        "address-service-created",
    ]


def test_a_service_that_is_gone_meanwhile_is_neither_changed_nor_removed_twice(clinic):
    AddressService.objects.filter(pk=clinic.check.pk).delete()

    with pytest.raises(services.ServiceGone):
        services.change(clinic.check, price_minor=1)
    with pytest.raises(services.ServiceGone):
        services.remove(clinic.check)
    with pytest.raises(TypeError, match="address_id"):
        services.change(clinic.visit, address_id=1)


def test_only_insurance_support_of_an_address_can_be_changed(clinic):
    """Operation updateAddress."""
    body = {"insurance_support": "private_and_insurance", "street": "ul. Inna 2"}
    changed = clinic.api("PATCH", clinic.path, json=body)

    assert changed.status_code == 200
    assert changed.json()["insurance_support"] == "private_and_insurance"
    assert changed.json()["street"] == "ul. Dębowa 1"
    assert clinic.api("PATCH", clinic.path, json={"street": "x"}).status_code == 200
    for wrong in ("nfz", None, ["private"]):
        answer = clinic.api("PATCH", clinic.path, json={"insurance_support": wrong})
        assert answer.status_code == 400
    Address.objects.filter(pk=clinic.address.pk).update(is_locked=True)
    assert clinic.api("PATCH", clinic.path, json=body).status_code == 403


def test_an_integration_is_given_up_by_pms_clients_only_and_a_minute_later(frozen, clinic):
    """Operation removeAddressIntegration: 202, asynchronous, no way back in the API."""
    integration = f"{clinic.path}/integration"
    addresses = clinic.path.rsplit("/", 1)[0]
    refused = clinic.api("DELETE", integration)
    assert refused.json()["message"] == "You are not authorized to use this feature"
    clinic.api.set(is_pms=True)
    accepted = clinic.api("DELETE", integration)
    assert (accepted.status_code, accepted.content) == (202, b"")
    assert len(clinic.api("GET", addresses).json()["_items"]) == 1

    frozen.shift(timedelta(seconds=30))
    assert clinic.api("DELETE", integration).status_code == 202  # does not begin anew
    frozen.shift(timedelta(seconds=30))
    assert clinic.api("GET", addresses).json()["_items"] == []
    assert clinic.api("GET", clinic.path).status_code == 403
    doctor = clinic.api("GET", f"{addresses.rsplit('/', 1)[0]}?with=doctor.addresses").json()
    assert doctor["addresses"]["_items"] == []


def test_extra_fields_that_an_address_demands_have_a_scope_on_the_doctor_only(clinic):
    fields = {"gender": False, "nin": True, "birth_date": True}
    Address.objects.filter(pk=clinic.address.pk).update(
        extra_fields={"nin": True, "birth_date": True}, takes_payment=True
    )
    doctor = clinic.path.rsplit("/", 2)[0]

    def of_doctor(scopes):
        shown = clinic.api("GET", f"{doctor}?with={scopes}").json()
        return shown["addresses"]["_items"][0]

    shown = clinic.api("GET", f"{clinic.path}?with=address.visit_payment").json()
    assert (shown["booking_extra_fields"], shown["visit_payment"]) == (fields, True)
    assert "booking_extra_fields" not in of_doctor("doctor.addresses")
    scopes = "doctor.addresses,address.booking_extra_fields"
    assert of_doctor(scopes)["booking_extra_fields"] == fields


def test_any_specialization_is_answered_with_its_services(clinic):
    Service.objects.filter(name="badanie").update(specialization_id=7)

    def names(specialization):
        answer = clinic.api("GET", "/services", params={"specialization_id": specialization})
        return [each["name"] for each in answer.json()["_items"]]

    assert names("7") == ["badanie"]
    for nobodys in ("8", "-7", "9" * 30, "kardiolog", ""):
        assert names(nobodys) == []


def test_periods_kept_before_insurance_are_for_everybody(clinic, tomorrow):
    """The data part of migration 0002, on a day and a request as the version before kept them."""
    migration = import_module("slotbridge.sandbox.migrations.0002_services_insurance_presence")
    clinic.tell_day(tomorrow, 9, 10)
    day = CalendarDay.objects.get()
    expected = day.periods
    CalendarDay.objects.update(periods=[period[:3] for period in expected])
    waiting = SlotRequest.objects.create(
        address=clinic.address,
        digest="x",
        days={"2026-03-02": [expected[0][:3]], "2026-03-03": []},
        due_at=tomorrow,
    )
    with connections["sandbox"].cursor() as cursor:
        cursor.execute(migration.WIDEN_DAYS)
        cursor.execute(migration.WIDEN_REQUESTS)

    assert CalendarDay.objects.get().periods == expected
    waiting.refresh_from_db()
    assert waiting.days == {"2026-03-02": expected, "2026-03-03": []}
    kept = calendars.periods_on(clinic.address, day.day)
    assert [period.insurance_accepted for period in kept] == ["with-and-without-insurance"]
