"""ZnanyLekarz and its sister sites: the Docplanner Integrations API v3, contract 1.14.0."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

import httpx
from django.utils.translation import gettext_noop as _noop

from slotbridge.connectors.docplanner import catalogue, messages, periods, site
from slotbridge.connectors.docplanner.answers import Conflict, Invalid
from slotbridge.connectors.docplanner.api import Api
from slotbridge.connectors.docplanner.client import Client
from slotbridge.connectors.docplanner.values import (
    BookingToMake,
    BookingToMove,
    BreakToMake,
    CalendarStatus,
    ConfirmedBy,
    Person,
)
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
    PortalError,
    Question,
    Refused,
    ServiceAtAddress,
    SettingField,
    TryLater,
    VisitToTell,
)

LONGEST_READ = timedelta(days=179)  # 180 are allowed; a day of 25 hours must not spoil it
# Notifications fetched at once: what a lost answer held is gone from the queue, so not the 100
# that are allowed.
PULLED_AT_ONCE = 25
RELEASED_EVERY = timedelta(hours=1)
# A40: a booking of the clinic's own, unless it chose to send names.
NOBODY = Person("Rezerwacja", "HIS")
MINUTE = timedelta(minutes=1)
NO_SERVICES = _noop(
    "The portal does not say which services its free times are for, so they cannot be compared."
    " Tell its adviser."
)


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
        self._api = Api.of(self._client, self._site)
        # What was asked to be deleted without an answer: never again without a look.
        self._puts_only = False
        self._doubted_breaks: set[str] = set()

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
        self._api.directory.get_facilities()

    def read_catalogue(self) -> Iterator[CatalogueRecord]:
        return catalogue.read(self._api, self._site.zone)

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
        portal works PUTs off later, and a deletion could overtake one. After a deletion whose
        outcome is unknown this connection puts too, for only a PUT may be repeated blindly.
        """
        if not days:
            raise ValueError("an empty list of slots is undefined at the portal")
        self._refuse_other_days(listing, days)
        alone = len(days) == 1 and not any(days.values())
        if alone and not avoid and not self._puts_only:
            digest = self._delete_day(listing, next(iter(days)), sending)
            if digest:
                return digest
        latest = clock.now() + self.horizon
        insurer = self._site.public_insurer
        request = periods.request(days, listing.tz, latest=latest, avoid=avoid, insurer=insurer)
        if request is None:
            said = "replaceSlots: every way to say this was used a moment ago"
            raise TryLater(said, self.repeat_window)
        sending(request.digest)
        self._api.calendar.replace_slots(listing, request.body)
        return request.digest

    def _delete_day(self, listing: ListingRef, day: date, sending: Callable[[str], None]) -> str:
        """The digest of the deletion; "" where there is no calendar to delete from."""
        digest = periods.digest_of("DELETE", day.isoformat())
        sending(digest)
        try:
            self._api.calendar.delete_slots(listing, day)
        except Gone:
            return ""
        except OutcomeUnknown as unknown:
            self._puts_only = True
            raise TryLater(str(unknown)) from None
        return digest

    def _refuse_other_days(self, listing: ListingRef, days: Iterable[date]) -> None:
        """The portal replaces dates of its own zone; told by another's, it would wipe half a day
        that we do not name.
        """
        for day in days:
            if clock.day_bounds(day, listing.tz) != clock.day_bounds(day, self._site.zone):
                raise periods.not_sent("the days of the calendar are not those of the portal")

    def offered(
        self, listing: ListingRef, start: datetime, end: datetime
    ) -> frozenset[OfferedStart]:
        found: set[OfferedStart] = set()
        for since, till in _windows(start, end):
            slots = self._api.calendar.get_slots(listing, since, till)
            if slots and all(slot.services is None for slot in slots):
                raise Refused(f"{NO_SERVICES} [getSlots]")
            for slot in slots:
                found.update(OfferedStart(slot.start, each) for each in slot.services or ())
        return frozenset(offer for offer in found if start <= offer.start < end)

    # --- bookings ----------------------------------------------------------------------------

    def bookings(self, listing: ListingRef, start: datetime, end: datetime) -> list[PortalBooking]:
        found: list[PortalBooking] = []
        for since, till in _windows(start, end):
            found += self._api.bookings.get_bookings(listing, since, till)
        # Whether the range means the start is silent.
        return [booking for booking in found if start <= booking.start < end]

    def booking(self, listing: ListingRef, booking: str) -> PortalBooking:
        return self._api.bookings.get_booking(listing, booking)

    def book(self, listing: ListingRef, visit: VisitToTell) -> PortalBooking:
        wanted = BookingToMake(
            visit.start, visit.end, visit.service, self._person(visit), _marked(visit.marker)
        )
        return self._api.bookings.book_slot(listing, wanted)

    def _person(self, visit: VisitToTell) -> Person:
        name = visit.given_name or visit.family_name
        if not (self._site.sends_identity and name):
            return NOBODY
        return Person(name, visit.family_name if visit.given_name else "", visit.phone)

    def move(
        self, listing: ListingRef, booking: str, target: ListingRef, visit: VisitToTell
    ) -> PortalBooking:
        if target.facility != listing.facility:
            raise Refused("moveBooking: the target is in another facility")  # 403 there
        elsewhere = target.address if target.address != listing.address else ""
        wanted = BookingToMove(visit.start, visit.end, visit.service, elsewhere)
        return self._api.bookings.move_booking(listing, booking, target, wanted)

    def cancel(self, listing: ListingRef, booking: str, reason: str) -> None:
        try:
            self._api.bookings.cancel_booking(listing, booking, reason)
        except Invalid:
            # Both "not booked any more" and "not possible here": the booking tells which.
            if not self.booking(listing, booking).is_booked:
                raise Gone("cancelBooking: not booked any more") from None
            raise

    def confirm(self, listing: ListingRef, booking: str) -> None:
        try:
            self._api.bookings.confirm_booking(listing, booking, ConfirmedBy.CLINIC)
        except Conflict:
            # Past; or, in words we do not know, cancelled or confirmed: the booking tells which.
            found = self.booking(listing, booking)
            if not found.is_booked:
                raise Gone("confirmBooking: not booked any more") from None
            if found.start <= clock.now():
                raise
        except OutcomeUnknown:
            seen = self._look(listing, booking)
            if seen is None or not seen.is_confirmed:
                raise

    def mark_presence(self, listing: ListingRef, booking: str, *, present: bool) -> None:
        api = self._api.bookings
        mark = api.mark_patient_presence if present else api.mark_patient_absence
        try:
            mark(listing, booking)
        except OutcomeUnknown:
            found = self._look(listing, booking)
            if found is None or found.presence != ("present" if present else "absent"):
                raise

    def _look(self, listing: ListingRef, booking: str) -> PortalBooking | None:
        """A booking with all that only the list of bookings tells; None if it cannot be had now."""
        with suppress(PortalError):
            start = self.booking(listing, booking).start
            for found in self.bookings(listing, start, start + MINUTE):
                if found.id == booking:
                    return found
        return None

    # --- services ----------------------------------------------------------------------------

    def services_at(self, listing: ListingRef) -> list[ServiceAtAddress]:
        return [
            ServiceAtAddress(
                service=found.service,
                id=found.id,
                custom_name=found.custom_name,
                price_minor=found.price_minor,
                is_price_from=found.is_price_from,
                minutes=found.minutes,
                is_visible=found.is_visible,
                min_age=found.min_age,
                max_age=found.max_age,
            )
            for found in self._api.services.get_address_services(listing)
        ]

    def add_service(self, listing: ListingRef, wanted: ServiceAtAddress) -> str:
        try:
            made = self._api.services.add_address_service(listing, wanted)
        except Conflict:
            there = self._equal_service(listing, wanted)
            if not there:
                raise
            return there
        made = made or self._equal_service(listing, wanted)
        if not made:
            raise OutcomeUnknown("addAddressService: a success without an id")
        return made

    def _equal_service(self, listing: ListingRef, wanted: ServiceAtAddress) -> str:
        """The id of the address's service of the same dictionary entry, that of the same name if
        there are several; "" if there is none.
        """
        same = [each for each in self.services_at(listing) if each.service == wanted.service]
        same.sort(key=lambda each: each.custom_name != wanted.custom_name)
        return same[0].id if same else ""

    def change_service(self, listing: ListingRef, wanted: ServiceAtAddress) -> None:
        self._api.services.update_address_service(listing, wanted)

    def remove_service(self, listing: ListingRef, service_id: str) -> None:
        with suppress(Gone):
            self._api.services.delete_address_service(listing, service_id)

    def open_calendar(self, listing: ListingRef) -> None:
        try:
            self._api.calendar.enable_calendar(listing)
        except OutcomeUnknown:
            with suppress(PortalError):
                if self._api.calendar.get_calendar(listing) is CalendarStatus.ENABLED:
                    return
            raise

    # --- breaks ------------------------------------------------------------------------------

    def breaks(self, listing: ListingRef, start: datetime, end: datetime) -> list[PortalBreak]:
        found: dict[str, PortalBreak] = {}
        for since, till in _windows(start, end):
            read = self._api.calendar.get_calendar_breaks(listing, since, till)
            found |= {each.id: each for each in read}  # one over two windows comes twice
        return [each for each in found.values() if each.start < end and start < each.end]

    def add_break(
        self, listing: ListingRef, start: datetime, end: datetime, marker: str
    ) -> PortalBreak:
        wanted = BreakToMake(start, end, _marked(marker))
        try:
            made = self._api.calendar.add_calendar_break(listing, wanted)
        except Conflict:  # ours, of an attempt whose answer was lost
            equal = self._equal_break(listing, wanted)
            if equal is None:
                raise
            return equal
        made = made or self._equal_break(listing, wanted)
        if made is None:
            raise OutcomeUnknown("addCalendarBreak: a success without a break")
        return made

    def _equal_break(self, listing: ListingRef, wanted: BreakToMake) -> PortalBreak | None:
        for found in self.breaks(listing, wanted.start, wanted.end):
            same_time = (found.start, found.end) == (wanted.start, wanted.end)
            if same_time and found.description == wanted.description:
                return found
        return None

    def delete_break(self, listing: ListingRef, break_id: str) -> None:
        try:
            if break_id in self._doubted_breaks:
                self._api.calendar.get_calendar_break(listing, break_id)
            self._api.calendar.delete_calendar_break(listing, break_id)
        except OutcomeUnknown as unknown:
            self._doubted_breaks.add(break_id)
            raise TryLater(str(unknown)) from None
        except Gone:
            pass
        self._doubted_breaks.discard(break_id)

    # --- notifications -----------------------------------------------------------------------

    @property
    def is_pulled(self) -> bool:
        return self._site.delivery is not site.Delivery.PUSH

    def pull(self) -> list[bytes]:
        if not self.is_pulled:
            return []
        return self._api.notifications.pull_multiple_notification(PULLED_AT_ONCE)

    def release(self) -> bool:
        if self._site.delivery is site.Delivery.PULL:
            return False
        try:
            self._api.notifications.release_notifications()
        except Refused:  # not on push there
            return False
        except OutcomeUnknown as unknown:
            raise TryLater(str(unknown), RELEASED_EVERY) from None
        return True

    def published_addresses(self) -> frozenset[str]:
        return self._api.notifications.published_addresses()

    def read_message(self, body: bytes) -> Event:
        return messages.read_message(body, self._site)

    @classmethod
    def message_key(cls, body: bytes) -> str:
        return messages.message_key(body)

    @classmethod
    def read_question(cls, body: bytes) -> Question | None:
        return messages.read_question(body)


def _windows(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """[start, end) in pieces that the portal answers at once."""
    while start < end:
        till = min(start + LONGEST_READ, end)
        yield start, till
        start = till


def _marked(marker: str) -> str:
    """What stands beside our bookings and breaks: whose they are, and which, but not about whom."""
    return f"Slotbridge {marker}".strip()
