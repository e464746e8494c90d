"""Holds: time kept for a short while, until somebody books it, gives it back or lets it expire.

A hold is a `proposed` visit with an expiry and, as a rule, without a patient. One that ended stays
as a cancelled visit, since its story answers "why was this time not offered at nine?".
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from slotbridge.his import audit, occupancy, outbox, story
from slotbridge.his.models import Schedule, Service, Visit, VisitEvent
from slotbridge.his.occupancy import NoSlot, Place
from slotbridge.kit import clock

_AT_ONCE = 1000


@transaction.atomic
def hold(
    *,
    schedule: Schedule,
    start: datetime,
    end: datetime,
    lasting: timedelta,
    service: Service | None = None,
    channel: str = "",
    by: str,
) -> Visit:
    """Keeps [start, end) for `channel`. Asked twice for one start, by one channel (at reception:
    by one person), it is one hold, which lasts from the second question.

    Raises NoSlot (A47: a channel's slot must be visible there), SlotTaken.
    """
    place = occupancy.find(schedule, start, end)
    if not place.is_open_for(channel):
        raise NoSlot(schedule.pk)
    now = clock.now()
    visit = own_hold(place, channel, by)
    is_new = visit is None
    if visit is None:
        visit = Visit(
            organisation_id=schedule.organisation_id,
            status=Visit.Status.PROPOSED,
            origin_channel=channel,
            created_at=now,
        )
    end_expired(place, keep=visit)
    occupancy.lay(visit, place)
    visit.service = service
    visit.expires_at = now + lasting
    visit.changed_at = now
    occupancy.save_on_free_time(visit)
    kind = "held" if is_new else "held-longer"
    story.tell(visit, kind, by, **story.place_of(visit), until=visit.expires_at, channel=channel)
    _record(visit, f"hold.{kind}", by)
    return visit


@transaction.atomic
def release(visit: Visit, *, by: str = "system") -> None:
    """Gives held time back. What is no hold any more (booked, released, expired) stays as it is."""
    held = _holds().filter(pk=visit.pk).first()
    if held is not None:
        end_hold(held, "released", by)


@transaction.atomic
def remove_expired_holds() -> int:
    """Ends holds that are past their time; returns how many. Only tidies up, and lets other
    portals hear of the time: an expired hold blocks nobody.
    """
    expired = _holds().filter(expires_at__lte=clock.now()).order_by("expires_at", "pk")
    # Those that somebody else has in hand are being booked or ended there.
    expired = expired.select_for_update(no_key=True, skip_locked=True, of=("self",))[:_AT_ONCE]
    ended = list(expired)
    for held in ended:
        end_hold(held, "expired", "system")
    return len(ended)


def own_hold(place: Place, channel: str, by: str) -> Visit | None:
    """The hold of this channel (at reception: of this person) for this start, locked; expired
    or not. A portal that holds a start books that start, perhaps for another service and length.
    """
    held = _in_the_way(place).filter(
        schedule=place.schedule, start=place.start, origin_channel=channel
    )
    if not channel:
        by_me = VisitEvent.objects.filter(visit=OuterRef("pk"), kind="held", actor=by)
        held = held.filter(Exists(by_me))
    return held.first()


def end_expired(place: Place, keep: Visit | None = None) -> None:
    """Ends the expired holds that lie in the way of whoever takes this place."""
    for held in _in_the_way(place).filter(expires_at__lte=clock.now()):
        if held != keep:
            end_hold(held, "expired", "system")


def end_hold(held: Visit, kind: str, by: str) -> None:
    """Ends a hold that the caller has locked; `kind` is "released" or "expired"."""
    held.status = Visit.Status.CANCELLED
    held.expires_at = None
    held.cancelled_by = story.side_of(held.organisation_id, by)
    held.changed_at = clock.now()
    held.save(update_fields=["status", "expires_at", "cancelled_by", "changed_at"])
    story.tell(held, kind, by)
    _record(held, f"hold.{kind}", by)


def _holds() -> QuerySet[Visit]:
    return (
        Visit.objects.filter(status=Visit.Status.PROPOSED, expires_at__isnull=False)
        .order_by("pk")
        .select_for_update(no_key=True, of=("self",))
    )


def _in_the_way(place: Place) -> QuerySet[Visit]:
    row = place.slot or place.schedule
    overlapping = occupancy.overlapping(row, place.start, place.end)
    # clash="" and the status let PostgreSQL use the index of the exclusion constraints.
    held = overlapping.filter(status=Visit.Status.PROPOSED, clash="", expires_at__isnull=False)
    return held.order_by("pk").select_for_update(no_key=True, of=("self",))


def _record(held: Visit, action: str, by: str) -> None:
    """Names the days, not the visit: a hold is nothing that a portal is told of."""
    same = Q()
    for kind in ("practitioner", "room", "device"):
        if key := getattr(held, f"{kind}_id"):
            same |= Q(**{kind: key})
    outbox.record_span(same, held.start, held.end)
    audit.record(organisation=held.organisation, actor=by, action=action, target=held)
