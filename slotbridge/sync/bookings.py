"""A portal's bookings become visits: found, made, moved, cancelled (R24-R26, A13, A44-A60).

What is applied was read from the portal a moment ago, so applying it again, late or in another
order ends in the same state. Nothing here speaks to a portal but `read_again`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_noop as _noop

from slotbridge.his import patients, story, visits
from slotbridge.his.models import Schedule, Service, Slot, Visit
from slotbridge.kit import clock
from slotbridge.sync import fanout
from slotbridge.sync.contract import (
    By,
    CalendarConnector,
    Gone,
    ItemKind,
    ListingRef,
    PortalBooking,
    PortalPatient,
    Refused,
)
from slotbridge.sync.models import Account, Booking, CatalogueItem, Link, Listing
from slotbridge.sync.queue import Lease
from slotbridge.sync.registry import calendar_class
from slotbridge.sync.seals import box

log = structlog.stdlib.get_logger(__name__)

Status = Booking.Status


class CannotAssign(Exception):
    """No record of ours for it (A48): kept with its data for a person; the text says which."""


@transaction.atomic
def apply(account: Account, found: PortalBooking, *, old_booking: str = "") -> Booking:
    """Makes the HIS agree with a booking as the portal holds it now.

    `old_booking`: its id before a move, where a notification names it. The caller holds the
    account's lease. Never raises for what the booking says: what cannot be assigned is kept with
    its reason, and a clash is kept beside the visit it clashes with.
    """
    row = Booking.objects.select_for_update().filter(account=account, external_id=found.id).first()
    if not found.is_booked:
        return _apply_canceled(account, found, row)
    if row is None:
        before = _before(account, found, old_booking)
        if before is not None:
            return _apply_moved(account, found, before)
        return _apply_new(account, found)
    if row.status != Status.BOOKED:
        return row  # ended ones stay ended: a late "booked" does not revive them (A57)
    if row.visit_id is None:
        return _apply_new(account, found, row)
    return _apply_changed(account, found, row)


def read_newest(
    connector: CalendarConnector, account_id: int, at: ListingRef, booking: str
) -> PortalBooking:
    """A booking as the portal holds it now; one that was moved on, under its newest id.

    A move may have taken it to another doctor, whose address the portal does not name: the
    facility's other calendars are asked. Where none has it, the old one is returned, which names
    its newest id. Raises Gone or Refused if even that is not there.
    """
    found = connector.booking(at, booking)
    if not moved_on(found):
        return found
    others = Listing.objects.filter(account_id=account_id, facility=at.facility).exclude(
        address=at.address
    )
    for ref in [at, *(listing.ref for listing in others.order_by("-is_active", "pk"))]:
        try:
            return connector.booking(ref, found.newest_id)
        except Refused:  # not there
            continue
    return found


def moved_on(found: PortalBooking) -> bool:
    """Whether the portal says that this booking lives on under another id."""
    return found.newest_id not in {"", found.id}


def read_again(lease: Lease, connector: CalendarConnector, booking: Booking) -> bool:
    """Reads what became of a booking that the portal would not move or cancel; whether it is
    still there, unchanged.
    """
    if booking.listing is None:
        return False
    try:
        found = read_newest(connector, lease.account_id, booking.listing.ref, booking.external_id)
    except Gone:
        # Deleted there: patrol will leave it for a person. Nothing is cancelled on a guess.
        _look_soon(booking.listing)
        return False
    with transaction.atomic():
        account = lease.confirm()
        apply(account, found, old_booking=booking.external_id)
        if booking.visit_id is not None:
            fanout.ask_visits([booking.visit_id], account)
    same = found.id == booking.external_id
    return found.is_booked and same and (found.start, found.end) == (booking.start, booking.end)


def agrees(booking: Booking, visit: Visit, listing: Listing | None) -> bool:
    """Whether the portal's booking and our visit are at one time with one person."""
    same_place = booking.listing_id == (listing.pk if listing else None)
    if not same_place and booking.listing is not None:
        # Unmapped since it was booked, but the person has not changed (A20).
        same_place = listing is None and booking.listing.practitioner_id == visit.practitioner_id
    return same_place and (booking.start, booking.end) == (visit.start, visit.end)


def remember(
    account: Account,
    found: PortalBooking,
    *,
    visit: Visit | None,
    booked_by: By | None = None,
    problem: str = "",
) -> Booking:
    """The row of a booking, made or brought up to date; data are sealed only without a visit."""
    return Booking.objects.update_or_create(
        organisation_id=account.organisation_id,
        account=account,
        external_id=found.id,
        defaults={
            "visit": visit,
            "listing": listing_at(account, found.address),
            "facility": found.facility,
            "doctor": found.doctor,
            "address": found.address,
            "status": Status.BOOKED if found.is_booked else Status.CANCELED,
            "booked_by": str(booked_by or found.booked_by),
            "start": found.start,
            "end": found.end,
            "problem": problem[:300],
            "sealed_data": None if visit else _sealed(found),
            "seen_at": clock.now(),
        },
    )[0]


def listing_at(account: Account, address: str) -> Listing | None:
    return Listing.objects.filter(account=account, address=address).first()


def data_of(booking: Booking) -> dict[str, object]:
    """What the portal said of a booking that has no visit, for staff who settle it (A48)."""
    if booking.sealed_data is None:
        return {}
    opened: dict[str, object] = json.loads(box().open_text(booking.sealed_data))
    return opened


def for_a_person(account: Account) -> QuerySet[Booking]:
    """Bookings that somebody has to look at: not assigned, or told too late (A48, A59)."""
    return Booking.objects.filter(
        Q(status=Status.BOOKED) | Q(visit__isnull=False), ~Q(problem=""), account=account
    )


@transaction.atomic
def note_seen(*, booking: Booking, by: str) -> None:
    """A person has read why a booking was marked. One that is ahead and has no visit stays: it
    is assigned by itself when what is missing is there.
    """
    over = Q(visit__isnull=False) | Q(end__lte=clock.now())
    if Booking.objects.filter(over, pk=booking.pk).update(problem="") and booking.visit:
        story.tell(booking.visit, "note-seen", by, booking=booking.external_id)


# --- New ------------------------------------------------------------------------------------


def _apply_new(account: Account, found: PortalBooking, row: Booking | None = None) -> Booking:
    if found.booked_by == By.US:
        return _adopt(account, found)
    if found.end <= clock.now():
        # Over before we heard of it (A63 takes over what is ahead): nothing to hold time for.
        return row or remember(
            account, found, visit=None, problem=_noop("It was over when we heard of it.")
        )
    try:
        schedule, service = _assign(account, found)
    except CannotAssign as reason:
        log.warning("booking not assigned", account=account.pk, booking=found.id)
        return remember(account, found, visit=None, problem=str(reason))
    patient = found.patient or PortalPatient()
    match = patients.match_or_register(
        organisation=account.organisation,
        data=patients.PatientData(
            given_name=patient.given_name,
            family_name=patient.family_name,
            email=patient.email,
            phone=patient.phone,
            birth_date=patient.birth_date,
            national_id=patient.national_id,
            sex=patient.sex,
            consents=patient.consents,
        ),
        channel=account.channel,
        by=account.channel,
    )
    visit = visits.book_visit(
        schedule=schedule,
        start=found.start,
        end=found.end,
        patient=match.patient,
        service=service,
        channel=account.channel,
        price_minor=found.price_minor,
        currency="" if found.price_minor is None else _currency(account),
        comment=found.comment,
        verify=match.verify,
        as_booked=match.as_booked,
        keep_clash=True,
        by=account.channel,
    )
    log.info("visit booked", visit=visit.pk, account=account.pk, booking=found.id)
    problem = (
        "" if service else _noop("The service it was booked for is not linked to one of ours.")
    )
    return remember(account, found, visit=visit, problem=problem)


def _adopt(account: Account, found: PortalBooking) -> Booking:
    """A booking that we made ourselves and did not hear the answer of; never a new visit."""
    visit = _visit_of_marker(account, found.comment)
    taken = (
        visit is not None
        and Booking.objects.filter(account=account, visit=visit, status=Status.BOOKED).exists()
    )
    if visit is None or taken:
        return remember(
            account,
            found,
            visit=None,
            problem=_noop("Made by this integration, but for no visit here."),
        )
    fanout.ask_visits([visit.pk], account)
    return remember(account, found, visit=visit)


def _visit_of_marker(account: Account, comment: str) -> Visit | None:
    for word in comment.replace("[", " ").replace("]", " ").split():
        try:
            marker = UUID(word)
        except ValueError:
            continue
        return Visit.objects.filter(
            organisation_id=account.organisation_id, public_id=marker
        ).first()
    return None


def _assign(account: Account, found: PortalBooking) -> tuple[Schedule, Service | None]:
    """The schedule by the slot (A13), then the service in that clinic. Raises CannotAssign."""
    listing = listing_at(account, found.address)
    if listing is None:
        raise CannotAssign(_noop("No practitioner of ours is linked to this doctor and address."))
    schedules = list(
        Schedule.objects.filter(listings__listing=listing).select_related("clinic").order_by("pk")
    )
    if not schedules:
        raise CannotAssign(_noop("The links of this doctor and address were removed."))
    slot = (
        Slot.objects.filter(schedule__in=schedules, start__lt=found.end, end__gt=found.start)
        .order_by("start")
        .first()
    )
    schedule = next((s for s in schedules if slot and s.pk == slot.schedule_id), schedules[0])
    return schedule, _service(account, schedule, found)


def _service(account: Account, schedule: Schedule, found: PortalBooking) -> Service | None:
    item = CatalogueItem.objects.filter(
        account=account, kind=ItemKind.ADDRESS_SERVICE, external_id=found.service
    ).first()
    if item is None or not item.service:
        return None
    linked = [
        link.service
        for link in Link.objects.filter(
            account=account,
            service__isnull=False,
            ended_at__isnull=True,
            item__kind=ItemKind.SERVICE,
            item__external_id=item.service,
        ).select_related("service")
        if link.service is not None
    ]
    priced = [
        service
        for service in linked
        if service.prices.filter(
            price_list__clinic=schedule.clinic_id, price_list__uses__channel=account.channel
        ).exists()
    ]
    return next(iter(priced or linked), None)


# --- Moved, changed, cancelled ----------------------------------------------------------------


def _before(account: Account, found: PortalBooking, old_booking: str) -> Booking | None:
    """The booking that this one replaces: named by the notification, or by the chain's origin."""
    for external_id in dict.fromkeys([old_booking, found.origin_id]):
        if not external_id or external_id == found.id:
            continue
        row = (
            Booking.objects.select_for_update()
            .filter(account=account, external_id=external_id)
            .first()
        )
        while row is not None and row.replaced_by_id is not None:
            row = Booking.objects.select_for_update().get(pk=row.replaced_by_id)
        if row is not None:
            return row
    return None


def _apply_moved(account: Account, found: PortalBooking, before: Booking) -> Booking:
    """A move: the same visit at another time or with another person (A58), under a new id."""
    visit = before.visit
    unchanged_here = visit is not None and _unchanged_here(account, before, visit)
    before.status = Status.MOVED
    before.save(update_fields=["status"])
    if visit is None:
        row = _apply_new(account, found)
    else:
        row = remember(account, found, visit=visit)
        if unchanged_here:
            _follow(account, found, row, visit)
        # Else we moved or cancelled it too, and the portal is to be told: of two moves ours
        # stands, and a cancellation beats a move (A44).
        fanout.ask_visits([visit.pk], account)
    before.replaced_by = row
    before.save(update_fields=["replaced_by"])
    return row


def _apply_changed(account: Account, found: PortalBooking, row: Booking) -> Booking:
    visit = row.visit
    assert visit is not None
    if (row.start, row.end, row.address) == (found.start, found.end, found.address):
        Booking.objects.filter(pk=row.pk).update(seen_at=clock.now())
        return row
    unchanged_here = _unchanged_here(account, row, visit)
    row = remember(account, found, visit=visit, booked_by=By(row.booked_by))
    if unchanged_here:
        _follow(account, found, row, visit)
    fanout.ask_visits([visit.pk], account)
    return row


def _unchanged_here(account: Account, booking: Booking, visit: Visit) -> bool:
    listing = Listing.objects.filter(account=account, shown__schedule_id=visit.schedule_id).first()
    return visit.status in {"booked", "arrived"} and agrees(booking, visit, listing)


def _follow(account: Account, found: PortalBooking, row: Booking, visit: Visit) -> None:
    """Moves our visit where the portal moved its booking."""
    try:
        schedule, service = _assign(account, found)
    except CannotAssign as problem:
        row.problem = str(problem)
        row.sealed_data = _sealed(found)
        row.save(update_fields=["problem", "sealed_data"])
        return
    try:
        visits.move_visit(
            visit=visit,
            schedule=schedule,
            start=found.start,
            end=found.end,
            service=service or visit.service,
            keep_clash=True,
            by=account.channel,
        )
    except visits.VisitOver:
        _note(account, visit, row, _noop("It was moved there after it had begun or ended here."))


def _apply_canceled(account: Account, found: PortalBooking, row: Booking | None) -> Booking:
    if row is None:
        return remember(account, found, visit=None)  # remembered (A57)
    if row.status != Status.BOOKED:
        return row
    if moved_on(found):
        # Not cancelled: moved where we cannot read it. The visit stays until a person knows.
        row.problem = _noop(
            "Moved on the portal to somebody who is not linked here. Ask the patient."
        )
        row.save(update_fields=["problem"])
        return row
    row.status, row.seen_at = Status.CANCELED, clock.now()
    row.save(update_fields=["status", "seen_at"])
    visit = row.visit
    if visit is None or visit.status == Visit.Status.CANCELLED:
        return row
    if found.canceled_by == By.US:
        # Our own doing (a cancellation to book anew, A43): the visit decides what is told next.
        fanout.ask_visits([visit.pk], account)
        return row
    try:
        visits.cancel_visit(visit=visit, reason="", by=account.channel)
    except visits.VisitOver:  # begun, paid for or past (A59)
        _note(
            account, visit, row, _noop("It was cancelled there after it had begun or ended here.")
        )
    return row


def _note(account: Account, visit: Visit, row: Booking, problem: str) -> None:
    """A59: what happened in the room stands; staff are shown what the portal said."""
    row.problem = problem
    row.save(update_fields=["problem"])
    story.tell(visit, "portal-too-late", account.channel, booking=row.external_id)


def _look_soon(listing: Listing) -> None:
    Listing.objects.filter(pk=listing.pk).update(patrol_due_at=clock.now() + timedelta(seconds=5))


def _currency(account: Account) -> str:
    return calendar_class(account.kind).currency_of(account.settings)


def _sealed(found: PortalBooking) -> bytes:
    patient = asdict(replace(found.patient, consents=dict(found.patient.consents))) \
        if found.patient else {}  # fmt: skip
    return box().seal(
        json.dumps({"comment": found.comment, "service": found.service, **patient}, default=str)
    )
