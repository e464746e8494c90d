"""The sandbox as the demo sees it: its control API over HTTP (docs/sandbox.md)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx

from slotbridge.cli import clinic
from slotbridge.kit import clock, http

Json = dict[str, Any]


class PortalRefused(Exception):
    """The sandbox did not do what a person wanted: its answer's status and reason."""


@dataclass(frozen=True)
class Address:
    """One doctor at one place: where patients book. `services`: name -> id."""

    id: str
    doctor: str
    place: str
    services: dict[str, str]


@dataclass(frozen=True)
class Facility:
    """What the adviser hands out, and what was registered."""

    client_id: str
    client_secret: str
    addresses: Sequence[Address]

    def address(self, doctor: str, place: str) -> Address:
        return next(each for each in self.addresses if (each.doctor, each.place) == (doctor, place))


@dataclass(frozen=True)
class PortalBooking:
    id: str
    status: str
    start: datetime
    booked_by: str
    patient: str


class Portal:
    """A connection to the sandbox, for all the people who act there."""

    def __init__(self, base_url: str, token: str) -> None:
        self._http = http.client(f"{base_url}/_sandbox/")
        self._http.headers["Authorization"] = f"Bearer {token}"

    def close(self) -> None:
        self._http.close()

    def is_up(self) -> bool:
        try:
            return self._http.get("health").is_success
        except httpx.TransportError:
            return False

    def register(self) -> Facility:
        """The clinic's profile: one facility, its doctors, their addresses and services."""
        made = self._call(
            "POST",
            "seed",
            {
                "name": clinic.ORGANISATION,
                "client_name": "Slotbridge",
                "doctors": [_doctor(person) for person in clinic.PEOPLE],
            },
        )
        addresses = [
            Address(
                id=address["address_id"],
                doctor=f"{doctor['name']} {doctor['surname']}",
                place=address["name"],
                services={each["name"]: each["address_service_id"] for each in address["services"]},
            )
            for doctor in made["doctors"]
            for address in doctor["addresses"]
        ]
        return Facility(made["client_id"], made["client_secret"], addresses)

    def send_notifications_to(self, facility: Facility, url: str) -> None:
        self._call(
            "POST",
            f"clients/{facility.client_id}",
            {"delivery": "push", "notification_url": url},
        )

    def starts(self, address: Address, service: str = "", days: int = 12) -> list[datetime]:
        """When a patient could begin a visit there, in order; of one service, if it is named."""
        now = clock.now()
        query = {"start": now.isoformat(), "end": (now + timedelta(days=days)).isoformat()}
        offers = self._call("GET", f"addresses/{address.id}/offers", query=query)["offers"]
        wanted = address.services.get(service)
        return sorted(
            {
                datetime.fromisoformat(each["start"])
                for each in offers
                if wanted is None or each["address_service_id"] == wanted
            }
        )

    def bookings(self, address: Address) -> list[PortalBooking]:
        """All that begin from now on, whatever their state."""
        found = self._call("GET", f"addresses/{address.id}/bookings")["bookings"]
        return [_booking(each) for each in found]

    def act(self, what: str, **details: object) -> PortalBooking:
        """A patient books, moves or cancels."""
        done = self._call("POST", "act", {"who": "patient", "what": what, **details})
        return _booking(done["booking"])

    def _call(
        self, method: str, path: str, body: Json | None = None, query: dict[str, str] | None = None
    ) -> Json:
        answer = self._http.request(method, path, json=body, params=query)
        if not answer.is_success:
            raise PortalRefused(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        read: Json = answer.json()
        return read


def _doctor(person: clinic.Person) -> Json:
    """A doctor has one address a place; two clinics in one house share it."""
    sites = dict.fromkeys(clinic.site_of(hours.section) for hours in person.hours)
    sections = [clinic.section_named(hours.section) for hours in person.hours]
    return {
        "name": person.given,
        "surname": person.family,
        "specialization": sections[0].specialty,
        "license_number": person.licence,
        "addresses": [
            {
                "name": site.name,
                "street": site.street,
                "post_code": site.post_code,
                "city_name": site.city,
                "services": [
                    {"name": each.name, "price_minor": each.price, "minutes": each.minutes}
                    for each in dict.fromkeys(
                        offered
                        for section in sections
                        if section in site.sections
                        for offered in section.services
                    )
                ],
            }
            for site in sites
        ],
    }


def _booking(found: Json) -> PortalBooking:
    return PortalBooking(
        id=found["booking_id"],
        status=found["status"],
        start=datetime.fromisoformat(found["start"]),
        booked_by=found["booked_by"],
        patient=" ".join(str(part) for part in found["patient"].values()),
    )
