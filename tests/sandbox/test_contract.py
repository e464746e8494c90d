"""Every answer of every operation served is one the contract allows.

`Api` (conftest) checks each answer of each test here and beside it; this module makes sure that
no operation served is left without one, for success and for each error it may give.
"""

import re
from datetime import timedelta

import pytest

from slotbridge.kit import clock
from slotbridge.sandbox import actors, faults, tokens
from slotbridge.sandbox.api.routes import OPERATIONS
from slotbridge.sandbox.models import Address, Client, InsuranceProvider, Service
from tests.contract_checker import METHODS, Breach
from tests.sandbox.conftest import BASE, CONTRACT, PATIENT, Clinic, hour, iso, past_visit

pytestmark = pytest.mark.django_db(databases=["sandbox"])

SERVED = CONTRACT.operation_ids()  # all 43 calls; the 44th operation is the push itself


def test_every_call_of_the_contract_is_served_and_the_push_is_the_44th_operation(contract):
    served = [operation.id for operation in OPERATIONS]
    documented = [
        operation["operationId"]
        for methods in contract.document["paths"].values()
        for method, operation in methods.items()
        if method in METHODS
    ]
    assert len(served) == len(set(served)) == 43
    assert sorted([*served, "Push Notifications"]) == sorted(documented)


def test_each_operation_stands_at_the_contracts_path_and_method(contract):
    for operation in OPERATIONS:
        path = operation.path.replace("<str:", "").replace(">", "")
        assert contract.operation_of(operation.method, path)["operationId"] == operation.id


class Walk:
    """Calls operations and notes which gave which status."""

    def __init__(self, clinic):
        self.clinic = clinic
        self.seen: set[tuple[str, int]] = set()

    def __call__(self, expected, method, path, **kwargs):
        answer = self.clinic.api(method, path, check=False, **kwargs)
        self.seen.add((CONTRACT.check(answer), answer.status_code))
        assert answer.status_code == expected, answer.text
        return answer


def test_every_operation_succeeds_as_the_contract_says(clinic, tomorrow):
    walk, here = Walk(clinic), clinic.path
    facility, doctor = f"/facilities/{clinic.facility.pk}", here.rsplit("/", 2)[0]
    walk(200, "GET", "/facilities")
    walk(200, "GET", f"{facility}?with=facility.doctors")
    walk(200, "GET", f"{facility}/doctors?with=doctor.specializations,doctor.license_numbers")
    walk(200, "GET", f"{doctor}?with=doctor.addresses,doctor.profile_url,address.online_only")
    walk(200, "GET", f"{doctor}/addresses?with=address.commercial_type,address.visit_payment")
    walk(200, "GET", f"{here}?with=address.insurance_support")
    walk(200, "GET", "/services?with=services.only_diagnostics")
    walk(200, "GET", f"{here}/services?with=address_service.allowed_patients")
    walk(200, "GET", f"{here}/services/{clinic.visit.pk}?with=address_service.custom_name")
    walk(200, "POST", f"{here}/calendar/enable")
    walk(200, "GET", f"{here}/calendar")
    walk(200, "POST", f"{here}/calendar/disable")
    walk(200, "POST", f"{here}/calendar/enable")
    period = clinic.period(
        hour(tomorrow, 9), hour(tomorrow, 12), (clinic.visit, 30), (clinic.check, 20)
    )
    walk(201, "PUT", f"{here}/slots", json={"slots": [period]})
    between = {"start": iso(tomorrow - timedelta(days=1)), "end": iso(tomorrow)}
    walk(200, "GET", f"{here}/slots", params=between | {"with": "slot.services"})
    walk(200, "GET", f"{here}/services", params={"start": iso(hour(tomorrow, 9))})

    body = {
        "address_service_id": str(clinic.visit.pk),
        "duration": 30,
        "patient": {"name": "Abelard", "phone": None},
    }
    booked = walk(200, "POST", f"{here}/slots/{iso(hour(tomorrow, 9))}/book", json=body).json()
    moved = walk(
        201,
        "POST",
        f"{here}/bookings/{booked['id']}/move",
        json={"address_service_id": str(clinic.visit.pk), "start": iso(hour(tomorrow, 10))},
    ).json()
    scopes = "booking.patient,booking.address_service,booking.presence,booking.confirmation"
    walk(200, "GET", f"{here}/bookings", params=between | {"with": scopes})
    walk(200, "GET", f"{here}/bookings", params=between | {"page": 1, "limit": 1})
    walk(200, "GET", f"{here}/bookings/{moved['id']}?with=booking.moving")
    walk(204, "DELETE", f"{here}/bookings/{moved['id']}", json={"reason": "choroba"})

    since, till = hour(tomorrow, 11), hour(tomorrow, 12)
    made = walk(201, "POST", f"{here}/breaks", json={"since": iso(since), "till": iso(till)}).json()
    one = f"{here}/breaks/{made['id']}"
    walk(200, "GET", one)
    walk(200, "GET", f"{here}/breaks", params={"since": iso(since), "till": iso(till)})
    later = {"since": iso(since), "till": iso(till + timedelta(hours=1))}
    walk(204, "PATCH", one, json=later)
    walk(204, "DELETE", one)
    walk(204, "DELETE", f"{here}/slots/{tomorrow.date()}")

    walk_services_and_insurers(walk, clinic)
    walk_presence(walk, clinic, tomorrow)
    for _each in range(3):
        actors.doctor_adds_break(clinic.address, since, till, str(_each))
    walk(200, "GET", "/notifications")
    walk(200, "GET", "/notifications/multiple?limit=2")
    clinic.api.set(delivery=Client.Delivery.PUSH)
    walk(204, "POST", "/notifications/release")
    clinic.api.set(is_pms=True)
    walk(202, "DELETE", f"{here}/integration")
    assert {operation for operation, _status in walk.seen} == SERVED


def walk_services_and_insurers(walk, clinic):
    here = clinic.path
    walk(200, "PATCH", here, json={"insurance_support": "private_and_insurance"})
    other = Service.objects.create(name="badanie kontrolne")
    new = {"service_id": str(other.pk), "price": 10.5, "allowed_patients": {"minimum_age": 18}}
    added = walk(201, "POST", f"{here}/services", json=new)
    service = f"{here}/services/{added.json()['id']}"
    assert added.headers["location"].endswith(service)
    walk(200, "PATCH", service, json={"price": None, "custom_name": "Kontrola"})
    walk(204, "DELETE", service)
    walk(200, "GET", "/insurance-providers")
    insurer = InsuranceProvider.objects.get(name="Medica Polska")
    plans = walk(200, "GET", f"/insurance-providers/{insurer.pk}/plans").json()["_items"]
    body = {"insurance_provider_id": str(insurer.pk), "insurance_plans": plans[:1]}
    walk(204, "POST", f"{here}/insurance-providers", json=body)
    walk(204, "PUT", f"{here}/insurance-providers", json=body | {"insurance_plans": plans})
    walk(200, "GET", f"{here}/insurance-providers")
    walk(204, "DELETE", f"{here}/insurance-providers/{insurer.pk}")


def walk_presence(walk, clinic, tomorrow):
    here = clinic.path
    clinic.tell_day(tomorrow, 15, 16)
    coming = clinic.book(hour(tomorrow, 15)).json()
    walk(204, "PUT", f"{here}/bookings/{coming['id']}/confirm", json={"confirmed_by": "user"})
    begun = past_visit(clinic)
    walk(204, "DELETE", f"{here}/bookings/{begun.pk}/presence/patient")
    walk(204, "POST", f"{here}/bookings/{begun.pk}/presence/patient")
    opinion = f"{here.rsplit('/', 2)[0]}/opinion-request"
    walk(200, "PUT", opinion, json={"phone": "+48 123 123 123"})


def test_ids_of_others_and_of_nobody_are_refused_as_the_contract_lists(clinic, tomorrow):
    other = Clinic("Inna przychodnia")
    clinic.api.set(is_limited=False)  # more than 40 writes are coming
    walk, here = Walk(clinic), clinic.path
    doctor = here.rsplit("/", 2)[0]
    foreign = f"/facilities/{other.facility.pk}"
    reading = {
        "getFacility": "",
        "getDoctors": "/doctors",
        "getDoctor": f"/doctors/{clinic.doctor.pk}",
        "getAddresses": f"/doctors/{clinic.doctor.pk}/addresses",
    }
    for tail in reading.values():
        walk(404, "GET", f"/facilities/9{tail}")
        walk(404, "GET", f"/facilities/nonsense{tail}")
        walk(403, "GET", f"{foreign}{tail}")
    walk(403, "GET", f"/facilities/{clinic.facility.pk}/doctors/{other.doctor.pk}")
    at_address = [
        ("GET", "", None),
        ("GET", "/services", None),
        ("GET", f"/services/{clinic.visit.pk}", None),
        ("GET", "/calendar", None),
        ("GET", "/slots", None),
        ("PUT", "/slots", {"slots": []}),
        ("DELETE", f"/slots/{tomorrow.date()}", None),
        ("POST", f"/slots/{iso(tomorrow)}/book", {}),
        ("GET", "/bookings", None),
        ("GET", "/bookings/1", None),
        ("DELETE", "/bookings/1", None),
        ("POST", "/bookings/1/move", {}),
        ("GET", "/breaks", None),
        ("POST", "/breaks", {}),
        ("GET", "/breaks/1", None),
        ("PATCH", "/breaks/1", {}),
        ("DELETE", "/breaks/1", None),
        ("PATCH", "", {}),
        ("DELETE", "/integration", None),
        ("POST", "/services", {}),
        ("PATCH", f"/services/{clinic.visit.pk}", {}),
        ("DELETE", f"/services/{clinic.visit.pk}", None),
        ("GET", "/insurance-providers", None),
        ("POST", "/insurance-providers", {}),
        ("PUT", "/insurance-providers", {}),
        ("DELETE", "/insurance-providers/13", None),
        ("PUT", "/bookings/1/confirm", {}),
        ("POST", "/bookings/1/presence/patient", None),
        ("DELETE", "/bookings/1/presence/patient", None),
    ]
    for method, tail, body in at_address:
        walk(404, method, f"{doctor}/addresses/1{tail}", json=body)
        walk(403, method, f"{doctor}/addresses/{other.address.pk}{tail}", json=body)
    walk(404, "PUT", f"{doctor[: doctor.rindex('/')]}/1/opinion-request", json={})
    related = walk(403, "PUT", f"{foreign}/doctors/{other.doctor.pk}/opinion-request", json={})
    assert related.json()["message"] == "You are not authorized to see this facility"
    for state in ("enable", "disable"):  # these two know no 404
        walk(403, "POST", f"{doctor}/addresses/1/calendar/{state}")
        walk(403, "POST", f"{doctor}/addresses/{other.address.pk}/calendar/{state}")


def test_every_refusal_in_a_calendar_is_one_the_contract_lists(clinic, tomorrow):
    other = Clinic("Inna przychodnia")
    clinic.api.set(is_limited=False)
    walk, here = Walk(clinic), clinic.path
    when = {"start": iso(tomorrow), "end": iso(tomorrow + timedelta(days=1))}
    span = {"since": when["start"], "till": when["end"]}
    walk(403, "GET", f"{here}/services/{other.visit.pk}")
    walk(404, "GET", f"{here}/services/1")
    walk(404, "GET", f"{here}/calendar")
    walk(404, "GET", f"{here}/breaks", params=span)
    walk(404, "GET", f"{here}/slots", params=when)
    walk(404, "POST", f"{here}/slots/{iso(tomorrow)}/book", json=_booking(clinic))
    walk(200, "POST", f"{here}/calendar/enable")
    walk(409, "POST", f"{here}/calendar/enable")
    walk(200, "POST", f"{here}/calendar/disable")
    walk(409, "POST", f"{here}/calendar/disable")
    walk(404, "GET", f"{here}/breaks", params={"since": "yesterday", "till": "now"})
    walk(404, "GET", f"{here}/bookings", params={"start": "2026-01-01"})
    walk(400, "GET", f"{here}/slots", params={"start": when["start"]})
    walk(404, "GET", f"{here}/breaks/1")
    walk(400, "POST", f"{here}/breaks", json={"since": when["start"]})
    walk(422, "POST", f"{here}/breaks", json={"since": when["end"], "till": when["start"]})
    made = walk(201, "POST", f"{here}/breaks", json=span).json()
    walk(409, "POST", f"{here}/breaks", json=span)
    one = f"{here}/breaks/{made['id']}"
    walk(422, "PATCH", one, json=span)
    walk(422, "PATCH", one, json={"since": when["end"], "till": when["start"]})
    walk(400, "PATCH", one, json={"since": when["end"]})
    walk(400, "PUT", f"{here}/slots", content=b"{nonsense")
    walk(400, "POST", f"{here}/slots/{iso(tomorrow)}/book", json={"patient": 5})
    walk(403, "POST", "/notifications/release")
    walk(404, "GET", "/notifications")
    walk(404, "GET", "/notifications/multiple?limit=many")
    clinic.api.set(delivery=Client.Delivery.PUSH)
    walk(204, "POST", "/notifications/release")
    assert int(walk(429, "POST", "/notifications/release").headers["Retry-After"]) > 3500

    Address.objects.filter(pk=clinic.address.pk).update(is_locked=True)
    walk(403, "PUT", f"{here}/slots", json={"slots": []})
    Address.objects.filter(pk=clinic.address.pk).update(is_locked=False, is_disabled=True)
    walk(400, "POST", f"{here}/calendar/enable")
    Address.objects.filter(pk=clinic.address.pk).update(is_disabled=False, commercial_type="basic")
    walk(422, "POST", f"{here}/calendar/enable")
    walk(422, "PUT", f"{here}/slots", json={"slots": []})
    walk(422, "POST", f"{here}/breaks", json=span)
    walk(422, "POST", f"{here}/slots/{iso(tomorrow)}/book", json=_booking(clinic))


def _booking(clinic):
    return {
        "address_service_id": str(clinic.visit.pk),
        "duration": 30,
        "patient": {"name": "Abelard", "phone": None},
    }


@pytest.mark.parametrize("status", [401, 429, 500, 502, 503, 504])
def test_a_scripted_failure_of_any_operation_is_one_the_contract_lists(clinic, status):
    clinic.api.set(is_limited=False)
    faults.script("*", "status", status=status, seconds=60, times=None)
    for operation in OPERATIONS:
        path = re.sub("<str:start>", iso(clock.now()), operation.path)
        path = re.sub("<str:day>", "2026-12-01", path)
        answer = clinic.api(operation.method, re.sub("<str:.*?>", "1", path))

        assert answer.status_code == status
        assert answer.headers.get("retry-after") == ("60" if status == 429 else None)


def test_who_shows_no_token_or_a_bad_one_gets_the_documented_401(clinic):
    without = clinic.api.http.get(f"{BASE}/facilities")
    bad = clinic.api("GET", "/facilities", headers={"Authorization": "Bearer nonsense"})

    assert (without.status_code, bad.status_code) == (401, 401)
    assert without.json() == {"message": "Authentication credentials could not be found."}
    assert bad.json() == {"errors": [], "message": "Invalid credentials."}
    assert without.headers["content-type"] == "application/vnd.error+docplanner+json"


def test_a_path_that_is_not_served_is_404_and_another_method_405(clinic):
    put = clinic.api("PUT", clinic.path, check=False)
    unknown = clinic.api("GET", "/patients", check=False)
    stranger = clinic.api.http.get(f"{BASE}/patients")

    assert (put.status_code, put.headers["allow"]) == (405, "GET, PATCH")
    assert unknown.status_code == 404
    assert stranger.status_code == 401


def test_the_checker_finds_an_answer_that_breaks_the_contract(clinic, contract):
    answer = clinic.api("GET", "/facilities")
    answer._content = b'{"_items": [{"id": 5}]}'
    with pytest.raises(Breach, match="5 is not of type 'string'"):
        contract.check(answer)
    answer.status_code = 418
    with pytest.raises(Breach, match="418 is not listed"):
        contract.check(answer)


def test_a_token_lives_an_hour_and_is_honoured_five_seconds_longer(frozen, clinic):
    frozen.shift(timedelta(seconds=3604))
    assert clinic.api("GET", "/facilities").status_code == 200
    frozen.shift(timedelta(seconds=2))
    assert clinic.api("GET", "/facilities").status_code == 401


def test_credentials_go_as_basic_or_as_form_fields(clinic):
    client_id, secret = clinic.api.credentials
    form = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": secret,
    }
    given = clinic.api.http.post("/oauth/v2/token", data=form)
    multipart = clinic.api.http.post(
        "/oauth/v2/token", files={name: (None, value) for name, value in form.items()}
    )

    assert given.status_code == multipart.status_code == 200
    answer = given.json()
    assert answer.pop("access_token")
    assert answer == {"expires_in": 3600, "token_type": "bearer", "scope": None}
    wrong = clinic.api.http.post("/oauth/v2/token", data=form | {"client_secret": "x"})
    basic = clinic.api.http.post("/oauth/v2/token", data=form, auth=(client_id, "x"))
    assert (wrong.status_code, basic.status_code) == (400, 401)
    assert wrong.json()["error"] == "invalid_client"
    assert clinic.api.http.get("/oauth/v2/token").status_code == 405


def test_revoked_tokens_end_at_once(clinic):
    assert tokens.revoke(clinic.api.client) == 1
    assert clinic.api("GET", "/facilities").status_code == 401


@pytest.mark.parametrize(
    "spelling",
    [
        "with=slot.services,x",
        "with=x&with=slot.services",
        "with[]=x&with[]=slot.services",
        "with=x&slot.services",
        "with%5B%5D=slot.services",
    ],
)
def test_scopes_are_read_in_each_spelling(clinic, tomorrow, spelling):
    clinic.tell_day(tomorrow)
    start, end = iso(tomorrow).replace("+", "%2B"), iso(tomorrow + timedelta(days=1))
    path = f"{clinic.path}/slots?start={iso(hour(tomorrow, 0)).replace('+', '%2B')}"
    answer = clinic.api("GET", f"{path}&end={end.replace('+', '%2B')}&{spelling}")

    assert start
    assert [
        service["id"] for service in answer.json()["_items"][0]["address_services"]["_items"]
    ] == [str(clinic.visit.pk)]


def test_each_notification_fits_its_schema_and_has_the_parts_of_its_example(
    clinic, contract, tomorrow
):
    clinic.tell_day(tomorrow)
    nine, ten = hour(tomorrow, 9), hour(tomorrow, 10)
    booking = actors.patient_books(clinic.address, nine, clinic.visit, PATIENT)
    moved = actors.patient_moves(booking, ten)
    actors.doctor_cancels(moved)
    break_ = actors.doctor_adds_break(clinic.address, nine, ten)
    actors.doctor_moves_break(break_, ten, ten + timedelta(hours=1))
    actors.doctor_removes_break(break_)

    answer = clinic.api("GET", "/notifications/multiple?limit=100").json()
    assert answer["remaining"] == 0
    assert [told["name"] for told in answer["notifications"]] == [
        "slot-booked",
        "booking-moved",
        "booking-canceled",
        "break-created",
        "break-moved",
        "break-removed",
    ]
    for told in answer["notifications"]:
        contract.check_notification(told)
