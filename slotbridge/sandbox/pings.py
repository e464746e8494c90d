"""The ping of push endpoints: whoever answers three in a row badly is reported to the adviser.

Source: behaviour.md section 4, Delivery. Any answer below 500 counts as alive.
"""

import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from slotbridge.kit import clock
from slotbridge.sandbox import delivery, outgoing
from slotbridge.sandbox.models import Client
from slotbridge.sandbox.router import DATABASE

log = logging.getLogger(__name__)

EVERY = timedelta(minutes=5)
FAILURES_ALLOWED = 2  # in a row; the next one is an alert
TIMEOUT = 5.0  # seconds


def ping_due() -> int:
    """Pings every push endpoint that was last pinged 5 minutes ago; how many were.

    One that is seen for the first time waits its 5 minutes too.
    """
    pinged = 0
    for found in _due():
        if _lease(found):
            _ping(found)
            pinged += 1
    return pinged


def _due() -> QuerySet[Client]:
    """Also those pinged in what is the future, now that somebody has moved the clock back."""
    now = clock.now()
    pushed = Client.objects.exclude(notification_url="").exclude(delivery=Client.Delivery.PULL)
    return pushed.filter(Q(pinged_at=None) | Q(pinged_at__lte=now - EVERY) | Q(pinged_at__gt=now))


def _lease(client: Client) -> bool:
    """Whether this process is to ping it now: the time is noted before the call."""
    with transaction.atomic(using=DATABASE):
        current = _due().select_for_update(skip_locked=True, no_key=True).filter(pk=client.pk)
        found = current.first()
        if found is None:
            return False
        Client.objects.filter(pk=client.pk).update(pinged_at=clock.now())
    return found.pinged_at is not None


def _ping(client: Client) -> None:
    status = outgoing.ping(client.notification_url, delivery.push_headers(client), TIMEOUT)
    rows = Client.objects.filter(pk=client.pk)
    if status is not None and status < 500:
        if rows.exclude(alerted_at=None).exists():
            log.info("push endpoint answers again", extra={"client": client.pk})
        rows.exclude(ping_failures=0).update(ping_failures=0, alerted_at=None)
        return
    rows.update(ping_failures=F("ping_failures") + 1)
    fresh = rows.filter(ping_failures__gt=FAILURES_ALLOWED, alerted_at=None)
    if fresh.update(alerted_at=clock.now()):
        log.warning("push endpoint is dead", extra={"client": client.pk, "answer": status})
