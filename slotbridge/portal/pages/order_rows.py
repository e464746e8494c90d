"""Orders as the staff's lists show them: each with what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from slotbridge.kit import clock
from slotbridge.portal import orders
from slotbridge.portal.models import Clinic, Order


@dataclass(frozen=True, slots=True)
class Row:
    """`is_unanswered`: its time has passed (U-40); `clashes`: the clinic's program has given the
    time to somebody else (U-42).
    """

    order: Order
    is_unanswered: bool
    clashes: bool


def rows(clinic: Clinic, found: Iterable[Order]) -> list[Row]:
    """The orders come with their resources; two queries, however many there are."""
    listed = list(found)
    waiting = [each for each in listed if each.status == Order.Status.RECEIVED]
    clashing: set[int] = set()
    if waiting:
        days = [each.day for each in waiting]
        clashing = orders.clashing(clinic=clinic, first=min(days), last=max(days))
    now = clock.now()
    return [
        Row(
            order=each,
            is_unanswered=each.status == Order.Status.RECEIVED and each.start <= now,
            clashes=each.pk in clashing,
        )
        for each in listed
    ]
