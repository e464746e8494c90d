"""Holds: time kept for a short while, until somebody books it, gives it back or lets it expire.

A hold is a `proposed` visit with an expiry and, as a rule, without a patient. One that ended stays
as a cancelled visit, since its story answers "why was this time not offered at nine?".
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from slotbridge.his import audit, occupancy, outbox, story
from slotbridge.his.models import Schedule, Service, Visit
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
    visit = make_way(place, by, channel)
    is_new = visit is None
    if visit is None:
        visit = Visit(
            organisation=schedule.organisation,
            status=Visit.Status.PROPOSED,
            origin_channel=channel,
            created_at=now,
        )
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


def make_way(place: Place, by: str, channel: str | None = None) -> Visit | None:
    """Ends the expired holds that lie in the way of whoever takes this place.

    Returns the hold that `channel` (at reception: this person) has for this start, locked,
    expired or not. A portal that holds a start books that start, perhaps for another service and
    length. The caller has locked the owners of the place.
    """
    row = place.slot or place.schedule
    overlapping = occupancy.overlapping(row, place.start, place.end)
    # clash="" and the status let PostgreSQL use the index of the exclusion constraints.
    held = overlapping.filter(status=Visit.Status.PROPOSED, clash="", expires_at__isnull=False)
    rows = list(held.order_by("pk").select_for_update(no_key=True, of=("self",)))
    own = next((one for one in rows if _is_own(one, place, channel, by)), None)
    now = clock.now()
    for one in rows:
        if one is not own and one.expires_at is not None and one.expires_at <= now:
            end_hold(one, "expired", "system")
    return own


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


def _is_own(held: Visit, place: Place, channel: str | None, by: str) -> bool:
    here = (place.schedule.pk, place.start, channel)
    if (held.schedule_id, held.start, held.origin_channel) != here:
        return False
    return bool(channel) or held.events.filter(kind="held", actor=by).exists()


def _record(held: Visit, action: str, by: str) -> None:
    """Names the days, not the visit: a hold is nothing that a portal is told of."""
    same = Q()
    for kind in ("practitioner", "room", "device"):
        if key := getattr(held, f"{kind}_id"):
            same |= Q(**{kind: key})
    outbox.record_span(same, held.start, held.end)
    audit.record(organisation=held.organisation, actor=by, action=action, target=held)
