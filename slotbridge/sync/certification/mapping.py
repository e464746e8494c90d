"""Flow 2, mapping of all resources: whoever works there has a counterpart, and none is broken."""

from __future__ import annotations

from collections.abc import Iterable

from slotbridge.his import catalogue
from slotbridge.his.models import Schedule, Slot
from slotbridge.kit import clock
from slotbridge.sync import fanout, links, proposals, services
from slotbridge.sync.certification.bench import Bench
from slotbridge.sync.certification.steps import Failed, Flow, Skipped, Task
from slotbridge.sync.contract import ItemKind
from slotbridge.sync.models import CatalogueItem, Link, Listing, ListingSchedule

_MOST_LINES = 30

# Records by kind: the keys of those that are to work at the portal.
Wanted = dict[str, set[int]]


def all_are_linked(bench: Bench) -> None:
    wanted = _to_work(bench)
    if not wanted["practitioner"]:
        raise Failed("Nobody is to work there: no slot ahead is visible on this channel.")
    records = [
        links.record_of(link)
        for link in links.active_links(bench.account)
        if link.item.gone_at is None
    ]
    missing = 0
    for kind, keys in wanted.items():
        linked = {record.pk for record in records if links.kind_of(record) == kind}
        bench.note(f"{kind}s that are to work: {len(keys)}; linked: {len(keys & linked)}")
        for key in _few(sorted(keys - linked)):
            bench.note(f"not linked: {kind} {key}")
        missing += len(keys - linked)
    if missing:
        raise Failed(f"{missing} records have no counterpart: link them on the page of mapping.")


def none_is_broken(bench: Bench) -> None:
    broken = proposals.overview(account=bench.account, kind=None).broken
    for row in broken[:_MOST_LINES]:
        assert row.link is not None
        bench.note(
            f"{row.kind} {row.record.pk}: its counterpart {row.link.item.external_id} is gone"
        )
    if broken:
        raise Failed(f"{len(broken)} links lead to what is gone there: link them anew.")
    active = Link.objects.filter(account=bench.account, ended_at__isnull=True).count()
    bench.note(f"{active} links, none of them broken.")


def unlinked_there_are_listed(bench: Bench) -> None:
    """What the portal has and nobody here stands for; that is no fault, but is to be known."""
    linked = Link.objects.filter(account=bench.account, ended_at__isnull=True).values("item")
    for kind in (ItemKind.DOCTOR, ItemKind.PLACE):
        there = CatalogueItem.objects.filter(
            account=bench.account, kind=kind, gone_at__isnull=True
        ).exclude(pk__in=linked)
        ids = list(there.order_by("external_id").values_list("external_id", flat=True))
        shown = ", ".join(_few(ids)) or "none"
        bench.note(f"{kind.value}s of the portal that nobody here is linked to: {shown}")


def services_stand_as_priced(bench: Bench) -> None:
    if not services.are_ours(bench.account):
        raise Skipped("The services of addresses are kept on the portal, as configured.")
    rows = Listing.objects.filter(account=bench.account, is_active=True).order_by("pk")
    alike = differing = 0
    for listing in rows.select_related("account"):
        there = {each.service: each for each in bench.connector.services_at(listing.ref)}
        known = {row.service: row for row in listing.services.all()}
        for item, want in services.wanted_services(listing).items():
            found = there.get(item)
            row = known.get(item)
            if found and services.alike(row, services.goal_of(row, want, found), found):
                alike += 1
                continue
            differing += 1
            said = "another price or text" if found else "missing"
            bench.note(f"address {listing.address}, service {item}: {said}")
    bench.note(f"{alike} address services stand as the price lists say, {differing} do not.")
    if differing:
        raise Failed(f"{differing} address services are not as the price lists say.")


def _to_work(bench: Bench) -> Wanted:
    account = bench.account
    visible = Slot.objects.filter(
        organisation=account.organisation_id,
        channels__contains=[account.channel],
        start__gt=clock.now(),
        practitioner__isnull=False,
    )
    shown = ListingSchedule.objects.filter(account=account, listing__is_active=True)
    schedules = Schedule.objects.filter(practitioner__isnull=False, is_active=True).filter(
        pk__in={*visible.values_list("schedule", flat=True), *shown.values_list(
            "schedule", flat=True
        )}
    )  # fmt: skip
    rows = list(schedules.values_list("practitioner", "clinic", "clinic__unit"))
    clinics = {clinic for _, clinic, _ in rows}
    first, last = fanout.horizon(account, clock.now())
    prices = catalogue.prices_between(
        clinics=clinics, channel=account.channel, first=first, last=last
    )
    return {
        "unit": {unit for _, _, unit in rows},
        "clinic": clinics,
        "practitioner": {person for person, _, _ in rows if person is not None},
        "service": {row.service_id for row in services.priced(account, prices)},
    }


def _few(found: Iterable[object]) -> list[str]:
    every = [str(each) for each in found]
    if len(every) <= _MOST_LINES:
        return every
    return [*every[:_MOST_LINES], f"… and {len(every) - _MOST_LINES} more"]


FLOW = Flow(
    "Mapping of all resources",
    (
        Task("Whoever is to work at the portal has a counterpart", all_are_linked),
        Task("No link is broken", none_is_broken),
        Task("What is there and not linked is listed", unlinked_there_are_listed),
        Task("Address services stand as the price lists say", services_stand_as_priced),
    ),
    is_required=True,
)
