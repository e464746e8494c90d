"""The write budget of an account: urgent work first, nothing wasted, never over.

The portal's own headers are believed; where it sends none, writes are counted here.
"""

from __future__ import annotations

from datetime import timedelta

from slotbridge.kit import clock
from slotbridge.sync.contract import CalendarConnector
from slotbridge.sync.models import Account

# Days leave this part of the budget to visits and answers (design section 5).
RESERVE = 4  # a quarter


def may_write(account: Account, *, urgent: bool) -> bool:
    """Whether one more write fits now; days stop while a quarter is left."""
    if account.writes_reset_at is None or account.writes_reset_at <= clock.now():
        return True
    if urgent:
        return account.writes_left > 0
    return account.writes_left * RESERVE > account.writes_limit


def spend(account: Account, connector: CalendarConnector) -> None:
    """Notes one write that was made; the caller has the account locked and saves nothing else
    of it.
    """
    now = clock.now()
    told = connector.budget
    if told is not None:
        account.writes_limit, account.writes_left = told.limit, told.remaining
        account.writes_reset_at = told.resets_at
    elif account.writes_reset_at is None or account.writes_reset_at <= now:
        account.writes_limit = connector.writes_per_minute
        account.writes_left = connector.writes_per_minute - 1
        account.writes_reset_at = now + timedelta(minutes=1)
    else:
        account.writes_left -= 1
    account.save(update_fields=["writes_limit", "writes_left", "writes_reset_at"])
