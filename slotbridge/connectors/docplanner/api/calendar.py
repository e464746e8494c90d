"""Calendars, their breaks, and slots."""

from __future__ import annotations

from datetime import date, datetime

from slotbridge.connectors.docplanner import fields, operations, records
from slotbridge.connectors.docplanner.api.common import each, nested, one, path_of, range_of
from slotbridge.connectors.docplanner.client import Client
from slotbridge.connectors.docplanner.periods import Body, wire_time
from slotbridge.connectors.docplanner.records import Json
from slotbridge.connectors.docplanner.values import BreakToMake, CalendarStatus, FreeSlot
from slotbridge.sync.contract import ListingRef, PortalBreak, TryLater


class Calendar:
    def __init__(self, client: Client) -> None:
        self._client = client

    # --- the calendar itself -----------------------------------------------------------------

    def get_calendar(self, at: ListingRef) -> CalendarStatus | None:
        """None where the address has no calendar yet."""
        answer = self._client.call(operations.GET_CALENDAR, path_of(at))
        if answer.is_empty:
            return None
        said = fields.text(fields.mapping(answer.data).get("status"))
        if said not in set(CalendarStatus):
            raise TryLater("getCalendar: an answer without a status that we know")
        return CalendarStatus(said)

    def enable_calendar(self, at: ListingRef) -> None:
        """One that is enabled already is fine."""
        self._client.call(operations.ENABLE_CALENDAR, path_of(at))

    def disable_calendar(self, at: ListingRef) -> None:
        """One that is disabled already is fine."""
        self._client.call(operations.DISABLE_CALENDAR, path_of(at))

    # --- breaks ------------------------------------------------------------------------------

    def get_calendar_breaks(
        self, at: ListingRef, since: datetime, till: datetime
    ) -> list[PortalBreak]:
        """[] also where there is no calendar yet."""
        asked = range_of(at, "since", since, "till", till)
        found = self._client.collection(operations.GET_BREAKS, path_of(at), query=asked)
        return each(operations.GET_BREAKS, found, records.calendar_break)

    def add_calendar_break(self, at: ListingRef, wanted: BreakToMake) -> PortalBreak | None:
        """What its answer leaves out is as asked; None where not even the id is named. Raises
        answers.Conflict where an equal one is there.
        """
        body: dict[str, object] = {
            "since": wire_time(wanted.start, at.tz),
            "till": wire_time(wanted.end, at.tz),
        }
        body |= {"description": wanted.description} if wanted.description else {}
        body |= {"apply_on_coupled_addresses": True} if wanted.on_coupled else {}
        answer = self._client.call(operations.ADD_BREAK, path_of(at), body=body)
        place = records.place_of(answer.location)
        asked = PortalBreak(place.id if place else "", wanted.start, wanted.end, wanted.description)
        return records.calendar_break(fields.mapping(answer.data), asked)

    def get_calendar_break(self, at: ListingRef, break_id: str) -> PortalBreak:
        answer = self._client.call(operations.GET_BREAK, path_of(at, break_id=break_id))
        return one(operations.GET_BREAK, answer, records.calendar_break)

    def move_calendar_break(
        self, at: ListingRef, break_id: str, since: datetime, till: datetime
    ) -> None:
        """Those made with it at coupled addresses move too. One that lies there already is fine."""
        body = {"since": wire_time(since, at.tz), "till": wire_time(till, at.tz)}
        self._client.call(operations.MOVE_BREAK, path_of(at, break_id=break_id), body=body)

    def delete_calendar_break(self, at: ListingRef, break_id: str) -> None:
        """Raises Gone if it is not there."""
        self._client.call(operations.DELETE_BREAK, path_of(at, break_id=break_id))

    # --- slots -------------------------------------------------------------------------------

    def get_slots(self, at: ListingRef, start: datetime, end: datetime) -> list[FreeSlot]:
        """Free ones only, in at most 180 days."""
        found = self._client.collection(
            operations.GET_SLOTS,
            path_of(at),
            query=range_of(at, "start", start, "end", end),
            scopes=["slot.services"],
            shows=["address_services"],
        )
        return each(operations.GET_SLOTS, found, _slot)

    def replace_slots(self, at: ListingRef, body: Body) -> None:
        """201 does not prove that it was done: see README, "3 minutes"."""
        self._client.call(operations.REPLACE_SLOTS, path_of(at), body=body)

    def delete_slots(self, at: ListingRef, day: date) -> None:
        self._client.call(operations.DELETE_SLOTS, path_of(at, date=day.isoformat()))


def _slot(found: Json) -> FreeSlot | None:
    start = fields.moment(found.get("start"))
    if start is None:
        return None
    if "address_services" not in found:
        return FreeSlot(start, None)
    return FreeSlot(start, nested(found["address_services"], _service))


def _service(found: Json) -> str | None:
    return fields.identifier(found.get("id")) or None
