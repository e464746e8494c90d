"""What a patient sees before choosing a time: clinics, their doctors and rooms, free times."""

from uuid import UUID

from django.db.models import F, QuerySet, Value
from django.db.models.functions import Concat, Lower, Replace
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from slotbridge.portal.models import Clinic
from slotbridge.portal.pages.base import page, show
from slotbridge.portal.pages.order import by_name

MOST_SHOWN = 100


@page
def clinics(request: HttpRequest) -> HttpResponse:
    """Every open clinic, or those whose name or address holds all words of the search."""
    query = request.GET.get("q", "").strip()[:100]
    found = by_name(_open_clinics(query))
    shown = {"clinics": found[:MOST_SHOWN], "count": len(found), "query": query}
    return show(request, "clinics.html", shown)


def folded(text: str) -> str:
    """For comparing what people type: case and the dots of ё do not count."""
    return text.casefold().replace("ё", "е")


def _open_clinics(query: str) -> QuerySet[Clinic]:
    text = Concat(F("name"), Value(" "), F("address"))
    found = Clinic.objects.filter(is_open=True).annotate(
        words=Replace(Lower(text), Value("ё"), Value("е"))
    )
    for word in folded(query).split():
        found = found.filter(words__contains=word)
    return found


@page
def clinic(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Its doctors and rooms, by group, in display order (7.1)."""
    found = get_object_or_404(Clinic, public_id=public_id, is_open=True)
    return show(request, "clinic.html", {"clinic": found}, zone=found.tz)
