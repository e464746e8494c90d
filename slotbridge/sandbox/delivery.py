"""Pushing: due notifications leave, failed ones come again or are buried.

Any number of processes may run it: due rows are leased with SKIP LOCKED, the lease is written
before the call, and no transaction is open while the client is called.
"""

import json
import logging
from datetime import datetime, timedelta

from django.db import transaction

from slotbridge.kit import clock
from slotbridge.sandbox import desk, notifications, outgoing
from slotbridge.sandbox.models import ApiCall, Client, Notification
from slotbridge.sandbox.router import DATABASE

log = logging.getLogger(__name__)

PUSH_TIMEOUT = 10.0  # seconds
LEASE = timedelta(seconds=30)
RELEASE_EVERY = timedelta(hours=1)
KEPT = timedelta(days=14)
CALLS_KEPT = timedelta(days=2)


class NotPushed(Exception):
    """The client is not on the PUSH model: 403."""


class TooSoon(Exception):
    """Buried notifications were released less than an hour ago: wait this long."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(f"once per hour; {wait} left")
        self.wait = wait


def deliver_due(client: Client | None = None, *, most: int = 1000) -> int:
    """Pushes what is due, in order; how many got a 2xx. Each row is tried at most once per call.

    What has happened meanwhile because nobody did anything is told too.
    """
    desk.cancel_unpaid()
    notifications.release_held()
    delivered = 0
    latest = clock.now()
    for _ in range(most):
        row = _lease(client, latest)
        if row is None:
            break
        delivered += _push(row)
    return delivered


@transaction.atomic(using=DATABASE)
def _lease(client: Client | None, latest: datetime) -> Notification | None:
    due = Notification.objects.filter(
        push=Notification.Push.DUE, push_due_at__lte=latest, is_held=False, is_lost=False
    ).exclude(client__notification_url="")
    if client is not None:
        due = due.filter(client=client)
    row = due.select_for_update(skip_locked=True, of=("self",)).select_related("client").first()
    if row is not None:
        row.push_attempts += 1
        row.push_due_at = clock.now() + LEASE
        row.save(update_fields=["push_attempts", "push_due_at"])
    return row


def _push(row: Notification) -> bool:
    client = row.client
    body = json.dumps(row.body, ensure_ascii=False).encode()
    if row.is_malformed:
        body = body[: len(body) // 2]
    row.push_status = outgoing.post(
        client.notification_url, body, push_headers(client), PUSH_TIMEOUT
    )
    accepted = row.push_status is not None and 200 <= row.push_status < 300
    if accepted:
        row.push, row.push_due_at = Notification.Push.DELIVERED, None
    elif row.push_attempts > len(client.retry_minutes):
        row.push, row.push_due_at = Notification.Push.BURIED, None
    else:
        minutes = client.retry_minutes[row.push_attempts - 1]
        row.push_due_at = clock.now() + timedelta(minutes=minutes)
    row.save(update_fields=["push", "push_due_at", "push_status"])
    log.info("notification pushed", extra={"notification": row.pk, "answer": row.push_status})
    return accepted


def push_headers(client: Client) -> dict[str, str]:
    return {client.push_header: client.push_header_value} if client.push_header else {}


@transaction.atomic(using=DATABASE)
def release(client: Client) -> int:
    """Queues the client's buried notifications again; how many. Raises NotPushed or TooSoon.

    Source: operation Release Notifications, once per hour.
    """
    current = Client.objects.select_for_update().get(pk=client.pk)
    if not current.is_pushed:
        raise NotPushed
    now = clock.now()
    if current.released_at and now < current.released_at + RELEASE_EVERY:
        raise TooSoon(current.released_at + RELEASE_EVERY - now)
    Client.objects.filter(pk=client.pk).update(released_at=now)
    transaction.on_commit(notifications.due.set, using=DATABASE)
    return Notification.objects.filter(client=client, push=Notification.Push.BURIED).update(
        push=Notification.Push.DUE, push_attempts=0, push_due_at=now
    )


def forget_old() -> int:
    """Drops what the portal keeps no longer: pulled or expired, failed for 14 days, old calls.

    How many notifications and calls those were.
    """
    now = clock.now()
    gone = [
        Notification.objects.filter(created_at__lt=now - KEPT),
        Notification.objects.filter(pull_until__lt=now, push=Notification.Push.NONE),
        ApiCall.objects.filter(at__lt=now - CALLS_KEPT),
    ]
    return sum(rows.delete()[0] for rows in gone)
