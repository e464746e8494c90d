"""What the control API reads and shows, and how it makes patients and doctors act."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from django.db.models import Model, QuerySet

from slotbridge.sandbox import actors, payloads, rules
from slotbridge.sandbox.models import Address, AddressService, Booking, Break, Doctor, Facility
from slotbridge.sandbox.patients import PatientData
from slotbridge.sandbox.seed import AddressSeed, DoctorSeed, Seeded, ServiceSeed, seed

FURTHEST_OFFSET = 2 * 366 * 24 * 3600  # seconds


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


def _row(rows: QuerySet[Any], raw: Any, name: str) -> Any:
    if not str(raw).isdecimal():
        raise Wrong(f"{name} must be an id")
    found: Model | None = rows.filter(pk=int(raw)).first()
    if found is None:
        raise Wrong(f"no such {name}")
    return found


def address(raw: Any) -> Address:
    found: Address = _row(Address.objects.select_related("facility", "doctor"), raw, "address_id")
    return found


def _service(raw: Any) -> AddressService:
    found: AddressService = _row(AddressService.objects.all(), raw, "address_service_id")
    return found


def _booking(raw: Any) -> Booking:
    found: Booking = _row(Booking.objects.all(), raw, "booking_id")
    return found


def _break(raw: Any) -> Break:
    found: Break = _row(Break.objects.all(), raw, "break_id")
    return found


# --- seeding ---------------------------------------------------------------------------------


def seed_from(body: dict[str, Any]) -> Seeded:
    """{"name", "client_name"?, "doctors": [{…, "addresses": [{…, "services": [{…}]}]}]}."""
    try:
        doctors = [_doctor_seed(each) for each in body.get("doctors", [])]
        return seed(
            str(body["name"]), doctors, client_name=str(body.get("client_name", "Integration"))
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise Wrong(f"missing, unknown or of the wrong type: {error}") from None


def _doctor_seed(raw: dict[str, Any]) -> DoctorSeed:
    rest = {name: value for name, value in raw.items() if name != "addresses"}
    return DoctorSeed(**rest, addresses=[_address_seed(each) for each in raw["addresses"]])


def _address_seed(raw: dict[str, Any]) -> AddressSeed:
    rest = {name: value for name, value in raw.items() if name != "services"}
    return AddressSeed(**rest, services=[ServiceSeed(**each) for each in raw.get("services", [])])


def show_doctor(doctor: Doctor, facility: Facility) -> dict[str, Any]:
    return {
        "doctor_id": str(doctor.pk),
        "name": doctor.name,
        "surname": doctor.surname,
        "addresses": [
            {
                "address_id": str(row.pk),
                "name": row.name,
                "services": [
                    {"address_service_id": str(each.pk), "name": each.name}
                    for each in row.services.select_related("service")
                ],
            }
            for row in doctor.addresses.filter(facility=facility)
        ],
    }


def show_booking(row: Booking) -> dict[str, Any]:
    return {
        "booking_id": str(row.pk),
        "address_id": str(row.address_id),
        "address_service_id": str(row.service_id),
        "status": row.status,
        "start": payloads.moment(row.start),
        "end": payloads.moment(row.end),
        "booked_by": row.booked_by,
        "canceled_by": row.canceled_by,
        "patient": {"name": row.patient["name"], "surname": row.patient["surname"]},
        "link": f"/visits/{row.key}",
    }


# --- acting ----------------------------------------------------------------------------------


def act(body: dict[str, Any]) -> dict[str, Any]:
    """Raises Wrong, or actors.Refused when the portal says no."""
    what = str(body.get("what"))
    who = str(body.get("who", "patient"))
    action = ACTIONS.get((who, what))
    if action is None:
        known = ", ".join(f"{person} {deed}" for person, deed in ACTIONS)
        raise Wrong(f"who and what must be one of: {known}")
    return action(body)


def _patient(raw: Any) -> PatientData:
    try:
        return PatientData(**raw)
    except TypeError:
        raise Wrong("patient needs name; see docs/sandbox.md for the other fields") from None


def _books(actor: Callable[..., Booking]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def act(body: dict[str, Any]) -> dict[str, Any]:
        made = actor(
            address(body.get("address_id")),
            instant(body.get("start"), "start"),
            _service(body.get("address_service_id")),
            _patient(body.get("patient")),
            minutes=body.get("minutes"),
            comment=str(body.get("comment", "")),
        )
        return {"booking": show_booking(made)}

    return act


def _moves(actor: Callable[..., Booking]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def act(body: dict[str, Any]) -> dict[str, Any]:
        service = body.get("address_service_id")
        moved = actor(
            _booking(body.get("booking_id")),
            instant(body.get("start"), "start"),
            address=address(body["address_id"]) if body.get("address_id") else None,
            service=_service(service) if service else None,
        )
        return {"booking": show_booking(moved)}

    return act


def _cancels(actor: Callable[..., None]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def act(body: dict[str, Any]) -> dict[str, Any]:
        booking = _booking(body.get("booking_id"))
        actor(booking, str(body.get("reason", "")))
        return {"booking": show_booking(booking)}

    return act


def _adds_break(body: dict[str, Any]) -> dict[str, Any]:
    made = actors.doctor_adds_break(
        address(body.get("address_id")),
        instant(body.get("since"), "since"),
        instant(body.get("till"), "till"),
        str(body.get("description", "")),
    )
    return {"break": payloads.calendar_break(made)}


def _moves_break(body: dict[str, Any]) -> dict[str, Any]:
    found = _break(body.get("break_id"))
    since, till = instant(body.get("since"), "since"), instant(body.get("till"), "till")
    actors.doctor_moves_break(found, since, till)
    return {"break": payloads.calendar_break(found)}


def _removes_break(body: dict[str, Any]) -> dict[str, Any]:
    found = _break(body.get("break_id"))
    shown = payloads.calendar_break(found)
    actors.doctor_removes_break(found)
    return {"break": shown}


def _changes_slots(body: dict[str, Any]) -> dict[str, Any]:
    """One date redrawn by the doctor: {"day", "periods": [{start, end, services: [{…}]}]}."""
    try:
        day = date.fromisoformat(body["day"])
        periods = [
            rules.Period(
                instant(each["start"], "start"),
                instant(each["end"], "end"),
                tuple(
                    (int(one["address_service_id"]), int(one["duration"]))
                    for one in each["services"]
                ),
            )
            for each in body["periods"]
        ]
    except (KeyError, TypeError, ValueError):
        raise Wrong("day and periods are needed; see docs/sandbox.md") from None
    actors.doctor_changes_slots(address(body.get("address_id")), day, periods)
    return {"day": day.isoformat()}


def _switches(body: dict[str, Any]) -> dict[str, Any]:
    at = address(body.get("address_id"))
    actors.doctor_switches_calendar(at, on=body.get("on") is True)
    return {"calendar": at.calendar}


ACTIONS: dict[tuple[str, str], Callable[[dict[str, Any]], dict[str, Any]]] = {
    ("patient", "book"): _books(actors.patient_books),
    ("patient", "move"): _moves(actors.patient_moves),
    ("patient", "cancel"): _cancels(actors.patient_cancels),
    ("doctor", "book"): _books(actors.doctor_books),
    ("doctor", "move"): _moves(actors.doctor_moves),
    ("doctor", "cancel"): _cancels(actors.doctor_cancels),
    ("doctor", "add-break"): _adds_break,
    ("doctor", "move-break"): _moves_break,
    ("doctor", "remove-break"): _removes_break,
    ("doctor", "change-slots"): _changes_slots,
    ("doctor", "switch-calendar"): _switches,
}
