"""A visit's story in sentences: what happened to it here and at portals (promise 10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from slotbridge.his.models import Channel, Funding, Visit

_SENTENCES = {
    "held": gettext_noop("The time was held."),
    "held-longer": gettext_noop("The time was held longer."),
    "released": gettext_noop("The held time was given back."),
    "expired": gettext_noop("The held time ran out."),
    "proposed": gettext_noop("Ordered by a patient: waits for the clinic’s answer."),
    "accepted": gettext_noop("The order was accepted."),
    "booked": gettext_noop("Planned."),
    "moved": gettext_noop("Moved."),
    "cancelled": gettext_noop("Cancelled."),
    "arrived": gettext_noop("The patient arrived."),
    "fulfilled": gettext_noop("Done."),
    "noshow": gettext_noop("The patient did not come."),
    "clash": gettext_noop("It clashes: kept for a person to settle."),
    "clash-settled": gettext_noop("The clash was settled."),
    "patient": gettext_noop("The visit was given to another patient record."),
    "taken-over": gettext_noop("A value as booked was taken over into the patient’s record."),
    "match-kept": gettext_noop("The patient was confirmed."),
    "confirmed": gettext_noop("The patient confirmed that they will come."),
    "payment": gettext_noop("Payment changed."),
    "funding": gettext_noop("Who pays was told."),
    "video": gettext_noop("The address of the video room was told."),
    "said-present": gettext_noop("%(portal)s says that the patient came."),
    "said-absent": gettext_noop("%(portal)s says that the patient did not come."),
    "told-confirmed": gettext_noop("%(portal)s was told: the patient confirmed."),
    "told-present": gettext_noop("%(portal)s was told: the patient came."),
    "told-absent": gettext_noop("%(portal)s was told: the patient did not come."),
    "told-confirmed-refused": gettext_noop("%(portal)s does not take confirmations here."),
    "told-present-refused": gettext_noop("%(portal)s did not take that the patient came."),
    "told-absent-refused": gettext_noop("%(portal)s did not take that the patient did not come."),
    "told-booked": gettext_noop("%(portal)s was told: booked."),
    "told-moved": gettext_noop("%(portal)s was told: moved."),
    "told-cancelled": gettext_noop("%(portal)s was told: cancelled."),
    "told-break": gettext_noop("%(portal)s was told: the time is taken."),
    "told-break-removed": gettext_noop("%(portal)s was told: the time is free again."),
    "told-busy": gettext_noop("%(portal)s was told: the time is occupied."),
    "told-accepted": gettext_noop("%(portal)s was told: the order is accepted."),
    "told-ended": gettext_noop("%(portal)s was told: the order is rejected or cancelled."),
    "refused": gettext_noop("%(portal)s refused it."),
    "outcome-unknown": gettext_noop(
        "%(portal)s did not answer: it is not known whether this was done. We look before we "
        "repeat it."
    ),
    "outcome-found": gettext_noop("%(portal)s was asked: it had been done."),
    "outcome-not-done": gettext_noop("%(portal)s was asked: it had not been done."),
    "patient-called": gettext_noop("The patient was phoned."),
    "note-seen": gettext_noop("A person has read what the portal said."),
    "portal-too-late": gettext_noop(
        "%(portal)s changed it when it had begun or ended here. Nothing was changed; please look."
    ),
}


@dataclass(frozen=True, slots=True)
class Chapter:
    at: datetime
    text: str
    detail: str
    who: str
    is_theirs: bool  # a portal did it, or was told


def story_of(visit: Visit, tz: ZoneInfo) -> list[Chapter]:
    """The visit's events, oldest first."""
    portals = dict(
        Channel.objects.filter(organisation=visit.organisation_id).values_list("code", "name")
    )
    return [
        Chapter(
            at=event.at,
            text=_text(event.kind, portals.get(event.actor, event.actor)),
            detail=_detail(event.data, tz),
            who=portals.get(event.actor, event.actor),
            is_theirs=event.actor in portals,
        )
        for event in visit.events.order_by("at", "pk")
    ]


def _text(kind: str, portal: str) -> str:
    sentence = _SENTENCES.get(kind)
    return _(sentence) % {"portal": portal} if sentence else kind


def _detail(data: Mapping[str, object], tz: ZoneInfo) -> str:
    """Times of the place it lies at, or of the two it moved between; or what was told."""
    if "payment" in data:
        return str(dict(Visit.Payment.choices).get(str(data["payment"]), data["payment"]))
    if "funding" in data:
        return str(dict(Funding.choices).get(str(data["funding"]), data["funding"]))
    before, after = data.get("from"), data.get("to")
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return f"{_when(before, tz)} → {_when(after, tz)}"
    return _when(data, tz)


def _when(place: Mapping[str, object], tz: ZoneInfo) -> str:
    start, end = place.get("start"), place.get("end")
    if not (isinstance(start, str) and isinstance(end, str)):
        return ""
    first, last = (datetime.fromisoformat(at).astimezone(tz) for at in (start, end))
    return f"{formats.date_format(first, 'j E Y, H:i')}–{last:%H:%M}"
