"""What operators see of all clinics together: lights, imports, withheld deletions, the log."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse

from slotbridge.portal import freshness
from slotbridge.portal.models import Clinic, Deed, Order, ReceivedDocument, StaffMember
from slotbridge.portal.models import WithheldDeletion as Withheld
from slotbridge.portal.pages.access import operator_page
from slotbridge.portal.pages.staff_deeds import sentences
from slotbridge.portal.pages.staff_look import paged, show_operator


@operator_page
def clinics(request: HttpRequest, member: StaffMember) -> HttpResponse:
    words = request.GET.get("q", "").strip()[:100]
    rows = paged(request, _clinics(words))
    lights = freshness.of_many(rows.rows)
    shown = {
        "section": "clinics",
        "rows": rows,
        "listed": [(clinic, lights[clinic.pk]) for clinic in rows.rows],
        "words": words,
    }
    return show_operator(request, member, "operator_clinics.html", shown)


def _clinics(words: str) -> QuerySet[Clinic]:
    """By name, each with what waits and when it was last heard of."""
    orders = Order.objects.filter(clinic=OuterRef("pk")).order_by().values("clinic")
    documents = ReceivedDocument.objects.filter(clinic=OuterRef("pk")).order_by("-received_at")
    found = Clinic.objects.annotate(
        order_count=Subquery(orders.annotate(n=Count("*")).values("n")),
        waiting_count=Subquery(
            orders.filter(status=Order.Status.RECEIVED).annotate(n=Count("*")).values("n")
        ),
        last_document_at=Subquery(documents.values("received_at")[:1]),
    )
    return (found.filter(name__icontains=words) if words else found).order_by("name", "pk")


@operator_page
def imports(request: HttpRequest, member: StaffMember) -> HttpResponse:
    kind = request.GET.get("outcome", "")
    found = (
        ReceivedDocument.objects.select_related("clinic")
        .defer("result")
        .order_by("-received_at", "-pk")
    )
    if kind in ReceivedDocument.Outcome.values:
        found = found.filter(outcome=kind)
    shown = {"section": "imports", "rows": paged(request, found), "kind": kind}
    return show_operator(request, member, "operator_imports.html", shown)


@operator_page
def withheld(request: HttpRequest, member: StaffMember) -> HttpResponse:
    found = Withheld.objects.filter(ended_at=None).select_related("clinic", "document")
    shown = {"section": "withheld", "rows": paged(request, found.order_by("-at", "-pk"))}
    return show_operator(request, member, "operator_withheld.html", shown)


@operator_page
def log(request: HttpRequest, member: StaffMember) -> HttpResponse:
    """Who did what; `?clinic=` narrows it to one."""
    found = Deed.objects.select_related("clinic").order_by("-at", "-pk")
    clinic = _chosen(request)
    if clinic is not None:
        found = found.filter(clinic=clinic)
    rows = paged(request, found)
    shown: dict[str, Any] = {
        "section": "log",
        "rows": rows,
        "listed": sentences(rows.rows),
        "chosen": clinic,
    }
    return show_operator(request, member, "operator_log.html", shown)


def _chosen(request: HttpRequest) -> Clinic | None:
    wish = request.GET.get("clinic", "")
    if not wish:
        return None
    try:
        return Clinic.objects.filter(public_id=UUID(wish)).first()
    except ValueError:
        return None
