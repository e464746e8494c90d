"""Every change of a calendar together with what clients are told of it, in one transaction."""

from contextlib import suppress
from datetime import datetime

from django.db import transaction

from slotbridge.kit import clock
from slotbridge.sandbox import bookings, calendars, notifications, payloads, payments
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
    is_recurring: bool = False,
) -> Booking:
    """Raises as bookings.book. `client` is the one whose call this is, if it is one."""
    with transaction.atomic(using=DATABASE):
        made = bookings.book(
            wanted, patient, by=by, comment=comment, label=label, is_recurring=is_recurring
        )
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


def set_payment(booking: Booking, status: str) -> None:
    """The money moves. Raises bookings.NotBooked, payments.NothingToPay or payments.NoSuchStep.

    A visit that is over or cancelled is no longer paid for, but its money may still go back.
    """
    with transaction.atomic(using=DATABASE):
        current = Booking.objects.select_for_update(no_key=True).get(pk=booking.pk)
        if not current.is_active and not payments.holds_money(current):
            raise bookings.NotBooked
        before = payments.step(current, status)
        change = {
            "status_from": before,
            "status_to": status,
            "changed_at": payloads.moment(clock.now()),
        }
        told = {"visit_booking": payloads.told_booking(current), "visit_payment_status": change}
        notifications.tell("booking-payment-status-changed", current.address, told)
    booking.refresh_from_db()


def cancel_unpaid() -> int:
    """Cancels what was not paid for within its 90 minutes; how many."""
    canceled = 0
    for booking in payments.overdue():
        with suppress(bookings.NotBooked):  # the patient was first
            cancel(booking, by=Booking.Actor.USER, reason="not paid in time")
            canceled += 1
    return canceled


def set_commercial_type(address: Address, commercial_type: str) -> None:
    """What the doctor pays the portal for. An equal one changes nothing."""
    with transaction.atomic(using=DATABASE):
        changed = (
            Address.objects.filter(pk=address.pk)
            .exclude(commercial_type=commercial_type)
            .update(commercial_type=commercial_type)
        )
        address.refresh_from_db()
        if changed:
            _tell_of_address("address-commercial-type-changed", address)


def assign(address: Address) -> None:
    """Gives the address to its doctor, with everything it had. An assigned one stays as it is."""
    with transaction.atomic(using=DATABASE):
        current = calendars.lock(address)
        if not current.is_disabled and current.integration_ends_at is None:
            return
        current.is_disabled, current.integration_ends_at = False, None
        current.save(update_fields=["is_disabled", "integration_ends_at"])
        _tell_of_address("address-assigned", current)
    address.refresh_from_db()


def open_online_address(address: Address) -> Address:
    """A new address of the same doctor for visits on a screen, with the same services."""
    with transaction.atomic(using=DATABASE):
        made = Address.objects.create(
            facility=address.facility,
            doctor=address.doctor,
            name=f"{address.name or address.facility.name} online"[:200],
            is_online_only=True,
            commercial_type=address.commercial_type,
            takes_payment=address.takes_payment,
            payment_account=address.payment_account,
        )
        for row in address.services.all():
            row.pk, row.address = None, made
            row.save(force_insert=True)
        _tell_of_address("address-assigned", made)
    return made


def _tell_of_address(event: str, address: Address) -> None:
    notifications.tell(event, address, {"address": payloads.told_address(address)})


def unassign(address: Address) -> None:
    """Takes the address from its doctor: its calendar closes, the API knows it no more.

    Bookings stay; an unassigned one stays as it is.
    """
    with transaction.atomic(using=DATABASE):
        current = calendars.lock(address)
        if current.is_disabled and not current.is_integrated:
            return
        if current.calendar == Address.Calendar.ENABLED:
            current.calendar = Address.Calendar.DISABLED
        current.is_disabled, current.integration_ends_at = True, clock.now()
        current.save(update_fields=["calendar", "is_disabled", "integration_ends_at"])
        _tell_of_address("address-unassigned", current)
    address.refresh_from_db()


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
