"""Notifications: bytes in, an Event or a Question out. Speaks to nobody.

A notification is {name, data, created_at}: no id, no order, no signature (behaviour.md section 4).
Its content is a hint; the booking itself is read through the API (A61).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import NoReturn

from django.utils.translation import gettext_noop as _noop

from slotbridge.connectors.docplanner import fields, records
from slotbridge.connectors.docplanner.records import Json, Place
from slotbridge.connectors.docplanner.site import Site
from slotbridge.sync.contract import Event, Heard, MessageUnreadable, PortalBooking, Question

UNREADABLE = _noop(
    "This notification cannot be read. Tell the portal's adviser what stands in brackets."
)
LONGEST_BODY = 1024 * 1024
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,59}")

# Every event of the contract; one that is not here is kept and does nothing (A57). The two that
# ask before they act are answered by read_question: as events they only say that a patient tried.
EVENTS: Mapping[str, Heard] = {
    "slot-booking": Heard.NOTHING,
    "slot-booked": Heard.BOOKED,
    "booking-canceled": Heard.CANCELED,
    "booking-moving": Heard.NOTHING,
    "booking-moved": Heard.MOVED,
    "booking-confirmed": Heard.DETAILS,
    "booking-payment-status-changed": Heard.DETAILS,
    "break-created": Heard.CALENDAR,
    "break-moved": Heard.CALENDAR,
    "break-removed": Heard.CALENDAR,
    "presence-marked": Heard.DETAILS,
    "address-service-created": Heard.SERVICES,
    "address-service-changed": Heard.SERVICES,
    "address-service-deleted": Heard.SERVICES,
    "address-commercial-type-changed": Heard.CATALOGUE,
    "address-assigned": Heard.CATALOGUE,
    "address-unassigned": Heard.CATALOGUE,
}
PLACE_PARTS = ("facility", "doctor", "address")
OF_A_BOOKING = {Heard.BOOKED, Heard.CANCELED, Heard.MOVED, Heard.DETAILS}
BOOKING_PART = {"booking-moved": "new_visit_booking"}  # of all others: visit_booking
REQUEST_PART = {"slot-booking": "visit_booking_request", "booking-moving": "creating_booking"}
# The keys that say when something happens or happened.
MOMENTS = frozenset(
    {
        "start_at",
        "end_at",
        "booked_at",
        "booking_at",
        "canceled_at",
        "canceling_at",
        "since",
        "till",
        "changed_at",
    }
)


def message_key(body: bytes) -> str:
    """Name, ids and times of a notification as a digest: the same for every delivery of it, in
    whatever order its keys are written. What cannot be read is keyed by its bytes. Never raises.
    """
    try:
        name, data, created_at = _open(body)
    except MessageUnreadable:
        return f"unreadable:{hashlib.sha256(body).hexdigest()}"
    told = [name, _instant(created_at), sorted(_identity("", data))]
    return f"{name}:{hashlib.sha256(json.dumps(told).encode()).hexdigest()}"


def read_message(body: bytes, of: Site) -> Event:
    """The event, with what it says of the booking as a hint; prices are those of the site.

    Raises MessageUnreadable if it is no notification, or one we need that lacks an id we need.
    """
    name, data, created_at = _open(body)
    heard = EVENTS.get(name, Heard.NOTHING)
    at = _place(data)
    id_ = old_id = ""
    hint: PortalBooking | None = None
    if heard in OF_A_BOOKING:
        told = dict(fields.mapping(data.get(BOOKING_PART.get(name, "visit_booking"))))
        id_ = fields.identifier(told.get("id"))
        hint = records.booking(told | _said_beside(name, data), at, of)
        _require(bool(id_), "the booking has no id")
        if heard is Heard.MOVED:
            old_id = fields.identifier(fields.mapping(data.get("old_visit_booking")).get("id"))
            _require(bool(old_id), "the booking before the move has no id")
    if heard not in {Heard.NOTHING, Heard.SERVICES, Heard.CATALOGUE}:
        _require(bool(at.facility and at.doctor and at.address), "a place has no id")
    _require(heard is not Heard.DETAILS or hint is not None, "the booking has no times")
    return Event(
        heard=heard,
        name=name,
        facility=at.facility,
        doctor=at.doctor,
        address=at.address,
        booking=id_,
        old_booking=old_id,
        hint=hint,
        said_at=fields.moment(created_at),
    )


def _said_beside(name: str, data: Json) -> dict[str, object]:
    """What an event says of its booking outside of it, as an answer with every scope would: no
    single answer of the API carries all of it.
    """
    if name == "booking-confirmed":
        return {"confirmed": True}
    if name == "presence-marked":
        return {"presence": data.get("presence")}
    if name == "booking-payment-status-changed":
        status = fields.mapping(data.get("visit_payment_status"))
        return {"visit_payment_status": status.get("status_to")}
    return {}


def read_question(body: bytes) -> Question | None:
    """What the portal asks before it books or moves (A46); None for what only tells.

    Raises MessageUnreadable also for a question that lacks place or time: it cannot be granted.
    """
    name, data, _created_at = _open(body)
    if name not in REQUEST_PART:
        return None
    asked = fields.mapping(data.get(REQUEST_PART[name]))
    at = _place(data)
    times = records.times(asked)
    _require(bool(at.facility and at.doctor and at.address), "a place has no id")
    if times is None:
        _unreadable("the time that is asked for cannot be read")
    moving = fields.identifier(fields.mapping(data.get("canceling_booking")).get("id"))
    _require(bool(moving) or name == "slot-booking", "the booking to be moved has no id")
    return Question(
        facility=at.facility,
        doctor=at.doctor,
        address=at.address,
        start=times[0],
        end=times[1],
        service=fields.identifier(fields.mapping(asked.get("address_service")).get("id")),
        moving=moving,
    )


def _open(body: bytes) -> tuple[str, Json, object]:
    """Name, data and created_at. Raises MessageUnreadable."""
    if len(body) > LONGEST_BODY:
        _unreadable("longer than a notification can be")
    found = fields.json_or_none(body)
    if not isinstance(found, dict):
        _unreadable("not a JSON object")
    name, data = found.get("name"), found.get("data")
    if not (isinstance(name, str) and _NAME.fullmatch(name)):
        _unreadable("it has no name")
    if not isinstance(data, dict):
        _unreadable("it has no data")
    return name, data, found.get("created_at")


def _place(data: Json) -> Place:
    ids = (fields.identifier(fields.mapping(data.get(part)).get("id")) for part in PLACE_PARTS)
    return Place(*ids)


def _identity(path: str, value: Json) -> Iterator[tuple[str, str]]:
    """Ids and times of every part, as (where, what). Parts lie at most two deep."""
    for name, part in value.items():
        here = f"{path}/{name}"
        if isinstance(part, dict) and here.count("/") <= 2:
            yield from _identity(here, part)
        elif name == "id":
            yield here, fields.identifier(part)
        elif name in MOMENTS:
            yield here, _instant(part)


def _instant(value: object) -> str:
    """An instant in UTC, whatever its offset; as it is written where it is no instant."""
    found = fields.moment(value)
    return found.isoformat() if found else fields.text(value)


def _require(fulfilled: bool, otherwise: str) -> None:
    if not fulfilled:
        _unreadable(otherwise)


def _unreadable(why: str) -> NoReturn:
    raise MessageUnreadable(f"{UNREADABLE} [{why}]")  # never with a value: it may be a person's
