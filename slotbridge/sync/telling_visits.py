"""Telling a portal of visits made, moved and cancelled here (R23, A40-A45): the next step of one
visit, as `visit_plans` decided it.
"""

from __future__ import annotations

from dataclasses import replace

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from slotbridge.his import story
from slotbridge.kit import clock
from slotbridge.sync import (
    bookings,
    budget,
    doubts,
    fanout,
    telling_details,
    telling_room,
    visit_outcomes,
    visit_plans,
    wakeups,
)
from slotbridge.sync.contract import (
    CalendarConnector,
    Gone,
    OutcomeUnknown,
    Refused,
    TryLater,
    VisitToTell,
)
from slotbridge.sync.models import Account, Booking, VisitTarget
from slotbridge.sync.queue import Lease
from slotbridge.sync.visit_plans import Do, Plan

log = structlog.stdlib.get_logger(__name__)

Told, Doubt = VisitTarget.Told, VisitTarget.Doubt


def tell_visit(lease: Lease, connector: CalendarConnector, target_id: int) -> None:
    """Does the next thing for one visit; more than one is due again at once.

    Raises TryLater or AccountRejected with the visit still due.
    """
    plan = visit_plans.decide(lease, target_id)
    steps = {
        Do.NOTHING: _nothing,
        Do.RESOLVE: _resolve,
        Do.BOOK: _book,
        Do.BREAK: _break,
        Do.MOVE: _move,
        Do.CANCEL: _cancel,
        Do.CANCEL_AND_CALL: _cancel,
        Do.DELETE_BREAK: _delete_break,
        Do.CONFIRM: telling_details.tell,
        Do.PRESENT: telling_details.tell,
        Do.ABSENT: telling_details.tell,
        Do.WAIT: telling_details.wait,
    }
    try:
        steps[plan.do](lease, connector, plan)
    except TryLater:
        visit_outcomes.put_back(lease, plan)
        raise
    except OutcomeUnknown:
        visit_outcomes.leave_in_doubt(lease, connector, plan)


# --- Doing ----------------------------------------------------------------------------------


def _nothing(lease: Lease, _connector: CalendarConnector, plan: Plan) -> None:
    with transaction.atomic():
        lease.confirm()
        visit_outcomes.answer(plan, visit_outcomes.fresh(plan))


def _resolve(lease: Lease, connector: CalendarConnector, plan: Plan) -> None:
    doubts.resolve(lease, connector, plan.target, plan.visit, plan.booking)


def _book(lease: Lease, connector: CalendarConnector, plan: Plan) -> None:
    assert plan.listing is not None
    if not telling_room.make(lease, connector, plan):
        return
    try:
        made = connector.book(plan.listing.ref, _to_tell(plan))
    except Refused as refusal:
        # A40: refused, or somebody was faster (a lost race is "not found"): block the time
        # instead, and compare the listing soon, since its booking may be on its way.
        is_gone = isinstance(refusal, Gone)
        visit_outcomes.clear_doubt(lease, connector, plan, look_soon=is_gone)
        if not (is_gone and telling_room.is_coming(lease, connector, plan, again=False)):
            _break(lease, connector, plan)
        return
    visit_outcomes.settle_booking(lease, connector, plan, made)


def _break(lease: Lease, connector: CalendarConnector, plan: Plan) -> None:
    assert plan.listing is not None
    with transaction.atomic():
        lease.confirm()
        target = visit_outcomes.fresh(plan)
        target.doubt, target.doubt_since = Doubt.BREAK, clock.now()
        target.save(update_fields=["doubt", "doubt_since"])
    try:
        made = connector.add_break(
            plan.listing.ref, plan.visit.start, plan.visit.end, plan.visit.public_id.hex
        )
    except Refused as refusal:
        visit_outcomes.park(lease, connector, plan, str(refusal))
        return
    with transaction.atomic():
        account = lease.confirm()
        budget.spend(account, connector)
        doubts.settle_break(plan.target.pk, plan.listing, made)
        visit_outcomes.answer(plan, visit_outcomes.fresh(plan))
        story.tell(plan.visit, "told-break", account.channel)


def _move(lease: Lease, connector: CalendarConnector, plan: Plan) -> None:
    booking, target = plan.booking, plan.listing
    assert booking is not None
    assert booking.listing is not None
    assert target is not None
    here = booking.listing.ref
    try:
        if not plan.service:
            # No longer offered, or never linked: it keeps the service it was booked for.
            service = connector.booking(here, booking.external_id).service
            plan = replace(plan, service=service)
        if not telling_room.make(lease, connector, plan):
            return
        made = connector.move(here, booking.external_id, target.ref, _to_tell(plan))
    except Gone:
        # Moved or cancelled there meanwhile: read what became of it, then decide anew (A44).
        visit_outcomes.clear_doubt(lease, connector, plan, look_soon=True)
        is_there = bookings.read_again(lease, connector, booking)
        # If it is, it is the new time that the portal does not take: not yet, or never (A42).
        if is_there and not telling_room.is_coming(lease, connector, plan, again=True):
            _cancel(lease, connector, replace(plan, do=Do.CANCEL_AND_CALL))
        return
    except Refused:
        # A43: a paid booking, another facility: cancel and book anew.
        visit_outcomes.clear_doubt(lease, connector, plan)
        _cancel(lease, connector, plan)
        return
    visit_outcomes.settle_booking(lease, connector, plan, made)


def _cancel(lease: Lease, connector: CalendarConnector, plan: Plan) -> None:
    assert plan.booking is not None
    booking = plan.booking
    assert booking.listing is not None
    # A portal's own patient reads only that the former booking is off, though a new one follows.
    is_theirs = plan.visit.origin_channel == plan.target.account.channel
    call = plan.do == Do.CANCEL_AND_CALL or (plan.do == Do.MOVE and is_theirs)
    try:
        connector.cancel(booking.listing.ref, booking.external_id, _reason(plan))
    except Gone:
        visit_outcomes.clear_doubt(lease, connector, plan)
        bookings.read_again(lease, connector, booking)
        return
    except Refused as refusal:
        visit_outcomes.park(lease, connector, plan, str(refusal))
        return
    with transaction.atomic():
        account = lease.confirm()
        budget.spend(account, connector)
        Booking.objects.filter(pk=booking.pk).update(status=Booking.Status.CANCELED)
        target = visit_outcomes.fresh(plan)
        target.doubt, target.told, target.told_at = Doubt.NONE, Told.NOTHING, clock.now()
        target.call_patient = target.call_patient or call
        target.save()
        if plan.do == Do.CANCEL:
            visit_outcomes.answer(plan, target)  # else its new time is to be told next
        story.tell(
            plan.visit, "told-cancelled", account.channel, booking=booking.external_id, call=call
        )


def _delete_break(lease: Lease, connector: CalendarConnector, plan: Plan) -> None:
    listing = plan.listing
    assert listing is not None
    try:
        connector.delete_break(listing.ref, plan.target.break_id)
    except Refused as refusal:
        visit_outcomes.park(lease, connector, plan, str(refusal))
        return
    with transaction.atomic():
        account = lease.confirm()
        budget.spend(account, connector)
        target = visit_outcomes.fresh(plan)
        target.told, target.break_id, target.told_listing = Told.NOTHING, "", None
        target.told_start = target.told_end = None
        target.save()  # not answered: a new booking or break may be next
        story.tell(plan.visit, "told-break-removed", account.channel)


@transaction.atomic
def retry_visit(*, target: VisitTarget, by: str) -> None:
    """Takes a parked visit up again; "try again" on the page."""
    account = Account.objects.get(pk=target.account_id)
    fanout.ask_visits([target.visit_id], account)
    log.info("visit taken up again", visit=target.visit_id, by=by)
    wakeups.wake()


@transaction.atomic
def patient_was_called(*, target: VisitTarget, by: str) -> None:
    """A person has phoned the patient of a visit that the portal could not follow (A42)."""
    VisitTarget.objects.filter(pk=target.pk).update(call_patient=False)
    story.tell(target.visit, "patient-called", by)


def _to_tell(plan: Plan) -> VisitToTell:
    visit = plan.visit
    named = plan.target.account.settings.get("identity") == "yes" and visit.patient is not None
    return VisitToTell(
        start=visit.start,
        end=visit.end,
        service=plan.service,
        marker=visit.public_id.hex,
        # A40: who it is stays at home unless the clinic has switched that on.
        given_name=visit.patient.given_name if named and visit.patient else "",
        family_name=visit.patient.family_name if named and visit.patient else "",
        phone=visit.patient.phone if named and visit.patient else "",
    )


def _reason(plan: Plan) -> str:
    """What the portal tells the patient, in the installation's language."""
    if plan.do == Do.CANCEL and plan.visit.cancel_reason:
        return plan.visit.cancel_reason
    with translation.override(settings.LANGUAGE_CODE):
        if plan.do == Do.CANCEL:
            return _("Cancelled by the clinic.")
        return _("Moved by the clinic, please call us.")
