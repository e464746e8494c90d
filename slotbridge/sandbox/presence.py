"""Whether a patient says they will come, and whether they came."""

from django.db import transaction

from slotbridge.kit import clock
from slotbridge.sandbox import notifications, payloads
from slotbridge.sandbox.models import Booking, Client
from slotbridge.sandbox.router import DATABASE

CONFIRMED_BY = frozenset({"user", "admin"})  # the patient, or the clinic


class VisitCanceled(Exception):
    """The booking is canceled or moved: there is nothing to mark or confirm."""


class VisitInFuture(Exception):
    """Nobody can have come yet: mark it once it has begun."""


class VisitInPast(Exception):
    """It has begun: there is nothing to confirm."""


class AlreadyConfirmed(Exception):
    """Somebody confirmed it before; nothing undoes that."""


def confirm(booking: Booking, *, by: str, client: Client | None = None) -> None:
    """`by` is one of CONFIRMED_BY; `client` is the one whose call this is, if it is one.

    Raises VisitCanceled, VisitInPast or AlreadyConfirmed. Source: operation confirmBooking.
    """
    with transaction.atomic(using=DATABASE):
        current = _locked(booking)
        if current.start <= clock.now():
            raise VisitInPast
        if current.is_confirmed:
            raise AlreadyConfirmed
        booking.is_confirmed, booking.confirmed_by = True, by
        booking.save(update_fields=["is_confirmed", "confirmed_by"])
        told = {"visit_booking": payloads.told_booking(booking)}
        notifications.tell("booking-confirmed", booking.address, told, by=client)


def mark(booking: Booking, *, present: bool, client: Client | None = None) -> None:
    """Present or a no-show; may be marked anew, and an equal mark is not told again.

    Raises VisitCanceled or VisitInFuture. Source: operations markPatientPresence and
    markPatientAbsence, behaviour.md section 10.
    """
    mark_ = Booking.Presence.PRESENT if present else Booking.Presence.ABSENT
    with transaction.atomic(using=DATABASE):
        current = _locked(booking)
        if current.start > clock.now():
            raise VisitInFuture
        if current.presence == mark_:
            return
        booking.presence = mark_
        booking.save(update_fields=["presence"])
        told = {"visit_booking": payloads.told_booking(booking), "presence": mark_.upper()}
        notifications.tell("presence-marked", booking.address, told, by=client)


def _locked(booking: Booking) -> Booking:
    """The booking as it is now, held until the transaction ends."""
    current = Booking.objects.select_for_update(no_key=True).get(pk=booking.pk)
    if not current.is_active:
        raise VisitCanceled
    return current
