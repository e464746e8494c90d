"""A worker's turns: fan out what changed, lease an account, do what is due for it.

What is due is found by `calendars` and `exchange.turns`. No transaction is open while a portal is
spoken to; each step stores its result before the next begins.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

import psycopg
import structlog
from django.db import OperationalError, transaction
from django.utils.translation import gettext_noop as _noop

from slotbridge.his import holds
from slotbridge.kit import backoff, clock
from slotbridge.sync import accounts, calendars, fanout, old_rows, queue
from slotbridge.sync.contract import (
    AccountRejected,
    CalendarConnector,
    Connector,
    PortalError,
    TryLater,
)
from slotbridge.sync.exchange import turns
from slotbridge.sync.exchange.contract import ExchangeConnector
from slotbridge.sync.guarding import OURS
from slotbridge.sync.models import Account
from slotbridge.sync.queue import Lease, LeaseLost

log = structlog.stdlib.get_logger(__name__)

# One account keeps a worker no longer than this while others wait.
LONGEST_TURN = timedelta(seconds=30)
# A portal that fails this often in a row is left alone for a while, not one record of it.
FAILURES_OF_A_PORTAL = 3

REJECTED = _noop("The portal refused login or password.")

# After an outage of this length everything is compared at once, not in its turn.
LONG_OUTAGE = timedelta(minutes=5)

State = Account.State


class Engine:
    """The outbound and inbound work of one worker; keeps connections to portals open."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self._connectors: dict[int, tuple[object, Connector]] = {}
        self._tidied_at: datetime | None = None

    def run_once(self) -> bool:
        """One round; whether there was anything to do."""
        removed = holds.remove_expired_holds()
        self._remove_old_rows()
        drained = fanout.fan_out()
        lease = queue.claim(self.owner)
        if lease is None:
            return bool(removed or drained)
        try:
            self._turn(lease)
        except LeaseLost:
            log.warning("lease lost", account=lease.account_id)
        except (OperationalError, psycopg.OperationalError):
            raise  # the database is away: the worker waits for it
        except Exception:
            # Nobody foresaw it: this account waits, the others go on (promise 8).
            log.exception("turn failed", account=lease.account_id)
            with suppress(LeaseLost):
                _fail(lease, TryLater(OURS, timedelta(minutes=1)))
        finally:
            lease.give_back()
        return True

    def run_until_idle(self, rounds: int = 1000) -> None:
        """Rounds until nothing is due now: for tests, commands and the demo."""
        for _ in range(rounds):
            if not self.run_once():
                return

    def close(self) -> None:
        for _, connector in self._connectors.values():
            connector.close()
        self._connectors.clear()

    def _remove_old_rows(self) -> None:
        now = clock.now()
        if self._tidied_at is None or self._tidied_at + old_rows.EVERY <= now:
            self._tidied_at = now
            old_rows.remove()

    def _turn(self, lease: Lease) -> None:
        ends = clock.now() + LONGEST_TURN
        while clock.now() < ends:
            account = Account.objects.select_related("organisation").get(pk=lease.account_id)
            try:
                did = _step(lease, account, self._connector(account))
            except AccountRejected:
                _reject(lease)
                return
            except TryLater as later:
                if _fail(lease, later):
                    return
                continue
            except PortalError as refusal:
                # Refused as a whole (no facility is ours, say): a person has to see it.
                _fail(lease, TryLater(str(refusal), accounts.RETRY_REJECTED))
                return
            if not did:
                return
            if account.failures:
                _recover(lease)
            fanout.fan_out()

    def _connector(self, account: Account) -> Connector:
        configured = (
            account.login, account.password_set_at, tuple(sorted(account.settings.items())),
        )  # fmt: skip
        kept = self._connectors.get(account.pk)
        if kept is not None and kept[0] == configured:
            return kept[1]
        if kept is not None:
            kept[1].close()
        connector = accounts.connect(account)
        self._connectors[account.pk] = (configured, connector)
        return connector


def _step(lease: Lease, account: Account, connector: Connector) -> bool:
    """Does the most urgent thing that is due; False if nothing is."""
    if isinstance(connector, CalendarConnector):
        return calendars.step(lease, account, connector)
    assert isinstance(connector, ExchangeConnector)
    return turns.step(lease, account, connector)


@transaction.atomic
def _reject(lease: Lease) -> None:
    """A4: said once, tried again every quarter of an hour."""
    account = lease.confirm()
    if account.state == State.SWITCHING_OFF:
        # Not another state: on being let in again it would fill what it was told to empty (A9).
        account.problem, account.failures = REJECTED, account.failures + 1
        account.failing_since = account.failing_since or clock.now()
        account.not_before = clock.now() + accounts.RETRY_REJECTED
        account.save(update_fields=["problem", "failures", "failing_since", "not_before"])
        return
    if account.state != State.REJECTED:
        log.warning("account rejected", account=account.pk)
    accounts.enter(account, State.REJECTED, REJECTED)
    account.catalogue_due_at = account.not_before = clock.now() + accounts.RETRY_REJECTED
    account.save(update_fields=["catalogue_due_at", "not_before"])


@transaction.atomic
def _fail(lease: Lease, later: TryLater) -> bool:
    """Notes a failure; whether the whole account is to wait."""
    account = lease.confirm()
    now = clock.now()
    account.failures += 1
    account.problem = str(later)[:300]
    if account.failing_since is None:
        account.failing_since = now
        log.warning("portal failing", account=account.pk)
    if (
        account.state == State.SYNCHRONISING
        and account.state_since + accounts.LONGEST_SYNCHRONISATION <= now
    ):
        accounts.enter(account, State.FAILED, _noop("The portal did not answer for 30 minutes."))
    waits = (
        later.retry_after is not None
        or account.failures >= FAILURES_OF_A_PORTAL
        or account.state != State.READY
    )
    if waits:
        account.not_before = now + backoff.wait(account.failures, later.retry_after)
    account.save(update_fields=["failures", "problem", "failing_since", "not_before"])
    return waits


@transaction.atomic
def _recover(lease: Lease) -> None:
    account = lease.confirm()
    now = clock.now()
    if account.failing_since and account.failing_since + LONG_OUTAGE <= now:
        # What the portal said meanwhile may be lost: read back everything soon (A11).
        account.listings.update(patrol_due_at=now)
    account.failures, account.failing_since, account.not_before = 0, None, None
    account.problem = ""
    account.save(update_fields=["failures", "failing_since", "not_before", "problem"])
    log.info("portal answers again", account=account.pk)
