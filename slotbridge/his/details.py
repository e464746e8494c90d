"""What else a portal says of a visit: paid or not, whose money, confirmed, the video room."""

from dataclasses import dataclass

from django.db import transaction

from slotbridge.his import outbox, story
from slotbridge.his.models import Visit
from slotbridge.kit import clock


@dataclass(frozen=True, slots=True)
class VisitDetails:
    """Only what was said: what is empty here stays as it is on the visit."""

    payment: str = ""
    funding: str = ""
    video_url: str = ""
    is_confirmed: bool = False


@transaction.atomic
def note_details(*, visit: Visit, details: VisitDetails, by: str) -> Visit:
    """Takes over what is new, and puts it into the story. Nothing of it moves, ends or begins a
    visit: what happened in the room is ours to say (A59).

    "To be paid" is what is said before a status is known, so it does not replace one.
    """
    visit = Visit.objects.select_for_update(no_key=True).get(pk=visit.pk)
    changed = [
        name
        for name, value in _said(visit, details).items()
        if value and value != getattr(visit, name)
    ]
    if not changed:
        return visit
    for name in changed:
        setattr(visit, name, getattr(details, name))
    visit.changed_at = clock.now()
    visit.save(update_fields=[*changed, "changed_at"])
    for name in changed:
        _tell(visit, name, by)
    outbox.record_visit(visit)
    return visit


def _said(visit: Visit, details: VisitDetails) -> dict[str, object]:
    is_news = details.payment != Visit.Payment.TO_BE_PAID or not visit.payment
    return {
        "payment": details.payment if is_news else "",
        "funding": details.funding,
        "video_url": details.video_url,
        "is_confirmed": details.is_confirmed and visit.status == Visit.Status.BOOKED,
    }


def _tell(visit: Visit, name: str, by: str) -> None:
    if name == "is_confirmed":
        story.tell(visit, "confirmed", by)
    elif name == "payment":
        story.tell(visit, "payment", by, payment=visit.payment)
    elif name == "funding":
        story.tell(visit, "funding", by, funding=visit.funding)
    else:  # whoever has the address can enter the room: it stays out of the story
        story.tell(visit, "video", by)
