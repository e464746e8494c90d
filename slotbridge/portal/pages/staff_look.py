"""What the pages of staff and operators share: their frame, their style sheet, their lists."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from slotbridge.kit import clock
from slotbridge.portal.models import Clinic, StaffMember
from slotbridge.portal.pages import base, words
from slotbridge.portal.pages.access import Here

STYLE = (Path(__file__).parent / "staff.css").read_text()
STYLE_DIGEST = hashlib.sha256(STYLE.encode()).hexdigest()[:12]
A_PAGE = 50

MOST_PAGES = 2000

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Listing(Generic[Row]):
    """A page of a long list. Nothing counts the whole list: that takes longer than showing it."""

    rows: list[Row]
    number: int
    has_next: bool

    @property
    def before(self) -> int:
        return self.number - 1

    @property
    def after(self) -> int:
        return self.number + 1


def show_clinic(
    request: HttpRequest,
    here: Here,
    template: str,
    shown: Mapping[str, Any],
    *,
    status: int = 200,
) -> HttpResponse:
    """A page of one clinic, its instants on the clinic's clock."""
    return _show(request, template, shown, member=here.member, clinic=here.clinic, status=status)


def show_operator(
    request: HttpRequest,
    member: StaffMember,
    template: str,
    shown: Mapping[str, Any],
    *,
    status: int = 200,
) -> HttpResponse:
    """An operator's page; where clinics stand side by side, each row brings its own zone."""
    return _show(request, template, shown, member=member, clinic=shown.get("clinic"), status=status)


def _show(
    request: HttpRequest,
    template: str,
    shown: Mapping[str, Any],
    *,
    member: StaffMember,
    clinic: Clinic | None,
    status: int,
) -> HttpResponse:
    brought = {
        "member": member,
        "clinic": clinic,
        "wall": clock.now(),
        "zone": words.zone(clinic.tz) if clinic else "",
        "staff_digest": STYLE_DIGEST,
        "done": request.GET.get("done", ""),
        **shown,
    }
    zone = clinic.tz if clinic else None
    return base.show(request, template, brought, zone=zone, status=status)


def back(name: str, done: str, **ids: Any) -> HttpResponse:
    """After a change: the page `name`, which says that it is `done`."""
    return redirect(f"{reverse(name, kwargs=ids)}?done={done}")


def paged(request: HttpRequest, rows: QuerySet[Row]) -> Listing[Row]:
    """The page that `?page=` asks for, the first one where that is no number."""
    wish = request.GET.get("page", "")
    number = min(int(wish), MOST_PAGES) if wish.isdecimal() and wish[:6] == wish else 1
    start = (max(number, 1) - 1) * A_PAGE
    found = list(rows[start : start + A_PAGE + 1])
    return Listing(found[:A_PAGE], max(number, 1), len(found) > A_PAGE)


def style(request: HttpRequest) -> HttpResponse:
    return base.sheet(request, STYLE, STYLE_DIGEST)
