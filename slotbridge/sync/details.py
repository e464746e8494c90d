"""What a portal says of a booking beside its time: confirmed, came or not, paid, whose money."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from slotbridge.his import story, visits
from slotbridge.his.models import Funding, Visit
from slotbridge.sync.contract import Payer, Payment, PortalBooking
from slotbridge.sync.models import Account, Booking

_FUNDING = {Payer.PATIENT: Funding.PRIVATE, Payer.INSURANCE: Funding.PUBLIC}


def merged(found: PortalBooking, hint: PortalBooking | None) -> PortalBooking:
    """The booking as it was read, with what only the notification knows.

    What was read stands (A61); but some answers leave these details out, and "to be paid" is what
    an answer without a status looks like.
    """
    if hint is None:
        return found
    is_silent = found.payment in {"", Payment.TO_BE_PAID}
    return replace(
        found,
        is_confirmed=found.is_confirmed or hint.is_confirmed,
        presence=found.presence or hint.presence,
        payment=(hint.payment if is_silent else "") or found.payment,
        payer=found.payer or hint.payer,
        video_url=found.video_url or hint.video_url,
    )


def with_consents(found: PortalBooking, hint: PortalBooking | None) -> PortalBooking:
    """The booking as it was read, with the consents that its patient gave when it was made: only
    the notification carries them (A64, components/schemas/Patient).
    """
    if hint is None or hint.id != found.id or hint.patient is None or found.patient is None:
        return found
    consents = {**hint.patient.consents, **found.patient.consents}
    return replace(found, patient=replace(found.patient, consents=consents))


def is_old(row: Booking | None, said_at: datetime | None) -> bool:
    """Whether a newer notification of such details was heard before this one (A57)."""
    return bool(row and row.said_at and said_at and said_at < row.said_at)


def note(account: Account, found: PortalBooking, row: Booking) -> None:
    """Keeps on the booking what the portal says of it, and on its visit what is not ours to know.

    Whether somebody came is said by the room: the portal's word is kept beside it (A59). Called in
    the transaction that applies the booking.
    """
    before = row.presence
    row.is_confirmed = row.is_confirmed or bool(found.is_confirmed)
    row.presence = found.presence or row.presence
    row.pay_until = found.pay_until or row.pay_until
    row.save(update_fields=["is_confirmed", "presence", "pay_until"])
    if row.visit_id is None or row.status != Booking.Status.BOOKED:
        return
    visit = Visit.objects.get(pk=row.visit_id)
    visits.note_details(
        visit=visit,
        details=visits.VisitDetails(
            payment=found.payment,
            funding=_FUNDING.get(found.payer, "") if found.payer else "",
            video_url=found.video_url,
            # Said of the booking's time, which ours may have left already.
            is_confirmed=bool(found.is_confirmed) and found.start == visit.start,
        ),
        by=account.channel,
    )
    if row.presence != before:
        came = row.presence == "present"
        kind = "said-present" if came else "said-absent"
        story.tell(visit, kind, account.channel, booking=row.external_id)
