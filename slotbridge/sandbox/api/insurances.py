"""Insurers: the dictionaries, and which of them an address takes."""

from slotbridge.sandbox import insurances, payloads
from slotbridge.sandbox.api import resolve
from slotbridge.sandbox.api.answers import Answer, ApiError, Call, invalid, not_found, whole
from slotbridge.sandbox.models import InsurancePlan, InsuranceProvider

NOT_IN_DICTIONARY = "Provided insurance provider ID not found in dictionary"
ALREADY_ASSIGNED = "Insurance provider with given ID is already assigned to this address."
NOT_ASSIGNED = "Insurance provider with given ID is not assigned to this address."
UNKNOWN_PLAN = "Insurance plan with given ID does not belong to the insurance provider."


def get_insurance_providers(_call: Call) -> Answer:
    rows = InsuranceProvider.objects.all()
    return Answer(body=payloads.items(payloads.insurance_provider(row) for row in rows))


def get_insurance_plans(_call: Call, insurance_provider_id: str) -> Answer:
    """An insurer that nobody knows has no plans: only 200 is listed here."""
    provider = resolve.by_id(InsuranceProvider.objects.all(), insurance_provider_id)
    rows = provider.plans.all() if provider else InsurancePlan.objects.none()
    return Answer(body=payloads.items(payloads.insurance_plan(row) for row in rows))


def get_address_insurance_providers(
    call: Call, facility_id: str, doctor_id: str, address_id: str
) -> Answer:
    at = resolve.address(call, facility_id, doctor_id, address_id)
    rows = at.insurances.select_related("provider").prefetch_related("plans")
    return Answer(body=payloads.items(payloads.address_insurance(row) for row in rows))


def add_address_insurance_provider(
    call: Call, facility_id: str, doctor_id: str, address_id: str
) -> Answer:
    """204. Assigned already is 400, not 409; an insurer that nobody knows 404."""
    at = resolve.address(call, facility_id, doctor_id, address_id)
    provider, plans = _read(call, invalid())
    try:
        insurances.assign(at, provider, plans)
    except insurances.AlreadyAssigned:
        raise invalid(ALREADY_ASSIGNED) from None
    except insurances.UnknownPlan:
        raise invalid(UNKNOWN_PLAN) from None
    return Answer(204)


def update_or_create_address_insurance_provider(
    call: Call, facility_id: str, doctor_id: str, address_id: str
) -> Answer:
    """204. The contract lists no 400 here, so whatever is wrong with the body is 404."""
    at = resolve.address(call, facility_id, doctor_id, address_id)
    try:
        provider, plans = _read(call, not_found())
        merged = call.quirks.insurance_plans_merged
        insurances.assign_or_change(at, provider, plans, merged=merged)
    except insurances.UnknownPlan:
        raise not_found(UNKNOWN_PLAN) from None
    except ApiError as error:
        raise not_found(error.message) from None
    return Answer(204)


def delete_address_insurance_provider(
    call: Call, facility_id: str, doctor_id: str, address_id: str, insurance_provider_id: str
) -> Answer:
    """204. Not assigned is 400; an insurer that nobody knows 404."""
    at = resolve.address(call, facility_id, doctor_id, address_id)
    provider = resolve.by_id(InsuranceProvider.objects.all(), insurance_provider_id)
    if provider is None:
        raise not_found()
    try:
        insurances.unassign(at, provider)
    except insurances.NotAssigned:
        raise invalid(NOT_ASSIGNED) from None
    return Answer(204)


def _read(call: Call, wrong: ApiError) -> tuple[InsuranceProvider, list[int]]:
    """The insurer and the ids of plans a body names. Raises `wrong`, or 404."""
    body = call.json()
    provider_id = whole(body.get("insurance_provider_id"), wrong)
    listed = body.get("insurance_plans", [])
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise wrong
    named = [each["insurance_plan_id"] for each in listed if "insurance_plan_id" in each]
    plans = [whole(each, wrong) for each in named]
    provider = InsuranceProvider.objects.filter(pk=provider_id).first()
    if provider is None:
        raise not_found(NOT_IN_DICTIONARY)
    return provider, plans
