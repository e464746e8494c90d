"""The fault script: what goes wrong on purpose, for the next N or each k-th call.

A rule aims at an operation id of the contract ("bookSlot", "Pull Notification", "token"), at the
name of an event ("slot-booked"), or at "*". Effects on calls:

- status: the call is answered with `status` (429, 500, 503, 401, …) and not carried out; a 429
  carries Retry-After if `seconds` are given;
- slow: the answer comes `seconds` later;
- timeout-before, timeout-after: no answer comes; the work is not done, or is done.

A caller cannot tell the last two apart. Over HTTP they hold the connection for `seconds` and end
it with a bare 504; in one process (slotbridge.sandbox.wsgi.sandbox_app) httpx.ReadTimeout is
raised at once.

Effects on notifications: lost; twice; swapped (told after the next one); delayed (by `seconds`);
malformed (broken JSON when pushed, `data` missing when pulled); unknown (renamed to `text`).
"""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import F, Q

from slotbridge.sandbox.models import Client, FaultRule
from slotbridge.sandbox.router import DATABASE

CALL_EFFECTS = ("status", "slow", "timeout-before", "timeout-after")
EVENT_EFFECTS = ("lost", "twice", "swapped", "delayed", "malformed", "unknown")
DEFAULT_HOLD = 30.0  # seconds: longer than a caller waits
DEFAULT_NAME = "slot-overbooked"  # was an event once; a caller must keep what it does not know


class UnknownEffect(Exception):
    """No effect of that name: correct the rule."""


def script(
    target: str,
    effect: str,
    *,
    client: Client | None = None,
    times: int | None = 1,
    every: int = 1,
    status: int = 500,
    seconds: float = 0,
    text: str = "",
) -> FaultRule:
    """Adds a rule: of every `every`-th call to `target`, the next `times` (None: all) go wrong."""
    if effect not in CALL_EFFECTS + EVENT_EFFECTS:
        raise UnknownEffect(f"use one of {', '.join(CALL_EFFECTS + EVENT_EFFECTS)}")
    return FaultRule.objects.create(
        client=client,
        target=target,
        effect=effect,
        remaining=times,
        every=max(every, 1),
        status=status,
        seconds=seconds,
        text=text,
    )


def clear(client: Client | None = None) -> int:
    """Removes the rules of one client, or all; returns how many there were."""
    rules = FaultRule.objects.filter(client=client) if client else FaultRule.objects.all()
    return rules.delete()[0]


def strike(client: Client | None, target: str, effects: Sequence[str]) -> FaultRule | None:
    """The rule that hits this call, the oldest first; it is used up by one. None: all goes well."""
    rules = FaultRule.objects.filter(
        Q(client=client) | Q(client=None), target__in=(target, "*"), effect__in=effects
    ).exclude(remaining=0)
    if not rules.exists():  # the usual case costs one query and no lock
        return None
    with transaction.atomic(using=DATABASE):
        for rule in rules.select_for_update():
            FaultRule.objects.filter(pk=rule.pk).update(seen=F("seen") + 1)
            if (rule.seen + 1) % rule.every == 0:
                if rule.remaining is not None:
                    FaultRule.objects.filter(pk=rule.pk).update(remaining=F("remaining") - 1)
                return rule
    return None
