"""What happened to an order: deeds in the log, and letters to people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from slotbridge.portal.models import Deed, Letter, Order
from slotbridge.portal.pages.staff_deeds import sentences

LETTERS: dict[str, Promise] = {
    Letter.Kind.FILED: _("letter to the patient: received, with the link"),
    Letter.Kind.ACCEPTED: _("letter to the patient: accepted"),
    Letter.Kind.REJECTED: _("letter to the patient: rejected"),
    Letter.Kind.MOVED: _("letter to the patient: moved"),
    Letter.Kind.WITHDRAWN: _("letter to the patient: withdrawn"),
    Letter.Kind.NEW_ORDER: _("letter to you: a new order"),
    Letter.Kind.UNANSWERED: _("letter to you: not answered yet"),
}


@dataclass(frozen=True, slots=True)
class Event:
    """`actor` is "" for a letter; `is_waiting`: it is not sent yet."""

    at: datetime
    actor: str
    sentence: str
    is_waiting: bool = False


def of(order: Order) -> list[Event]:
    """In the order in which it happened."""
    deeds = Deed.objects.filter(
        clinic=order.clinic_id,
        at__gte=order.filed_at,  # narrows it by the index
        action__startswith="order.",
        data__number=order.number,
    )
    events = [Event(each.deed.at, each.actor, each.sentence) for each in sentences(deeds)]
    events += [
        Event(each.sent_at or each.created_at, "", str(LETTERS[each.kind]), each.sent_at is None)
        for each in Letter.objects.filter(order=order)
        if each.kind in LETTERS
    ]
    # Within a second the deed comes first: the letter tells of it.
    return sorted(events, key=lambda each: (each.at.replace(microsecond=0), not each.actor))
