"""A clinic's first page: what waits for a person, and whether the exchange is alive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.functional import Promise

from slotbridge.kit import clock
from slotbridge.portal import freshness, withheld
from slotbridge.portal.models import Order, ReceivedDocument, WithheldDeletion
from slotbridge.portal.pages import order_rows
from slotbridge.portal.pages.access import Here, staff_page
from slotbridge.portal.pages.staff_look import back, show_clinic
from slotbridge.portal.pages.words import SECTIONS

MOST_ORDERS = 10
MOST_IMPORTS = 8
A_MINUTE = timedelta(minutes=1)  # below it "0 minutes ago" would be said


@dataclass(frozen=True, slots=True)
class LastImport:
    """When a section last came, for U-44; None: never."""

    name: str
    words: Promise
    at: datetime | None


@staff_page
def home(request: HttpRequest, here: Here) -> HttpResponse:
    light = freshness.of(here.clinic)
    waiting = Order.objects.filter(clinic=here.clinic, status=Order.Status.RECEIVED)
    documents = ReceivedDocument.objects.filter(clinic=here.clinic).defer("result")
    shown = {
        "section": "home",
        "light": light,
        "is_just_now": light.since is not None and clock.now() - light.since < A_MINUTE,
        "sections": [
            LastImport(name.value, words, light.sections.get(name.value))
            for name, words in SECTIONS.items()
        ],
        "waiting": order_rows.rows(
            here.clinic,
            waiting.select_related("resource").order_by("filed_at", "number")[:MOST_ORDERS],
        ),
        "waiting_count": waiting.count(),
        "held": withheld.open_for(here.clinic),
        "documents": documents.order_by("-received_at", "-pk")[:MOST_IMPORTS],
        "has_key": here.clinic.keys.filter(revoked_at=None).exists(),
    }
    return show_clinic(request, here, "staff_home.html", shown)


@staff_page
def release(request: HttpRequest, here: Here, deletion: UUID) -> HttpResponse:
    """One press (U-19). The form says which number was shown: that is what is released."""
    found = get_object_or_404(WithheldDeletion, clinic=here.clinic, public_id=deletion)
    if request.method != "POST":
        return redirect("portal-dashboard", clinic=here.clinic.public_id)
    if request.POST.get("count") != str(found.count):
        return back("portal-dashboard", "number-changed", clinic=here.clinic.public_id)
    try:
        withheld.release(withheld=found, by=here.by)
    except withheld.NumberChanged:
        return back("portal-dashboard", "number-changed", clinic=here.clinic.public_id)
    return back("portal-dashboard", "released", clinic=here.clinic.public_id)
