"""How the control API seeds, shows bookings, and makes patients and doctors act."""

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

from slotbridge.sandbox import actors, control_places, payloads, payments, rules
from slotbridge.sandbox import control_reading as read
from slotbridge.sandbox.control_reading import Wrong
from slotbridge.sandbox.models import Booking, Doctor, Facility
from slotbridge.sandbox.patients import PatientData
from slotbridge.sandbox.seed import AddressSeed, DoctorSeed, Seeded, ServiceSeed, seed

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
        "confirmed_by": row.confirmed_by,
        "presence": row.presence,
        "insurance_provider_id": str(row.insurance_provider_id or ""),
        "payment_status": row.payment_status,
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


def _patient_books(body: dict[str, Any]) -> dict[str, Any]:
    """As the doctor, and may name who pays."""
    payer = read.optional_id(body.get("insurance_provider_id"), "insurance_provider_id")
    plan = read.optional_id(body.get("insurance_plan_id"), "insurance_plan_id")
    return _books(partial(actors.patient_books, payer=payer, plan=plan))(body)


def _books(actor: Callable[..., Booking]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def act(body: dict[str, Any]) -> dict[str, Any]:
        made = actor(
            read.address(body.get("address_id")),
            read.instant(body.get("start"), "start"),
            read.address_service(body.get("address_service_id")),
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
            read.booking(body.get("booking_id")),
            read.instant(body.get("start"), "start"),
            address=read.address(body["address_id"]) if body.get("address_id") else None,
            service=read.address_service(service) if service else None,
        )
        return {"booking": show_booking(moved)}

    return act


def _cancels(actor: Callable[..., None]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def act(body: dict[str, Any]) -> dict[str, Any]:
        booking = read.booking(body.get("booking_id"))
        actor(booking, str(body.get("reason", "")))
        return {"booking": show_booking(booking)}

    return act


def _confirms(actor: Callable[[Booking], None]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def act(body: dict[str, Any]) -> dict[str, Any]:
        booking = read.booking(body.get("booking_id"))
        actor(booking)
        return {"booking": show_booking(booking)}

    return act


def _pays(body: dict[str, Any]) -> dict[str, Any]:
    booking = read.booking(body.get("booking_id"))
    status = body.get("status", payments.PAID)
    if status not in payments.STEPS:
        raise Wrong(f"status must be one of: {', '.join(payments.STEPS)}")
    actors.patient_pays(booking, status)
    return {"booking": show_booking(booking)}


def _marks_presence(body: dict[str, Any]) -> dict[str, Any]:
    booking = read.booking(body.get("booking_id"))
    actors.doctor_marks_presence(booking, read.switch(body, "present"))
    return {"booking": show_booking(booking)}


def _adds_break(body: dict[str, Any]) -> dict[str, Any]:
    made = actors.doctor_adds_break(
        read.address(body.get("address_id")),
        read.instant(body.get("since"), "since"),
        read.instant(body.get("till"), "till"),
        str(body.get("description", "")),
        on_coupled=body.get("on_coupled") is True,
    )
    return {"break": payloads.calendar_break(made)}


def _moves_break(body: dict[str, Any]) -> dict[str, Any]:
    found = read.calendar_break(body.get("break_id"))
    since, till = read.instant(body.get("since"), "since"), read.instant(body.get("till"), "till")
    actors.doctor_moves_break(found, since, till)
    return {"break": payloads.calendar_break(found)}


def _removes_break(body: dict[str, Any]) -> dict[str, Any]:
    found = read.calendar_break(body.get("break_id"))
    shown = payloads.calendar_break(found)
    actors.doctor_removes_break(found)
    return {"break": shown}


def _changes_slots(body: dict[str, Any]) -> dict[str, Any]:
    """One date redrawn by the doctor: {"day", "periods": [{start, end, services: [{…}], …}]}."""
    try:
        day = date.fromisoformat(body["day"])
        periods = [
            rules.Period(
                read.instant(each["start"], "start"),
                read.instant(each["end"], "end"),
                tuple(
                    (int(one["address_service_id"]), int(one["duration"]))
                    for one in each["services"]
                ),
                str(each.get("insurance_accepted", rules.EVERYBODY)),
                tuple(int(one) for one in each.get("insurance_providers", ())),
            )
            for each in body["periods"]
        ]
    except (KeyError, TypeError, ValueError):
        raise Wrong("day and periods are needed; see docs/sandbox.md") from None
    actors.doctor_changes_slots(read.address(body.get("address_id")), day, periods)
    return {"day": day.isoformat()}


def _switches(body: dict[str, Any]) -> dict[str, Any]:
    at = read.address(body.get("address_id"))
    actors.doctor_switches_calendar(at, on=body.get("on") is True)
    return {"calendar": at.calendar}


ACTIONS: dict[tuple[str, str], Callable[[dict[str, Any]], dict[str, Any]]] = {
    ("patient", "book"): _patient_books,
    ("patient", "move"): _moves(actors.patient_moves),
    ("patient", "cancel"): _cancels(actors.patient_cancels),
    ("patient", "confirm"): _confirms(actors.patient_confirms),
    ("patient", "pay"): _pays,
    ("doctor", "book"): _books(actors.doctor_books),
    ("doctor", "move"): _moves(actors.doctor_moves),
    ("doctor", "cancel"): _cancels(actors.doctor_cancels),
    ("doctor", "confirm"): _confirms(actors.doctor_confirms),
    ("doctor", "mark-presence"): _marks_presence,
    ("doctor", "add-break"): _adds_break,
    ("doctor", "move-break"): _moves_break,
    ("doctor", "remove-break"): _removes_break,
    ("doctor", "change-slots"): _changes_slots,
    ("doctor", "switch-calendar"): _switches,
    **control_places.ACTIONS,
}
