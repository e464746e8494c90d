"""Orders that a portal exported, on a terminal: how many, and who only where that is wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import typer
from django.utils.translation import gettext as _

from slotbridge.cli.language import mark as _noop
from slotbridge.kit import clock
from slotbridge.wire.medihost.model import Order, Status

OVERLAP = timedelta(seconds=600)  # U-3
_STATUSES = {
    Status.RECEIVED: _noop("waiting"),
    Status.ACCEPTED: _noop("accepted"),
    Status.REJECTED: _noop("rejected"),
}


def seconds_of(text: str) -> int | None:
    """UNIX seconds, or a date and time; without a zone it is this machine's. None if neither."""
    if text.isascii() and text.isdecimal():
        return int(text) if len(text) <= 11 else None
    try:
        return int(datetime.fromisoformat(text).astimezone().timestamp())
    except (ValueError, OverflowError):
        return None


def print_summary(orders: Sequence[Order], answered_at: datetime | None) -> None:
    counted = Counter(order.status for order in orders)
    parts = [f"{counted[status]} {_(word)}" for status, word in _STATUSES.items()]
    typer.echo(_("Orders: %(count)d (%(parts)s).") % {
        "count": len(orders), "parts": ", ".join(parts),
    })  # fmt: skip
    changes = [order.changed_on for order in orders if order.changed_on]
    if changes:
        typer.echo(_("Last change: %(at)s, by the clinic's clock.") % {"at": max(changes)})
    next_start = int(((answered_at or clock.now()) - OVERLAP).timestamp())
    typer.echo(_("Next time: --since %(seconds)d") % {"seconds": next_start})


def print_orders(orders: Sequence[Order]) -> None:
    for order in orders:
        names = " ".join(name for name in (order.name1, order.name2, order.name3) if name)
        given = (
            str(order.id),
            _(_STATUSES[Status(order.status)]),
            str(order.start or ""),
            f"{order.duration} min" if order.duration else "",
            order.resource_name,
            names,
            order.phone,
            order.email,
            order.aim,
        )
        typer.echo("  ".join(_plain(text) for text in given if text))


def _plain(text: str) -> str:
    """A patient wrote it: nothing that moves a terminal's cursor."""
    return "".join(char if char.isprintable() else " " for char in text)
