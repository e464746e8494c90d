"""The story of each visit: what happened to it here and at portals, appended, never rewritten."""

from datetime import datetime

from slotbridge.his.models import Channel, Visit, VisitEvent
from slotbridge.kit import clock


def tell(visit: Visit, kind: str, by: str, **data: object) -> None:
    """Appends an event. `data` holds numbers, times and codes only, never a person's data."""
    VisitEvent.objects.create(
        organisation_id=visit.organisation_id,
        visit=visit,
        at=clock.now(),
        kind=kind,
        actor=by,
        data={name: _plain(value) for name, value in data.items()},
    )


def place_of(visit: Visit) -> dict[str, object]:
    """Where and when the visit lies, as an event names it."""
    return {
        "schedule": visit.schedule_id,
        "slot": visit.slot_id,
        "start": visit.start.isoformat(),
        "end": visit.end.isoformat(),
    }


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def side_of(organisation_id: int, by: str) -> str:
    """Whose hand it was: a channel's code, "system", or "reception" for whoever logs in."""
    if by == "system" or Channel.objects.filter(organisation_id=organisation_id, code=by).exists():
        return by
    return "reception"
