"""The portal asks before it books: answered from a hold, within two seconds (A46)."""

from __future__ import annotations

from datetime import timedelta

from django.db import OperationalError, connection, transaction

from slotbridge.his import visits
from slotbridge.his.models import Schedule, Slot
from slotbridge.sync import bookings
from slotbridge.sync.contract import Question
from slotbridge.sync.models import Account, Booking

# The portal's own time-out is not known: leave it most of the two seconds.
PATIENCE = timedelta(milliseconds=1500)
# Long enough for the notification of the booking to come, short enough to lose no patient.
HOLD = timedelta(minutes=3)


def may_be_taken(account: Account, question: Question) -> bool:
    """Holds the time for the portal and says yes, or says no.

    No as well where the time or the listing is not ours: unknown is not free (promise 6).
    """
    if account.state != Account.State.READY:
        return False
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                wait = f"{int(PATIENCE.total_seconds() * 1000)}ms"
                cursor.execute(
                    "SELECT set_config('lock_timeout', %s, true),"
                    " set_config('statement_timeout', %s, true)",
                    [wait, wait],
                )
            return _hold(account, question)
    except OperationalError:
        return False  # somebody holds these rows for longer than the portal waits


def _hold(account: Account, question: Question) -> bool:
    listing = bookings.listing_at(account, question.address)
    if listing is None or not listing.is_active:
        return False
    slot = (
        Slot.objects.filter(
            schedule__listings__listing=listing,
            start__lte=question.start,
            end__gte=question.end,
            channels__contains=[account.channel],
        )
        .order_by("pk")
        .first()
    )
    if slot is None:
        return False
    try:
        visits.hold(
            schedule=Schedule.objects.get(pk=slot.schedule_id),
            start=question.start,
            end=question.end,
            lasting=HOLD,
            channel=account.channel,
            by=account.channel,
        )
    except visits.SlotTaken as taken:
        # A visit that moves within its own time is in nobody's way but its own.
        return bool(question.moving) and _is_visit_of(account, question.moving, taken.visit_id)
    except visits.NoSlot:
        return False
    return True


def _is_visit_of(account: Account, booking: str, visit_id: int | None) -> bool:
    return (
        visit_id is not None
        and Booking.objects.filter(account=account, external_id=booking, visit_id=visit_id).exists()
    )
