"""Whether an account writes at its portal: rehearsed first, compared for a while, then live.

Nobody but a person takes it from one to the other: a comparison that is over goes on comparing.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from slotbridge.kit import clock
from slotbridge.sync import accounts, fanout, wakeups
from slotbridge.sync.models import Account, Listing, ListingDay
from slotbridge.sync.registry import keeps_calendars

SHADOW_DAYS = 7
MOST_SHADOW_DAYS = 14

State, Writing = Account.State, Account.Writing


@transaction.atomic
def start_rehearsal(*, account: Account, by: str) -> None:
    """From now on nothing is written at the portal; what is shown there stays. Can be chosen
    before the account is connected at all.
    """
    _stop_writing(account, Writing.REHEARSAL, None, by)


@transaction.atomic
def start_shadow(*, account: Account, days: int = SHADOW_DAYS, by: str) -> None:
    """Both sides are compared for so many days, and neither is changed. While it lasts already,
    it is prolonged. ValueError for other than 1 to 14 days.
    """
    if not 1 <= days <= MOST_SHADOW_DAYS:
        raise ValueError(f"a comparison lasts 1 to {MOST_SHADOW_DAYS} days")
    _stop_writing(account, Writing.SHADOW, days, by)


@transaction.atomic
def go_live(*, account: Account, by: str) -> None:
    """Takes over all bookings that are ahead at the portal (A63), then tells it everything.

    What the portal shows by now is not known, so every day is told, once.
    """
    account = accounts.locked(account)
    if account.writing == Writing.LIVE:
        return
    account.writing, account.writing_since = Writing.LIVE, clock.now()
    account.shadow_until = None
    account.save(update_fields=["writing", "writing_since", "shadow_until"])
    accounts.record(account, by, "go-live")
    account.listings.update(patrol_due_at=clock.now())
    if account.state not in fanout.ASLEEP:
        ListingDay.objects.filter(listing__account=account).update(told=None)
        fanout.ask_all_days(account)
        fanout.ask_all_visits(account)
    wakeups.wake()


def to_compare_first(account: Account) -> QuerySet[Listing]:
    """Calendars whose bookings are still to be taken over before anything is written (A63).

    One that cannot be read now is not waited for: it is compared when its turn comes again.
    """
    calendars = account.listings.filter(is_active=True, patrol_due_at__lte=clock.now())
    if account.writing_since is None:  # it has written from its first day on
        return calendars.none()
    return calendars.filter(
        Q(patrolled_at__isnull=True) | Q(patrolled_at__lt=account.writing_since)
    )


def may_be_chosen(account: Account) -> bool:
    """Whether how an account writes can be chosen now: not while it is leaving the portal."""
    return keeps_calendars(account.kind) and account.state != State.SWITCHING_OFF


def has_ended(account: Account) -> bool:
    """Whether the time that was chosen for comparing is over."""
    return account.shadow_until is not None and account.shadow_until <= clock.now()


def progress(account: Account) -> tuple[int, int]:
    """How many of the active calendars have been told everything since it went live, of all."""
    calendars = account.listings.filter(is_active=True)
    waiting = calendars.filter(
        Q(pk__in=to_compare_first(account))
        | Q(
            pk__in=ListingDay.objects.filter(
                listing__account=account, asked__gt=F("answered"), problem=""
            ).values("listing")
        )
    )
    total = calendars.count()
    return total - waiting.count(), total


def _stop_writing(account: Account, writing: Account.Writing, days: int | None, by: str) -> None:
    account = accounts.locked(account)
    if not may_be_chosen(account):
        return
    now = clock.now()
    if account.writing != writing:
        account.writing, account.writing_since = writing, now
    account.shadow_until = now + timedelta(days=days) if days else None
    account.save(update_fields=["writing", "writing_since", "shadow_until"])
    accounts.record(account, by, f"start-{writing}", days=days)
    account.listings.update(patrol_due_at=now)
    wakeups.wake()
