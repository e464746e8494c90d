"""Finds slots as people name them. Needs django.setup()."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from slotbridge.his import names
from slotbridge.his.models import Slot

MOST = 50


class Unclear(Exception):
    """What was typed names no slot, or too many; the text says how to put it, for a person."""


def by_id(text: str) -> list[Slot]:
    """The slot of this public id. Raises Unclear."""
    try:
        public_id = UUID(text)
    except ValueError:
        raise Unclear(_("This is not a slot's id.")) from None
    return _some(_rows().filter(public_id=public_id))


def by_description(*, practitioner: str, clinic: str, at: str) -> list[Slot]:
    """Slots of a day (2026-03-02), or those that hold a time (2026-03-02T09:00), in the unit's
    zone; of people and clinics whose names have these parts, diacritics aside. Raises Unclear.
    """
    if not at or not (practitioner or clinic):
        raise Unclear(_("Name a slot by its id, or by --at with --practitioner or --clinic."))
    day, wall = _day_and_time(at)
    # Of the day before, too: a slot may run over midnight.
    rows = _rows().filter(day__range=(day - timedelta(days=1), day))
    return _some(
        slot
        for slot in rows
        if _is_then(slot, day, wall)
        and names.search_key(clinic) in names.search_key(slot.schedule.clinic.name)
        and names.search_key(practitioner) in _person_key(slot)
    )


def described(slot: Slot) -> str:
    """Who, where, when and under which id."""
    local = slot.start.astimezone(slot.schedule.clinic.unit.tz)
    person = slot.schedule.practitioner
    who = [person.full_name] if person else []
    return ", ".join(
        [*who, slot.schedule.clinic.name, f"{local:%Y-%m-%d %H:%M}", str(slot.public_id)]
    )


def _rows() -> QuerySet[Slot]:
    return Slot.objects.select_related("schedule__clinic__unit", "schedule__practitioner").order_by(
        "start", "pk"
    )


def _some(slots: Iterable[Slot]) -> list[Slot]:
    found = list(slots)
    if not found:
        raise Unclear(_("There is no such slot."))
    if len(found) > MOST:
        raise Unclear(_("That is more than %(most)d slots: say it more exactly.") % {"most": MOST})
    return found


def _day_and_time(text: str) -> tuple[date, time | None]:
    text = text.strip()
    try:
        if len(text) == len("2026-03-02"):
            return date.fromisoformat(text), None
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is not None:
        raise Unclear(_("Write the time of the clinic's clock: 2026-03-02 or 2026-03-02T09:00."))
    return moment.date(), moment.time()


def _is_then(slot: Slot, day: date, wall: time | None) -> bool:
    if wall is None:
        return slot.day == day
    tz = slot.schedule.clinic.unit.tz
    start, end = (each.astimezone(tz).replace(tzinfo=None) for each in (slot.start, slot.end))
    return start <= datetime.combine(day, wall) < end


def _person_key(slot: Slot) -> str:
    person = slot.schedule.practitioner
    return names.search_key(person.given_name, person.family_name) if person else ""
