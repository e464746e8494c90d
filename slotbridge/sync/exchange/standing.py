"""What waits at an account that exchanges documents, and what is left there for a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Min, Q, QuerySet

from slotbridge.kit import clock
from slotbridge.sync.exchange.contract import OrderState
from slotbridge.sync.models import Account, Booking, Exchange, VisitTarget


@dataclass(frozen=True, slots=True)
class Standing:
    """Counts. `since`: what has waited longest, an exchange whose time has come included."""

    is_offer_due: bool
    visits: int
    answers: int
    parked_visits: int
    for_a_person: int  # orders without a visit, or about which the portal said something
    withheld: int  # parts of which the portal keeps rows
    since: datetime | None


def standing_of(account: Account) -> Standing:
    now = clock.now()
    exchange = Exchange.objects.filter(account=account).first()
    unsent = Q(asked__gt=F("answered"), problem="")
    targets = VisitTarget.objects.filter(account=account).aggregate(
        waiting=Count("pk", filter=unsent),
        since=Min("asked_at", filter=unsent),
        parked=Count("pk", filter=~Q(problem="")),
    )
    due = [at for at in _due_times(exchange) if at <= now]
    since = [at for at in (targets["since"], *due) if at is not None]
    return Standing(
        is_offer_due=exchange is not None and exchange.offer_due_at <= now,
        visits=targets["waiting"],
        answers=_unsent_answers(account).count(),
        parked_visits=targets["parked"],
        for_a_person=orders_for_a_person(account).count(),
        withheld=len(exchange.withheld) if exchange is not None else 0,
        since=min(since, default=None),
    )


def orders_for_a_person(account: Account) -> QuerySet[Booking]:
    """Orders that somebody has to look at: nobody has answered them, and they have no visit here
    to be answered with (U-38); or the portal said something about one (A59).
    """
    return _open_orders(account).exclude(
        Q(visit__isnull=True) & (~Q(answer="") | Q(order_state=OrderState.ACCEPTED))
    )


def orders_to_show(account: Account) -> QuerySet[Booking]:
    """Those, and after them the answered ones without a visit, until they are over."""
    return (
        _open_orders(account)
        .filter(Q(pk__in=orders_for_a_person(account)) | Q(end__gt=clock.now()))
        .select_related("visit")
        .order_by("start", "pk")
    )


def _open_orders(account: Account) -> QuerySet[Booking]:
    return Booking.objects.filter(
        Q(status=Booking.Status.BOOKED) | Q(visit__isnull=False), ~Q(problem=""), account=account
    )


def _unsent_answers(account: Account) -> QuerySet[Booking]:
    """Orders of which we know more than the portal; a status only climbs (U-24)."""
    without_visit = Q(visit__isnull=True) & ~Q(answer="") & ~Q(answer=F("order_state"))
    accepted = Q(visit__isnull=False, order_state=OrderState.WAITING) & ~Q(visit__status="proposed")
    ended = Q(order_state=OrderState.ACCEPTED, visit__status="cancelled")
    return Booking.objects.filter(
        without_visit | accepted | ended, account=account, status=Booking.Status.BOOKED
    )


def _due_times(exchange: Exchange | None) -> tuple[datetime, ...]:
    if exchange is None:
        return ()
    return (
        exchange.offer_due_at,
        exchange.busy_all_due_at,
        exchange.busy_changes_due_at,
        exchange.orders_due_at,
    )
