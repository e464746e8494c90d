"""The services of one address, ours and the portal's beside each other, for a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from django.db.models import Count, F, Q

from slotbridge.his.models import Service
from slotbridge.sync import services
from slotbridge.sync.contract import ItemKind, ServiceAtAddress
from slotbridge.sync.models import Account, CatalogueItem, Listing, ListingService
from slotbridge.sync.services import ServiceStep, StepKind


class State(StrEnum):
    """Where a service of an address stands."""

    AS_HERE = "as-here"
    TO_ADD = "to-add"
    TO_CHANGE = "to-change"
    TO_REMOVE = "to-remove"
    PARKED = "parked"
    CONTESTED = "contested"  # services of ours that share it differ (services.contested)
    DIFFERS = "differs"  # theirs, at our price, but with another name, ages or hidden
    THEIRS = "theirs"  # in none of our price lists


@dataclass(frozen=True, slots=True)
class Line:
    """One service: what the price lists say, what the portal was last seen to have."""

    service: str  # of the portal's dictionary; "" for one of the portal's own making
    name: str
    here: list[str]  # our services that are linked to it
    wanted: ServiceAtAddress | None
    there: ServiceAtAddress | None
    row: ListingService | None
    state: State

    @property
    def called_here(self) -> list[str]:
        """Our names for it, where they are others than the portal's."""
        return [name for name in self.here if name != self.name]

    @property
    def is_ours(self) -> bool:
        return self.row is not None and self.row.is_ours


@dataclass(frozen=True, slots=True)
class Address:
    """A listing with counts of its services, for the list of all."""

    listing: Listing
    place: str
    there: int
    waiting: int
    parked: int


@dataclass(slots=True)
class _Known:
    wanted: Mapping[str, ServiceAtAddress]
    rows: Mapping[str, ListingService]
    steps: Mapping[str, ServiceStep]
    contested: Mapping[str, set[int]]
    names: Mapping[str, str]
    here: dict[str, list[str]] = field(default_factory=dict)


def addresses(account: Account) -> list[Address]:
    """Every listing that is filled, in a number of queries that does not grow with them."""
    places = dict(account.items.filter(kind=ItemKind.ADDRESS).values_list("external_id", "name"))
    there = dict(
        account.items.filter(kind=ItemKind.ADDRESS_SERVICE, gone_at__isnull=True)
        .order_by()
        .values("address")
        .annotate(count=Count("pk"))
        .values_list("address", "count")
    )
    due = Q(services__asked__gt=F("services__answered"))
    rows = (
        account.listings.filter(is_active=True)
        .select_related("practitioner", "account")
        .annotate(
            parked=Count("services", filter=~Q(services__problem="") & due),
            waiting=Count("services", filter=Q(services__problem="") & due),
        )
        .order_by("practitioner__sort_key", "address")
    )
    return [
        Address(
            row, places.get(row.address, ""), there.get(row.address, 0), row.waiting, row.parked
        )
        for row in rows
    ]


def lines(listing: Listing) -> list[Line]:
    """All services that stand at the address or should, by name."""
    known = _read(listing)
    items = services.items_at(listing)
    there = services.known_there(listing, known.rows)
    own = [
        Line("", item.name, [], None, services.seen_of(item), None, State.THEIRS)
        for item in items
        if not item.service
    ]
    found = [
        _line(service, known, there.get(service))
        for service in there.keys() | known.wanted.keys() | known.contested.keys()
    ]
    return sorted([*own, *found], key=lambda line: line.name.casefold())


def _read(listing: Listing) -> _Known:
    rows = {row.service: row for row in listing.services.all()}
    counterparts = services.service_links(listing.account_id)
    wanted, contested = (
        services.wanted_services(listing),
        services.contested(listing, counterparts),
    )
    known = _Known(
        wanted=wanted,
        rows=rows,
        steps={step.service.service: step for step in services.services_to_tell(listing)},
        contested=contested,
        names=dict(
            CatalogueItem.objects.filter(
                account=listing.account_id,
                kind=ItemKind.SERVICE,
                external_id__in=[*rows, *wanted, *contested, *services.address_services(listing)],
            ).values_list("external_id", "name")
        ),
    )
    for pk, name in Service.objects.filter(pk__in=counterparts).values_list("pk", "name"):
        known.here.setdefault(counterparts[pk], []).append(name)
    return known


def _line(service: str, known: _Known, there: ServiceAtAddress | None) -> Line:
    row, want = known.rows.get(service), known.wanted.get(service)
    # A service newer than the dictionary that was read goes by what its address calls it.
    name = known.names.get(service) or (there.custom_name if there else "") or service
    here = sorted(known.here.get(service, []))
    return Line(service, name, here, want, there, row, _state(service, known, there))


def _state(service: str, known: _Known, there: ServiceAtAddress | None) -> State:
    row, want = known.rows.get(service), known.wanted.get(service)
    step = known.steps.get(service)
    if row is not None and row.problem:
        return State.PARKED
    if service in known.contested:
        return State.CONTESTED
    if step is not None:
        return {
            StepKind.ADD: State.TO_ADD,
            StepKind.CHANGE: State.TO_CHANGE,
            StepKind.REMOVE: State.TO_REMOVE,
        }[step.kind]
    if want is None:
        return State.THEIRS
    is_alike = there is not None and services.reads_alike(want, there)
    return State.AS_HERE if is_alike else State.DIFFERS
