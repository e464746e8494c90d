"""An address's calendar: work periods by date, breaks, what is free."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from slotbridge.kit import clock
from slotbridge.sandbox import rules
from slotbridge.sandbox.models import Address, Booking, Break, CalendarDay, SlotRequest
from slotbridge.sandbox.router import DATABASE

Days = Mapping[date, Iterable[rules.Period]]


class NotCommercial(Exception):
    """The address is not premium and can have no calendar: the portal must sell it first."""


class StillProcessing(Exception):
    """The same request is in progress: wait and read back."""


class BreakExists(Exception):
    """A break with this address, range and description is there already."""


class BadRange(Exception):
    """`till` is not after `since`: correct the request."""


class SameRange(Exception):
    """The break is there already: nothing to move."""


class AlreadyThere(Exception):
    """The calendar is enabled (disabled) already."""


class AddressDisabled(Exception):
    """No calendar can be enabled at this address."""


@dataclass(frozen=True, slots=True)
class PutRules:
    """The switches of PUT slots; see quirks.Quirks."""

    repeated_ignored: bool = True
    delay: timedelta = timedelta()
    enables: bool = False


def require_commercial(address: Address) -> None:
    if not address.is_commercial:
        raise NotCommercial


def lock(address: Address) -> Address:
    """Queues the writers of one address; must be called in a transaction.

    It prevents deadlocks, not double bookings: those the exclusion constraint forbids.
    """
    return Address.objects.select_for_update(no_key=True).get(pk=address.pk)


# --- the calendar itself ---------------------------------------------------------------------


@transaction.atomic(using=DATABASE)
def enable(address: Address) -> None:
    """Raises AddressDisabled, NotCommercial or AlreadyThere."""
    current = lock(address)
    if current.is_disabled:
        raise AddressDisabled
    require_commercial(current)
    if current.calendar == Address.Calendar.ENABLED:
        raise AlreadyThere
    _set_calendar(address, Address.Calendar.ENABLED)


@transaction.atomic(using=DATABASE)
def disable(address: Address) -> None:
    """Raises AlreadyThere. Slots and bookings stay; nothing is offered until enabled again."""
    if lock(address).calendar == Address.Calendar.DISABLED:
        raise AlreadyThere
    _set_calendar(address, Address.Calendar.DISABLED)


def _set_calendar(address: Address, state: Address.Calendar) -> None:
    Address.objects.filter(pk=address.pk).update(calendar=state)
    address.calendar = state


def _open_if_missing(address: Address, *, enables: bool = False) -> None:
    missing = address.calendar == Address.Calendar.NONE
    if missing or (enables and address.calendar == Address.Calendar.DISABLED):
        _set_calendar(address, Address.Calendar.ENABLED)


# --- work periods ----------------------------------------------------------------------------


def put_slots(address: Address, payload: Any, days: Days, how: PutRules) -> bool:
    """Replaces every date in `days`; False if the same payload was processed a moment ago.

    `days` has one entry per date the request names; an empty one clears its date. The request is
    registered first and processed in a second transaction, so an equal one that comes in between
    finds it in progress. Raises NotCommercial or StillProcessing.
    Source: behaviour.md section 7, operation replaceSlots.
    """
    require_commercial(address)
    apply_due(address)
    digest = sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()
    if how.repeated_ignored and _processed_lately(address, digest):
        return False
    packed = {day.isoformat(): [rules.pack(p) for p in periods] for day, periods in days.items()}
    try:
        with transaction.atomic(using=DATABASE):
            SlotRequest.objects.create(
                address=address, digest=digest, days=packed, due_at=clock.now() + how.delay
            )
            _open_if_missing(lock(address), enables=how.enables)
    except IntegrityError as error:
        if "sandbox_request_in_progress" in str(error):
            raise StillProcessing from None
        raise
    apply_due(address)
    address.refresh_from_db(fields=["calendar"])
    return True


def _processed_lately(address: Address, digest: str) -> bool:
    since = clock.now() - rules.SAME_REQUEST_IGNORED
    return SlotRequest.objects.filter(
        address=address, digest=digest, finished_at__gt=since
    ).exists()


def apply_due(address: Address) -> None:
    """Processes accepted requests whose time has come, oldest first."""
    due = SlotRequest.objects.filter(address=address, finished_at=None, due_at__lte=clock.now())
    if not due.exists():
        return
    with transaction.atomic(using=DATABASE):
        lock(address)
        for request in due.all():
            _replace_days(address, request.days)
            request.days = {}
            request.finished_at = max(request.due_at, clock.now())
            request.save(update_fields=["days", "finished_at"])
        forget = clock.now() - 2 * rules.SAME_REQUEST_IGNORED
        SlotRequest.objects.filter(address=address, finished_at__lt=forget).delete()


def _replace_days(address: Address, days: Mapping[str, list[rules.StoredPeriod]]) -> None:
    CalendarDay.objects.filter(address=address, day__in=list(days)).delete()
    CalendarDay.objects.bulk_create(
        CalendarDay(address=address, day=date.fromisoformat(day), periods=periods)
        for day, periods in days.items()
        if any(services for _start, _end, services, *_insurance in periods)
    )


@transaction.atomic(using=DATABASE)
def set_day(address: Address, day: date, periods: Iterable[rules.Period]) -> None:
    """Replaces one date at once; no periods: clears it. The doctor's own edit, or DELETE slots."""
    apply_due(address)
    lock(address)
    _replace_days(address, {day.isoformat(): [rules.pack(period) for period in periods]})


def periods_on(address: Address, day: date) -> list[rules.Period]:
    apply_due(address)
    row = CalendarDay.objects.filter(address=address, day=day).first()
    return list(rules.unpack(row.periods)) if row else []


# --- what is free ----------------------------------------------------------------------------


def offers(
    address: Address, start: datetime, end: datetime, *, without: Booking | None = None
) -> list[rules.Offer]:
    """What may be booked with a start in [start, end), by start; `without` counts as free.

    Starts that have passed, and everything at an address whose calendar is not enabled, are not
    offered, nor is a service that is no longer the address's: its grid stays, it does not.
    """
    apply_due(address)
    if address.calendar != Address.Calendar.ENABLED or not address.is_commercial or start >= end:
        return []
    days = CalendarDay.objects.filter(
        address=address, day__range=(rules.day_of(start), rules.day_of(end))
    )
    periods = [period for day in days for period in rules.unpack(day.periods)]
    busy = busy_ranges(address, start, end + timedelta(days=1), without=without)
    known = set(address.services.values_list("pk", flat=True))
    found = rules.free(periods, busy, (start, end), clock.now())
    return sorted(offer for offer in found if offer.service in known)


def offers_for(
    address: Address,
    payer: int | None,
    start: datetime,
    end: datetime,
    *,
    without: Booking | None = None,
) -> list[rules.Offer]:
    """Those of `offers` that a patient of insurer `payer` (None: who pays alone) may choose."""
    if payer is None and not address.takes_private:
        return []
    found = offers(address, start, end, without=without)
    return [offer for offer in found if offer.takes(payer)]


def busy_ranges(
    address: Address, start: datetime, end: datetime, *, without: Booking | None = None
) -> rules.Busy:
    """Active bookings and breaks that touch [start, end)."""
    bookings = Booking.objects.filter(
        address=address, status=Booking.Status.BOOKED, start__lt=end, end__gt=start
    )
    if without is not None:
        bookings = bookings.exclude(pk=without.pk)
    breaks = Break.objects.filter(address=address, since__lt=end, till__gt=start)
    return rules.Busy([*bookings.values_list("start", "end"), *breaks.values_list("since", "till")])


# --- breaks ----------------------------------------------------------------------------------


def coupled(address: Address) -> list[Address]:
    """This doctor's addresses of the facility on the other side: online for offline and back."""
    return list(
        Address.objects.filter(
            doctor=address.doctor_id,
            facility=address.facility_id,
            is_online_only=not address.is_online_only,
        )
    )


def add_break(
    address: Address,
    since: datetime,
    till: datetime,
    description: str = "",
    *,
    on_coupled: bool = False,
) -> Break:
    """Raises NotCommercial, BadRange or BreakExists. Bookings in the range stay."""
    require_commercial(address)
    if till <= since:
        raise BadRange
    try:
        with transaction.atomic(using=DATABASE):
            _open_if_missing(lock(address))
            made = Break.objects.create(
                address=address, since=since, till=till, description=description
            )
            if on_coupled:
                Break.objects.bulk_create(
                    (
                        Break(
                            address=other,
                            since=since,
                            till=till,
                            description=description,
                            copy_of=made,
                        )
                        for other in coupled(address)
                    ),
                    ignore_conflicts=True,
                )
    except IntegrityError as error:
        if "sandbox_break_once" in str(error):
            raise BreakExists from None
        raise
    address.refresh_from_db(fields=["calendar"])
    return made


def move_break(break_: Break, since: datetime, till: datetime) -> None:
    """Its copies on coupled addresses follow. Raises BadRange, SameRange or BreakExists."""
    if till <= since:
        raise BadRange
    if (break_.since, break_.till) == (since, till):
        raise SameRange
    try:
        with transaction.atomic(using=DATABASE):
            Break.objects.filter(Q(pk=break_.pk) | Q(copy_of=break_)).update(since=since, till=till)
    except IntegrityError as error:
        if "sandbox_break_once" in str(error):
            raise BreakExists from None
        raise
    break_.since, break_.till = since, till


def remove_break(break_: Break) -> None:
    """Its copies on coupled addresses go with it."""
    break_.delete()
