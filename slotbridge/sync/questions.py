"""The portal asks before it books: answered from a hold, within two seconds (A46)."""

from __future__ import annotations

from datetime import timedelta

from django.db import OperationalError, connection, transaction
from django.db.models import Q

from slotbridge.his import free, visits
from slotbridge.his.models import Absence, Schedule, Slot
from slotbridge.sync import bookings
from slotbridge.sync.contract import Question
from slotbridge.sync.models import Account, Booking

# The portal's own time-out is not known: leave it most of the two seconds.
PATIENCE = timedelta(milliseconds=1500)
# Long enough for the notification of the booking to come, short enough to lose no patient.
HOLD = timedelta(minutes=3)


def may_be_taken(account: Account, question: Question) -> bool:
    """Holds the time for the portal and says yes, or says no.

    No as well where the time or the listing is not ours: unknown is not free (promise 6). While
    the account does not write, see `_is_free_here`.
    """
    if account.state != Account.State.READY:
        return False
    if not account.is_live:
        return _is_free_here(account, question)
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


def _is_free_here(account: Account, question: Question) -> bool:
    """The answer of an account that is rehearsed or compared: no only if the HIS knows that the
    practitioner is busy then.

    The portal's times are not ours yet, so a time that has no slot here is the portal's own to
    give, as is a doctor who is not linked: a no would stop patients whom the clinic's staff
    expect. What is known to be taken is refused all the same, lest two patients come at once.
    Nothing is held: no booking is taken over before the account is live, and a hold that no visit
    follows would only take the time from the desk for a while.
    """
    listing = bookings.listing_at(account, question.address)
    if listing is None:
        return True
    then = {
        "organisation_id": account.organisation_id,
        "practitioner": listing.practitioner_id,
        "start__lt": question.end,
        "end__gt": question.start,
    }
    here = Q(clinic=None) | Q(clinic__schedules__listings__listing=listing)
    if Absence.objects.filter(here, **then).exists():
        return False
    taken = free.active_visits().filter(**then)
    if question.moving:  # a visit that moves within its own time is in nobody's way but its own
        taken = taken.exclude(
            bookings__in=Booking.objects.filter(account=account, external_id=question.moving)
        )
    return not taken.exists()


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
