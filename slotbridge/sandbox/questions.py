"""The synchronous questions: a client may stop a patient before the booking is made.

Source: behaviour.md section 4, Real-time requests. 2xx lets it through; anything else, and
silence beyond the client's time-out, stops the patient.
"""

import json
from typing import Any

from slotbridge.kit import clock
from slotbridge.sandbox import delivery, outgoing, payloads
from slotbridge.sandbox.bookings import Wanted, find_end
from slotbridge.sandbox.models import Address, Booking, Client
from slotbridge.sandbox.patients import PatientData


class Denied(Exception):
    """A client said no, with the code it gave, or None; or it said nothing in time."""

    def __init__(self, reply: outgoing.Reply) -> None:
        super().__init__("an integration refused")
        self.error_code = reply.error_code
        self.is_silent = reply.is_silent


def may_book(wanted: Wanted, patient: PatientData) -> None:
    """Asks slot-booking. Raises Denied, or as find_end if there is nothing to ask about."""
    asked = _askers(wanted.address, "asks_slot_booking")
    if not asked:
        return
    request = payloads.told_request(
        wanted, find_end(wanted), patient.as_dict(), by=Booking.Actor.USER, at=clock.now()
    )
    _ask(asked, "slot-booking", wanted.address, {"visit_booking_request": request})


def may_move(old: Booking, wanted: Wanted) -> None:
    """Asks booking-moving. Raises Denied, or as find_end."""
    asked = _askers(wanted.address, "asks_booking_moving")
    if not asked:
        return
    now = clock.now()
    end = find_end(wanted, without=old)
    data = {
        "canceling_booking": payloads.told_canceling(old, by=Booking.Actor.USER, at=now),
        "creating_booking": payloads.told_request(wanted, end, None, by=Booking.Actor.USER, at=now),
    }
    _ask(asked, "booking-moving", wanted.address, data)


def _askers(address: Address, switch: str) -> list[Client]:
    clients = address.facility.clients.filter(**{switch: True})
    return list(clients.exclude(notification_url=""))


def _ask(clients: list[Client], event: str, address: Address, data: dict[str, Any]) -> None:
    body = {
        "name": event,
        "data": payloads.place(address) | data,
        "created_at": payloads.moment(clock.now()),
    }
    sent = json.dumps(body, ensure_ascii=False).encode()
    for client in clients:
        reply = outgoing.ask(
            client.notification_url,
            sent,
            delivery.push_headers(client),
            client.question_timeout_ms / 1000,
        )
        if not reply.agreed:
            raise Denied(reply)
