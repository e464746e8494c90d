"""Pieces that a slot can lack on any portal, whatever the portal is told by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from slotbridge.his.models import Slot
from slotbridge.sync.models import Account
from slotbridge.sync.registry import connector_class


@dataclass(frozen=True, slots=True)
class Reason:
    """A missing piece: a code for programs, a sentence for people."""

    code: str
    sentence: str


def of_any_portal(slot: Slot, account: Account) -> Iterator[Reason]:
    """The box of the slot, and the account's state."""
    if account.channel not in slot.channels:
        yield Reason("not-visible", _("The visibility box is not ticked."))
    if account.state == Account.State.READY:
        return
    if account.state == Account.State.REJECTED and not connector_class(account.kind).has_login:
        yield Reason("account", _("The portal refuses the client key."))
        return
    yield Reason(
        "account",
        _("The portal's account is not running: %(state)s.")
        % {"state": Account.State(account.state).label},
    )


def is_over() -> Reason:
    return Reason("past", _("It is over."))


def is_taken() -> Reason:
    return Reason("taken", _("All of it is taken by visits or absences."))


def is_on_its_way() -> Reason:
    return Reason("waiting", _("It is about to be told to the portal."))
