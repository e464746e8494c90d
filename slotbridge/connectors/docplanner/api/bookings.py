"""Bookings: made, read, moved, cancelled, confirmed, and whether the patient came."""

from __future__ import annotations

from datetime import datetime, timedelta

from slotbridge.connectors.docplanner import fields, operations, records
from slotbridge.connectors.docplanner.answers import Invalid
from slotbridge.connectors.docplanner.api.common import each, one, path_of, range_of
from slotbridge.connectors.docplanner.client import Client
from slotbridge.connectors.docplanner.periods import wire_time
from slotbridge.connectors.docplanner.records import Json, Place
from slotbridge.connectors.docplanner.site import Site
from slotbridge.connectors.docplanner.values import (
    BookingToMake,
    BookingToMove,
    ConfirmedBy,
    Person,
)
from slotbridge.sync.contract import ListingRef, OutcomeUnknown, PortalBooking

SCOPES = ("booking.patient", "booking.address_service", "booking.presence")
# The contract's text and changelog name it, its list of scopes does not (README, "confirmation").
UNDECLARED = "booking.confirmation"
MINUTE = timedelta(minutes=1)


class Bookings:
    def __init__(self, client: Client, site: Site) -> None:
        self._client = client
        self._site = site
        self._scopes: tuple[str, ...] = (*SCOPES, UNDECLARED)

    def book_slot(self, at: ListingRef, wanted: BookingToMake) -> PortalBooking:
        """What its answer leaves out is as asked. A lost race is Gone."""
        answer = self._client.call(
            operations.BOOK_SLOT,
            path_of(at, start=wire_time(wanted.start, at.tz)),
            body={
                "address_service_id": wanted.service,
                "duration": (wanted.end - wanted.start) // MINUTE,
                "patient": _person(wanted.person),
                "comment": wanted.comment,
            },
        )
        made = {"booked_by": "integration"} | dict(fields.mapping(answer.data))
        found = self._booking(made, _place(at), (wanted.start, wanted.end))
        if found is None:  # it may be there all the same: 200 came without a body
            raise OutcomeUnknown("bookSlot: a success without a booking")
        return found

    def get_bookings(self, at: ListingRef, start: datetime, end: datetime) -> list[PortalBooking]:
        """As the portal understands the range: by what, is silent."""
        try:
            found = self._listed(at, start, end)
        except Invalid:
            if UNDECLARED not in self._scopes:
                raise
            self._scopes = SCOPES  # it may be the scope that the contract does not declare
            found = self._listed(at, start, end)
        return each(operations.GET_BOOKINGS, found, lambda item: self._booking(item, _place(at)))

    def _listed(self, at: ListingRef, start: datetime, end: datetime) -> list[Json]:
        return self._client.collection(
            operations.GET_BOOKINGS,
            path_of(at),
            query=range_of(at, "start", start, "end", end),
            scopes=self._scopes,
            shows=["patient", "address_service"],
        )

    def get_booking(self, at: ListingRef, booking: str) -> PortalBooking:
        """With its chain of moves."""
        answer = self._client.scoped(
            operations.GET_BOOKING, path_of(at, booking_id=booking), scopes=["booking.moving"]
        )
        return one(
            operations.GET_BOOKING,
            answer,
            lambda item: self._booking(item, _place(at, booking)),
        )

    def cancel_booking(self, at: ListingRef, booking: str, reason: str = "") -> None:
        """Raises answers.Invalid for one that is not booked any more, and for other reasons."""
        self._client.call(
            operations.CANCEL_BOOKING,
            path_of(at, booking_id=booking),
            body={"reason": reason} if reason else None,
        )

    def move_booking(
        self, at: ListingRef, booking: str, target: ListingRef, wanted: BookingToMove
    ) -> PortalBooking:
        """The new booking, at the doctor whom the Location names."""
        body = {
            "address_service_id": wanted.service,
            "start": wire_time(wanted.start, target.tz),
            "duration": (wanted.end - wanted.start) // MINUTE,
        } | ({"address_id": wanted.address} if wanted.address else {})
        answer = self._client.call(
            operations.MOVE_BOOKING, path_of(at, booking_id=booking), body=body
        )
        where = records.place_of(answer.location) or _place(target)
        made = fields.mapping(answer.data)
        found = self._booking(made, where, (wanted.start, wanted.end))
        if found is None or found.id == booking:
            raise OutcomeUnknown("moveBooking: a success without a new booking")
        return found

    def confirm_booking(self, at: ListingRef, booking: str, by: ConfirmedBy) -> None:
        """One that is confirmed already is fine; there is no way back."""
        self._client.call(
            operations.CONFIRM_BOOKING,
            path_of(at, booking_id=booking),
            body={"confirmed_by": by.value},
        )

    def mark_patient_presence(self, at: ListingRef, booking: str) -> None:
        self._client.call(operations.MARK_PRESENCE, path_of(at, booking_id=booking))

    def mark_patient_absence(self, at: ListingRef, booking: str) -> None:
        self._client.call(operations.MARK_ABSENCE, path_of(at, booking_id=booking))

    def request_opinion(self, facility: str, doctor: str, phone: str) -> None:
        """Sends the patient of a past visit a text message, each time it is called. Raises Gone if
        the portal knows of no such visit, answers.Conflict if there is an opinion already.
        """
        self._client.call(
            operations.REQUEST_OPINION,
            {"facility_id": facility, "doctor_id": doctor},
            body={"phone": phone},
        )

    def _booking(
        self, found: Json, at: Place, within: tuple[datetime, datetime] | None = None
    ) -> PortalBooking | None:
        return records.booking(found, at, self._site, within)


def _place(at: ListingRef, id_: str = "") -> Place:
    return Place(at.facility, at.doctor, at.address, id_)


def _person(person: Person) -> dict[str, object]:
    named: dict[str, object] = {"name": person.name}
    named |= {"surname": person.surname} if person.surname else {}
    return named | {"phone": person.phone or None}
