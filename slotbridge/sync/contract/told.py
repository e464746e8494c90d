"""What a portal tells us, and what it asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from slotbridge.sync.contract.values import PortalBooking


class Heard(StrEnum):
    """What a notification is about, in our words."""

    BOOKED = "booked"
    CANCELED = "canceled"
    MOVED = "moved"
    DETAILS = "details"  # confirmation, presence, payment: the booking's times stay
    CALENDAR = "calendar"  # breaks and the like: compare this listing soon (A37)
    SERVICES = "services"  # of one address were changed: read them soon (A31)
    CATALOGUE = "catalogue"  # addresses changed: read the catalogue soon
    NOTHING = "nothing"  # an event we have no use for, or do not know (A57)


@dataclass(frozen=True, slots=True)
class Event:
    """A notification, read. Only a hint: the booking itself is read through the API (A61).

    `hint` is what the notification says of the booking, for what the portal cannot be asked: a
    booking that is gone, and details that no answer carries. `old_booking` is the id before a move.
    """

    heard: Heard
    name: str
    facility: str = ""
    doctor: str = ""
    address: str = ""
    booking: str = ""
    old_booking: str = ""
    hint: PortalBooking | None = None
    said_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """The portal asks before it books whether this time may be taken (A46)."""

    facility: str
    doctor: str
    address: str
    start: datetime
    end: datetime
    service: str = ""
    moving: str = ""  # the booking that would move here, if one does


class MessageUnreadable(Exception):
    """Not a notification that we can read: parked with its reason. Never quotes a value."""
