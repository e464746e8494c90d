"""Insurers at addresses, in work periods and in bookings (behaviour.md section 5, NFZ)."""

from datetime import timedelta

import pytest

from slotbridge.sandbox import actors, bookings, calendars, desk, insurances, rules
from slotbridge.sandbox.models import AddressInsurance, Booking, InsuranceProvider
from tests.sandbox.conftest import CONTRACT, PATIENT, hour

pytestmark = pytest.mark.django_db(databases=["sandbox"])


@pytest.fixture
def medica(clinic):
    return InsuranceProvider.objects.get(name="Medica Polska")


@pytest.fixture
def nfz(clinic):
    return InsuranceProvider.objects.get(pk=13)


def plans_of(row):
    return {"insurance_plans": [{"insurance_plan_id": str(each.pk)} for each in row]}


def assigned(clinic):
    answer = clinic.api("GET", f"{clinic.path}/insurance-providers").json()
    return {
        each["name"]: [plan["name"] for plan in each["insurance_plans"]["_items"]]
        for each in answer["_items"]
    }


def tell(clinic, method, provider, **more):
    body = {"insurance_provider_id": str(getattr(provider, "pk", provider))} | more
    return clinic.api(method, f"{clinic.path}/insurance-providers", json=body)


def test_the_dictionary_has_nfz_as_13_without_plans_and_private_insurers_with_some(clinic, medica):
    """Operations getInsuranceProviders and getInsurancePlans."""
    providers = clinic.api("GET", "/insurance-providers").json()["_items"]
    assert {"insurance_provider_id": "13", "name": "NFZ"} in providers
    assert clinic.api("GET", "/insurance-providers/13/plans").json() == {"_items": []}
    assert clinic.api("GET", "/insurance-providers/none/plans").json() == {"_items": []}
    plans = clinic.api("GET", f"/insurance-providers/{medica.pk}/plans").json()["_items"]
    assert [plan["name"] for plan in plans] == ["Standard", "Komfort", "Premium"]


def test_an_insurer_is_added_once_and_removed_once(clinic, medica, nfz):
    """Operations addAddressInsuranceProvider and deleteAddressInsuranceProvider: 400, not 409."""
    assert tell(clinic, "POST", nfz).status_code == 204
    assert tell(clinic, "POST", medica, **plans_of(medica.plans.all()[:1])).status_code == 204
    assert assigned(clinic) == {"NFZ": [], "Medica Polska": ["Standard"]}
    again = tell(clinic, "POST", medica)
    assert (again.status_code, again.json()["message"]) == (
        400,
        "Insurance provider with given ID is already assigned to this address.",
    )
    one = f"{clinic.path}/insurance-providers/{medica.pk}"
    assert clinic.api("DELETE", one).status_code == 204
    gone = clinic.api("DELETE", one)
    assert (gone.status_code, gone.json()["message"]) == (
        400,
        "Insurance provider with given ID is not assigned to this address.",
    )
    assert clinic.api("DELETE", f"{clinic.path}/insurance-providers/1").status_code == 404
    assert assigned(clinic) == {"NFZ": []}


def test_an_insurer_that_nobody_knows_is_404_and_a_plan_of_another_is_refused(clinic, medica, nfz):
    foreign = plans_of(medica.plans.all())
    for method, wrong in (("POST", 400), ("PUT", 404)):  # PUT lists no 400
        unknown = tell(clinic, method, 1)
        assert unknown.status_code == 404
        assert unknown.json()["message"] == "Provided insurance provider ID not found in dictionary"
        assert tell(clinic, method, nfz, **foreign).status_code == wrong
        assert tell(clinic, method, "none").status_code == wrong
        assert tell(clinic, method, nfz, insurance_plans=[5]).status_code == wrong
    assert assigned(clinic) == {}


def test_a_put_makes_or_replaces_and_by_the_switch_adds(clinic, medica):
    """Operation updateOrCreateAddressInsuranceProvider."""
    first, second, third = medica.plans.all()
    assert tell(clinic, "PUT", medica, **plans_of([first])).status_code == 204
    assert tell(clinic, "PUT", medica, **plans_of([second])).status_code == 204
    assert assigned(clinic) == {"Medica Polska": ["Komfort"]}
    clinic.api.quirk(insurance_plans_merged=True)
    assert tell(clinic, "PUT", medica, **plans_of([third])).status_code == 204
    assert assigned(clinic) == {"Medica Polska": ["Komfort", "Premium"]}


# --- work periods ----------------------------------------------------------------------------


def period(clinic, day, first=9, last=10, **insurance):
    told = clinic.period(hour(day, first), hour(day, last), (clinic.visit, 30))
    return told | insurance


@pytest.mark.parametrize(
    ("insurance", "message"),
    [
        ({"insurance_accepted": "with-insurance-only"}, "insurance providers are missing"),
        (
            {"insurance_accepted": "without-insurance-only", "insurance_providers": [13]},
            "Insurance providers are not supported",
        ),
        ({"insurance_providers": [13, 77]}, "Insurance provider(s) with id (77) not found"),
        ({"insurance_providers": ["13"]}, "Invalid arguments"),
        ({"insurance_providers": 13}, "Invalid arguments"),
        ({"insurance_providers": [True]}, "Invalid arguments"),
        ({"insurance_accepted": "nfz"}, "Invalid arguments"),
        ({"insurance_accepted": []}, "Invalid arguments"),
    ],
)
def test_a_period_for_wrong_insurers_is_refused(clinic, nfz, tomorrow, insurance, message):
    """Operation replaceSlots: ids of insurers are integers here, and linked to the address."""
    insurances.assign(clinic.address, nfz)
    answer = clinic.put(period(clinic, tomorrow, **insurance))

    assert answer.status_code == 400
    assert message in answer.json()["message"]
    assert clinic.starts(tomorrow) == []


def test_a_period_keeps_whom_it_is_for_and_get_slots_shows_nothing_of_it(clinic, nfz, tomorrow):
    insurances.assign(clinic.address, nfz)
    answer = clinic.put(
        period(
            clinic,
            tomorrow,
            insurance_accepted="with-insurance-only",
            insurance_providers=[13, 13],
        ),
        period(clinic, tomorrow, 10, 11, insurance_accepted="without-insurance-only"),
        period(clinic, tomorrow, 11, 12, insurance_accepted=None, insurance_providers=None),
    )

    assert answer.status_code == 201
    kept = calendars.periods_on(clinic.address, tomorrow.date())
    assert [(each.insurance_accepted, each.providers) for each in kept] == [
        ("with-insurance-only", (13,)),
        ("without-insurance-only", ()),
        ("with-and-without-insurance", ()),
    ]
    slots = clinic.slots(hour(tomorrow, 9), hour(tomorrow, 12))
    assert [slot["start"][11:16] for slot in slots] == [
        *("09:00", "09:30", "10:00", "10:30", "11:00", "11:30")
    ]
    assert all(slot.keys() == {"start"} for slot in slots)


@pytest.mark.parametrize(
    ("accepted", "providers", "accounts"),
    [
        ("with-and-without-insurance", (), {"own", "nfz"}),
        ("with-and-without-insurance", (13,), {"own", "nfz"}),
        ("with-and-without-insurance", (101,), {"own"}),
        ("without-insurance-only", (), {"own"}),
        ("with-insurance-only", (13,), {"nfz"}),
        ("with-insurance-only", (101,), set()),
    ],
)
def test_a_patient_is_held_to_whom_a_period_is_for(clinic, tomorrow, accepted, providers, accounts):
    nfz = InsuranceProvider.objects.get(pk=13)
    insurances.assign(clinic.address, nfz)
    told = rules.Period(
        hour(tomorrow, 9), hour(tomorrow, 10), ((clinic.visit.pk, 30),), accepted, providers
    )
    actors.doctor_changes_slots(clinic.address, tomorrow.date(), [told])

    def books(start, provider):
        wanted = bookings.Wanted(clinic.address, clinic.visit, start, None, provider)
        try:
            return desk.book(wanted, PATIENT, by=Booking.Actor.USER) is not None
        except bookings.ServiceNotOffered:
            return False

    assert books(hour(tomorrow, 9), None) is ("own" in accounts)
    assert books(hour(tomorrow, 9.5), nfz) is ("nfz" in accounts)


# --- bookings --------------------------------------------------------------------------------


def test_a_booking_on_an_insurers_account_says_so_everywhere(clinic, medica, tomorrow):
    insurances.assign(clinic.address, medica, [medica.plans.first().pk])
    clinic.tell_day(tomorrow)
    plan = medica.plans.first()
    nine = hour(tomorrow, 9)
    payer = {"insurance_provider_id": str(medica.pk), "insurance_plan_id": str(plan.pk)}
    made = clinic.book(nine, **payer, is_recurring=True).json()
    insurance = {
        "id": str(medica.pk),
        "name": "Medica Polska",
        "plan": "Standard",
        "plan_id": str(plan.pk),
    }

    assert made["insurance"] == insurance
    row = Booking.objects.get(pk=made["id"])
    assert row.is_recurring is True
    moved = actors.patient_moves(row, nine + timedelta(hours=1))
    assert (moved.insurance_provider, moved.insurance_plan, moved.is_recurring) == (
        medica,
        plan,
        True,
    )
    told = clinic.api("GET", "/notifications").json()
    CONTRACT.check_notification(told)
    assert told["data"]["new_visit_booking"]["insurance"] == insurance


def test_nfz_has_no_plan_which_is_null_when_read_and_empty_when_told(clinic, nfz, tomorrow):
    clinic.api("PATCH", clinic.path, json={"insurance_support": "private_and_insurance"})
    flow = f"{clinic.path}/services?with=address_service.public_insurance_flow"

    def flags():
        rows = clinic.api("GET", flow).json()["_items"]
        return {each["is_public_insurance_flow"] for each in rows}

    assert flags() == {False}
    tell(clinic, "POST", nfz)
    assert flags() == {True}
    clinic.put(
        period(
            clinic,
            tomorrow,
            insurance_accepted="with-insurance-only",
            insurance_providers=[13],
        )
    )
    read = clinic.book(hour(tomorrow, 9), insurance_provider_id="13").json()
    assert read["insurance"] == {"id": "13", "name": "NFZ", "plan": None, "plan_id": None}
    actors.doctor_cancels(Booking.objects.get(pk=read["id"]))
    told = clinic.api("GET", "/notifications").json()["data"]["visit_booking"]
    assert told["insurance"] == {"id": "13", "name": "NFZ", "plan": "", "plan_id": ""}


def test_a_booking_names_only_an_insurer_and_a_plan_that_the_address_takes(
    clinic, medica, nfz, tomorrow
):
    standard, komfort, _premium = medica.plans.all()
    insurances.assign(clinic.address, medica, [standard.pk])
    clinic.tell_day(tomorrow)
    for wrong in (
        {"insurance_provider_id": "13"},
        {"insurance_provider_id": "none"},
        {"insurance_plan_id": str(standard.pk)},
        {"insurance_provider_id": str(medica.pk), "insurance_plan_id": str(komfort.pk)},
        {"insurance_provider_id": str(medica.pk), "insurance_plan_id": "null"},
        {"is_recurring": "yes"},
    ):
        assert clinic.book(hour(tomorrow, 9), **wrong).status_code == 400
    assert not Booking.objects.exists()
    AddressInsurance.objects.get().plans.clear()  # none named: any of them
    taken = {"insurance_provider_id": str(medica.pk), "insurance_plan_id": str(komfort.pk)}
    assert clinic.book(hour(tomorrow, 9), **taken).status_code == 200
