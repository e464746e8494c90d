"""Reminds a clinic's staff of orders that nobody answers (U-40). The order itself stays 0."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction

from slotbridge.kit import clock
from slotbridge.portal import availability, letters
from slotbridge.portal.grid import Span
from slotbridge.portal.models import Letter, Order, Resource
from slotbridge.portal.router import DATABASE

PATIENCE = timedelta(hours=2)  # of work
_AT_ONCE = 500


def remind() -> int:
    """Writes a letter for each order that has waited for two hours of its resource's work and
    whose time is still to come; returns how many. Each is reminded of once.
    """
    now = clock.now()
    waiting = Order.objects.filter(
        status=Order.Status.RECEIVED,
        reminded_at=None,
        start__gt=now,
        filed_at__lte=now - PATIENCE,
    ).select_related("clinic", "resource__clinic")
    due = [order for order in waiting.order_by("start") if _is_long(order, now)]
    return sum(_remind(order.pk) for order in due[:_AT_ONCE])


@transaction.atomic(using=DATABASE)
def _remind(pk: int) -> bool:
    now = clock.now()
    is_first = Order.objects.filter(pk=pk, status=Order.Status.RECEIVED, reminded_at=None).update(
        reminded_at=now
    )
    if is_first:
        letters.to_staff(Order.objects.get(pk=pk), Letter.Kind.UNANSWERED)
    return bool(is_first)


def _is_long(order: Order, now: datetime) -> bool:
    hours = _hours(order.resource, clock.day_of(order.filed_at, order.clinic.tz), order.day)
    if not hours:
        return True  # nobody knows when they work: every hour counts
    waited = (min(end, now) - max(start, order.filed_at) for start, end in hours)
    return sum((each for each in waited if each > timedelta()), timedelta()) >= PATIENCE


def _hours(resource: Resource, first: date, last: date) -> list[Span]:
    found = availability.working_hours(
        clinic=resource.clinic, resources=[resource], first=first, last=last
    )
    return found[resource.pk]
