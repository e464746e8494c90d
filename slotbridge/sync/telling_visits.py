"""Telling a portal of visits made, moved and cancelled here (R23, A40-A44).

What is to be done is decided from the present state of the visit and of what the portal was told.
Before a write that must not be repeated blindly the doubt is stored; it is cleared with the
outcome. A worker killed in between leaves the doubt, and whoever follows reads first (promise 5).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum, auto

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop

from slotbridge.his import story
from slotbridge.his.models import Visit
from slotbridge.kit import backoff, clock
from slotbridge.sync import bookings, budget, doubts, fanout, wakeups
from slotbridge.sync.contract import (
    CalendarConnector,
    Gone,
    OutcomeUnknown,
    PortalBooking,
    Refused,
    TryLater,
    VisitToTell,
)
from slotbridge.sync.models import Account, Booking, Listing, ListingSchedule, VisitTarget
from slotbridge.sync.queue import Lease
from slotbridge.sync.wanted import Offering

log = structlog.stdlib.get_logger(__name__)

Told, Doubt = VisitTarget.Told, VisitTarget.Doubt
# A visit that takes more turns than this is going round in a circle.
MOST_ATTEMPTS = 8

LIVE = (Visit.Status.BOOKED, Visit.Status.ARRIVED)


class Do(Enum):
    """What is to be done at the portal for one visit, next."""

    NOTHING = auto()
    RESOLVE = auto()
    BOOK = auto()
    BREAK = auto()
    MOVE = auto()
    CANCEL = auto()
    CANCEL_AND_CALL = auto()
    DELETE_BREAK = auto()


@dataclass(frozen=True, slots=True)
class Plan:
    do: Do
    asked: int
    target: VisitTarget
    visit: Visit
    booking: Booking | None = None
    listing: Listing | None = None
    service: str = ""


def tell_visit(lease: Lease, connector: CalendarConnector, target_id: int) -> None:
    """Does the next thing for one visit; more than one is due again at once.

    Raises TryLater or AccountRejected with the visit still due.
    """
    plan = _decide(lease, target_id)
    steps = {
        Do.NOTHING: _nothing,
        Do.RESOLVE: _resolve,
        Do.BOOK: _book,
        Do.BREAK: _break,
        Do.MOVE: _move,
        Do.CANCEL: _cancel,
        Do.CANCEL_AND_CALL: _cancel,
        Do.DELETE_BREAK: _delete_break,
    }
    try:
        steps[plan.do](lease, connector, plan)
    except TryLater:
        _put_back(lease, plan)
        raise
    except OutcomeUnknown:
        _leave_in_doubt(lease, connector, plan)


# --- Deciding -------------------------------------------------------------------------------


@transaction.atomic
def _decide(lease: Lease, target_id: int) -> Plan:
    account = lease.confirm()
    target = VisitTarget.objects.select_for_update().get(pk=target_id)
    visit = Visit.objects.select_related("patient", "service").get(pk=target.visit_id)
    booking = (
        Booking.objects.filter(account=account, visit=visit, status=Booking.Status.BOOKED)
        .select_related("listing")
        .first()
    )
    listing = _listing(account, visit)
    do, where, service = _next(target, visit, booking, listing)
    plan = Plan(do, target.asked, target, visit, booking, where, service)
    doubt = {Do.BOOK: Doubt.BOOK, Do.BREAK: Doubt.BREAK, Do.MOVE: Doubt.MOVE,
             Do.CANCEL: Doubt.CANCEL, Do.CANCEL_AND_CALL: Doubt.CANCEL}.get(do)  # fmt: skip
    if doubt is not None:
        target.doubt, target.doubt_since = doubt, clock.now()
        target.tried_listing = where or (booking.listing if booking else None)
        target.tried_start, target.tried_end = visit.start, visit.end
        target.save()
    return plan


def _next(
    target: VisitTarget, visit: Visit, booking: Booking | None, listing: Listing | None
) -> tuple[Do, Listing | None, str]:
    if target.doubt:
        return Do.RESOLVE, listing, ""
    if visit.status not in LIVE:
        return _next_for_ended(target, visit, booking)
    if booking is not None:
        return _next_for_booked(target, visit, booking, listing)
    if target.told == Told.BREAK:
        same = target.told_listing_id == (listing.pk if listing else None)
        if same and (target.told_start, target.told_end) == (visit.start, visit.end):
            return Do.NOTHING, listing, ""
        return Do.DELETE_BREAK, target.told_listing, ""
    return _next_for_untold(visit, listing)


def _next_for_untold(visit: Visit, listing: Listing | None) -> tuple[Do, Listing | None, str]:
    if listing is None or visit.start <= clock.now() or visit.clash:
        # Not mapped there; or past; or a second visit at a time that the first already tells of.
        return Do.NOTHING, listing, ""
    service = _service_at(listing, visit)
    return (Do.BOOK, listing, service) if service else (Do.BREAK, listing, "")


def _next_for_ended(
    target: VisitTarget, visit: Visit, booking: Booking | None
) -> tuple[Do, Listing | None, str]:
    now = clock.now()
    if visit.status == Visit.Status.CANCELLED and booking and booking.end and booking.end > now:
        return Do.CANCEL, booking.listing, ""
    if target.break_id and target.told_end and target.told_end > now:
        return Do.DELETE_BREAK, target.told_listing, ""
    return Do.NOTHING, None, ""


def _next_for_booked(
    target: VisitTarget, visit: Visit, booking: Booking, listing: Listing | None
) -> tuple[Do, Listing | None, str]:
    if target.break_id:
        return Do.DELETE_BREAK, target.told_listing, ""
    if bookings.agrees(booking, visit, listing):
        return Do.NOTHING, listing, ""
    # A mapping that was removed since still carries the visits booked under it (A20).
    old = booking.listing
    if listing is None and old is not None and old.practitioner_id == visit.practitioner_id:
        listing = old
    service = _service_at(listing, visit) if listing else ""
    if listing is None or (not service and listing != old):
        return Do.CANCEL_AND_CALL, old, ""  # A42: the portal cannot express the target
    return Do.MOVE, listing, service


def _listing(account: Account, visit: Visit) -> Listing | None:
    row = (
        ListingSchedule.objects.filter(account=account, schedule_id=visit.schedule_id)
        .select_related("listing__account")
        .first()
    )
    return row.listing if row else None


def _service_at(listing: Listing, visit: Visit) -> str:
    """The visit's service at the listing's address; "" if it is not offered there that day."""
    day = clock.day_of(visit.start, listing.tz)
    offered = Offering.of(listing, day, day).services(visit.clinic_id, day)
    return offered.get(visit.service_id or 0, "")


# --- Doing ----------------------------------------------------------------------------------


def _nothing(lease: Lease, _connector: CalendarConnector, plan: Plan) -> None:
    with transaction.atomic():
        lease.confirm()
        _answer(plan, _fresh(plan))


def _resolve(lease: Lease, connector: CalendarConnector, plan: Plan) -> None:
    doubts.resolve(lease, connector, plan.target, plan.visit, plan.booking)


def _book(lease: Lease, connector: CalendarConnector, plan: Plan) -> None:
    assert plan.listing is not None
    try:
        made = connector.book(plan.listing.ref, _to_tell(plan))
    except Refused as refusal:
        # A40: refused, or somebody was faster (a lost race is "not found"): block the time
        # instead, and compare the listing soon, since its booking may be on its way.
        _clear_doubt(lease, connector, plan, look_soon=isinstance(refusal, Gone))
        _break(lease, connector, plan)
        return
    _settle_booking(lease, connector, plan, made)


def _break(lease: Lease, connector: CalendarConnector, plan: Plan) -> None:
    assert plan.listing is not None
    with transaction.atomic():
        lease.confirm()
        target = _fresh(plan)
        target.doubt, target.doubt_since = Doubt.BREAK, clock.now()
        target.save(update_fields=["doubt", "doubt_since"])
    try:
        made = connector.add_break(
            plan.listing.ref, plan.visit.start, plan.visit.end, plan.visit.public_id.hex
        )
    except Refused as refusal:
        _park(lease, connector, plan, str(refusal))
        return
    with transaction.atomic():
        account = lease.confirm()
        budget.spend(account, connector)
        doubts.settle_break(plan.target.pk, plan.listing, made)
        _answer(plan, _fresh(plan))
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
        made = connector.move(here, booking.external_id, target.ref, _to_tell(plan))
    except Gone:
        # Moved or cancelled there meanwhile: read what became of it, then decide anew (A44).
        _clear_doubt(lease, connector, plan, look_soon=True)
        if bookings.read_again(lease, connector, booking):
            # The booking is there, so it is the new time that the portal does not take (A42).
            _cancel(lease, connector, replace(plan, do=Do.CANCEL_AND_CALL))
        return
    except Refused:
        # A43: a paid booking, another facility: cancel and book anew.
        _clear_doubt(lease, connector, plan)
        _cancel(lease, connector, plan)
        return
    _settle_booking(lease, connector, plan, made)


def _cancel(lease: Lease, connector: CalendarConnector, plan: Plan) -> None:
    assert plan.booking is not None
    booking = plan.booking
    assert booking.listing is not None
    call = plan.do == Do.CANCEL_AND_CALL
    try:
        connector.cancel(booking.listing.ref, booking.external_id, _reason(plan))
    except Gone:
        _clear_doubt(lease, connector, plan)
        bookings.read_again(lease, connector, booking)
        return
    except Refused as refusal:
        _park(lease, connector, plan, str(refusal))
        return
    with transaction.atomic():
        account = lease.confirm()
        budget.spend(account, connector)
        Booking.objects.filter(pk=booking.pk).update(status=Booking.Status.CANCELED)
        target = _fresh(plan)
        target.doubt, target.told, target.told_at = Doubt.NONE, Told.NOTHING, clock.now()
        target.call_patient = target.call_patient or call
        target.save()
        if plan.do == Do.CANCEL:
            _answer(plan, target)  # else its new time is to be told next
        story.tell(
            plan.visit, "told-cancelled", account.channel, booking=booking.external_id, call=call
        )


def _delete_break(lease: Lease, connector: CalendarConnector, plan: Plan) -> None:
    listing = plan.listing
    assert listing is not None
    try:
        connector.delete_break(listing.ref, plan.target.break_id)
    except Refused as refusal:
        _park(lease, connector, plan, str(refusal))
        return
    with transaction.atomic():
        account = lease.confirm()
        budget.spend(account, connector)
        target = _fresh(plan)
        target.told, target.break_id, target.told_listing = Told.NOTHING, "", None
        target.told_start = target.told_end = None
        target.save()  # not answered: a new booking or break may be next
        story.tell(plan.visit, "told-break-removed", account.channel)


# --- Settling -------------------------------------------------------------------------------


def _settle_booking(
    lease: Lease, connector: CalendarConnector, plan: Plan, made: PortalBooking
) -> None:
    with transaction.atomic():
        account = lease.confirm()
        budget.spend(account, connector)
        Account.objects.filter(pk=account.pk).update(last_write_at=clock.now())
        doubts.settle_booking(account, plan.target.pk, plan.visit, plan.booking, made)
        _answer(plan, _fresh(plan))
        kind = "told-moved" if plan.booking else "told-booked"
        story.tell(plan.visit, kind, account.channel, booking=made.id)


def _fresh(plan: Plan) -> VisitTarget:
    return VisitTarget.objects.select_for_update().get(pk=plan.target.pk)


def _answer(plan: Plan, target: VisitTarget) -> None:
    target.answered = max(target.answered, plan.asked)
    target.doubt, target.doubt_since, target.attempts = Doubt.NONE, None, 0
    target.save(update_fields=["answered", "doubt", "doubt_since", "attempts"])


@transaction.atomic
def _put_back(lease: Lease, plan: Plan) -> None:
    """Nothing was done there: no doubt, and later again."""
    lease.confirm()
    target = _fresh(plan)
    if plan.do != Do.RESOLVE:
        target.doubt, target.doubt_since = Doubt.NONE, None
    target.attempts += 1
    target.due_at = clock.now() + backoff.wait(target.attempts)
    target.save()


@transaction.atomic
def _leave_in_doubt(lease: Lease, connector: CalendarConnector, plan: Plan) -> None:
    account = lease.confirm()
    budget.spend(account, connector)
    target = _fresh(plan)
    target.attempts += 1
    target.due_at = clock.now() + doubts.FIRST_LOOK
    target.save()
    story.tell(plan.visit, "outcome-unknown", account.channel, doubt=str(target.doubt))
    log.warning("outcome unknown", visit=plan.visit.pk, account=account.pk, doubt=target.doubt)


@transaction.atomic
def _clear_doubt(
    lease: Lease, connector: CalendarConnector, plan: Plan, *, look_soon: bool = False
) -> None:
    account = lease.confirm()
    budget.spend(account, connector)
    target = _fresh(plan)
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
def _park(lease: Lease, connector: CalendarConnector, plan: Plan, reason: str) -> None:
    account = lease.confirm()
    budget.spend(account, connector)
    target = _fresh(plan)
    target.doubt, target.doubt_since, target.problem = Doubt.NONE, None, reason[:300]
    target.save()
    story.tell(plan.visit, "refused", account.channel)
    log.warning("visit parked", visit=plan.visit.pk, account=account.pk)


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
