"""„Portale” → „Mapowania”: all five mappings of a portal, what is proposed, and what is broken."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from slotbridge.his.models import Clinic, PriceList, PriceListUse
from slotbridge.kit import clock
from slotbridge.sync import links, proposals
from slotbridge.sync.models import Account
from slotbridge.web import mapping
from slotbridge.web.access import ADMINISTRATORS, OFFICE, OVERSEERS, StaffRequest, page
from slotbridge.web.forms.portal_mapping import PRICE_LISTS, AcceptForm, Pair, ShownForm
from slotbridge.web.order import by_name
from slotbridge.web.zones import house_zone

MOST_REFUSALS = 10

# Each tab: its name, the page of one record and of all, and what to say where there are none.
TABS = {
    "unit": (gettext_noop("Units"), "unit", "units"),
    "clinic": (gettext_noop("Clinics / Wards"), "clinic", "clinics"),
    "practitioner": (gettext_noop("Staff"), "staff-person", "staff"),
    "service": (gettext_noop("Commercial services"), "service", "services"),
    PRICE_LISTS: (gettext_noop("Price lists"), "price-list", "price-lists"),
}
_RECORDS = {model.__name__.lower(): model for model in links.COUNTERPART}


@dataclass(frozen=True, slots=True)
class Tab:
    kind: str
    name: str
    done: int
    total: int
    url: str

    @property
    def is_complete(self) -> bool:
        return self.done >= self.total


@dataclass(frozen=True, slots=True)
class ClinicLists:
    """A clinic, its lists that are ticked today, and the others."""

    clinic: Clinic
    ticked: list[PriceList]
    others: list[PriceList]


@page(see=OFFICE, change=ADMINISTRATORS)
def mapping_page(request: StaffRequest, channel: str) -> HttpResponse:
    portal = _portal(request, channel)
    shown = ShownForm(request.POST if request.method == "POST" else request.GET)
    chosen = shown.chosen()
    if request.method == "POST":
        form = AcceptForm(request.POST)
        if portal.obstacle or not form.is_valid():
            raise Http404
        _accept(request, portal.account, chosen["kind"], form.cleaned_data)
        return redirect(_address(channel, **chosen))
    context: dict[str, Any] = {
        "portal": portal,
        "account": portal.account,
        "zone": house_zone(request.organisation),
        "may_configure": request.user.role in OVERSEERS,
        **chosen,
    }
    if not portal.obstacle:
        context |= _tables(request, portal, chosen, clock.today(context["zone"]))
    context["form"] = ShownForm(initial=chosen)
    return render(request, "web/portal_mapping.html", context)


def _portal(request: StaffRequest, channel: str) -> mapping.Portal:
    for portal in mapping.mapped_portals(request.organisation):
        if portal.channel.code == channel:
            return portal
    raise Http404


def _address(channel: str, *, kind: str, only: str, above: int) -> str:
    query = urlencode({"kind": kind, "only": only, "above": above})
    return f"{reverse('portal-mapping', args=[channel])}?{query}"


# --- what is shown --------------------------------------------------------------------------


def _tables(
    request: StaffRequest, portal: mapping.Portal, chosen: dict[str, Any], today: date
) -> dict[str, Any]:
    account, kind = portal.account, chosen["kind"]
    found = proposals.overview(account=account, kind=None if kind == PRICE_LISTS else kind)
    uses = _ticked(request, account, today)
    done = found.linked | {PRICE_LISTS: len({use.clinic_id for use in uses})}
    total = found.in_use | {PRICE_LISTS: found.in_use["clinic"]}
    is_open_only = chosen["only"] == "open"
    rows = [row for row in found.rows if not (is_open_only and row.is_linked)]
    clinics = _lists(request, uses) if kind == PRICE_LISTS else []
    return {
        "tabs": [
            Tab(
                tab,
                _(name),
                done[tab],
                total[tab],
                _address(portal.channel.code, **chosen | {"kind": tab}),
            )
            for tab, (name, _one, _all) in TABS.items()
        ],
        "broken": found.broken,
        "recreated": sum(proposals.is_recreated(row) for row in found.broken),
        "rows": rows,
        "clinics": [one for one in clinics if not (is_open_only and one.ticked)],
        "label": mapping.label(kind, portal) if kind != PRICE_LISTS else "",
        "sure": sum(row.is_sure(chosen["above"]) for row in rows),
        "is_empty": not (found.rows or clinics),
        "records_url": reverse(TABS[kind][2]),
        "pages": {tab: one for tab, (_name, one, _all) in TABS.items()},
        "may_open": request.user.role in OVERSEERS,  # a receptionist sees people's pages only
    }


def _ticked(request: StaffRequest, account: Account, day: date) -> list[PriceListUse]:
    return list(
        PriceListUse.objects.filter(
            organisation=request.organisation,
            channel=account.channel,
            valid__contains=day,
            clinic__is_active=True,
        )
    )


def _lists(request: StaffRequest, uses: list[PriceListUse]) -> list[ClinicLists]:
    ticked = {use.price_list_id for use in uses}
    lists: dict[int, list[PriceList]] = defaultdict(list)
    for one in PriceList.objects.filter(organisation=request.organisation).order_by("name", "pk"):
        lists[one.clinic_id].append(one)
    clinics = Clinic.objects.filter(organisation=request.organisation, is_active=True)
    return [
        ClinicLists(
            clinic,
            [one for one in lists[clinic.pk] if one.pk in ticked],
            [one for one in lists[clinic.pk] if one.pk not in ticked],
        )
        for clinic in by_name(clinics.select_related("unit"))
    ]


# --- what is pressed ------------------------------------------------------------------------


def _accept(request: StaffRequest, account: Account, kind: str, pressed: dict[str, Any]) -> None:
    if pressed["accept"] is not None:
        _accept_one(request, account, pressed["accept"])
    elif pressed["relink"]:
        _say(request, proposals.relink_all(account=account, by=request.by))
    elif pressed["all"] is not None and kind != PRICE_LISTS:
        above = pressed["all"]
        _say(request, proposals.accept_all(account=account, kind=kind, above=above, by=request.by))
    else:
        raise Http404


def _accept_one(request: StaffRequest, account: Account, pair: Pair) -> None:
    record = _record(request, pair.kind, pair.record)
    try:
        link = proposals.accept_one(
            account=account, record=record, item_id=pair.item, by=request.by
        )
    except links.LinkRefused as why:
        messages.warning(request, _refusal(record, why))
    else:
        messages.success(
            request,
            _("%(record)s is linked to %(item)s.") % {"record": record, "item": link.item.name},
        )


def _record(request: StaffRequest, kind: str, public_id: uuid.UUID) -> links.Record:
    rows = _RECORDS[kind]._default_manager.filter(organisation=request.organisation)  # noqa: SLF001 - Django's documented name of a model's manager
    return cast("links.Record", get_object_or_404(rows, public_id=public_id))


def _say(request: StaffRequest, done: proposals.Accepted) -> None:
    count = len(done.linked)
    if count:
        said = ngettext("%(count)s record was linked.", "%(count)s records were linked.", count)
        messages.success(request, said % {"count": count})
    elif not done.refused:
        messages.info(request, _("There was nothing left to link."))
    for record, why in done.refused[:MOST_REFUSALS]:
        messages.warning(request, _refusal(record, why))


def _refusal(record: links.Record, why: links.LinkRefused) -> str:
    sentence, _code = mapping.in_words(why)
    return _("%(record)s was not linked: %(why)s") % {"record": record, "why": sentence}
