"""The work periods of a PUT slots, checked with the contract's words for what is wrong."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from slotbridge.kit import clock
from slotbridge.sandbox import bookings, payloads, rules
from slotbridge.sandbox.api.answers import INVALID, ApiError, Call, instant, invalid, whole
from slotbridge.sandbox.models import Address

ACCEPTED = frozenset({rules.EVERYBODY, rules.PRIVATE_ONLY, rules.INSURED_ONLY})


@dataclass(frozen=True, slots=True)
class Limits:
    """What the periods of one request are checked against."""

    latest: datetime
    address: int
    services: frozenset[int]
    providers: frozenset[int]
    midnight_ends_day: bool
    errors_as_object: bool

    def broken(self, path: str, message: str) -> ApiError:
        return invalid(INVALID, {path: [message]} if self.errors_as_object else [message])


def read_days(call: Call, at: Address, raw: Any) -> dict[date, list[rules.Period]]:
    """Periods by the dates they name. Raises 400 with the contract's words."""
    if not isinstance(raw, list):
        raise invalid()
    limits = Limits(
        latest=clock.now() + rules.FURTHEST_END,
        address=at.pk,
        services=frozenset(at.services.values_list("pk", flat=True)),
        providers=frozenset(at.insurances.values_list("provider", flat=True)),
        midnight_ends_day=call.quirks.midnight_ends_day,
        errors_as_object=call.quirks.errors_as_object,
    )
    days: dict[date, list[rules.Period]] = {}
    for number, each in enumerate(raw):
        period = _read_period(limits, number, each)
        days.setdefault(rules.day_of(period.start), []).append(period)
    return days


def _read_period(limits: Limits, number: int, raw: Any) -> rules.Period:
    if not isinstance(raw, dict):
        raise invalid()
    start, end = instant(raw.get("start"), invalid()), instant(raw.get("end"), invalid())
    _check_range(limits, number, start, end)
    insurance = _read_insurance(limits, raw)
    listed = _unless_null(raw, "address_services", [])
    if not isinstance(listed, list):
        raise invalid()
    services = tuple(_read_service(limits, each) for each in listed)
    return rules.Period(start, end, services, *insurance)


def _check_range(limits: Limits, number: int, start: datetime, end: datetime) -> None:
    if end - start < timedelta(minutes=1):
        raise limits.broken(
            f"slots[{number}].minimumDifferenceBetweenDates",
            "The end date must be at least 1 minute after the start date",
        )
    last = end - timedelta(microseconds=1) if limits.midnight_ends_day else end
    if rules.day_of(start) != rules.day_of(last):
        told = f"{payloads.moment(start)} - {payloads.moment(end)}"
        raise invalid(f"Slot for date range {told} exceeds a single day boundary")
    if end > limits.latest:
        told = f"{rules.local(limits.latest):%d.%m.%Y, %H:%M}"
        raise limits.broken(
            f"slots[{number}].end", f"End date should be less than or equal to {told}."
        )


def _read_insurance(limits: Limits, raw: dict[str, Any]) -> tuple[str, tuple[int, ...]]:
    """insurance_accepted and the insurers named, which the address must take."""
    accepted = _unless_null(raw, "insurance_accepted", rules.EVERYBODY)
    providers = _unless_null(raw, "insurance_providers", [])
    if not isinstance(accepted, str) or accepted not in ACCEPTED or not _are_integers(providers):
        raise invalid()
    if accepted == rules.INSURED_ONLY and not providers:
        raise invalid(
            "Slot requires insurance (with-insurance-only), but insurance providers are missing"
        )
    if accepted == rules.PRIVATE_ONLY and providers:
        raise invalid(
            "Insurance providers are not supported. "
            "Slot does not allow insurances (without-insurance-only)"
        )
    unknown = ", ".join(str(each) for each in providers if each not in limits.providers)
    if unknown:
        told = f"Insurance provider(s) with id ({unknown})"
        raise invalid(f"{told} not found for address id ({limits.address})")
    return accepted, tuple(sorted(set(providers)))


def _unless_null(raw: dict[str, Any], name: str, default: Any) -> Any:
    value = raw.get(name)
    return default if value is None else value


def _are_integers(raw: Any) -> bool:
    """Integers here, although ids are strings everywhere else; a text is refused."""
    return isinstance(raw, list) and all(type(each) is int for each in raw)


def _read_service(limits: Limits, raw: Any) -> tuple[int, int]:
    if not isinstance(raw, dict):
        raise invalid()
    service = whole(raw.get("address_service_id"), invalid("Address service does not exist"))
    if service not in limits.services:
        raise invalid("Address service does not exist")
    minutes = whole(raw.get("duration"), invalid())
    if minutes > bookings.LONGEST_MINUTES:
        raise invalid()
    return service, minutes
