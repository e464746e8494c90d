"""How old what a clinic told us is (U-21, U-44). Occupancy decides: it is what makes time safe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from slotbridge.kit import clock
from slotbridge.portal.models import Clinic, SectionImport
from slotbridge.wire.medihost.model import Section

LATE = timedelta(hours=2)
STALE = timedelta(hours=24)


class Colour(StrEnum):
    FRESH = "fresh"
    LATE = "late"  # staff are warned
    STALE = "stale"  # patients are offered nothing that the clinic's program manages
    NEVER = "never"  # nothing was ever imported: unknown is not free, so as stale


@dataclass(frozen=True, slots=True)
class Freshness:
    """`since`: the last successful import of `Appointments`; `sections`: of each, by its name."""

    colour: Colour
    since: datetime | None
    sections: Mapping[str, datetime]

    @property
    def is_offered(self) -> bool:
        """Whether times of resources that the clinic's program manages may be offered."""
        return self.colour in {Colour.FRESH, Colour.LATE}


def of(clinic: Clinic) -> Freshness:
    return of_many([clinic])[clinic.pk]


def of_many(clinics: Iterable[Clinic]) -> dict[int, Freshness]:
    """By the clinics' primary keys, in one query."""
    sections: dict[int, dict[str, datetime]] = {clinic.pk: {} for clinic in clinics}
    rows = SectionImport.objects.filter(clinic__in=sections)
    for clinic, section, at in rows.values_list("clinic_id", "section", "at"):
        sections[clinic][section] = at
    now = clock.now()
    return {pk: _judge(found, now) for pk, found in sections.items()}


def _judge(sections: Mapping[str, datetime], now: datetime) -> Freshness:
    since = sections.get(Section.APPOINTMENTS)
    if since is None:
        colour = Colour.NEVER
    elif now - since >= STALE:
        colour = Colour.STALE
    elif now - since >= LATE:
        colour = Colour.LATE
    else:
        colour = Colour.FRESH
    return Freshness(colour, since, sections)
