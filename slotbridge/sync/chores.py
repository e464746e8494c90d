"""What is done for an account now and then: the portal's published addresses, and what it gave up.

Both are by the way: a portal that does not answer them is asked again the next time.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from slotbridge.kit import clock
from slotbridge.sync import budget
from slotbridge.sync.contract import CalendarConnector, Refused, TryLater
from slotbridge.sync.models import Account
from slotbridge.sync.queue import Lease

# The portal releases once an hour what it could not push (operation Release Notifications).
EVERY = timedelta(hours=1)
# Its addresses change: they are to be fetched daily (behaviour.md section 4).
ADDRESSES_EVERY = timedelta(hours=24)


def are_due(account: Account) -> bool:
    return account.chores_due_at is not None and account.chores_due_at <= clock.now()


def do(lease: Lease, account: Account, connector: CalendarConnector) -> None:
    """Raises AccountRejected; whatever else fails is left to the next time."""
    with transaction.atomic():
        fresh = lease.confirm()
        # Before they are done: one that fails must not come back at once.
        fresh.chores_due_at = clock.now() + EVERY
        fresh.save(update_fields=["chores_due_at"])
    _read_addresses(lease, account, connector)
    if account.is_live:  # what is only compared asks nothing to be sent
        _release(lease, connector)


def _read_addresses(lease: Lease, account: Account, connector: CalendarConnector) -> None:
    read_at = account.published_read_at
    if read_at is not None and read_at + ADDRESSES_EVERY > clock.now():
        return
    try:
        found = connector.published_addresses()
    except (TryLater, Refused):
        return  # yesterday's stay in force
    with transaction.atomic():
        fresh = lease.confirm()
        fresh.published_addresses = sorted(found)
        fresh.published_read_at = clock.now()
        fresh.save(update_fields=["published_addresses", "published_read_at"])


def _release(lease: Lease, connector: CalendarConnector) -> None:
    try:
        asked = connector.release()
    except (TryLater, Refused):
        return
    if not asked:
        return
    with transaction.atomic():
        fresh = lease.confirm()
        budget.spend(fresh, connector)
        Account.objects.filter(pk=fresh.pk).update(released_at=clock.now())
