"""Which clashes are left for a person: not one that a person has chosen (U-42)."""

from django.db.models import Exists, OuterRef, QuerySet

from slotbridge.his.models import Visit, VisitEvent

_ACCEPTED = VisitEvent.objects.filter(visit=OuterRef("pk"), kind="accepted")


def with_acceptance(rows: QuerySet[Visit]) -> QuerySet[Visit]:
    """Each with `was_accepted`: it began as an order, and somebody here has taken it."""
    return rows.annotate(was_accepted=Exists(_ACCEPTED))


def unsettled(rows: QuerySet[Visit]) -> QuerySet[Visit]:
    """Those that clash, orders apart: to accept one that clashes is to settle it."""
    rows = rows.exclude(clash="").filter(~Exists(_ACCEPTED), status__in=Visit.ACTIVE)
    return rows.exclude(status=Visit.Status.PROPOSED)


def needs_settling(visit: Visit) -> bool:
    """Whether a visit of `with_acceptance` clashes and nobody has chosen to have both."""
    was_accepted: bool = visit.was_accepted  # type: ignore[attr-defined]  # the annotation
    return bool(visit.clash) and visit.status in Visit.ACTIVE and not was_accepted
