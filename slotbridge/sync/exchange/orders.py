"""Orders of a portal's patients become visits that wait for the clinic's answer (U-24, U-42).

What is applied was read from the portal a moment ago, so applying it again, late or in another
order ends in the same state. A status only climbs: waiting, accepted, ended.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import structlog
from django.db import transaction
from django.utils.translation import gettext_noop as _noop

from slotbridge.his import audit, patients, story, visits
from slotbridge.his.models import Schedule, Slot, Visit
from slotbridge.kit import clock
from slotbridge.sync import wakeups
from slotbridge.sync.exchange import present
from slotbridge.sync.exchange.contract import Answer, OrderState, PortalOrder
from slotbridge.sync.guarding import OURS
from slotbridge.sync.models import Account, Booking
from slotbridge.sync.seals import box

log = structlog.stdlib.get_logger(__name__)

Status = Booking.Status

_CLIMB = {"": 0, OrderState.WAITING: 1, OrderState.ACCEPTED: 2, OrderState.ENDED: 3}
_OPEN = (Visit.Status.PROPOSED, Visit.Status.BOOKED, Visit.Status.ARRIVED)


class CannotAssign(Exception):
    """No record of ours for it: kept with its data for a person; the text says which."""


class OrderOver(Exception):
    """The order has ended, or became a visit: answer there."""


@transaction.atomic
def apply(account: Account, order: PortalOrder) -> Booking:
    """Makes the HIS agree with an order as the portal holds it now.

    The caller holds the account's lease. Never raises for what the order says: what cannot be
    assigned is kept with its reason, and a clash beside the visit it clashes with.
    """
    row = Booking.objects.select_for_update().filter(account=account, external_id=order.id).first()
    if row is None:
        return _apply_new(account, order)
    if row.status != Status.BOOKED:
        return row  # ended ones stay ended
    if order.state == OrderState.ENDED:
        return _apply_ended(account, row)
    if row.visit is None:
        return _apply_new(account, order, row) if row.problem and not row.answer else row
    _climb(row, order.state)
    if order.state == OrderState.ACCEPTED and row.visit.status == Visit.Status.PROPOSED:
        _accepted_there(account, row, row.visit)
    if _place(order) != (row.start, row.end, row.doctor):
        _moved_there(account, order, row, row.visit)
    return row


@transaction.atomic
def park(account: Account, order: PortalOrder) -> None:
    """Keeps an order that nobody foresaw, for a person; one that is known keeps its visit."""
    known = Booking.objects.filter(account=account, external_id=order.id)
    if not known.update(problem=OURS):
        remember(account, order, visit=None, problem=OURS)


def answer_of(booking: Booking) -> Answer | None:
    """What the portal has to hear of an order now; None if it knows."""
    wanted = wanted_state(booking)
    moved = _moved_here(booking)
    if booking.status != Status.BOOKED or not (wanted or moved):
        return None
    state = wanted or OrderState(booking.order_state)
    if state == OrderState.ENDED:
        reason = booking.visit.cancel_reason if booking.visit else ""
        return Answer(booking.external_id, state, comment=reason)
    if not moved or booking.visit is None:
        return Answer(booking.external_id, state)
    visit = booking.visit
    resource = resource_of(visit)
    changed = None if str(resource) == booking.doctor else resource
    return Answer(booking.external_id, state, visit.start, visit.end, changed)


def wanted_state(booking: Booking) -> OrderState | None:
    """The state that the order should have at the portal and has not; it never steps back."""
    if booking.visit is None:
        wanted = booking.answer
    else:
        wanted = _STATES.get(booking.visit.status, OrderState.ACCEPTED)
    return OrderState(wanted) if _CLIMB[wanted] > _CLIMB[booking.order_state] else None


def settle_answer(booking: Booking, answer: Answer) -> None:
    """The portal has taken this answer; the caller's transaction."""
    booking.order_state = answer.state
    if answer.state == OrderState.ENDED:
        booking.status = Status.CANCELED
    if answer.start is not None:
        booking.start, booking.end = answer.start, answer.end
    if answer.resource is not None:
        booking.doctor = str(answer.resource)
    booking.problem = "" if booking.visit_id else booking.problem
    booking.seen_at = clock.now()
    booking.save()
    if booking.visit is not None:
        kinds = {OrderState.ACCEPTED: "told-accepted", OrderState.ENDED: "told-ended"}
        kind = "told-moved" if answer.start else kinds.get(answer.state, "told-moved")
        story.tell(booking.visit, kind, booking.account.channel, order=booking.external_id)


@transaction.atomic
def answer(*, booking: Booking, accept: bool, by: str) -> None:
    """Staff's answer to an order that has no visit here, as for a resource of the portal's own
    (U-38). It is sent at once, from here. Raises OrderOver.
    """
    row = Booking.objects.select_for_update().get(pk=booking.pk)
    wanted = OrderState.ACCEPTED if accept else OrderState.ENDED
    reached = max(_CLIMB[row.order_state], _CLIMB[row.answer])
    if row.status != Status.BOOKED or row.visit_id or _CLIMB[wanted] <= reached:
        raise OrderOver(f"order of booking {row.pk}")
    row.answer = wanted
    row.save(update_fields=["answer"])
    audit.record(
        organisation=row.organisation,
        actor=by,
        action="order.answer",
        target=row,
        answer=wanted.value,
    )
    wakeups.wake()


def resource_of(visit: Visit) -> int:
    """The resource that a visit's schedule is at the portal."""
    schedule = visit.schedule
    for kind in present.OWNERS:
        pk = getattr(schedule, f"{kind}_id")
        if pk is not None:
            return present.resource_id(kind, pk)
    raise ValueError("a schedule is of a practitioner, a room or a device")


_STATES: dict[str, OrderState] = {
    Visit.Status.PROPOSED: OrderState.WAITING,
    Visit.Status.CANCELLED: OrderState.ENDED,
}


# --- New ------------------------------------------------------------------------------------


def _apply_new(account: Account, order: PortalOrder, row: Booking | None = None) -> Booking:
    if order.state == OrderState.ENDED:
        return remember(account, order, visit=None)
    if order.end <= clock.now():
        return row or remember(
            account, order, visit=None, problem=_noop("It was over when we heard of it.")
        )
    try:
        schedule = _schedule(account, order)
    except CannotAssign as reason:
        log.warning("order not assigned", account=account.pk, order=order.id)
        return remember(account, order, visit=None, problem=str(reason))
    match = patients.match_or_register(
        organisation=account.organisation,
        data=patients.PatientData(
            given_name=order.patient.given_name,
            family_name=order.patient.family_name,
            email=order.patient.email,
            phone=order.patient.phone,
        ),
        channel=account.channel,
        by=account.channel,
    )
    visit = visits.book_visit(
        schedule=schedule,
        start=order.start,
        end=order.end,
        patient=match.patient,
        channel=account.channel,
        comment=order.comment,
        verify=match.verify,
        as_booked=match.as_booked,
        keep_clash=True,
        proposed=order.state == OrderState.WAITING,
        by=account.channel,
    )
    log.info("order taken over", visit=visit.pk, account=account.pk, order=order.id)
    return remember(account, order, visit=visit)


def remember(
    account: Account, order: PortalOrder, *, visit: Visit | None, problem: str = ""
) -> Booking:
    """The row of an order, made or brought up to date; data are sealed only without a visit."""
    ended = order.state == OrderState.ENDED
    return Booking.objects.update_or_create(
        organisation_id=account.organisation_id,
        account=account,
        external_id=order.id,
        defaults={
            "visit": visit,
            "doctor": "" if order.resource is None else str(order.resource),
            "status": Status.CANCELED if ended else Status.BOOKED,
            "order_state": order.state,
            "booked_by": "patient",
            "start": order.start,
            "end": order.end,
            "problem": problem[:300],
            "sealed_data": None if visit or ended else _sealed(order),
            "seen_at": clock.now(),
        },
    )[0]


def _schedule(account: Account, order: PortalOrder) -> Schedule:
    """The schedule of the resource whose slot it lies in, else its first. Raises CannotAssign."""
    if order.resource is None:
        raise CannotAssign(
            _noop("It is for one of the portal’s own resources, which has no schedule here.")
        )
    kind, pk = present.owner_of(order.resource)
    schedules = list(
        Schedule.objects.filter(
            **{f"{kind}_id": pk}, organisation_id=account.organisation_id, is_active=True
        )
        .select_related("clinic__unit")
        .order_by("pk")
    )
    if not schedules:
        raise CannotAssign(_noop("Whom or what it is for has no schedule here any more."))
    slot = (
        Slot.objects.filter(schedule__in=schedules, start__lt=order.end, end__gt=order.start)
        .order_by("start")
        .first()
    )
    return next((s for s in schedules if slot and s.pk == slot.schedule_id), schedules[0])


# --- Changed at the portal --------------------------------------------------------------------


def _apply_ended(account: Account, row: Booking) -> Booking:
    """Withdrawn by the patient, or rejected by somebody at the portal: it beats all else."""
    row.status, row.order_state, row.seen_at = Status.CANCELED, OrderState.ENDED, clock.now()
    row.sealed_data = None
    row.problem = "" if row.visit_id is None else row.problem
    row.save(update_fields=["status", "order_state", "seen_at", "sealed_data", "problem"])
    visit = row.visit
    if visit is None or visit.status == Visit.Status.CANCELLED:
        return row
    try:
        visits.cancel_visit(visit=visit, by=account.channel)
    except visits.VisitOver:  # begun, paid for or past (A59)
        _note(row, visit, _noop("It was cancelled there after it had begun or ended here."))
    return row


def _accepted_there(account: Account, row: Booking, visit: Visit) -> None:
    """The clinic's staff accepted it on the portal's own page."""
    try:
        visits.accept_visit(visit=visit, by=account.channel)
    except visits.VisitOver:
        _note(row, visit, _noop("It was accepted there after it had begun or ended here."))


def _moved_there(account: Account, order: PortalOrder, row: Booking, visit: Visit) -> None:
    """Somebody moved it at the portal: followed, unless it was moved here too, which is told."""
    untouched = visit.status in _OPEN and not _moved_here(row)
    row.start, row.end = order.start, order.end
    row.doctor = "" if order.resource is None else str(order.resource)
    row.save(update_fields=["start", "end", "doctor"])
    if not untouched:
        return
    try:
        visits.move_visit(
            visit=visit,
            schedule=_schedule(account, order),
            start=order.start,
            end=order.end,
            keep_clash=True,
            by=account.channel,
        )
    except CannotAssign as reason:
        _note(row, visit, str(reason))
    except visits.VisitOver:
        _note(row, visit, _noop("It was moved there after it had begun or ended here."))


def _moved_here(booking: Booking) -> bool:
    """Whether our visit lies elsewhere than the order, as far as the portal is concerned."""
    visit = booking.visit
    if visit is None or visit.status not in _OPEN:
        return False
    ours = (visit.start, visit.end, str(resource_of(visit)))
    return ours != (booking.start, booking.end, booking.doctor)


def _place(order: PortalOrder) -> tuple[object, ...]:
    return order.start, order.end, "" if order.resource is None else str(order.resource)


def _climb(row: Booking, state: OrderState) -> None:
    if _CLIMB[state] > _CLIMB[row.order_state]:
        row.order_state = state
        row.save(update_fields=["order_state"])


def _note(row: Booking, visit: Visit, problem: str) -> None:
    """A59: what happened in the room stands; staff are shown what the portal said."""
    row.problem = problem
    row.save(update_fields=["problem"])
    story.tell(visit, "portal-too-late", row.account.channel, order=row.external_id)


def _sealed(order: PortalOrder) -> bytes:
    patient = asdict(replace(order.patient, consents=dict(order.patient.consents)))
    data = {"comment": order.comment, "resource": order.resource_name, **patient}
    return box().seal(json.dumps(data, default=str))
