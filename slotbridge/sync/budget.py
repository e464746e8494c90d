"""The write budget of an account: urgent work first, nothing wasted, never over.

The portal's own headers are believed; where it sends none, writes are counted here.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil

from slotbridge.kit import clock
from slotbridge.sync.contract import CalendarConnector
from slotbridge.sync.models import Account

# Days leave a part of the budget to visits and answers (design section 5): a quarter of what
# is left of the window's time, and never less than two while one who waits would notice.
RESERVE = 4
LEAST_RESERVE = 2
WINDOW = timedelta(minutes=1)
UNNOTICED = timedelta(seconds=3)

# Whether days may be told now, and when they may be next: `may_write` for whoever asks in SQL, of
# an account `a` and a parameter `now`.
DAYS_MAY_BE_TOLD = f"""
(a.writes_reset_at IS NULL OR a.writes_reset_at <= %(now)s
 OR a.writes_left > CASE
    WHEN a.writes_reset_at - %(now)s <= interval '{UNNOTICED.total_seconds()} s' THEN 0
    ELSE greatest({LEAST_RESERVE}, ceil(a.writes_limit / {RESERVE}.0
        * least(1, extract(epoch FROM a.writes_reset_at - %(now)s)
                   / {WINDOW.total_seconds()}))) END)
"""
DAYS_MAY_NEXT_BE_TOLD = f"""
a.writes_reset_at - CASE
    WHEN a.writes_left <= 0 OR a.writes_limit <= 0 THEN interval '0'
    WHEN a.writes_left <= {LEAST_RESERVE} THEN interval '{UNNOTICED.total_seconds()} s'
    ELSE least(1, (a.writes_left - 1) * {RESERVE}.0 / a.writes_limit)
         * interval '{WINDOW.total_seconds()} s' END
"""


def may_write(account: Account, *, urgent: bool) -> bool:
    """Whether one more write fits now; days stop while the rest is kept for urgent ones."""
    now = clock.now()
    if account.writes_reset_at is None or account.writes_reset_at <= now:
        return True
    kept = 0 if urgent else reserve(account.writes_limit, account.writes_reset_at - now)
    return account.writes_left > kept


def reserve(limit: int, left: timedelta) -> int:
    """How many of `limit` writes days leave alone, `left` before the window ends.

    It melts with the window, so that a long load is not slower than the portal: what nobody
    urgent has used by the end goes to days.
    """
    if left <= UNNOTICED:
        return 0
    return max(LEAST_RESERVE, ceil(limit / RESERVE * min(1.0, left / WINDOW)))


def spend(account: Account, connector: CalendarConnector) -> None:
    """Notes one write that was made; the caller has the account locked and saves nothing else
    of it.
    """
    now: datetime = clock.now()
    told = connector.budget
    if told is not None:
        account.writes_limit, account.writes_left = told.limit, told.remaining
        account.writes_reset_at = told.resets_at
    elif account.writes_reset_at is None or account.writes_reset_at <= now:
        account.writes_limit = connector.writes_per_minute
        account.writes_left = connector.writes_per_minute - 1
        account.writes_reset_at = now + WINDOW
    else:
        account.writes_left -= 1
    account.save(update_fields=["writes_limit", "writes_left", "writes_reset_at"])
