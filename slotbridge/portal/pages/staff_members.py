"""Who of a clinic may log in: the clinic sees it, operators manage it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from slotbridge.portal.models import StaffMember
from slotbridge.portal.pages.access import Here, staff_page
from slotbridge.portal.pages.staff_look import show_clinic


@staff_page
def members(request: HttpRequest, here: Here) -> HttpResponse:
    found = StaffMember.objects.filter(clinic=here.clinic).order_by("-is_active", "name")
    return show_clinic(request, here, "staff_members.html", {"section": "members", "rows": found})
