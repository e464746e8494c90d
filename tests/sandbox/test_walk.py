"""The whole served contract, walked from its own document by schemathesis.

Whatever the document lets a client send, and whatever it forbids, the answer is one that the
document lists for that operation, never a 500. Two checkers look at each answer: schemathesis's
and the suite's (tests/contract_checker.py). SLOTBRIDGE_WALK says how many allowed requests an
operation gets, and half as many forbidden ones; `make fuzz` asks for many more than the suite.
"""

import os
from datetime import timedelta

import httpx
import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from slotbridge.sandbox import actors, calendars, insurances
from slotbridge.sandbox.models import Client, InsuranceProvider, Service
from slotbridge.sandbox.wsgi import sandbox_app
from tests.sandbox.conftest import CONTRACT, PATIENT, Clinic, hour, iso, past_visit

pytestmark = pytest.mark.django_db(databases=["sandbox"])

REQUESTS = int(os.environ.get("SLOTBRIDGE_WALK", "4"))


@pytest.fixture(scope="module")
def contract_schema():
    """Here, because every worker of the suite collects this module and one of them walks."""
    from tests import contract_schema as found

    return found


class World:
    """A clinic with something of everything, and values of it by the names of the contract."""

    def __init__(self, tomorrow):
        self.clinic = clinic = Clinic()
        self.other = Clinic("Inna przychodnia")
        clinic.api.set(is_limited=False, is_pms=True, delivery=Client.Delivery.BOTH)
        insurer = InsuranceProvider.objects.get(name="Medica Polska")
        insurances.assign(clinic.address, insurer)
        clinic.tell_day(tomorrow, 8, 12, ((clinic.visit, 30), (clinic.check, 20)))
        nine, later = hour(tomorrow, 9), tomorrow + timedelta(days=1)
        booked = actors.patient_books(clinic.address, nine, clinic.visit, PATIENT)
        begun = past_visit(clinic)
        break_ = actors.doctor_adds_break(clinic.address, hour(later, 9), hour(later, 10))
        missing = Service.objects.create(name="badanie kontrolne")
        free = [hour(tomorrow, wall) for wall in (8, 9.5, 10, 11)]
        self.values = {
            "facility_id": [clinic.facility.pk],
            "doctor_id": [clinic.doctor.pk],
            "address_id": [clinic.address.pk],
            "address_service_id": [clinic.visit.pk],
            "service_id": [missing.pk, clinic.visit.service_id],
            "booking_id": [booked.pk, begun.pk],
            "break_id": [break_.pk],
            "insurance_provider_id": [insurer.pk],
            "insurance_plan_id": [insurer.plans.first().pk],
            "date": [tomorrow.date()],
            "start": [iso(each) for each in free],
            "since": [iso(hour(later, 14))],
            "phone": [PATIENT.phone],
        }
        self.values = {name: [str(each) for each in known] for name, known in self.values.items()}
        self.others = {
            "facility_id": str(self.other.facility.pk),
            "doctor_id": str(self.other.doctor.pk),
            "address_id": str(self.other.address.pk),
            "address_service_id": str(self.other.visit.pk),
        }
        self.values |= {
            "end": [iso(hour(tomorrow, 12))],
            "till": [iso(hour(later, 15))],
            "duration": [30],
            "insurance_providers": [[insurer.pk], []],
            "insurance_accepted": ["with-and-without-insurance"],
        }

        # What must be so first, where the world as it stands lets nobody succeed.
        self.before = {
            "enableCalendar": lambda: calendars.disable(clinic.address),
            "addAddressInsuranceProvider": lambda: insurances.unassign(clinic.address, insurer),
        }

    def fill(self, data, node):
        """Puts real values in the place of generated ones, wherever a name is known."""
        if isinstance(node, list):
            return [self.fill(data, each) for each in node]
        if not isinstance(node, dict):
            return node
        return {
            name: data.draw(st.sampled_from(self.values[name]))
            if name in self.values
            else self.fill(data, value)
            for name, value in node.items()
        }


def change(world, data, case, *, is_allowed):
    """Generated ids are of nothing: all parts but one, or all, name what is there.

    What was made wrong in body and query stays; only the path is made to lead somewhere, else
    every answer would be the same 404.
    """
    parts = (*["nothing"] * 4, "path", "query", "body", "foreign")
    kept = data.draw(st.sampled_from(parts)) if is_allowed else "query and body"
    path = dict(case.path_parameters or {})
    if kept != "path":
        path = world.fill(data, path)
    if kept == "foreign":
        path |= {name: world.others[name] for name in path.keys() & world.others.keys()}
    # An id with a slash in it is another path, which is not the contract's.
    assume(not any("/" in str(each) for each in path.values()))
    case.path_parameters = path
    if "query" not in kept and case.query:
        case.query = world.fill(data, dict(case.query))
    if "body" not in kept and isinstance(case.body, dict):
        case.body = world.fill(data, case.body)
        if "insurance_provider_id" not in case.body:
            case.body.pop("insurance_plan_id", None)  # a plan of no insurer is refused


def as_httpx(answer):
    """For the suite's own checker."""
    request = httpx.Request(answer.request.method, answer.request.url)
    headers = [(name, value) for name, values in answer.headers.items() for value in values]
    return httpx.Response(
        answer.status_code, headers=headers, content=answer.content, request=request
    )


def walk(world, operation, contract_schema, *, is_allowed=True):
    """The statuses that the operation gave to so many requests."""
    name = operation.definition.raw["operationId"]
    seen = set()

    @settings(
        max_examples=REQUESTS if is_allowed else max(REQUESTS // 2, 2),
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def each_answer_is_in_the_contract(data):
        case = data.draw(contract_schema.cases(operation, is_allowed=is_allowed))
        change(world, data, case, is_allowed=is_allowed)
        with transaction.atomic(using="sandbox"):  # each request meets the same world
            world.before.get(name, lambda: None)()
            answer = case.call(headers=world.clinic.api.headers)
            transaction.set_rollback(True, using="sandbox")
        case.validate_response(answer, checks=contract_schema.CHECKS)
        CONTRACT.check(as_httpx(answer))
        seen.add(answer.status_code)

    each_answer_is_in_the_contract()
    return seen


def test_whatever_the_contract_allows_is_answered_within_it(frozen, tomorrow, contract_schema):
    world = World(tomorrow)
    seen = {}
    for each in contract_schema.operations(sandbox_app):
        seen[each.definition.raw["operationId"]] = walk(world, each, contract_schema)

    assert seen.keys() == CONTRACT.operation_ids()
    never = {name for name, statuses in seen.items() if min(statuses) >= 300}
    assert never == set(), "the walk must get past the checks of every operation"


def test_whatever_the_contract_forbids_is_answered_within_it(frozen, tomorrow, contract_schema):
    world = World(tomorrow)
    refused = set()
    for each in contract_schema.operations(sandbox_app):
        if each.body or each.query:
            refused |= walk(world, each, contract_schema, is_allowed=False)

    assert {400, 404} <= refused


def test_the_walk_finds_an_answer_outside_the_contract(frozen, tomorrow, contract_schema):
    """Shown on a program that answers every request with 500."""

    def broken(_environ, start_response):
        start_response("500 Internal Server Error", [])
        return [b""]

    world = World(tomorrow)
    first = contract_schema.operations(broken)[0]
    with pytest.raises(contract_schema.FAILURES):
        walk(world, first, contract_schema)
