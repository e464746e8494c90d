"""Why a slot cannot be ordered at a portal that takes documents: every missing piece by name."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from slotbridge.his import free
from slotbridge.his.models import Slot
from slotbridge.kit import clock
from slotbridge.sync import accounts, missing
from slotbridge.sync.contract import Refused
from slotbridge.sync.exchange import present
from slotbridge.sync.exchange.contract import ExchangeConnector, Part
from slotbridge.sync.missing import Reason
from slotbridge.sync.models import Account, Exchange, ExchangeEntry

# U-21: how far ahead a portal offers times unless its administrator has set something else.
USUAL_LEAD = timedelta(minutes=60)
LATE_AFTER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class _Known:
    """What is read once for many slots."""

    account: Account
    zone: ZoneInfo  # of the days told
    end: datetime  # of what is told
    days_ahead: int
    exchange: Exchange | None  # None before the first exchange
    refusal: str  # of the last document that named what can be booked
    free: dict[int, bool]  # slot -> whether any of it is free


def why_not_shown_for(account: Account, slots: Collection[Slot]) -> dict[int, list[Reason]]:
    """Everything that keeps each slot off the portal, in a number of queries that does not grow
    with the slots; [] for one that can be ordered there.
    """
    try:
        known = _read(account, slots)
    except Refused:
        unusable = Reason("settings", _("The settings of the connection cannot be used."))
        return {slot.pk: [unusable] for slot in slots}
    return {slot.pk: list(_reasons(slot, known)) for slot in slots}


def _reasons(slot: Slot, known: _Known) -> Iterator[Reason]:
    yield from missing.of_any_portal(slot, known.account)
    if not slot.schedule.is_active:
        yield Reason("no-schedule", _("The schedule is not in use any more."))
    if known.account.failing_since is not None:
        yield Reason(
            "failing",
            _("The portal has not answered since %(when)s: it knows nothing newer.")
            % {"when": _when(slot, known.account.failing_since)},
        )
    told = list(_out_of_time(slot, known))
    yield from told or _not_told(slot, known)


def _out_of_time(slot: Slot, known: _Known) -> Iterator[Reason]:
    now = clock.now()
    if slot.end <= now:
        yield missing.is_over()
    elif slot.end <= now + USUAL_LEAD:
        yield Reason(
            "too-soon", _("It ends within the hour: portals offer times from an hour ahead.")
        )
    elif slot.start >= known.end:
        sentence = ngettext(
            "The portal is told %(n)s day ahead: it will follow.",
            "The portal is told %(n)s days ahead: it will follow.",
            known.days_ahead,
        )
        yield Reason("too-far", sentence % {"n": known.days_ahead})
    elif not known.free.get(slot.pk, False):
        yield missing.is_taken()


def _not_told(slot: Slot, known: _Known) -> Iterator[Reason]:
    """Of a slot that should be there: whether the portal has been told."""
    is_ready = known.account.state == Account.State.READY
    if known.exchange is None or not is_ready or known.account.channel not in slot.channels:
        return
    if known.refusal:
        yield Reason(
            "parked",
            _("The portal refused what it was last told of working hours: %(why)s")
            % {"why": known.refusal},
        )
    if known.exchange.offer_due_at + LATE_AFTER < clock.now():
        yield Reason(
            "late",
            _("Working hours have waited to be told since %(when)s.")
            % {"when": _when(slot, known.exchange.offer_due_at)},
        )
    elif not known.refusal and not _is_day_told(slot, known.exchange, known.zone):
        yield missing.is_on_its_way()


def _is_day_told(slot: Slot, exchange: Exchange, zone: ZoneInfo) -> bool:
    resources = (
        present.resource_id(kind, pk)
        for kind in present.OWNERS
        if (pk := getattr(slot.schedule, f"{kind}_id")) is not None
    )
    day = clock.day_of(slot.start, zone).isoformat()
    return any(day in exchange.told_days.get(str(resource), ()) for resource in resources)


def _when(slot: Slot, instant: datetime) -> str:
    return formats.date_format(instant.astimezone(slot.schedule.clinic.unit.tz), "j E Y, H:i")


def _read(account: Account, slots: Collection[Slot]) -> _Known:
    """Raises Refused for settings that the connector cannot use."""
    connector = accounts.connect(account)  # asked for its settings; it speaks to nobody
    try:
        assert isinstance(connector, ExchangeConnector)
        zone, days_ahead = connector.zone, connector.horizon.days
        _start, end = present.reach(connector)
    finally:
        connector.close()
    return _Known(
        account=account,
        zone=zone,
        end=end,
        days_ahead=days_ahead,
        exchange=Exchange.objects.filter(account=account).first(),
        refusal=_refusal(account),
        free={
            part.slot_id: bool(part.free)
            for part in free.free_slots(
                schedules={slot.schedule_id for slot in slots},
                start=min(slot.start for slot in slots),
                end=max(slot.end for slot in slots),
            )
        },
    )


def _refusal(account: Account) -> str:
    """The portal's first sentence about the last document with working hours, if it refused it."""
    last = account.exchanges.filter(parts__contains=[Part.OFFER]).order_by("-at").first()
    if last is None or last.outcome != ExchangeEntry.Outcome.REFUSED:
        return ""
    return next((problem["text"] for problem in last.problems), "")
