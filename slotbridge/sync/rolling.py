"""The days that a portal takes roll on: a new last day is told as soon as it is within reach (A33).

Nothing is sent further ahead (`fanout.horizon`), and no comparison need come by first.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from django.db import connection, transaction

from slotbridge.kit import clock
from slotbridge.sync import fanout
from slotbridge.sync.models import Account
from slotbridge.sync.queue import Lease
from slotbridge.sync.registry import calendar_class

log = structlog.stdlib.get_logger(__name__)

# A new last day comes within reach up to so long before its own midnight (`_in_reach`).
BEFORE_MIDNIGHT = timedelta(hours=2)

# Days that nobody has asked for yet; more than one after a standstill.
_NEW_DAYS = """
INSERT INTO sync_listingday
    (organisation_id, listing_id, day, asked, answered, asked_at, due_at, drifts, problem)
SELECT l.organisation_id, l.id, d::date, 1, 0, %(now)s, %(now)s, 0, ''
FROM sync_listing l, generate_series(%(first)s::date, %(last)s::date, interval '1 day') d
WHERE l.account_id = %(account)s AND l.is_active
ORDER BY 2, 3 -- two workers lock rows in one order
ON CONFLICT (organisation_id, listing_id, day) DO NOTHING
"""


def is_due(account: Account) -> bool:
    return account.horizon_due_at is None or account.horizon_due_at <= clock.now()


@transaction.atomic
def roll_on(lease: Lease) -> None:
    """Asks for the days that came within reach, of every calendar that is filled."""
    account = lease.confirm()
    now = clock.now()
    first, last = fanout.horizon(account, now)
    with connection.cursor() as cursor:
        cursor.execute(_NEW_DAYS, {"account": account.pk, "now": now, "first": first, "last": last})
        new = cursor.rowcount
    # Another day has begun, or is about to where clocks change: other prices may be valid (A25).
    midnight = clock.day_bounds(first, _zone(account))[1]
    soon = midnight if midnight - now <= BEFORE_MIDNIGHT else now
    fanout.ask_services(account, anew=False, due_at=soon)
    account.horizon_due_at = _in_reach(account, last + timedelta(days=1))
    account.save(update_fields=["horizon_due_at"])
    if new:
        log.info("horizon rolled on", account=account.pk, days=new)


def _in_reach(account: Account, day: date) -> datetime:
    """When the portal takes a date whole: the midnight it ends at lies `horizon` ahead then. That
    is midnight there, or an hour beside it where clocks change in between.
    """
    zone = _zone(account)
    return clock.day_bounds(day, zone)[1] - calendar_class(account.kind).horizon


def _zone(account: Account) -> ZoneInfo:
    """Of the dates that the account's portal is told by."""
    return calendar_class(account.kind).zone_of(account.settings)
