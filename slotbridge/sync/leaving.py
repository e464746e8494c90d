"""Leaving a portal: free slots are withdrawn first, then it is silent (A9)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils.translation import gettext_noop as _noop

from slotbridge.kit import clock
from slotbridge.sync import accounts, fanout, wakeups
from slotbridge.sync.contract import ItemKind
from slotbridge.sync.models import Account, ListingDay
from slotbridge.sync.registry import keeps_calendars

State = Account.State

LEFT = _noop("Not everything could be withdrawn: take the free times below off by hand.")


@dataclass(frozen=True, slots=True)
class StillShown:
    """Free times that patients can still choose at one calendar of a portal."""

    practitioner: str
    address: str  # its name there
    days: tuple[date, ...]


@transaction.atomic
def switch_off(*, account: Account, forget: bool = False, by: str) -> None:
    """Withdraws all free future slots, then stops (A9); booked visits stay on both sides.

    `forget`: login and password are removed once they are not needed any more.
    """
    account = accounts.locked(account)
    accounts.record(account, by, "switch-off", forget=forget)
    account.forgets = forget
    account.save(update_fields=["forgets"])
    if account.state not in {State.READY, State.PAUSED} or not _was_told(account):
        finish(account)
        return
    # What was told before a rehearsal or a shadow began is ours, and is withdrawn.
    account.writing = Account.Writing.LIVE
    account.not_before = None
    account.save(update_fields=["writing", "not_before"])
    accounts.enter(account, State.SWITCHING_OFF)
    if keeps_calendars(account.kind):
        # Emptying them is what was just asked for: what was held for a person is told (promise 7).
        account.listings.update(held_since=None)
        fanout.ask_all_days(account)
    wakeups.wake()


@transaction.atomic
def stop_waiting(*, account: Account, by: str) -> None:
    """Switched off although not all could be withdrawn: staff take the rest off by hand."""
    account = accounts.locked(account)
    if account.state != State.SWITCHING_OFF:
        return
    accounts.record(account, by, "stop-waiting")
    finish(account)


def finish(account: Account) -> None:
    """Off, saying so if something still stands there. The caller has the account locked."""
    if account.forgets:
        account.login, account.sealed_password, account.password_set_at = "", None, None
        account.sealed_token, account.token_expires_at, account.forgets = None, None, False
        account.save(
            update_fields=[
                "login",
                "sealed_password",
                "password_set_at",
                "sealed_token",
                "token_expires_at",
                "forgets",
            ]
        )
    accounts.enter(account, State.OFF, LEFT if still_shown(account) else "")


def still_shown(account: Account) -> list[StillShown]:
    """What the portal was last told to offer on days ahead and has not taken back: the list of
    what to switch off there by hand if it cannot be reached. Two queries.
    """
    if not keeps_calendars(account.kind):
        return []
    days: dict[tuple[str, str], list[date]] = defaultdict(list)
    # `told` is null while a withdrawal is on its way: until it arrives, patients see the former.
    today = fanout.horizon(account, clock.now())[0]
    rows = ListingDay.objects.filter(
        listing__account=account, told_at__isnull=False, day__gte=today
    ).exclude(told=[])
    for row in rows.select_related("listing__practitioner").order_by("day"):
        days[row.listing.practitioner.full_name, row.listing.address].append(row.day)
    names = dict(account.items.filter(kind=ItemKind.ADDRESS).values_list("external_id", "name"))
    return [
        StillShown(practitioner, names.get(address, address), tuple(found))
        for (practitioner, address), found in sorted(days.items())
    ]


def _was_told(account: Account) -> bool:
    """Whether anything of ours may stand there. Portals of documents are always told."""
    if not keeps_calendars(account.kind):
        return True
    return ListingDay.objects.filter(listing__account=account, told_at__isnull=False).exists()
