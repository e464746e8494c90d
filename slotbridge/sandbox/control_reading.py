"""How the control API reads what it is sent: ids, instants, switches."""

from datetime import datetime
from typing import Any

from django.db.models import Model, QuerySet

from slotbridge.sandbox.models import (
    Address,
    AddressService,
    Booking,
    Break,
    InsuranceProvider,
    Service,
)


class Wrong(Exception):
    """The request cannot be carried out as written: its text says what to change."""


def instant(raw: Any, name: str) -> datetime:
    try:
        value = datetime.fromisoformat(raw)
    except (TypeError, ValueError):
        raise Wrong(f"{name} must be an ISO date and time") from None
    if value.tzinfo is None:
        raise Wrong(f"{name} must carry an offset")
    return value


def row(rows: QuerySet[Any], raw: Any, name: str) -> Any:
    if not str(raw).isdecimal():
        raise Wrong(f"{name} must be an id")
    found: Model | None = rows.filter(pk=int(raw)).first()
    if found is None:
        raise Wrong(f"no such {name}")
    return found


def address(raw: Any) -> Address:
    found: Address = row(Address.objects.select_related("facility", "doctor"), raw, "address_id")
    return found


def address_service(raw: Any) -> AddressService:
    found: AddressService = row(AddressService.objects.all(), raw, "address_service_id")
    return found


def booking(raw: Any) -> Booking:
    found: Booking = row(Booking.objects.all(), raw, "booking_id")
    return found


def calendar_break(raw: Any) -> Break:
    found: Break = row(Break.objects.all(), raw, "break_id")
    return found


def insurer(raw: Any) -> InsuranceProvider:
    found: InsuranceProvider = row(InsuranceProvider.objects.all(), raw, "insurance_provider_id")
    return found


def dictionary_service(raw: Any) -> Service:
    """By its name, which is added to the dictionary where it is missing."""
    if not isinstance(raw, str) or not raw.strip():
        raise Wrong("service must be the name of a service")
    return Service.objects.get_or_create(name=raw.strip()[:200])[0]


def switch(body: dict[str, Any], name: str) -> bool:
    value = body.get(name)
    if not isinstance(value, bool):
        raise Wrong(f"{name} must be true or false")
    return value


def optional_id(raw: Any, name: str) -> int | None:
    if raw is None:
        return None
    if not str(raw).isdecimal():
        raise Wrong(f"{name} must be an id")
    return int(raw)
