"""How the control API makes doctors and advisers change an address and its services."""

from collections.abc import Callable
from typing import Any

from slotbridge.sandbox import actors, payloads
from slotbridge.sandbox import control_reading as read
from slotbridge.sandbox.control_reading import Wrong
from slotbridge.sandbox.models import Address
from slotbridge.sandbox.services import TERMS

SCOPES = frozenset(
    {
        "address.online_only",
        "address.visit_payment",
        "address.commercial_type",
        "address.insurance_support",
    }
)
TERM_TYPES: dict[str, tuple[type, ...]] = {
    "price_minor": (int, type(None)),
    "is_price_from": (bool,),
    "is_visible": (bool,),
    "default_duration": (int,),
    "description": (str,),
    "custom_name": (str,),
    "minimum_age": (int, type(None)),
    "maximum_age": (int, type(None)),
}


def _terms(body: dict[str, Any]) -> dict[str, Any]:
    terms = {name: body[name] for name in TERMS & body.keys()}
    for name, value in terms.items():
        if type(value) not in TERM_TYPES[name]:
            raise Wrong(f"{name} is of another type")
    return terms


def _adds_service(body: dict[str, Any]) -> dict[str, Any]:
    at = read.address(body.get("address_id"))
    made = actors.doctor_adds_service(
        at, read.dictionary_service(body.get("service")), **_terms(body)
    )
    return {"address_service": payloads.address_service(made)}


def _changes_service(body: dict[str, Any]) -> dict[str, Any]:
    found = read.address_service(body.get("address_service_id"))
    actors.doctor_changes_service(found, **_terms(body))
    return {"address_service": payloads.address_service(found)}


def _removes_service(body: dict[str, Any]) -> dict[str, Any]:
    found = read.address_service(body.get("address_service_id"))
    shown = payloads.address_service(found)
    actors.doctor_removes_service(found)
    return {"address_service": shown}


def _show_address(row: Address) -> dict[str, Any]:
    shown = payloads.address(row, SCOPES)
    del shown["_links"]
    shown["payment_account"] = row.payment_account
    shown["is_assigned"] = not row.is_disabled
    shown["insurances"] = [payloads.address_insurance(each) for each in row.insurances.all()]
    return {"address": shown}


def _changes_commercial_type(body: dict[str, Any]) -> dict[str, Any]:
    at = read.address(body.get("address_id"))
    actors.adviser_changes_commercial_type(at, str(body.get("commercial_type")))
    return _show_address(at)


def _with_address(actor: Callable[[Address], None]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def act(body: dict[str, Any]) -> dict[str, Any]:
        at = read.address(body.get("address_id"))
        actor(at)
        return _show_address(at)

    return act


def _opens_online_address(body: dict[str, Any]) -> dict[str, Any]:
    made = actors.adviser_opens_online_address(read.address(body.get("address_id")))
    return _show_address(made)


def _sets_address(body: dict[str, Any]) -> dict[str, Any]:
    """Any of {"takes_payment", "payment_account", "extra_fields", "insurance_support"}."""
    at = read.address(body.get("address_id"))
    named = {name: body[name] for name in actors.ADVISERS_FIELDS if name in body}
    try:
        actors.adviser_sets_address(at, **named)
    except TypeError as error:
        raise Wrong(str(error)) from None
    return _show_address(at)


def _takes_insurance(body: dict[str, Any]) -> dict[str, Any]:
    """{"insurance_provider_id", "insurance_plan_ids"?}; "on": false to take it no more."""
    at = read.address(body.get("address_id"))
    provider = read.insurer(body.get("insurance_provider_id"))
    plans = body.get("insurance_plan_ids", [])
    if not isinstance(plans, list) or not all(str(each).isdecimal() for each in plans):
        raise Wrong("insurance_plan_ids must be a list of ids")
    actors.adviser_sets_insurance(
        at, provider, [int(each) for each in plans], on=body.get("on", True) is True
    )
    return _show_address(at)


ACTIONS: dict[tuple[str, str], Callable[[dict[str, Any]], dict[str, Any]]] = {
    ("doctor", "add-service"): _adds_service,
    ("doctor", "change-service"): _changes_service,
    ("doctor", "remove-service"): _removes_service,
    ("adviser", "change-commercial-type"): _changes_commercial_type,
    ("adviser", "assign-address"): _with_address(actors.adviser_assigns_address),
    ("adviser", "unassign-address"): _with_address(actors.adviser_unassigns_address),
    ("adviser", "open-online-address"): _opens_online_address,
    ("adviser", "set-address"): _sets_address,
    ("adviser", "take-insurance"): _takes_insurance,
}
