"""What is due for an account whose portal takes documents: the most urgent thing first.

All that is due goes into one document, made from the present state while no transaction is open
at the portal's end. What it did not answer stays due; the next document is made anew (U-31).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from django.db import transaction

from slotbridge.kit import backoff, clock
from slotbridge.sync import accounts, leaving
from slotbridge.sync.contract import PortalError, TryLater
from slotbridge.sync.exchange import orders, plan, present, telling
from slotbridge.sync.exchange.contract import (
    ExchangeConnector,
    Fetched,
    Offer,
    PortalOrder,
    Refusal,
    Telling,
    Told,
)
from slotbridge.sync.guarding import guarded
from slotbridge.sync.models import Account, Exchange, ExchangeEntry
from slotbridge.sync.queue import Lease

log = structlog.stdlib.get_logger(__name__)

State = Account.State
Outcome = ExchangeEntry.Outcome
POLL = "orders"
MOST_PROBLEMS = 50  # kept of one exchange


def step(lease: Lease, account: Account, connector: ExchangeConnector) -> bool:
    """Does the most urgent thing that is due; False if nothing is.

    Raises TryLater with a time to wait: a portal that does not answer is left alone for it.
    """
    if account.state in {State.SYNCHRONISING, State.REJECTED}:
        return _connect(lease, account, connector)
    if account.state == State.SWITCHING_OFF:
        return _withdraw(lease, account, connector)
    if account.state != State.READY:
        return False
    exchange = Exchange.objects.get(account=account)
    return _tell_due(lease, account, exchange, connector) or _poll(
        lease, account, exchange, connector
    )


def _connect(lease: Lease, account: Account, connector: ExchangeConnector) -> bool:
    if account.catalogue_due_at is None or account.catalogue_due_at > clock.now():
        return False
    connector.check()
    with transaction.atomic():
        fresh = lease.confirm()
        fresh.catalogue_due_at = None
        fresh.save(update_fields=["catalogue_due_at"])
        accounts.enter(fresh, State.READY)
        plan.begin(fresh)
    log.info("exchange begun", account=account.pk)
    return True


# --- Telling --------------------------------------------------------------------------------


def _tell_due(
    lease: Lease, account: Account, exchange: Exchange, connector: ExchangeConnector
) -> bool:
    due = telling.gather(account, exchange, connector)
    if due is None:
        return False
    # Without parts: looked at, and the portal knows already; only the counters move.
    told = _tell(account, connector, due) if due.parts else Told()
    with transaction.atomic():
        telling.settle(lease.confirm(), connector, due, told)
    return True


def _tell(account: Account, connector: ExchangeConnector, due: telling.Due) -> Told:
    with _noted(account, due.parts) as entry:
        told = connector.tell(due.telling)
        entry.counts = {name: dict(counts) for name, counts in told.counts.items()}
        entry.problems = [_shown(refusal) for refusal in told.refused[:MOST_PROBLEMS]]
        if told.refused or told.withheld:
            entry.outcome = Outcome.PARTIAL
    return told


# --- Switching off ----------------------------------------------------------------------------


def _withdraw(lease: Lease, account: Account, connector: ExchangeConnector) -> bool:
    """A9: nothing is free from now on; every day told is told as not worked."""
    exchange = Exchange.objects.filter(account=account).first()
    if exchange is not None and exchange.told_days:
        offered = present.offer(account, connector)
        nothing = Offer(offered.groups, offered.resources, ())
        withdrawn = telling.with_closed_days(exchange, connector, nothing)
        due = telling.Due(Telling(offer=withdrawn))
        _tell(account, connector, due)
    with transaction.atomic():
        fresh = lease.confirm()
        if exchange is not None:
            exchange.told_days, exchange.offer_digest = {}, ""
            exchange.save(update_fields=["told_days", "offer_digest"])
        leaving.finish(fresh)
    return True


# --- Orders ---------------------------------------------------------------------------------


def _poll(lease: Lease, account: Account, exchange: Exchange, connector: ExchangeConnector) -> bool:
    if exchange.orders_due_at > clock.now():
        return False
    known = exchange.orders_since
    since = known - connector.overlap if known else clock.now() - connector.look_back
    with _noted(account, [POLL]) as entry:
        fetched = connector.orders(since)
        entry.counts = {POLL: {"received": len(fetched.orders)}}
        entry.problems = [
            {"part": POLL, "key": "", "text": text} for text in fetched.unreadable[:MOST_PROBLEMS]
        ]
        if fetched.unreadable:
            entry.outcome = Outcome.PARTIAL
    for order in fetched.orders:
        _take_over(lease, order)
    with transaction.atomic():
        _settle_poll(lease.confirm(), connector, fetched)
    return True


def _take_over(lease: Lease, order: PortalOrder) -> None:
    def apply() -> None:
        with transaction.atomic():
            orders.apply(lease.confirm(), order)

    def keep() -> None:
        with transaction.atomic():
            orders.park(lease.confirm(), order)

    guarded(apply, keep)


def _settle_poll(account: Account, connector: ExchangeConnector, fetched: Fetched) -> None:
    now = clock.now()
    exchange = Exchange.objects.select_for_update().get(account=account)
    exchange.orders_due_at = now + connector.cadence.orders
    exchange.orders_read_at = now
    if not fetched.unreadable:  # else asked for again, until somebody has mended them
        exchange.orders_since = fetched.answered_at
    exchange.save(update_fields=["orders_due_at", "orders_read_at", "orders_since"])
    account.last_read_at = now
    account.save(update_fields=["last_read_at"])


# --- The list of exchanges --------------------------------------------------------------------


@contextmanager
def _noted(account: Account, parts: list[str]) -> Iterator[ExchangeEntry]:
    """Keeps what became of an exchange, whatever that was. An idle poll is not worth a line."""
    entry = ExchangeEntry(
        organisation_id=account.organisation_id,
        account=account,
        at=clock.now(),
        parts=parts,
        outcome=Outcome.OK,
    )
    begun = clock.now()
    try:
        yield entry
    except TryLater as later:
        entry.outcome, entry.problems = Outcome.FAILED, [_said(later)]
        raise TryLater(str(later), backoff.wait(account.failures + 1, later.retry_after)) from later
    except PortalError as refusal:
        entry.outcome, entry.problems = Outcome.REFUSED, [_said(refusal)]
        raise
    finally:
        entry.took_ms = int((clock.now() - begun).total_seconds() * 1000)
        if parts != [POLL] or entry.problems or entry.counts.get(POLL, {}).get("received"):
            entry.save()
            plan.forget_old(account)


def _said(error: PortalError) -> dict[str, str]:
    return {"part": "", "key": "", "text": str(error)[:300]}


def _shown(refusal: Refusal) -> dict[str, str]:
    return {"part": refusal.part.value, "key": refusal.key, "text": refusal.text[:300]}
