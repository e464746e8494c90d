"""How many times of a clinic one visitor may take, since anybody may order and a script could take
them all.

The numbers are those of a household, and of a few strangers whom a mobile network lets out at one
address: a family chooses times and orders for each of its members, people who wait for the same
doctor's new times press at the same minute. They hold for each clinic apart: such strangers seldom
meet at one, and its row, which whoever takes a time holds (orders.lock), bounds a race.

Whose address it is nobody can read here: only a keyed digest is kept, for as long as it counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import ip_network

from django.utils.crypto import salted_hmac

from slotbridge.kit import clock
from slotbridge.kit.callers import Address
from slotbridge.portal.models import Clinic, Hold, RecentOrder

MOST_HOLDS = 8  # at one moment
MOST_ORDERS = 10  # within the window
WINDOW = timedelta(hours=1)

_HOUSEHOLD = 64  # bits: whoever has an IPv6 address has all those that begin like it


class TooMuch(Exception):
    """Ask to come back in `minutes`, or to call the clinic; nothing was taken."""

    def __init__(self, minutes: int) -> None:
        super().__init__(f"wait {minutes} min")
        self.minutes = minutes


def caller_at(address: Address) -> str:
    """What stands for whoever calls from there: a keyed digest."""
    network = ip_network((address, _HOUSEHOLD), strict=False) if address.version == 6 else address
    return salted_hmac("slotbridge.portal.caller", str(network), algorithm="sha256").hexdigest()


def judge_hold(*, clinic: Clinic, caller: str, instead: Hold | None = None) -> None:
    """Whether `caller` may hold one more time; `instead` is given back for it. The clinic's row is
    held. Raises TooMuch.
    """
    held = Hold.objects.filter(clinic=clinic, caller=caller, expires_at__gt=clock.now())
    if instead is not None:
        held = held.exclude(pk=instead.pk)
    _judge(sorted(held.values_list("expires_at", flat=True)), MOST_HOLDS)


def count_order(*, clinic: Clinic, caller: str) -> None:
    """One more order of `caller`, if that may be. The clinic's row is held. Raises TooMuch.

    A withdrawn order counts: else a script could make the clinic a letter a second.
    """
    now = clock.now()
    recent = RecentOrder.objects.filter(clinic=clinic, caller=caller, at__gt=now - WINDOW)
    _judge([at + WINDOW for at in sorted(recent.values_list("at", flat=True))], MOST_ORDERS)
    RecentOrder.objects.create(clinic=clinic, caller=caller, at=now)


def forget() -> None:
    """Throws away what counts no longer."""
    RecentOrder.objects.filter(at__lte=clock.now() - WINDOW).delete()


def _judge(ends: Sequence[datetime], most: int) -> None:
    """`ends`: when each of those taken stops counting, the soonest first."""
    if len(ends) >= most:
        left = ends[-most] - clock.now()
        raise TooMuch(max(1, -(-left // timedelta(minutes=1))))
