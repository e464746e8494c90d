"""ZnanyLekarz and its sister sites: the Docplanner Integrations API v3, contract 1.14.0."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from datetime import date, datetime, timedelta
from typing import ClassVar, TypeVar
from zoneinfo import ZoneInfo

import httpx

from slotbridge.connectors.docplanner import (
    catalogue,
    fields,
    messages,
    operations,
    periods,
    records,
    site,
)
from slotbridge.connectors.docplanner.answers import Conflict, Invalid
from slotbridge.connectors.docplanner.client import Client
from slotbridge.connectors.docplanner.records import Json, Place
from slotbridge.kit import clock
from slotbridge.sync.contract import (
    Access,
    Budget,
    CalendarConnector,
    CatalogueRecord,
    Event,
    Gone,
    ListingRef,
    OfferedStart,
    OpenPeriod,
    OutcomeUnknown,
    PortalBooking,
    PortalBreak,
    Question,
    Refused,
    ServiceAtAddress,
    SettingField,
    TryLater,
    VisitToTell,
)

log = logging.getLogger(__name__)

LONGEST_READ = timedelta(days=179)  # 180 are allowed; a day of 25 hours must not spoil it
# Notifications fetched at once: what a lost answer held is gone from the queue, so not the 100
# that are allowed.
PULLED_AT_ONCE = 25
BOOKING_SCOPES = "booking.patient,booking.address_service"
# A40: a booking of the clinic's own, unless it chose to send names.
NEUTRAL_NAME, NEUTRAL_SURNAME = "Rezerwacja", "HIS"
MINUTE = timedelta(minutes=1)

Read = TypeVar("Read")


class DocplannerConnector(CalendarConnector):
    """One account at one site. See README.md for what the portal does unexpectedly, and why each
    quirk is handled as it is.
    """

    kind: ClassVar[str] = "docplanner"
    portal: ClassVar[str] = "ZnanyLekarz"
    channel: ClassVar[str] = "znanylekarz"
    settings_fields: ClassVar[tuple[SettingField, ...]] = site.FIELDS
    horizon: ClassVar[timedelta] = timedelta(weeks=12)
    repeat_window: ClassVar[timedelta] = timedelta(minutes=3)
    quiet_before_midnight = timedelta(minutes=1)
    writes_per_minute: ClassVar[int] = 40

    def __init__(self, access: Access, *, transport: httpx.BaseTransport | None = None) -> None:
        """Raises Refused for settings that the account form does not offer."""
        self._site = site.read(access.settings)
        self._client = Client(access, self._site.base_url, transport=transport)

    @property
    def budget(self) -> Budget | None:
        return self._client.budget

    @property
    def time_zone(self) -> ZoneInfo:
        return self._site.zone

    @classmethod
    def zone_of(cls, settings: Mapping[str, str]) -> ZoneInfo:
        return site.read(settings).zone

    @classmethod
    def currency_of(cls, settings: Mapping[str, str]) -> str:
        return site.read(settings).currency

    @classmethod
    def keeps_services(cls, settings: Mapping[str, str]) -> bool:
        return site.read(settings).keeps_services

    def close(self) -> None:
        self._client.close()

    def check(self) -> None:
        self._client.collection(operations.GET_FACILITIES)

    def read_catalogue(self) -> Iterator[CatalogueRecord]:
        return catalogue.read(self._client)

    # --- what can be booked ------------------------------------------------------------------

    def tell_days(
        self,
        listing: ListingRef,
        days: Mapping[date, Sequence[OpenPeriod]],
        *,
        avoid: Set[str],
        sending: Callable[[str], None] = lambda _digest: None,
    ) -> str:
        """Raises Refused before sending for periods outside their date or beyond the horizon.

        A lone emptied date is deleted; but after a PUT of the last minutes it is put as well: the
        portal works PUTs off later, and a deletion could overtake one.
        """
        if not days:
            raise ValueError("an empty list of slots is undefined at the portal")
        self._refuse_other_days(listing, days)
        if not avoid and len(days) == 1 and not any(days.values()):
            digest = self._delete_day(listing, next(iter(days)), sending)
            if digest:
                return digest
        latest = clock.now() + self.horizon
        request = periods.request(days, listing.tz, latest=latest, avoid=avoid)
        if request is None:
            said = "replaceSlots: every way to say this was used a moment ago"
            raise TryLater(said, self.repeat_window)
        sending(request.digest)
        self._client.call(operations.REPLACE_SLOTS, _ids(listing), body=request.body)
        return request.digest

    def _delete_day(self, listing: ListingRef, day: date, sending: Callable[[str], None]) -> str:
        """The digest of the deletion; "" where there is no calendar to delete from."""
        digest = periods.digest_of("DELETE", day.isoformat())
        sending(digest)
        try:
            self._client.call(operations.DELETE_SLOTS, _ids(listing) | {"date": day.isoformat()})
        except Gone:
            return ""
        return digest

    def _refuse_other_days(self, listing: ListingRef, days: Iterable[date]) -> None:
        """The portal replaces dates of its own zone; told by another's, it would wipe half a day
        that we do not name.
        """
        for day in days:
            if clock.day_bounds(day, listing.tz) != clock.day_bounds(day, self._site.zone):
                raise Refused(f"replaceSlots: the listing's days are not those of {self.portal}")

    def offered(
        self, listing: ListingRef, start: datetime, end: datetime
    ) -> frozenset[OfferedStart]:
        found: set[OfferedStart] = set()
        for since, till in _windows(start, end):
            query = {"with": "slot.services"} | _range(listing, "start", since, "end", till)
            slots = self._client.collection(operations.GET_SLOTS, _ids(listing), query=query)
            found.update(_offered(slots))
        return frozenset(offer for offer in found if start <= offer.start < end)

    # --- bookings ----------------------------------------------------------------------------

    def bookings(self, listing: ListingRef, start: datetime, end: datetime) -> list[PortalBooking]:
        found: list[PortalBooking] = []
        for since, till in _windows(start, end):
            query = {"with": BOOKING_SCOPES} | _range(listing, "start", since, "end", till)
            found += self._read_all(
                operations.GET_BOOKINGS, listing, query, lambda item: _booking(item, listing)
            )
        # Whether the range means the start is silent.
        return [booking for booking in found if start <= booking.start < end]

    def booking(self, listing: ListingRef, booking: str) -> PortalBooking:
        path = _ids(listing) | {"booking": booking}
        answer = self._client.call(operations.GET_BOOKING, path, query={"with": "booking.moving"})
        found = records.booking(fields.mapping(answer.data), _place(listing, booking))
        if found is None:
            raise TryLater("getBooking: an answer without a booking")
        return found

    def book(self, listing: ListingRef, visit: VisitToTell) -> PortalBooking:
        start = periods.wire_time(visit.start, listing.tz)
        answer = self._client.call(
            operations.BOOK_SLOT,
            _ids(listing) | {"start": start},
            body={
                "address_service_id": visit.service,
                "duration": _minutes(visit),
                "patient": self._patient(visit),
                "comment": _marked(visit.marker),
            },
        )
        made = {"booked_by": "integration"} | dict(fields.mapping(answer.data))
        found = records.booking(made, _place(listing), (visit.start, visit.end))
        if found is None:  # it may be there all the same: 200 came without a body
            raise OutcomeUnknown("bookSlot: a success without a booking")
        return found

    def _patient(self, visit: VisitToTell) -> Json:
        """`phone` must be there, and may be null."""
        name = visit.given_name or visit.family_name
        if not (self._site.sends_identity and name):
            return {"name": NEUTRAL_NAME, "surname": NEUTRAL_SURNAME, "phone": None}
        named = {"name": name, "phone": visit.phone or None}
        both = visit.given_name and visit.family_name
        return named | ({"surname": visit.family_name} if both else {})

    def move(
        self, listing: ListingRef, booking: str, target: ListingRef, visit: VisitToTell
    ) -> PortalBooking:
        if target.facility != listing.facility:
            raise Refused("moveBooking: the target is in another facility")  # 403 there
        elsewhere = target.address != listing.address
        answer = self._client.call(
            operations.MOVE_BOOKING,
            _ids(listing) | {"booking": booking},
            body={
                "address_service_id": visit.service,
                "start": periods.wire_time(visit.start, target.tz),
                "duration": _minutes(visit),
            }
            | ({"address_id": target.address} if elsewhere else {}),
        )
        at = records.place_of(answer.location) or _place(target)
        made = fields.mapping(answer.data)
        found = records.booking(made, at, (visit.start, visit.end))
        if found is None or found.id == booking:
            raise OutcomeUnknown("moveBooking: a success without a new booking")
        return found

    def cancel(self, listing: ListingRef, booking: str, reason: str) -> None:
        path = _ids(listing) | {"booking": booking}
        try:
            self._client.call(
                operations.CANCEL_BOOKING, path, body={"reason": reason} if reason else None
            )
        except Invalid:
            # Both "not booked any more" and "not possible here": the booking tells which.
            if not self.booking(listing, booking).is_booked:
                raise Gone("cancelBooking: not booked any more") from None
            raise

    def confirm(self, listing: ListingRef, booking: str) -> None:
        path = _ids(listing) | {"booking": booking}
        try:
            self._client.call(operations.CONFIRM_BOOKING, path, body={"confirmed_by": "admin"})
        except Conflict:  # confirmed, canceled, deleted or past: the booking tells which
            if not self.booking(listing, booking).is_booked:
                raise Gone("confirmBooking: not booked any more") from None

    def mark_presence(self, listing: ListingRef, booking: str, *, present: bool) -> None:
        path = _ids(listing) | {"booking": booking}
        try:
            self._client.call(
                operations.MARK_PRESENCE if present else operations.MARK_ABSENCE, path
            )
        except Conflict:
            raise Gone("markPatientPresence: the booking was canceled") from None

    # --- services ----------------------------------------------------------------------------

    def services_at(self, listing: ListingRef) -> list[ServiceAtAddress]:
        found = self._client.collection(
            operations.GET_ADDRESS_SERVICES, _ids(listing), query={"with": catalogue.SERVICE_SCOPES}
        )
        return [records.service_at(each) for each in found if fields.identifier(each.get("id"))]

    def add_service(self, listing: ListingRef, wanted: ServiceAtAddress) -> str:
        body = {"service_id": wanted.service} | records.service_body(wanted)
        try:
            answer = self._client.call(operations.ADD_ADDRESS_SERVICE, _ids(listing), body=body)
        except Conflict:
            made = ""
        else:
            made = fields.identifier(fields.mapping(answer.data).get("id"))
        for found in [] if made else self.services_at(listing):
            if found.service == wanted.service:
                return found.id
        if not made:
            raise OutcomeUnknown("addAddressService: a success without an id")
        return made

    def change_service(self, listing: ListingRef, wanted: ServiceAtAddress) -> None:
        path = _ids(listing) | {"address_service": wanted.id}
        self._client.call(
            operations.UPDATE_ADDRESS_SERVICE, path, body=records.service_body(wanted)
        )

    def remove_service(self, listing: ListingRef, service_id: str) -> None:
        path = _ids(listing) | {"address_service": service_id}
        try:
            self._client.call(operations.DELETE_ADDRESS_SERVICE, path)
        except Gone:
            return

    def open_calendar(self, listing: ListingRef) -> None:
        try:
            self._client.call(operations.ENABLE_CALENDAR, _ids(listing))
        except Conflict:  # enabled already
            return

    # --- breaks ------------------------------------------------------------------------------

    def breaks(self, listing: ListingRef, start: datetime, end: datetime) -> list[PortalBreak]:
        found: dict[str, PortalBreak] = {}
        for since, till in _windows(start, end):
            query = _range(listing, "since", since, "till", till)
            read = self._read_all(operations.GET_BREAKS, listing, query, records.calendar_break)
            found |= {each.id: each for each in read}  # one over two windows comes twice
        return [each for each in found.values() if each.start < end and start < each.end]

    def add_break(
        self, listing: ListingRef, start: datetime, end: datetime, marker: str
    ) -> PortalBreak:
        asked = PortalBreak("", start, end, _marked(marker))
        try:
            answer = self._client.call(
                operations.ADD_BREAK,
                _ids(listing),
                body={
                    "since": periods.wire_time(start, listing.tz),
                    "till": periods.wire_time(end, listing.tz),
                    "description": asked.description,
                },
            )
        except Conflict:  # ours, of an attempt whose answer was lost
            equal = self._equal_break(listing, asked)
            if equal is None:
                raise
            return equal
        at = records.place_of(answer.location)
        named = PortalBreak(at.id if at else "", start, end, asked.description)
        made = records.calendar_break(fields.mapping(answer.data), named)
        made = made or self._equal_break(listing, asked)
        if made is None:
            raise OutcomeUnknown("addCalendarBreak: a success without a break")
        return made

    def _equal_break(self, listing: ListingRef, asked: PortalBreak) -> PortalBreak | None:
        for found in self.breaks(listing, asked.start, asked.end):
            same_time = (found.start, found.end) == (asked.start, asked.end)
            if same_time and found.description == asked.description:
                return found
        return None

    def delete_break(self, listing: ListingRef, break_id: str) -> None:
        try:
            self._client.call(operations.DELETE_BREAK, _ids(listing) | {"break_id": break_id})
        except Gone:
            return

    # --- notifications -----------------------------------------------------------------------

    @property
    def is_pulled(self) -> bool:
        return self._site.delivery is not site.Delivery.PUSH

    def pull(self) -> list[bytes]:
        if self._site.delivery is site.Delivery.PUSH:
            return []
        answer = self._client.call(operations.PULL, query={"limit": str(PULLED_AT_ONCE)})
        return messages.pulled(answer)

    def release(self) -> bool:
        if self._site.delivery is site.Delivery.PULL:
            return False
        try:
            self._client.call(operations.RELEASE)
        except Refused:  # not on push there
            return False
        return True

    def published_addresses(self) -> frozenset[str]:
        return frozenset()

    @classmethod
    def message_key(cls, body: bytes) -> str:
        return messages.message_key(body)

    @classmethod
    def read_message(cls, body: bytes) -> Event:
        return messages.read_message(body)

    @classmethod
    def read_question(cls, body: bytes) -> Question | None:
        return messages.read_question(body)

    # --- reading -----------------------------------------------------------------------------

    def _read_all(
        self,
        operation: operations.Operation,
        listing: ListingRef,
        query: Mapping[str, str],
        read: Callable[[Json], Read | None],
    ) -> list[Read]:
        """Every record of a collection; one that cannot be read stops only itself."""
        found = self._client.collection(operation, _ids(listing), query=query)
        readable = [value for item in found if (value := read(item)) is not None]
        if len(readable) < len(found):
            unreadable = len(found) - len(readable)
            log.warning(
                "unreadable records", extra={"operation": operation.name, "count": unreadable}
            )
        return readable


def _ids(listing: ListingRef) -> dict[str, str]:
    return {"facility": listing.facility, "doctor": listing.doctor, "address": listing.address}


def _place(listing: ListingRef, id_: str = "") -> Place:
    return Place(listing.facility, listing.doctor, listing.address, id_)


def _booking(found: Json, listing: ListingRef) -> PortalBooking | None:
    return records.booking(found, _place(listing))


def _range(
    listing: ListingRef, first: str, start: datetime, last: str, end: datetime
) -> dict[str, str]:
    return {
        first: periods.wire_time(start, listing.tz),
        last: periods.wire_time(end, listing.tz),
    }


def _windows(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """[start, end) in pieces that the portal answers at once."""
    while start < end:
        till = min(start + LONGEST_READ, end)
        yield start, till
        start = till


def _offered(slots: Sequence[Json]) -> Iterator[OfferedStart]:
    """Raises Refused if no slot tells its services: then `with` was not understood (README)."""
    if slots and not any("address_services" in slot for slot in slots):
        raise Refused("getSlots: the slots came without their services")
    for slot in slots:
        start = fields.moment(slot.get("start"))
        for service in fields.items(slot.get("address_services")) or ():
            id_ = fields.identifier(service.get("id"))
            if start and id_:
                yield OfferedStart(start, id_)


def _minutes(visit: VisitToTell) -> int:
    return (visit.end - visit.start) // MINUTE


def _marked(marker: str) -> str:
    """What stands beside our bookings and breaks: whose they are, and which, but not about whom."""
    return f"Slotbridge {marker}".strip()
