"""Telling a portal who came and who has confirmed (A45).

Both are states, not acts: said twice they are the same, so an attempt whose answer was lost is
looked at first and then simply made again. What the portal does not take is noted on the visit;
nobody need do anything about it.
"""

from __future__ import annotations

import structlog
from django.db import transaction

from slotbridge.his import story
from slotbridge.sync import bookings, budget, visit_outcomes
from slotbridge.sync.contract import CalendarConnector, Gone, ListingRef, PortalBooking, Refused
from slotbridge.sync.models import Booking
from slotbridge.sync.queue import Lease
from slotbridge.sync.visit_plans import ABSENT, PRESENT, Do, Plan

log = structlog.stdlib.get_logger(__name__)

_PRESENCE = {Do.PRESENT: PRESENT, Do.ABSENT: ABSENT}
_TOLD = {
    Do.CONFIRM: "told-confirmed",
    Do.PRESENT: "told-present",
    Do.ABSENT: "told-absent",
}
_REFUSED = {
    Do.CONFIRM: "told-confirmed-refused",
    Do.PRESENT: "told-present-refused",
    Do.ABSENT: "told-absent-refused",
}


def tell(lease: Lease, connector: CalendarConnector, plan: Plan) -> None:
    """Raises TryLater, AccountRejected, OutcomeUnknown with the visit still due."""
    booking = plan.booking
    assert booking is not None
    assert booking.listing is not None
    at = booking.listing.ref
    try:
        is_told = plan.target.attempts > 0 and _says(
            connector.booking(at, booking.external_id), plan
        )
        if not is_told:
            _write(connector, at, booking, plan)
    except Gone as reason:
        bookings.read_again(lease, connector, booking)
        if Booking.objects.filter(pk=booking.pk, status=Booking.Status.BOOKED).exists():
            # It is there after all, or nobody can read what became of it: not said again.
            _note_refused(lease, connector, plan, reason)
        return
    except Refused as reason:
        _note_refused(lease, connector, plan, reason)
        return
    with transaction.atomic():
        account = lease.confirm()
        budget.spend(account, connector)
        target = visit_outcomes.fresh(plan)
        if plan.do == Do.CONFIRM:
            target.told_confirmed = True
        else:
            target.told_presence = _PRESENCE[plan.do]
        target.save(update_fields=["told_confirmed", "told_presence"])
        visit_outcomes.answer(plan, target)
        story.tell(plan.visit, _TOLD[plan.do], account.channel, booking=booking.external_id)


def wait(lease: Lease, _connector: CalendarConnector, plan: Plan) -> None:
    """Until the visit begins; nothing is late before."""
    with transaction.atomic():
        lease.confirm()
        target = visit_outcomes.fresh(plan)
        target.asked_at = target.due_at = plan.visit.start
        target.save(update_fields=["asked_at", "due_at"])


def _write(connector: CalendarConnector, at: ListingRef, booking: Booking, plan: Plan) -> None:
    if plan.do == Do.CONFIRM:
        connector.confirm(at, booking.external_id)
    else:
        connector.mark_presence(at, booking.external_id, present=plan.do == Do.PRESENT)


def _says(held: PortalBooking, plan: Plan) -> bool:
    if plan.do == Do.CONFIRM:
        return bool(held.is_confirmed)
    return held.presence == _PRESENCE[plan.do]


@transaction.atomic
def _note_refused(lease: Lease, connector: CalendarConnector, plan: Plan, reason: Refused) -> None:
    account = lease.confirm()
    budget.spend(account, connector)
    visit_outcomes.answer(plan, visit_outcomes.fresh(plan))
    story.tell(plan.visit, _REFUSED[plan.do], account.channel)
    log.info("detail refused", visit=plan.visit.pk, account=account.pk, reason=str(reason))
