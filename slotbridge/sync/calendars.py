"""What is due for an account whose portal keeps calendars: the most urgent thing first.

Answers and visits come before days, days before comparisons.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext_noop as _noop

from slotbridge.kit import backoff, clock
from slotbridge.sync import (
    accounts,
    budget,
    cancelling,
    catalogue,
    chores,
    inbox,
    leaving,
    patrol,
    queue,
    rolling,
    telling_days,
    telling_services,
    telling_visits,
    writing,
)
from slotbridge.sync.contract import CalendarConnector, TryLater
from slotbridge.sync.guarding import OURS, guarded
from slotbridge.sync.models import Account, Booking, InboxMessage, Listing, ListingDay, VisitTarget
from slotbridge.sync.queue import Lease

log = structlog.stdlib.get_logger(__name__)

PULL_EVERY = timedelta(seconds=5)

State = Account.State


def step(lease: Lease, account: Account, connector: CalendarConnector) -> bool:
    """Does the most urgent thing that is due; False if nothing is."""
    now = clock.now()
    if account.catalogue_due_at and account.catalogue_due_at <= now and account.state in {
        State.SYNCHRONISING, State.REJECTED, State.READY,
    }:  # fmt: skip
        return _read_catalogue(lease, account, connector)
    if account.state == State.READY:
        return (
            _hear(lease, account, connector)
            or _do_chores(lease, account, connector)
            or _roll_on(lease, account)
            or (_may_write(account) and _tell(lease, account, connector))
            or _patrol(lease, account, connector)
        )
    if account.state == State.SWITCHING_OFF:
        return _tell_days(lease, account, connector) or _finish_switching_off(lease, account)
    return False


def _may_write(account: Account) -> bool:
    # Of an account that has just gone live, what is there is taken over first (A63).
    return account.is_live and not writing.to_compare_first(account).exists()


def _tell(lease: Lease, account: Account, connector: CalendarConnector) -> bool:
    """The most urgent write: visits before days (design section 5), and before these the services
    that they name.
    """
    return (
        _tell_visit(lease, account, connector)
        or _tell_cancellation(lease, account, connector)
        or _tell_services(lease, account, connector)
        or _tell_days(lease, account, connector)
    )


def _hear(lease: Lease, account: Account, connector: CalendarConnector) -> bool:
    # What is only rehearsed or compared is not taken over yet: messages wait, none is lost.
    message = inbox.next_message(account) if account.is_live else None
    if message is not None:
        return guarded(
            lambda: inbox.process(lease, connector, message), lambda: _park_message(message)
        )
    if account.pull_due_at is not None and account.pull_due_at <= clock.now():
        _pull(lease, account, connector)
        return True
    return False


def _pull(lease: Lease, account: Account, connector: CalendarConnector) -> None:
    if not connector.is_pulled:  # its notifications come by themselves: not looked at again
        Account.objects.filter(pk=account.pk).update(pull_due_at=None)
        return
    bodies = connector.pull()
    with transaction.atomic():
        lease.confirm()
        inbox.keep(account, bodies, way="pull")
        Account.objects.filter(pk=account.pk).update(
            pull_due_at=clock.now() + (timedelta() if bodies else PULL_EVERY),
            last_read_at=clock.now(),
        )


def _do_chores(lease: Lease, account: Account, connector: CalendarConnector) -> bool:
    if not chores.are_due(account):
        return False
    chores.do(lease, account, connector)
    return True


def _roll_on(lease: Lease, account: Account) -> bool:
    if not rolling.is_due(account):
        return False
    rolling.roll_on(lease)
    return True


def _tell_visit(lease: Lease, account: Account, connector: CalendarConnector) -> bool:
    if not budget.may_write(account, urgent=True):
        return False
    target = (
        VisitTarget.objects.filter(
            account=account, asked__gt=F("answered"), problem="", due_at__lte=clock.now()
        )
        .order_by("asked_at", "pk")
        .first()
    )
    if target is None:
        return False
    return guarded(
        lambda: telling_visits.tell_visit(lease, connector, target.pk),
        lambda: VisitTarget.objects.filter(pk=target.pk).update(problem=OURS),
    )


def _tell_cancellation(lease: Lease, account: Account, connector: CalendarConnector) -> bool:
    booking = cancelling.next_booking(account)
    if booking is None or not budget.may_write(account, urgent=True):
        return False
    return guarded(
        lambda: cancelling.tell_cancellation(lease, connector, booking.pk),
        lambda: Booking.objects.filter(pk=booking.pk).update(problem=OURS, cancel_due_at=None),
    )


def _tell_services(lease: Lease, account: Account, connector: CalendarConnector) -> bool:
    if not budget.may_write(account, urgent=False):
        return False
    listing = telling_services.next_listing(account)
    if listing is None:
        return False
    return guarded(
        lambda: telling_services.tell_listing(lease, connector, listing),
        lambda: listing.services.filter(asked__gt=F("answered")).update(problem=OURS),
    )


def _tell_days(lease: Lease, account: Account, connector: CalendarConnector) -> bool:
    if not budget.may_write(account, urgent=False):
        return False
    listing = telling_days.next_listing(account)
    if listing is None:
        return False
    return guarded(
        lambda: _or_later(listing, lambda: telling_days.tell_listing(lease, connector, listing)),
        lambda: listing.days.filter(asked__gt=F("answered")).update(problem=OURS),
    )


def _patrol(lease: Lease, account: Account, connector: CalendarConnector) -> bool:
    listing = patrol.next_listing(account)
    if listing is None:
        return False
    return guarded(
        lambda: _or_later(listing, lambda: patrol.patrol(lease, connector, listing)),
        lambda: type(listing).objects.filter(pk=listing.pk).update(
            problem=OURS, patrol_due_at=clock.now() + patrol.EVERY
        ),
    )  # fmt: skip


def _read_catalogue(lease: Lease, account: Account, connector: CalendarConnector) -> bool:
    records, renewed = [], clock.now()
    for record in connector.read_catalogue():
        records.append(record)
        if clock.now() - renewed > queue.LEASE / 4:
            lease.renew()
            renewed = clock.now()
    try:
        with transaction.atomic():
            catalogue.store(lease.confirm(), records)
    except catalogue.AnotherAccount:
        with transaction.atomic():
            fresh = lease.confirm()
            fresh.catalogue_due_at = None
            fresh.save(update_fields=["catalogue_due_at"])
            accounts.enter(
                fresh,
                State.FAILED,
                _noop(
                    "Login and password open another account: none of the linked facilities is"
                    " there. Nothing is published. Enter the former ones, or link the units anew."
                ),
            )
    log.info("catalogue read", account=account.pk, records=len(records))
    return True


def _finish_switching_off(lease: Lease, account: Account) -> bool:
    waiting = ListingDay.objects.filter(
        listing__account=account, asked__gt=F("answered"), problem=""
    ).exists()
    if waiting:
        return False
    with transaction.atomic():
        leaving.finish(lease.confirm())
    return True


def _or_later(listing: Listing, work: Callable[[], None]) -> None:
    """A listing that fails steps back, so that the account's others get their turn."""
    try:
        work()
    except TryLater:
        later = clock.now() + backoff.wait(listing.attempts + 1)
        Listing.objects.filter(pk=listing.pk).update(
            attempts=F("attempts") + 1,
            failing_since=Coalesce("failing_since", clock.now()),
            patrol_due_at=Greatest("patrol_due_at", later),
        )
        listing.days.filter(asked__gt=F("answered")).update(due_at=later)
        raise


def _park_message(message: InboxMessage) -> None:
    InboxMessage.objects.filter(pk=message.pk).update(
        state=InboxMessage.State.PARKED, problem=OURS, done_at=clock.now()
    )
