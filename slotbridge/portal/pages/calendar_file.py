"""An order as a file for the patient's calendar (RFC 5545)."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from django.utils.translation import gettext

from slotbridge.portal.models import Order

LONGEST_LINE = 75  # octets, the line's end not counted (3.1)
STATUSES = {
    Order.Status.RECEIVED: "TENTATIVE",
    Order.Status.ACCEPTED: "CONFIRMED",
    Order.Status.REJECTED: "CANCELLED",
}
ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n", "\r": None})


def of_order(order: Order) -> bytes:
    """One event, in UTC, that replaces the one of an earlier download.

    Without the order's link, which opens the order: calendars are shown to others.
    """
    clinic = order.clinic
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Slotbridge//Portal//EN",
        "BEGIN:VEVENT",
        f"UID:{uuid.uuid5(order.token, 'calendar')}",
        f"SEQUENCE:{int((order.changed_at - order.filed_at).total_seconds())}",
        f"DTSTAMP:{_instant(order.changed_at)}",
        f"DTSTART:{_instant(order.start)}",
        f"DTEND:{_instant(order.end)}",
        f"SUMMARY:{_text(gettext('Appointment: %(who)s') % {'who': order.resource.name})}",
        f"LOCATION:{_text(', '.join(filter(None, (clinic.name, clinic.address))))}",
        f"STATUS:{STATUSES[Order.Status(order.status)]}",
        "CLASS:PRIVATE",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    if clinic.phone:
        told = gettext("Phone of the clinic: %(phone)s") % {"phone": clinic.phone}
        lines.insert(-3, f"DESCRIPTION:{_text(told)}")
    return b"".join(_folded(line) for line in lines)


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    return value.translate(ESCAPES)


def _folded(line: str) -> bytes:
    """The line in pieces of at most 75 octets, none of which parts a letter."""
    pieces = [b""]
    for letter in line:
        octets = letter.encode()
        if len(pieces[-1]) + len(octets) > LONGEST_LINE:
            pieces.append(b" ")
        pieces[-1] += octets
    return b"\r\n".join(pieces) + b"\r\n"
