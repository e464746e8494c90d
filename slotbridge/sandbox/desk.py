"""Every change of a calendar together with what clients are told of it, in one transaction."""

from datetime import datetime

from django.db import transaction

from slotbridge.sandbox import bookings, calendars, notifications, payloads
from slotbridge.sandbox.bookings import Wanted
from slotbridge.sandbox.models import Address, Booking, Break, Client
from slotbridge.sandbox.patients import PatientData
from slotbridge.sandbox.router import DATABASE


def book(
    wanted: Wanted,
    patient: PatientData,
    *,
    by: Booking.Actor,
    client: Client | None = None,
    comment: str = "",
    label: str = "",
) -> Booking:
    """Raises as bookings.book. `client` is the one whose call this is, if it is one."""
    with transaction.atomic(using=DATABASE):
        made = bookings.book(wanted, patient, by=by, comment=comment, label=label)
        told = {"visit_booking": payloads.told_booking(made)}
        notifications.tell("slot-booked", wanted.address, told, by=client)
    return made


def move(
    old: Booking, wanted: Wanted, *, by: Booking.Actor, client: Client | None = None
) -> Booking:
    """Raises as bookings.move. The notification names the target's doctor and address."""
    with transaction.atomic(using=DATABASE):
        new = bookings.move(old, wanted, by=by)
        told = {
            "old_visit_booking": payloads.told_booking(old),
            "new_visit_booking": payloads.told_booking(new),
        }
        notifications.tell("booking-moved", new.address, told, by=client)
    return new


def cancel(
    booking: Booking, *, by: Booking.Actor, client: Client | None = None, reason: str = ""
) -> None:
    """Raises bookings.NotBooked."""
    with transaction.atomic(using=DATABASE):
        bookings.cancel(booking, by=by, reason=reason)
        told = {"visit_booking": payloads.told_booking(booking)}
        notifications.tell("booking-canceled", booking.address, told, by=client)


def add_break(
    address: Address,
    since: datetime,
    till: datetime,
    description: str = "",
    *,
    on_coupled: bool = False,
    client: Client | None = None,
) -> Break:
    """Raises as calendars.add_break."""
    with transaction.atomic(using=DATABASE):
        made = calendars.add_break(address, since, till, description, on_coupled=on_coupled)
        told = {"break": payloads.told_break(made)}
        notifications.tell("break-created", address, told, by=client)
    return made


def move_break(
    break_: Break, since: datetime, till: datetime, *, client: Client | None = None
) -> None:
    """Raises as calendars.move_break. Only the new range is told."""
    with transaction.atomic(using=DATABASE):
        calendars.move_break(break_, since, till)
        told = {"break": payloads.told_break(break_)}
        notifications.tell("break-moved", break_.address, told, by=client)


def remove_break(break_: Break, *, client: Client | None = None) -> None:
    with transaction.atomic(using=DATABASE):
        told = {"break": payloads.told_break(break_)}
        address = break_.address
        calendars.remove_break(break_)
        notifications.tell("break-removed", address, told, by=client)
