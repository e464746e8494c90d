"""Who else has the time of a visit: what a person sees before settling a clash (A46, U-42)."""

from collections.abc import Collection
from functools import reduce
from operator import or_

from django.db.models import Q

from slotbridge.his.models import Visit
from slotbridge.kit import clock

_OWNERS = ("practitioner_id", "room_id", "device_id")


def beside(visits: Collection[Visit]) -> dict[int, list[Visit]]:
    """For each of these visits, the other active ones that share its practitioner, room or device
    at its time, the earliest first; in one query, however many are asked for.
    """
    if not visits:
        return {}
    places = [_place(visit) for visit in visits]
    alive = Q(expires_at__isnull=True) | Q(expires_at__gt=clock.now())
    rows = (
        Visit.objects.filter(reduce(or_, places), alive, status__in=Visit.ACTIVE)
        .select_related("patient", "service", "clinic__unit")
        .order_by("start", "pk")
    )
    found = list(rows)
    return {
        visit.pk: [one for one in found if one.pk != visit.pk and _meet(one, visit)]
        for visit in visits
    }


def _place(visit: Visit) -> Q:
    owners = [Q(**{name: key}) for name in _OWNERS if (key := getattr(visit, name)) is not None]
    return Q(
        reduce(or_, owners),
        organisation_id=visit.organisation_id,
        start__lt=visit.end,
        end__gt=visit.start,
    )


def _meet(one: Visit, other: Visit) -> bool:
    """Whether two visits of one organisation take the same owner's time."""
    is_same = any(
        getattr(one, name) is not None and getattr(one, name) == getattr(other, name)
        for name in _OWNERS
    )
    return is_same and one.start < other.end and other.start < one.end
