"""One clash: both patients, what is free for each, and one press that settles it (A46-A48)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import redirect, render

from slotbridge.his.beside import beside
from slotbridge.his.models import Visit
from slotbridge.kit import clock
from slotbridge.sync.models import Account
from slotbridge.web.access import DESK, EVERYBODY, PRACTITIONER, StaffRequest, page
from slotbridge.web.clashes import needs_settling
from slotbridge.web.forms.visits import CancelForm
from slotbridge.web.views.visits import Offer, channel_names, offers_for, own_visit


@dataclass(frozen=True, slots=True)
class Side:
    """One of the visits that want the time, and who tells its patient if it is moved."""

    visit: Visit
    offers: list[Offer]
    form: CancelForm
    portal: str  # the name of the portal that it came from; "" for our own reception
    is_told: bool  # whether that portal is spoken to now
    may_change: bool  # not begun, and not merely held


@page(see=EVERYBODY, change=DESK)
def clash(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    row = own_visit(request, public_id)
    if not needs_settling(row):
        return redirect("visit", row.public_id)
    zone = row.clinic.unit.tz
    is_practitioner = request.user.role == PRACTITIONER
    context = {
        "visit": row,
        "zone": zone,
        "sides": sides_of(request, [row, *beside([row])[row.pk]]),
        "has_desk": request.user.role in DESK,
        "is_practitioner": is_practitioner,
        "here": request.path,
        "now": clock.now(),
    }
    return render(request, "web/clash.html", context)


def sides_of(request: StaffRequest, visits: list[Visit]) -> list[Side]:
    names = channel_names(request)
    spoken_to = set(
        Account.objects.filter(
            organisation=request.organisation,
            state=Account.State.READY,
            writing=Account.Writing.LIVE,
        ).values_list("channel", flat=True)
    )
    sides = []
    for visit in visits:
        is_ahead = visit.status == Visit.Status.BOOKED and visit.start > clock.now()
        sides.append(
            Side(
                visit=visit,
                offers=offers_for(visit) if is_ahead else [],
                form=CancelForm(
                    auto_id=f"{visit.public_id}_%s", is_passed_on=bool(visit.origin_channel)
                ),
                portal=names.get(visit.origin_channel, visit.origin_channel),
                is_told=visit.origin_channel in spoken_to,
                may_change=is_ahead and visit.expires_at is None,
            )
        )
    return sides
