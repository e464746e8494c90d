"""When what is due: by the clock (section 9 of the protocol), and at once on change (H-2)."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Least

from slotbridge.his import audit
from slotbridge.his.models import Schedule
from slotbridge.kit import clock
from slotbridge.sync.exchange.contract import Cadence, ExchangeConnector
from slotbridge.sync.models import Account, Exchange, ExchangeEntry
from slotbridge.sync.wakeups import wake

# Changes of one moment go into one document.
GATHERING = timedelta(seconds=1)
KEPT = timedelta(days=30)  # the list of past exchanges


@transaction.atomic
def begin(account: Account) -> Exchange:
    """A new, or newly switched on, account: everything is due. The caller holds its lease."""
    now = clock.now()
    found, _ = Exchange.objects.update_or_create(
        organisation_id=account.organisation_id,
        account=account,
        defaults={
            "offer_due_at": now,
            "offer_digest": "",
            "busy_all_due_at": now,
            "busy_changes_due_at": now,
            "orders_due_at": now,
        },
    )
    return found


@transaction.atomic
def send_all(*, account: Account, by: str) -> None:
    """Tells the portal everything soon, whatever was told before: the button "send everything"."""
    now = clock.now()
    changed = Exchange.objects.filter(account=account).update(
        offer_digest="",
        offer_asked=F("offer_asked") + 1,
        offer_due_at=now,
        busy_all_due_at=now,
        orders_due_at=now,
    )
    if changed:
        audit.record(
            organisation=account.organisation, actor=by, action="account.send-all", target=account
        )
        wake()


def ask_offers(accounts: list[int], schedules: list[int]) -> None:
    """Something of these schedules changed: the accounts of their organisations look at what they
    offer. A visit changes nothing of it, which the fingerprint finds out cheaply.
    """
    theirs = Schedule.objects.filter(pk__in=schedules).values("organisation")
    Exchange.objects.filter(account__in=accounts, organisation__in=theirs).update(
        offer_asked=F("offer_asked") + 1,
        offer_due_at=Least("offer_due_at", clock.now() + GATHERING),
    )


def next_daily(after: datetime, at: time, zone: ZoneInfo) -> datetime:
    """The first instant after `after` at which clocks in `zone` show `at`."""
    day = clock.day_of(after, zone)
    while True:
        found = clock.at(day, at, zone)
        if found > after:
            return found
        day += timedelta(days=1)


def next_round(after: datetime, every: timedelta, zone: ZoneInfo) -> datetime:
    """The first multiple of `every` since midnight in `zone` that is after `after`: :00, :30."""
    midnight, end = clock.day_bounds(clock.day_of(after, zone), zone)
    passed = (after - midnight) // every
    return min(midnight + (passed + 1) * every, end)


def was_due_since(told: datetime | None, cadence: Cadence, zone: ZoneInfo) -> bool:
    """Whether the daily time has come since the offer was last told."""
    return told is None or next_daily(told, cadence.offer_at, zone) <= clock.now()


def after_telling(
    exchange: Exchange, connector: ExchangeConnector, *, offer: bool, busy: bool, everything: bool
) -> None:
    """Sets when what was told just now is due again; the caller saves the row."""
    now, zone, cadence = clock.now(), connector.zone, connector.cadence
    if offer:
        exchange.offer_due_at = next_daily(now, cadence.offer_at, zone)
    if everything:
        exchange.busy_all_due_at = next_round(now, cadence.busy_all, zone)
    if busy or everything:
        exchange.busy_changes_due_at = next_round(now, cadence.busy_changes, zone)


def forget_old(account: Account) -> None:
    """Ends the list of exchanges where it is older than staff will ask for."""
    ExchangeEntry.objects.filter(account=account, at__lt=clock.now() - KEPT).delete()
