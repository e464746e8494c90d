"""What portals tell us: kept as it came, answered at once, thought about later (A57, A61, A62)."""

from __future__ import annotations

import structlog
from django.db import transaction
from django.db.models import F

from slotbridge.kit import backoff, clock
from slotbridge.sync import bookings, details, telling_services, wakeups
from slotbridge.sync.contract import (
    CalendarConnector,
    Event,
    Gone,
    Heard,
    ListingRef,
    MessageUnreadable,
    PortalBooking,
    Refused,
    TryLater,
)
from slotbridge.sync.models import Account, InboxMessage, Listing
from slotbridge.sync.queue import Lease
from slotbridge.sync.registry import calendar_class
from slotbridge.sync.seals import box

log = structlog.stdlib.get_logger(__name__)

State = InboxMessage.State


@transaction.atomic
def keep(account: Account, bodies: list[bytes], *, way: str) -> int:
    """Stores notifications sealed, before anything is done with them; how many were new.

    The same notification twice is one row with a count (A57).
    """
    connector = calendar_class(account.kind)
    now = clock.now()
    new = 0
    for body in bodies:
        message, made = InboxMessage.objects.get_or_create(
            organisation_id=account.organisation_id,
            account=account,
            key=connector.message_key(body),
            defaults={
                "sealed_body": box().seal(body),
                "way": way,
                "received_at": now,
                "due_at": now,
            },
        )
        if made:
            new += 1
        else:
            InboxMessage.objects.filter(pk=message.pk).update(deliveries=F("deliveries") + 1)
    return new


def next_message(account: Account) -> InboxMessage | None:
    """The oldest one that is due: order is kept as far as there is one."""
    return (
        InboxMessage.objects.filter(account=account, state=State.NEW, due_at__lte=clock.now())
        .order_by("received_at", "pk")
        .first()
    )


def process(lease: Lease, connector: CalendarConnector, message: InboxMessage) -> None:
    """Takes over what one notification says. Raises TryLater with the message still waiting."""
    try:
        event = connector.read_message(box().open(message.sealed_body))
    except MessageUnreadable as problem:
        _settle(lease, message, State.PARKED, str(problem))
        return
    try:
        _hear(lease, connector, event)
    except (Gone, Refused) as problem:
        _settle(lease, message, State.PARKED, str(problem), event.name)
        return
    except TryLater:
        _put_back(lease, message)
        raise
    _settle(lease, message, State.DONE, "", event.name)


@transaction.atomic
def retry(*, message: InboxMessage, by: str) -> None:
    """Processes a parked message again; "try again" on the page."""
    InboxMessage.objects.filter(pk=message.pk).update(
        state=State.NEW, due_at=clock.now(), problem="", attempts=0
    )
    wakeups.wake()
    log.info("message taken up again", message=message.pk, by=by)


def _hear(lease: Lease, connector: CalendarConnector, event: Event) -> None:
    if event.heard == Heard.CALENDAR:
        Listing.objects.filter(account_id=lease.account_id, address=event.address).update(
            patrol_due_at=clock.now()
        )
    elif event.heard in {Heard.SERVICES, Heard.CATALOGUE}:
        _read_lists(Account.objects.get(pk=lease.account_id), event)
    elif event.heard != Heard.NOTHING:
        found = details.with_consents(_read_booking(lease, connector, event), event.hint)
        with transaction.atomic():
            account = lease.confirm()
            Account.objects.filter(pk=account.pk).update(last_read_at=clock.now())
            old = event.old_booking or (event.booking if found.id != event.booking else "")
            if event.heard == Heard.DETAILS:
                bookings.apply_details(
                    account, found, hint=event.hint, said_at=event.said_at, old_booking=old
                )
            else:
                bookings.apply(account, found, old_booking=old)


def _read_lists(account: Account, event: Event) -> None:
    """Services of one address are read by themselves where we tell it of some."""
    told = event.heard == Heard.SERVICES and telling_services.look_at(account, event.address)
    if not told:
        Account.objects.filter(pk=account.pk).update(catalogue_due_at=clock.now())


def _read_booking(lease: Lease, connector: CalendarConnector, event: Event) -> PortalBooking:
    """The booking as the portal holds it now; the notification is only a hint (A61).

    A cancelled one that the portal no longer shows is taken as the notification says. Raises
    Gone or Refused.
    """
    listing = ListingRef(event.facility, event.doctor, event.address, connector.time_zone)
    try:
        return bookings.read_newest(connector, lease.account_id, listing, event.booking)
    except Gone:
        if event.heard == Heard.CANCELED and event.hint is not None:
            return event.hint
        raise


@transaction.atomic
def _settle(
    lease: Lease, message: InboxMessage, state: InboxMessage.State, problem: str, name: str = ""
) -> None:
    account = lease.confirm()
    InboxMessage.objects.filter(pk=message.pk).update(
        state=state, problem=problem[:300], name=name[:60], done_at=clock.now()
    )
    if state == State.PARKED:
        log.warning("message parked", message=message.pk, account=account.pk)


@transaction.atomic
def _put_back(lease: Lease, message: InboxMessage) -> None:
    lease.confirm()
    InboxMessage.objects.filter(pk=message.pk).update(
        attempts=F("attempts") + 1, due_at=clock.now() + backoff.wait(message.attempts + 1)
    )
