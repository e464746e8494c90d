"""What a portal is to be told of one visit next (A40-A45): decided from the present state of the
visit and of what the portal was told.

Before a write that must not be repeated blindly the doubt is stored; it is cleared with the
outcome. A worker killed in between leaves the doubt, and whoever follows reads first (promise 5).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from django.db import transaction

from slotbridge.his.models import Visit
from slotbridge.kit import clock
from slotbridge.sync import bookings
from slotbridge.sync.models import Account, Booking, Listing, ListingSchedule, VisitTarget
from slotbridge.sync.queue import Lease
from slotbridge.sync.wanted import Offering

Told, Doubt = VisitTarget.Told, VisitTarget.Doubt

LIVE = (Visit.Status.BOOKED, Visit.Status.ARRIVED)
PRESENT, ABSENT = "present", "absent"  # the values of contract.PortalBooking.presence
CAME = (Visit.Status.ARRIVED, Visit.Status.FULFILLED)


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
    CONFIRM = auto()
    PRESENT = auto()
    ABSENT = auto()
    WAIT = auto()  # for the visit to begin: sooner the portal takes no word of who came


@dataclass(frozen=True, slots=True)
class Plan:
    do: Do
    asked: int
    target: VisitTarget
    visit: Visit
    booking: Booking | None = None
    listing: Listing | None = None
    service: str = ""


@transaction.atomic
def decide(lease: Lease, target_id: int) -> Plan:
    account = lease.confirm()
    target = (
        VisitTarget.objects.select_for_update(of=("self",))
        .select_related("account")
        .get(pk=target_id)
    )
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
        target.lacks_service = do is Do.BREAK
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
        same = same and (target.told_start, target.told_end) == (visit.start, visit.end)
        if same and not _can_be_booked_now(target, visit, listing):
            return Do.NOTHING, listing, ""
        return Do.DELETE_BREAK, target.told_listing, ""
    return _next_for_untold(visit, listing)


def _can_be_booked_now(target: VisitTarget, visit: Visit, listing: Listing | None) -> bool:
    """Whether a break stands only for want of a service that has come to the address since (A40).
    One that stands because the portal refused the booking stays.
    """
    ahead = target.lacks_service and visit.start > clock.now() and not visit.clash
    return ahead and listing is not None and bool(_service_at(listing, visit))


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
    is_cancelled = visit.status == Visit.Status.CANCELLED
    if is_cancelled and booking and booking.end and booking.end > now:
        return Do.CANCEL, booking.listing, ""
    if target.break_id and target.told_end and target.told_end > now:
        return Do.DELETE_BREAK, target.told_listing, ""
    if booking is not None and not is_cancelled:
        return _next_detail(target, visit, booking), booking.listing, ""
    return Do.NOTHING, None, ""


def _next_detail(target: VisitTarget, visit: Visit, booking: Booking) -> Do:
    """What is left to tell of a booking whose time is agreed: the portal's own patients only, and
    each word once (A45).
    """
    if booking.listing is None or visit.origin_channel != target.account.channel:
        return Do.NOTHING
    now = clock.now()
    said = presence_of(visit)
    if said and said not in {target.told_presence, booking.presence}:
        if visit.start > now:
            return Do.WAIT
        return Do.PRESENT if said == PRESENT else Do.ABSENT
    is_to_confirm = visit.is_confirmed and visit.status == Visit.Status.BOOKED
    if is_to_confirm and visit.start > now and not (booking.is_confirmed or target.told_confirmed):
        return Do.CONFIRM
    return Do.NOTHING


def presence_of(visit: Visit) -> str:
    """Whether the patient came, as the room knows; "" before it does."""
    if visit.status in CAME:
        return PRESENT
    return ABSENT if visit.status == Visit.Status.NOSHOW else ""


def _next_for_booked(
    target: VisitTarget, visit: Visit, booking: Booking, listing: Listing | None
) -> tuple[Do, Listing | None, str]:
    if target.break_id:
        return Do.DELETE_BREAK, target.told_listing, ""
    if bookings.agrees(booking, visit, listing):
        return _next_detail(target, visit, booking), listing, ""
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
