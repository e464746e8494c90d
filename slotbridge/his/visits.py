"""Visits: book, move, cancel, mark what became of them, settle clashes.

Two active visits without a clash never share a practitioner, room or device: the database says so
(`occupancy`). A visit that a portal has confirmed to its patient is never dropped: `keep_clash`
keeps it beside what is there, for a person to settle (A46, A47).
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db import transaction

from slotbridge.his import audit, holds, occupancy, outbox, patients, story
from slotbridge.his.agreed import Agreed, agreed_price
from slotbridge.his.details import VisitDetails, note_details
from slotbridge.his.holds import hold, release, remove_expired_holds
from slotbridge.his.models import Patient, Schedule, Service, Visit
from slotbridge.his.nearest import nearest_free
from slotbridge.his.occupancy import NoSlot, Place, SlotTaken
from slotbridge.kit import clock

__all__ = [
    "NoSlot",
    "SlotTaken",
    "TooEarly",
    "VisitDetails",
    "VisitOver",
    "accept_visit",
    "book_visit",
    "cancel_visit",
    "confirm_visit",
    "hold",
    "mark_arrived",
    "mark_fulfilled",
    "mark_noshow",
    "move_visit",
    "nearest_free",
    "note_details",
    "release",
    "remove_expired_holds",
    "settle_clash",
]

Status = Visit.Status


class VisitOver(Exception):
    """It is too late to change the visit this way: show it as it is (A59).

    `status` is the visit's; `why` is "past", "begun", "paid", "hold" or that status.
    """

    def __init__(self, visit: Visit, why: str) -> None:
        super().__init__(f"visit {visit.pk}: {why}")
        self.visit_id = visit.pk
        self.status = visit.status
        self.why = why


class TooEarly(Exception):
    """The visit has not begun, so nobody can have missed it: wait, or cancel it."""

    def __init__(self, visit: Visit) -> None:
        super().__init__(f"visit {visit.pk}")
        self.visit_id = visit.pk


@transaction.atomic
def book_visit(
    *,
    schedule: Schedule,
    start: datetime,
    end: datetime,
    patient: Patient,
    service: Service | None = None,
    channel: str = "",
    price_minor: int | None = None,
    currency: str = "",
    comment: str = "",
    verify: Collection[str] = (),
    as_booked: Mapping[str, str] | None = None,
    keep_clash: bool = False,
    proposed: bool = False,
    by: str,
) -> Visit:
    """Books [start, end) for the patient (or whom that record was merged into).

    `proposed`: a portal's order that waits for the clinic's answer; it takes its time until it is
    accepted or cancelled.

    `channel` is where it was booked, "" our reception; a hold of that channel for this start
    becomes the visit. `price_minor` in minor units of `currency`, as agreed there; without it the
    clinic's list price on the channel that day (A30, A60). `verify` and `as_booked` are those of
    `matching.Match`. Services that a slot is limited to bind what is offered (A18), not staff.

    Raises SlotTaken, NoSlot; with `keep_clash` neither: the visit is kept and marked.
    """
    patient = patients.present(patient)
    place = occupancy.find(schedule, start, end)
    visit = holds.make_way(place, by, channel)
    # What was held was promised, even if the slot was taken off the channel since.
    is_open = place.is_open_for("" if visit else channel)
    if not is_open and not keep_clash:
        raise NoSlot(schedule.pk)
    now = clock.now()
    visit = visit or Visit(organisation=schedule.organisation, created_at=now)
    visit.status, visit.expires_at = Status.PROPOSED if proposed else Status.BOOKED, None
    visit.origin_channel, visit.changed_at = channel, now
    visit.patient, visit.service, visit.comment = patient, service, comment
    visit.verify, visit.as_booked = list(verify), dict(as_booked or {})
    occupancy.lay(visit, place)
    _agree(visit, agreed_price(visit, given=price_minor, currency=currency))
    taker = _save(visit, is_open=is_open, keep_clash=keep_clash)
    service_id = None if service is None else service.pk
    kind = "proposed" if proposed else "booked"
    _tell(visit, kind, by, **story.place_of(visit), service=service_id, channel=channel)
    _tell_clash(visit, by, taker)
    outbox.record_visit(visit)
    return visit


@transaction.atomic
def move_visit(
    *,
    visit: Visit,
    schedule: Schedule | None = None,
    start: datetime,
    end: datetime,
    service: Service | None = None,
    keep_clash: bool = False,
    by: str,
) -> Visit:
    """Moves the visit, to another practitioner by another schedule (A58); it stays the same
    visit, with its story, comment and payment. Another service is agreed at its list price.

    A clash ends if the new time is free; a confirmation does not hold for another time. Raises
    VisitOver; SlotTaken and NoSlot unless `keep_clash`. The target need not be visible on the
    visit's channels (A42).
    """
    visit = _locked(visit)
    _refuse_if_over(visit)
    beside = _clashing_with(visit)
    place = occupancy.find(schedule or visit.schedule, start, end, visit, *beside)
    is_open = place.is_open_for("")
    if not is_open and not keep_clash:
        raise NoSlot(place.schedule.pk)
    _end_holds_for(place, by)
    outbox.record_visit(visit)
    before, old_clash = story.place_of(visit), visit.clash
    visit.is_confirmed = visit.is_confirmed and visit.start == start
    occupancy.lay(visit, place)
    if service is not None and service.pk != visit.service_id:
        visit.service = service
        _agree(visit, agreed_price(visit))
    visit.changed_at = clock.now()
    taker = _save(visit, is_open=is_open, keep_clash=keep_clash)
    moved = {"from": before, "to": story.place_of(visit), "service": visit.service_id}
    _tell(visit, "moved", by, **moved)
    _tell_clash(visit, by, taker)
    if old_clash and not visit.clash:
        story.tell(visit, "clash-settled", by, clash=old_clash)
    outbox.record_visit(visit)
    _settle_beside(beside, by)
    return visit


@transaction.atomic
def cancel_visit(*, visit: Visit, reason: str = "", by: str) -> Visit:
    """Cancels a visit or gives back a hold. `reason` is told to the patient by a portal, and not
    repeated in the story. What clashed with the visit only is settled.

    Raises VisitOver; also when a channel cancels what is paid already (A59).
    """
    visit = _locked(visit)
    side = story.side_of(visit.organisation_id, by)
    if visit.expires_at is not None:
        holds.end_hold(visit, "released", by)
        return visit
    _refuse_if_over(visit)
    if visit.holds_money and side not in {"reception", "system"}:
        raise VisitOver(visit, "paid")
    limit = Visit._meta.get_field("cancel_reason").max_length  # noqa: SLF001 - Django's documented door to a model's description
    visit.cancel_reason = reason[:limit]
    visit.cancelled_by = side
    _give_way(visit, Status.CANCELLED, by)
    return visit


@transaction.atomic
def accept_visit(*, visit: Visit, by: str) -> Visit:
    """The clinic takes what a portal's patient proposed, beside another visit too if the two
    clash (U-42). Once more changes nothing. Raises VisitOver.
    """
    visit = _locked(visit)
    if visit.status != Status.BOOKED:
        _refuse_if_over(visit)
        _become(visit, Status.BOOKED, by, kind="accepted")
    return visit


@transaction.atomic
def confirm_visit(*, visit: Visit, by: str) -> Visit:
    """The patient has said that they will come. Once more changes nothing. Raises VisitOver."""
    visit = _locked(visit)
    if not visit.is_confirmed:
        _refuse_if_over(visit)
        if visit.status != Status.BOOKED:
            raise VisitOver(visit, visit.status)
        visit.is_confirmed = True
        _become(visit, Status.BOOKED, by, kind="confirmed")
    return visit


@transaction.atomic
def mark_arrived(*, visit: Visit, by: str) -> Visit:
    """The patient is here. Once more changes nothing. Raises VisitOver."""
    visit = _locked(visit)
    if _is_news(visit, Status.ARRIVED, Status.BOOKED):
        _become(visit, Status.ARRIVED, by)
    return visit


@transaction.atomic
def mark_fulfilled(*, visit: Visit, by: str) -> Visit:
    """The visit took place. Once more changes nothing. Raises VisitOver."""
    visit = _locked(visit)
    if _is_news(visit, Status.FULFILLED, Status.BOOKED, Status.ARRIVED):
        _become(visit, Status.FULFILLED, by)
    return visit


@transaction.atomic
def mark_noshow(*, visit: Visit, by: str) -> Visit:
    """The patient did not come. Once more changes nothing. Raises VisitOver, TooEarly."""
    visit = _locked(visit)
    if _is_news(visit, Status.NOSHOW, Status.BOOKED, Status.ARRIVED):
        if clock.now() < visit.start:
            raise TooEarly(visit)
        _give_way(visit, Status.NOSHOW, by)
    return visit


@transaction.atomic
def settle_clash(*, visit: Visit, by: str) -> Visit:
    """A person says that the clash is over: the visit now holds its time like any other. With
    "no slot", that the visit takes place all the same.

    Raises SlotTaken while somebody else has the time, VisitOver if the visit is not active.
    """
    visit = _locked(visit)
    if visit.status not in Visit.ACTIVE:
        raise VisitOver(visit, visit.status)
    if visit.clash:
        _settle(visit, occupancy.find(visit.schedule, visit.start, visit.end, visit), by)
    return visit


def _locked(visit: Visit) -> Visit:
    """The present row, locked: what the caller holds may be old."""
    return Visit.objects.select_for_update(no_key=True).get(pk=visit.pk)


def _refuse_if_over(visit: Visit) -> None:
    now = clock.now()
    if visit.expires_at is not None:
        raise VisitOver(visit, "hold")
    if visit.status not in {Status.PROPOSED, Status.BOOKED}:
        raise VisitOver(visit, visit.status)
    if visit.start <= now:
        raise VisitOver(visit, "past" if visit.end <= now else "begun")


def _agree(visit: Visit, agreed: Agreed) -> None:
    visit.price_minor, visit.currency = agreed.minor, agreed.currency
    visit.price_differs = agreed.differs


def _end_holds_for(place: Place, by: str) -> None:
    """A portal that asked before it moves holds the time that it now moves to."""
    side = story.side_of(place.schedule.organisation_id, by)
    mine = holds.make_way(place, by, "" if side in {"reception", "system"} else side)
    if mine is not None:
        holds.end_hold(mine, "released", by)


def _save(visit: Visit, *, is_open: bool, keep_clash: bool) -> int | None:
    """Saves on free time, or with a clash; returns the visit that was in the way, if one was."""
    if not is_open:
        visit.clash = Visit.Clash.NO_SLOT
        visit.save()
        return None
    try:
        occupancy.save_on_free_time(visit)
    except SlotTaken as taken:
        if not keep_clash:
            raise
        visit.clash = Visit.Clash.TAKEN
        visit.save()
        return taken.visit_id
    return None


def _tell(visit: Visit, kind: str, by: str, **data: object) -> None:
    story.tell(visit, kind, by, **data)
    audit.record(organisation=visit.organisation, actor=by, action=f"visit.{kind}", target=visit)


def _tell_clash(visit: Visit, by: str, taker: int | None) -> None:
    if visit.clash:
        beside = {} if taker is None else {"with": taker}
        story.tell(visit, "clash", by, clash=visit.clash, **beside)


def _become(visit: Visit, status: str, by: str, kind: str = "") -> None:
    visit.status = status
    visit.changed_at = clock.now()
    visit.save()
    _tell(visit, kind or status, by)
    outbox.record_visit(visit)


def _is_news(visit: Visit, status: str, *possible: str) -> bool:
    if visit.status != status and visit.status not in possible:
        raise VisitOver(visit, visit.status)
    return visit.status != status


def _give_way(visit: Visit, status: str, by: str) -> None:
    """The visit becomes one that takes no time."""
    beside = _clashing_with(visit)
    occupancy.lock_owners(*beside)
    _become(visit, status, by)
    _settle_beside(beside, by)


def _clashing_with(visit: Visit) -> list[Visit]:
    """Those that clash where the visit lies, locked, the oldest first. One that somebody else is
    changing right now is left to them: it is settled, or not, by what they do.
    """
    beside = occupancy.overlapping(visit, visit.start, visit.end).exclude(pk=visit.pk)
    beside = beside.filter(clash=Visit.Clash.TAKEN, status__in=Visit.ACTIVE).order_by("pk")
    return list(beside.select_for_update(no_key=True, skip_locked=True, of=("self",)))


def _settle_beside(beside: list[Visit], by: str) -> None:
    """Where a visit gave way, one that clashed with it takes its time: the person who moved or
    cancelled one of two has settled the matter.
    """
    for visit in beside:
        try:
            with transaction.atomic():
                _settle(visit, Place.of(visit), by)
        except SlotTaken:
            continue


def _settle(visit: Visit, place: Place, by: str) -> None:
    """Ends the clash of a visit, it and its owners locked by the caller. Raises SlotTaken."""
    clash = visit.clash
    holds.make_way(place, by)
    occupancy.lay(visit, place)
    visit.changed_at = clock.now()
    occupancy.save_unclashed(visit)
    _tell(visit, "clash-settled", by, clash=clash)
    outbox.record_visit(visit)
