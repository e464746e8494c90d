"""Room for a visit where the portal was not told of any: in a slot that was just opened, or whose
day waits for the budget (R23, A33).

The portal books and moves to offered times only, so a day that hides the visit already would have
the visit refused. Such a day is told as if the visits about to be told were not there; the bookings
then hide their times by themselves, and the day needs no second write.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import F

from slotbridge.kit import clock
from slotbridge.sync import periods, reconcile, telling_days, visit_outcomes
from slotbridge.sync.contract import CalendarConnector, OfferedStart, OpenPeriod, Refused
from slotbridge.sync.models import Account, Listing, ListingDay, VisitTarget
from slotbridge.sync.queue import Lease
from slotbridge.sync.visit_plans import Plan
from slotbridge.sync.wanted import wanted_days

log = structlog.stdlib.get_logger(__name__)

# The first wait for a portal that works days off later, doubled from one to the next: together
# longer than telling_days.WORKED_OFF_WITHIN, and fewer than visit_outcomes.MOST_ATTEMPTS.
FIRST_WAIT = timedelta(seconds=5)


def make(lease: Lease, connector: CalendarConnector, plan: Plan) -> bool:
    """Tells the day of the visit if it does not show the visit's time, though a visible slot has
    it; whether the visit may be told now. False: put off, the window has no two writes left.

    Raises TryLater or AccountRejected.
    """
    return _make(lease, connector, plan, told_before=None)


def is_coming(lease: Lease, connector: CalendarConnector, plan: Plan, *, again: bool) -> bool:
    """After the portal had no such time: whether it will, so that the visit is put off instead of
    given up. A day told lately is waited for as long as the portal may take; one told before is
    told `again`, or not waited for.
    """
    assert plan.listing is not None
    row = plan.listing.days.filter(day=_day(plan), problem="").first()
    if row is None or not _offers(_with_room(plan, [plan.visit.pk]), plan):
        return False
    if row.told_at is None or row.told_at < plan.target.asked_at:
        if again and _make(lease, connector, plan, told_before=plan.target.asked_at):
            visit_outcomes.put_off(lease, plan, clock.now())
        return again
    until = clock.now() + FIRST_WAIT * 2**plan.target.attempts
    if clock.now() >= row.told_at + telling_days.WORKED_OFF_WITHIN:
        return False
    visit_outcomes.put_off(lease, plan, until)
    return True


def _make(
    lease: Lease, connector: CalendarConnector, plan: Plan, *, told_before: datetime | None
) -> bool:
    assert plan.listing is not None
    with transaction.atomic():
        account = lease.confirm()
        part = _plan_room(account, connector, plan, told_before)
        if part and not _writes_left(account, connector) > 1:
            assert account.writes_reset_at is not None
            visit_outcomes.put_off(lease, plan, account.writes_reset_at)
            return False
        # Unknown until it was told, and then to be looked at again: it is not what it should be
        # before the visit is there.
        plan.listing.days.filter(day__in=part).update(
            told=None, asked=F("asked") + 1, due_at=clock.now()
        )
    if part:
        try:
            telling_days.tell_part(lease, connector, plan.listing, part)
        except Refused as refusal:
            telling_days.park_part(lease, connector, plan.listing, part, str(refusal))
        log.info("room made", listing=plan.listing.pk, visit=plan.visit.pk)
    return True


def _plan_room(
    account: Account, connector: CalendarConnector, plan: Plan, told_before: datetime | None
) -> telling_days.Part:
    listing = plan.listing
    assert listing is not None
    row = listing.days.select_for_update().filter(day=_day(plan), problem="").first()
    if row is None or listing.held_since is not None or not plan.service:
        return {}
    if _is_told(row, plan) and not (told_before and row.told_at and row.told_at < told_before):
        return {}
    # Shown no longer than it takes to tell them all: those that this window has writes for.
    most = max(_writes_left(account, connector) - 1, 1)
    wanted = _with_room(plan, [plan.visit.pk, *_next_visits(account, listing)[: most - 1]])
    return {row.day: (row.answered, wanted)} if _offers(wanted, plan) else {}


def _is_told(row: ListingDay, plan: Plan) -> bool:
    return _offers(periods.from_json(row.told) or (), plan)


def _offers(shown: Iterable[OpenPeriod], plan: Plan) -> bool:
    return OfferedStart(plan.visit.start, plan.service) in reconcile.offered_starts(shown)


def _with_room(plan: Plan, visits: list[int]) -> tuple[OpenPeriod, ...]:
    assert plan.listing is not None
    day = _day(plan)
    return wanted_days(plan.listing, [day], without=visits)[day]


def _next_visits(account: Account, listing: Listing) -> list[int]:
    """The visits that are told next, in their order."""
    return list(
        VisitTarget.objects.filter(
            account=account,
            visit__practitioner=listing.practitioner_id,
            asked__gt=F("answered"),
            problem="",
            due_at__lte=clock.now(),
        )
        .order_by("asked_at", "pk")
        .values_list("visit_id", flat=True)
    )


def _writes_left(account: Account, connector: CalendarConnector) -> int:
    if account.writes_reset_at is None or account.writes_reset_at <= clock.now():
        return connector.writes_per_minute
    return account.writes_left


def _day(plan: Plan) -> date:
    assert plan.listing is not None
    return clock.day_of(plan.visit.start, plan.listing.tz)
