"""What is kept no longer than it is of use: notifications, data of bookings, reports (ADR 6).

Whatever state an account is in: one that was switched off has no turns any more, but its patients'
data must not stay for ever.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet

from slotbridge.kit import clock
from slotbridge.sync import reports
from slotbridge.sync.models import Booking, Difference, InboxMessage, PatrolReport

log = structlog.stdlib.get_logger(__name__)

EVERY = timedelta(hours=1)
# Longer than a portal repeats a notification that failed (14 days): known once, it is told again
# only as a repetition (A57).
MESSAGES_KEPT = timedelta(days=30)
# What nobody could read or assign, though it is over: time enough to ask the patient.
PARKED_KEPT = timedelta(days=90)
DIFFERENCES_KEPT = timedelta(days=90)
# At once, so that nobody waits for the locks; the rest in the next hours.
MOST = 5000


@transaction.atomic
def remove() -> int:
    """Removes what is older than that; how much."""
    now = clock.now()
    state = InboxMessage.State
    messages = InboxMessage.objects.filter(
        Q(state=state.DONE, done_at__lt=now - MESSAGES_KEPT)
        | Q(state=state.PARKED, received_at__lt=now - PARKED_KEPT)
    )
    compared = PatrolReport.objects.filter(at__lt=now - reports.KEPT)
    differences = Difference.objects.filter(found_at__lt=now - DIFFERENCES_KEPT)
    removed = sum(_remove(rows) for rows in (messages, differences, compared))
    over = Booking.objects.filter(sealed_data__isnull=False, end__lt=now - PARKED_KEPT)
    removed += Booking.objects.filter(pk__in=_oldest(over)).update(sealed_data=None)
    if removed:
        log.info("old rows removed", rows=removed)
    return removed


def _remove(rows: QuerySet[Any]) -> int:
    return rows.filter(pk__in=_oldest(rows)).delete()[0]


def _oldest(rows: QuerySet[Any]) -> list[int]:
    """Those that no other worker is removing."""
    free = rows.order_by("pk").select_for_update(skip_locked=True)
    return list(free.values_list("pk", flat=True)[:MOST])
