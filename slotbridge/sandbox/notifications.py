"""What a client is told: made here, then pulled from here or pushed by slotbridge.sandbox.delivery.

Source: behaviour.md section 4. A notification is {name, data, created_at}: no id, no sequence.
"""

import threading
from datetime import timedelta
from typing import Any

from django.db import connections, transaction

from slotbridge.kit import clock
from slotbridge.sandbox import faults, payloads, quirks
from slotbridge.sandbox.models import OPTIONAL_EVENTS, Address, Client, Notification
from slotbridge.sandbox.router import DATABASE

PULL_KEPT = timedelta(hours=72)
FOR_PMS = frozenset({"address-assigned", "address-unassigned"})
HELD_AT_MOST = timedelta(minutes=1)  # a "swapped" one when no other comes

due = threading.Event()  # wakes this process's push sender


class QueueEmpty(Exception):
    """Nothing to pull: 404."""


def tell(event: str, address: Address, data: dict[str, Any], *, by: Client | None = None) -> None:
    """Queues one event for every client of the address's facility; in the caller's transaction.

    Optional events go to those who asked for them, those of assignment to practice software only
    (behaviour.md section 4). `by`: the client whose own call caused it; it hears of it only with
    quirk echo_own_calls.
    """
    body = {
        "name": event,
        "data": payloads.place(address) | data,
        "created_at": payloads.moment(clock.now()),
    }
    for client in address.facility.clients.all():
        is_echo = by is not None and client.pk == by.pk
        if not _hears_of(client, event):
            continue
        if is_echo and not quirks.read(client.quirks).echo_own_calls:
            continue
        _queue(client, body)
    transaction.on_commit(due.set, using=DATABASE)


def _hears_of(client: Client, event: str) -> bool:
    if event in client.muted_events:
        return False
    if event in FOR_PMS and not client.is_pms:
        return False
    return event not in OPTIONAL_EVENTS or event in client.opted_in


def _queue(client: Client, body: dict[str, Any]) -> None:
    now = clock.now()
    fault = faults.strike(client, body["name"], faults.EVENT_EFFECTS)
    effect = fault.effect if fault else ""
    if fault and effect == "unknown":
        body = body | {"name": fault.text or faults.DEFAULT_NAME}
    visible_at = now + timedelta(seconds=fault.seconds if fault and effect == "delayed" else 0)
    for _copy in range(2 if effect == "twice" else 1):
        Notification.objects.create(
            client=client,
            name=body["name"],
            body=body,
            created_at=now,
            visible_at=visible_at,
            position=_next_position(),
            is_held=effect == "swapped",
            is_lost=effect == "lost",
            is_malformed=effect == "malformed",
            push=Notification.Push.DUE if client.is_pushed else Notification.Push.NONE,
            push_due_at=visible_at if client.is_pushed else None,
            pull_until=visible_at + PULL_KEPT if client.is_pulled else None,
        )
    if effect != "swapped":
        release_held(client)


def release_held(client: Client | None = None) -> None:
    """Lets held notifications follow, now that another has overtaken them (or time is up)."""
    held = Notification.objects.filter(is_held=True)
    if client is None:
        held = held.filter(created_at__lte=clock.now() - HELD_AT_MOST)
    else:
        held = held.filter(client=client)
    for row in held:
        Notification.objects.filter(pk=row.pk).update(is_held=False, position=_next_position())


def _next_position() -> int:
    with connections[DATABASE].cursor() as cursor:
        cursor.execute("SELECT nextval('sandbox_notification_position')")
        return int(cursor.fetchone()[0])


def pull(client: Client, most: int) -> tuple[list[dict[str, Any]], int]:
    """Up to `most` of the earliest not yet pulled, which are consumed, and how many are left.

    Two pullers at once get different ones. Raises QueueEmpty.
    Source: operations Pull Notification and Pull Multiple Notification; 72 hours, then gone.
    """
    release_held()
    waiting = Notification.objects.filter(
        client=client,
        pulled_at=None,
        pull_until__gt=clock.now(),
        visible_at__lte=clock.now(),
        is_held=False,
        is_lost=False,
    )
    with transaction.atomic(using=DATABASE):
        rows = list(waiting.select_for_update(skip_locked=True)[:most])
        Notification.objects.filter(pk__in=[row.pk for row in rows]).update(pulled_at=clock.now())
    if not rows:
        raise QueueEmpty
    return [_pulled(row) for row in rows], waiting.count()


def _pulled(row: Notification) -> dict[str, Any]:
    body = dict(row.body)
    if row.is_malformed:
        body.pop("data")
    return body
