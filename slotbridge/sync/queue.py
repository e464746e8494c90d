"""Leases: who may speak for an account now, and how long (ADR 2).

One account speaks with one voice at a time, so order and write budget hold across machines. Work
is rows that are due; the lease is on the account. Every settlement confirms the lease in its own
transaction: a worker that slept past its lease cannot write over its successor's results.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from slotbridge.kit import clock
from slotbridge.sync import budget
from slotbridge.sync.models import Account

# Longer than the slowest request to a portal (kit.http.TIMEOUT) with room to settle.
LEASE = timedelta(seconds=60)

_DUE = """
SELECT a.id FROM sync_account a
WHERE (a.lease_until IS NULL OR a.lease_until <= %(now)s)
  AND (a.not_before IS NULL OR a.not_before <= %(now)s)
  AND (
    (a.state IN ('synchronising', 'rejected', 'ready') AND a.catalogue_due_at <= %(now)s)
    OR (a.state = 'ready' AND (
        a.pull_due_at <= %(now)s
        OR a.chores_due_at <= %(now)s
        OR a.horizon_due_at <= %(now)s
        OR EXISTS (SELECT 1 FROM sync_exchange x WHERE x.account_id = a.id
                   AND least(x.offer_due_at, x.busy_all_due_at, x.busy_changes_due_at,
                             x.orders_due_at) <= %(now)s)
        OR EXISTS (SELECT 1 FROM sync_booking b WHERE b.account_id = a.id
                   AND b.visit_id IS NULL AND b.answer <> '' AND b.answer <> b.order_state)
        OR EXISTS (SELECT 1 FROM sync_listing l WHERE l.account_id = a.id
                   AND l.patrol_due_at <= %(now)s
                   AND (l.is_active OR EXISTS (
                       SELECT 1 FROM sync_booking b WHERE b.listing_id = l.id
                       AND b.status = 'booked' AND b."end" > %(now)s)))))
    OR (a.state = 'ready' AND a.writing = 'live' AND (
        EXISTS (SELECT 1 FROM sync_inboxmessage m WHERE m.account_id = a.id
                AND m.state = 'new' AND m.due_at <= %(now)s)
        OR EXISTS (SELECT 1 FROM sync_visittarget t WHERE t.account_id = a.id
                   AND t.asked > t.answered AND t.problem = '' AND t.due_at <= %(now)s
                   AND (a.writes_left > 0 OR a.writes_reset_at IS NULL
                        OR a.writes_reset_at <= %(now)s))
        OR EXISTS (SELECT 1 FROM sync_booking b WHERE b.account_id = a.id
                   AND b.cancel_due_at <= %(now)s
                   AND (a.writes_left > 0 OR a.writes_reset_at IS NULL
                        OR a.writes_reset_at <= %(now)s))))
    OR (a.state IN ('ready', 'switching-off') AND a.writing = 'live' AND (EXISTS (
        SELECT 1 FROM sync_listing l JOIN sync_listingday d ON d.listing_id = l.id
        WHERE l.account_id = a.id AND l.held_since IS NULL
          AND d.asked > d.answered AND d.problem = '' AND d.due_at <= %(now)s)
        OR EXISTS (
        SELECT 1 FROM sync_listing l JOIN sync_listingservice s ON s.listing_id = l.id
        WHERE l.account_id = a.id AND a.state = 'ready'
          AND s.asked > s.answered AND s.problem = '' AND s.due_at <= %(now)s))
        AND {days_may_be_told})
    OR (a.state = 'switching-off' AND NOT EXISTS (
        SELECT 1 FROM sync_listing l JOIN sync_listingday d ON d.listing_id = l.id
        WHERE l.account_id = a.id AND d.asked > d.answered AND d.problem = ''))
  )
ORDER BY a.lease_until NULLS FIRST, a.id
FOR NO KEY UPDATE SKIP LOCKED
LIMIT 1
""".replace("{days_may_be_told}", budget.DAYS_MAY_BE_TOLD)

_NEXT = """
SELECT min(due) FROM (
    SELECT min(d.due_at) AS due FROM sync_listingday d
    WHERE d.asked > d.answered AND d.problem = '' AND d.due_at > %(now)s
    UNION ALL SELECT min(t.due_at) FROM sync_visittarget t
    WHERE t.asked > t.answered AND t.problem = '' AND t.due_at > %(now)s
    UNION ALL SELECT min(b.cancel_due_at) FROM sync_booking b WHERE b.cancel_due_at > %(now)s
    UNION ALL SELECT min(s.due_at) FROM sync_listingservice s
    WHERE s.asked > s.answered AND s.problem = '' AND s.due_at > %(now)s
    UNION ALL SELECT min(a.chores_due_at) FROM sync_account a
    WHERE a.state = 'ready' AND a.chores_due_at > %(now)s
    UNION ALL SELECT min(a.horizon_due_at) FROM sync_account a
    WHERE a.state = 'ready' AND a.horizon_due_at > %(now)s
    UNION ALL SELECT min(m.due_at) FROM sync_inboxmessage m
    WHERE m.state = 'new' AND m.due_at > %(now)s
    UNION ALL SELECT min(due) FROM sync_exchange x JOIN sync_account a ON a.id = x.account_id
    CROSS JOIN LATERAL unnest(ARRAY[x.offer_due_at, x.busy_all_due_at, x.busy_changes_due_at,
                                    x.orders_due_at]) due
    WHERE a.state = 'ready' AND due > %(now)s
    UNION ALL SELECT min(a.pull_due_at) FROM sync_account a
    WHERE a.state = 'ready' AND a.pull_due_at > %(now)s
    UNION ALL SELECT min(a.writes_reset_at) FROM sync_account a
    WHERE a.writes_reset_at > %(now)s
    UNION ALL SELECT min({days_may_next_be_told}) FROM sync_account a
    WHERE {days_may_next_be_told} > %(now)s
    UNION ALL SELECT min(a.not_before) FROM sync_account a WHERE a.not_before > %(now)s
) x
""".replace("{days_may_next_be_told}", budget.DAYS_MAY_NEXT_BE_TOLD)


class LeaseLost(Exception):
    """Another worker speaks for this account now: drop what you hold, settle nothing."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to speak for one account until it expires. `number` tells it from any other."""

    account_id: int
    owner: str
    number: int

    def confirm(self) -> Account:
        """The account, locked and with its lease renewed; inside the caller's transaction.

        Raises LeaseLost: then nothing that was prepared may be stored.
        """
        account = (
            Account.objects.select_for_update(no_key=True)
            .filter(pk=self.account_id, lease_number=self.number, lease_owner=self.owner)
            .first()
        )
        if account is None:
            raise LeaseLost(f"account {self.account_id}")
        account.lease_until = clock.now() + LEASE
        account.save(update_fields=["lease_until"])
        return account

    @transaction.atomic
    def renew(self) -> None:
        """Keeps the lease through reads that together may last longer than it. Raises
        LeaseLost.
        """
        self.confirm()

    def give_back(self) -> None:
        """Lets others speak at once; nothing if the lease was lost meanwhile.

        The lease ends now instead of being wiped out: whoever waits longest comes next.
        """
        Account.objects.filter(
            pk=self.account_id, lease_number=self.number, lease_owner=self.owner
        ).update(lease_until=clock.now(), lease_owner="")


@transaction.atomic
def claim(owner: str) -> Lease | None:
    """Leases the account that has waited longest and has something to do now, if any."""
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(_DUE, {"now": now})
        row = cursor.fetchone()
    if row is None:
        return None
    account = Account.objects.get(pk=row[0])
    account.lease_owner, account.lease_until = owner, now + LEASE
    account.lease_number += 1
    account.save(update_fields=["lease_owner", "lease_until", "lease_number"])
    return Lease(account.pk, owner, account.lease_number)


def next_due() -> datetime | None:
    """When something will be due that is not now; for how long to sleep."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, {"now": clock.now()})
        found: datetime | None = cursor.fetchone()[0]
    return found
