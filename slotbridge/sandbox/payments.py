"""Visits paid for online, beforehand: asked for, paid, refunded, or cancelled when unpaid.

Source: behaviour.md section 11. The portal handles the money alone; clients hear of it.
"""

from datetime import timedelta

from slotbridge.kit import clock
from slotbridge.sandbox.models import Address, Booking

TIME_TO_PAY = timedelta(minutes=90)

# The words of the newest source, the notification. Older ones have new, in_progress, successful.
NOT_PAID = "not-paid"
WAITING = "waiting_for_confirmation"
PAID = "paid"
REFUNDED = "refunded"
CHARGED_BACK = "charged_back"

# From what to what the money can go. What is refunded or charged back is over.
STEPS: dict[str, frozenset[str]] = {
    NOT_PAID: frozenset({WAITING, PAID}),
    WAITING: frozenset({NOT_PAID, PAID}),
    PAID: frozenset({REFUNDED, CHARGED_BACK}),
    REFUNDED: frozenset(),
    CHARGED_BACK: frozenset(),
}
# Money that came, or may be on its way; "successful" is an older word for it.
HELD = frozenset({WAITING, PAID, "successful", "in_progress"})


class NothingToPay(Exception):
    """The visit is not paid for online."""


class NoSuchStep(Exception):
    """A payment in this state cannot become that: it is so already, or it is over."""


def ask_for(booking: Booking) -> None:
    """Gives an unsaved booking 90 minutes to be paid in, where its address takes payments.

    An insurer does not pay online.
    """
    if booking.address.takes_payment and booking.insurance_provider is None:
        booking.payment_status = NOT_PAID
        booking.payment_due_at = booking.booked_at + TIME_TO_PAY


def holds_money(booking: Booking) -> bool:
    """Whether the portal has, or may have, the patient's money for it."""
    return booking.payment_status in HELD


def shares_account(booking: Booking, target: Address) -> bool:
    """Whether the money may go along when the visit moves there (operation moveBooking)."""
    return booking.address.payment_account == target.payment_account


def overdue() -> list[Booking]:
    """Booked visits that nobody has paid for in time, the longest overdue first."""
    rows = Booking.objects.filter(
        status=Booking.Status.BOOKED, payment_status=NOT_PAID, payment_due_at__lte=clock.now()
    )
    return list(
        rows.select_related("address__facility", "address__doctor").order_by("payment_due_at")
    )


def step(booking: Booking, status: str) -> str:
    """Sets the status of a row the caller has locked; the former one.

    Raises NothingToPay or NoSuchStep.
    """
    before = booking.payment_status
    if not before:
        raise NothingToPay
    if status not in STEPS.get(before, frozenset()):
        raise NoSuchStep
    booking.payment_status = status
    booking.save(update_fields=["payment_status"])
    return before
