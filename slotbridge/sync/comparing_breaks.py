"""Breaks: those that are not ours and hide what the HIS offers (R28), and ours that are gone.

A break at an address comes with its copies at the doctor's coupled ones: a copy is judged at its
own address by what it hides there, like any other break that we did not make.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_noop as _noop

from slotbridge.kit import clock
from slotbridge.sync import budget, fanout
from slotbridge.sync.comparing_bookings import SETTLES_IN
from slotbridge.sync.contract import PortalBreak, Refused
from slotbridge.sync.models import Account, Difference, Listing, VisitTarget
from slotbridge.sync.reports import Round
from slotbridge.sync.wanted import wanted_days

# Missing or moved more often than this within a day: somebody there does not want it.
MOST_LOSSES = 2

Kind, Done, Told, Doubt = (
    Difference.Kind, Difference.Done, VisitTarget.Told, VisitTarget.Doubt,
)  # fmt: skip


def compare(made: Round) -> None:
    """Removes what hides free times; has what is missing of ours told again."""
    there = {
        found.id: found
        for found in made.connector.breaks(made.listing.ref, made.now, made.end)
        if found.end > made.now
    }
    ours = _ours(made)
    made.look_at(len(there.keys() | {target.break_id for target in ours}))
    for target in ours:
        found = there.get(target.break_id)
        if found is None or (found.start, found.end) != (target.told_start, target.told_end):
            _tell_again(made, target, found)
    foreign = foreign_of(made, there.values())
    doubtful = VisitTarget.objects.filter(
        account_id=made.lease.account_id, doubt=Doubt.BREAK
    ).exists()
    if foreign and not doubtful:
        _remove_hiding(made, foreign)


def foreign_of(made: Round, there: Iterable[PortalBreak]) -> list[PortalBreak]:
    """Those that no visit of ours stands behind."""
    known = set(
        VisitTarget.objects.filter(account_id=made.lease.account_id)
        .exclude(break_id="")
        .values_list("break_id", flat=True)
    )
    return [found for found in there if found.id not in known]


def hides(found: PortalBreak, open_spans: Iterable[tuple[datetime, datetime]]) -> bool:
    """Whether a break lies on time that the HIS offers."""
    return any(start < found.end and found.start < end for start, end in open_spans)


def wanted_spans(
    listing: Listing, breaks: Iterable[PortalBreak]
) -> list[tuple[datetime, datetime]]:
    """What the HIS offers on the days of these breaks."""
    days = sorted({
        day for found in breaks for day in clock.days_between(found.start, found.end, listing.tz)
    })  # fmt: skip
    first, last = fanout.horizon(listing.account, clock.now())
    return [
        (period.start, period.end)
        for periods in wanted_days(listing, [d for d in days if first <= d <= last]).values()
        for period in periods
    ]


def _ours(made: Round) -> list[VisitTarget]:
    """Visits told to this listing as breaks a while ago, still ahead, and with nothing due."""
    targets = VisitTarget.objects.filter(
        account_id=made.lease.account_id,
        told=Told.BREAK,
        told_listing=made.listing,
        told_start__gte=made.now,
        told_start__lt=made.end,
        told_at__lte=made.now - SETTLES_IN,
        doubt="",
        problem="",
    ).exclude(break_id="")
    return [target for target in targets if target.asked == target.answered]


def _tell_again(made: Round, target: VisitTarget, found: PortalBreak | None) -> None:
    """Writes down what is there, so that the visit decides anew what it is to be told as."""
    visit = str(target.visit.public_id)
    lost = Difference.objects.filter(
        listing=made.listing,
        kind=Kind.BREAK_GONE,
        found_at__gte=made.now - timedelta(days=1),
        data__visit=visit,
    ).count()
    with transaction.atomic():
        made.confirm()
        fresh = VisitTarget.objects.select_for_update().get(pk=target.pk)
        if (fresh.break_id, fresh.asked, fresh.doubt) != (target.break_id, target.asked, ""):
            return  # told anew meanwhile
        if found is None:
            fresh.told, fresh.break_id, fresh.told_listing = Told.NOTHING, "", None
            fresh.told_start = fresh.told_end = None
        else:
            fresh.told_start, fresh.told_end = found.start, found.end
        fresh.asked += 1
        fresh.asked_at = fresh.due_at = clock.now()
        if lost >= MOST_LOSSES:
            fresh.problem = _noop(
                "Its break is removed or moved on the portal again and again: find out who does"
                " it, then try again."
            )
        fresh.save()
        made.note(
            Kind.BREAK_GONE,
            Done.LEFT if fresh.problem else Done.TOLD_AGAIN,
            target.told_start,
            visit=visit,
            moved=found is not None,
        )
    if target.told_start and target.told_end:
        made.explained.append((target.told_start, target.told_end))
    if found is not None:
        made.explained.append((found.start, found.end))


def _remove_hiding(made: Round, foreign: list[PortalBreak]) -> None:
    open_spans = wanted_spans(made.listing, foreign)
    for found in foreign:
        if not hides(found, open_spans):
            continue
        account = Account.objects.get(pk=made.lease.account_id)
        if not account.is_live or not budget.may_write(account, urgent=False):
            return
        try:
            made.connector.delete_break(made.listing.ref, found.id)
            done = Done.REMOVED
        except Refused:
            done = Done.LEFT
            made.explained.append((found.start, found.end))
        with transaction.atomic():
            account = made.confirm()
            budget.spend(account, made.connector)
            if done == Done.REMOVED or not _was_left(made, found):
                made.note(
                    Kind.BREAK, done, found.start,
                    until=found.end.isoformat(), break_id=found.id,
                )  # fmt: skip


def _was_left(made: Round, found: PortalBreak) -> bool:
    """Whether the portal would not remove it before: said once, and tried again at each round."""
    return Difference.objects.filter(
        listing=made.listing, kind=Kind.BREAK, done=Done.LEFT, data__break_id=found.id
    ).exists()
