"""The services of an address: read, added, changed, deleted."""

from collections.abc import Callable
from datetime import timedelta
from decimal import ROUND_DOWN, Decimal
from math import isfinite
from typing import Any

from slotbridge.sandbox import calendars, payloads, services
from slotbridge.sandbox.api import resolve
from slotbridge.sandbox.api.answers import (
    Answer,
    ApiError,
    Call,
    flag,
    invalid,
    not_found,
    storable,
    text,
    whole,
)
from slotbridge.sandbox.models import AddressService, Service

DEAREST = 10**9  # whole units
ALL_SCOPES = frozenset({"address_service.allowed_patients", "address_service.custom_name"})

Changes = dict[str, Any]


def get_address_services(call: Call, facility_id: str, doctor_id: str, address_id: str) -> Answer:
    """With `start`: those on offer then, each with its duration."""
    at = resolve.address(call, facility_id, doctor_id, address_id)
    rows = at.services.select_related("service")
    if "start" not in call.query:
        shown = [payloads.address_service(row, call.scopes) for row in rows]
        return Answer(body=payloads.items(shown))
    start = call.moment("start", not_found())
    minutes = {
        offer.service: int((offer.end - offer.start).total_seconds()) // 60
        for offer in calendars.offers(at, start, start + timedelta(seconds=1))
        if offer.start == start
    }
    shown = [
        payloads.address_service(row, call.scopes, minutes=minutes[row.pk])
        for row in rows
        if row.pk in minutes
    ]
    return Answer(body=payloads.items(shown))


def get_address_service(
    call: Call, facility_id: str, doctor_id: str, address_id: str, address_service_id: str
) -> Answer:
    at = resolve.address(call, facility_id, doctor_id, address_id)
    found = resolve.address_service(at, address_service_id)
    return Answer(body=payloads.address_service(found, call.scopes))


def add_address_service(call: Call, facility_id: str, doctor_id: str, address_id: str) -> Answer:
    """201 with the id in the body and in Location; 409 where the service is there already."""
    at = resolve.address(call, facility_id, doctor_id, address_id)
    body = call.json()
    wanted = Service.objects.filter(pk=whole(body.get("service_id"), invalid())).first()
    terms = _read(body, ADDING)
    if wanted is None:
        raise not_found()
    try:
        added = services.add(at, wanted, services.Terms(**terms), client=call.client)
    except services.UnfitTerms as error:
        raise invalid(str(error)) from None
    except services.ServiceExists:
        told = "The address service you are trying to add already exists in the system"
        raise ApiError(409, told) from None
    location = f"{call.base_url}{payloads.address_path(at)}/services/{added.pk}"
    return Answer(201, _whole(added, call), {"Location": location})


def update_address_service(
    call: Call, facility_id: str, doctor_id: str, address_id: str, address_service_id: str
) -> Answer:
    """What is not named stays; null clears price, description, custom name and ages."""
    found = _address_service(call, facility_id, doctor_id, address_id, address_service_id)
    changes = _read(call.json(), CHANGING)
    try:
        services.change(found, client=call.client, **changes)
    except services.UnfitTerms as error:
        raise invalid(str(error)) from None
    except services.ServiceGone:
        raise not_found() from None
    return Answer(body=_whole(found, call))


def delete_address_service(
    call: Call, facility_id: str, doctor_id: str, address_id: str, address_service_id: str
) -> Answer:
    found = _address_service(call, facility_id, doctor_id, address_id, address_service_id)
    try:
        services.remove(found, client=call.client)
    except services.ServiceGone:
        raise not_found() from None
    return Answer(204)


def _address_service(call: Call, *ids: str) -> AddressService:
    *where, service_id = ids
    return resolve.address_service(resolve.address(call, *where), service_id)


def _whole(row: AddressService, call: Call) -> payloads.Json:
    """With everything that a request may have set."""
    return payloads.address_service(row, call.scopes | ALL_SCOPES)


# --- what a request says ---------------------------------------------------------------------


def _read(body: Changes, known: dict[str, Callable[[Any], Changes]]) -> Changes:
    """Fields of services.Terms from those named in the body; others are ignored. Raises 400."""
    found: Changes = {}
    for name, read in known.items():
        if name in body:
            found |= read(body[name])
    return found


def _price(raw: Any) -> Changes:
    """A number with at most 2 decimals; the rest is cut off, not rounded."""
    if raw is None:
        return {"price_minor": None}
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not isfinite(raw):
        raise invalid(services.BAD_PRICE)
    if not 0 <= raw <= DEAREST:
        raise invalid(services.BAD_PRICE)
    return {"price_minor": int((Decimal(str(raw)) * 100).to_integral_value(ROUND_DOWN))}


def _custom_name(raw: Any) -> Changes:
    if raw is None:
        return {"custom_name": ""}
    name = storable(raw, invalid())
    if not name.strip():
        raise invalid("Custom name must not be empty.")
    return {"custom_name": name}


def _duration(raw: Any) -> Changes:
    return {"default_duration": _number(raw)}


def _duration_or_default(raw: Any) -> Changes:
    return {} if raw is None else _duration(raw)


def _ages(raw: Any) -> Changes:
    """An age that is not named stays; null in place of both clears both."""
    if raw is None:
        return {"minimum_age": None, "maximum_age": None}
    if not isinstance(raw, dict):
        raise invalid()
    named = raw.keys() & {"minimum_age", "maximum_age"}
    return {name: None if raw[name] is None else _number(raw[name]) for name in named}


def _number(raw: Any) -> int:
    if not isinstance(raw, int) or isinstance(raw, bool):
        raise invalid()
    return raw


CHANGING: dict[str, Callable[[Any], Changes]] = {
    "is_price_from": lambda raw: {"is_price_from": flag(raw, invalid())},
    "price": _price,
    "description": lambda raw: {"description": text(raw, invalid())},
    "is_visible": lambda raw: {"is_visible": flag(raw, invalid())},
    "default_duration": _duration,
    "allowed_patients": _ages,
    "custom_name": _custom_name,
}
# The contract lets null stand for no duration here, but not in a change.
ADDING = CHANGING | {"default_duration": _duration_or_default}
