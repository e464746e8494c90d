"""How telling of a visit ended: answered, put back, in doubt, or parked for a person."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils.translation import gettext_noop as _noop

from slotbridge.his import story
from slotbridge.kit import backoff, clock
from slotbridge.sync import budget, doubts
from slotbridge.sync.contract import CalendarConnector, PortalBooking
from slotbridge.sync.models import Account, Listing, VisitTarget
from slotbridge.sync.queue import Lease
from slotbridge.sync.visit_plans import Do, Plan

log = structlog.stdlib.get_logger(__name__)

Doubt = VisitTarget.Doubt
# A visit that takes more turns than this is going round in a circle.
MOST_ATTEMPTS = 8


def settle_booking(
    lease: Lease, connector: CalendarConnector, plan: Plan, made: PortalBooking
) -> None:
    with transaction.atomic():
        account = lease.confirm()
        budget.spend(account, connector)
        Account.objects.filter(pk=account.pk).update(last_write_at=clock.now())
        doubts.settle_booking(account, plan.target.pk, plan.visit, plan.booking, made)
        answer(plan, fresh(plan))
        kind = "told-moved" if plan.booking else "told-booked"
        story.tell(plan.visit, kind, account.channel, booking=made.id)


def fresh(plan: Plan) -> VisitTarget:
    return VisitTarget.objects.select_for_update().get(pk=plan.target.pk)


def answer(plan: Plan, target: VisitTarget) -> None:
    target.answered = max(target.answered, plan.asked)
    target.doubt, target.doubt_since, target.attempts = Doubt.NONE, None, 0
    target.save(update_fields=["answered", "doubt", "doubt_since", "attempts"])


@transaction.atomic
def put_back(lease: Lease, plan: Plan) -> None:
    """Nothing was done there: no doubt, and later again."""
    lease.confirm()
    target = fresh(plan)
    if plan.do != Do.RESOLVE:
        target.doubt, target.doubt_since = Doubt.NONE, None
    target.attempts += 1
    target.due_at = clock.now() + backoff.wait(target.attempts)
    target.save()


@transaction.atomic
def put_off(lease: Lease, plan: Plan, until: datetime) -> None:
    """Nothing was tried there, or what was did nothing: no doubt, and again at that time."""
    lease.confirm()
    target = fresh(plan)
    target.doubt, target.doubt_since, target.due_at = Doubt.NONE, None, until
    target.save(update_fields=["doubt", "doubt_since", "due_at"])


@transaction.atomic
def leave_in_doubt(lease: Lease, connector: CalendarConnector, plan: Plan) -> None:
    account = lease.confirm()
    budget.spend(account, connector)
    target = fresh(plan)
    target.attempts += 1
    # What leaves no doubt to be looked into is simply made again, ever less often.
    again = timedelta() if target.doubt else backoff.wait(target.attempts)
    target.due_at = clock.now() + max(doubts.FIRST_LOOK, again)
    target.save()
    story.tell(plan.visit, "outcome-unknown", account.channel, doubt=str(target.doubt))
    log.warning("outcome unknown", visit=plan.visit.pk, account=account.pk, doubt=target.doubt)


@transaction.atomic
def clear_doubt(
    lease: Lease, connector: CalendarConnector, plan: Plan, *, look_soon: bool = False
) -> None:
    account = lease.confirm()
    budget.spend(account, connector)
    target = fresh(plan)
    target.doubt, target.doubt_since = Doubt.NONE, None
    target.attempts += 1
    if target.attempts > MOST_ATTEMPTS:
        target.problem = _noop(
            "The portal says one thing and does another. Compare both, then try again."
        )
    target.save(update_fields=["doubt", "doubt_since", "attempts", "problem"])
    if look_soon and plan.listing is not None:
        soon = clock.now() + timedelta(seconds=5)
        Listing.objects.filter(pk=plan.listing.pk, patrol_due_at__gt=soon).update(
            patrol_due_at=soon
        )


@transaction.atomic
def park(lease: Lease, connector: CalendarConnector, plan: Plan, reason: str) -> None:
    account = lease.confirm()
    budget.spend(account, connector)
    target = fresh(plan)
    target.doubt, target.doubt_since, target.problem = Doubt.NONE, None, reason[:300]
    target.save()
    story.tell(plan.visit, "refused", account.channel)
    log.warning("visit parked", visit=plan.visit.pk, account=account.pk)
