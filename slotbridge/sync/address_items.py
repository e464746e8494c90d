"""The services of one address in the portal's catalogue, as they are seen and told between two
readings of all of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from slotbridge.kit import clock
from slotbridge.sync import fanout, services
from slotbridge.sync.contract import ItemKind, ServiceAtAddress
from slotbridge.sync.models import Account, CatalogueItem, Listing, ListingService


def note_seen(
    account: Account,
    listing: Listing,
    seen: Sequence[ServiceAtAddress],
    rows: Mapping[str, ListingService],
) -> None:
    """Keeps what an address has now. Where its services are others than before, its days are
    asked: they name them. The caller has the account locked.
    """
    now = clock.now()
    before = {item.external_id: item.service for item in services.items_at(listing)}
    _keep(account, listing, seen)
    told_lately = {row.external_id for row in rows.values() if services.is_fresh(row, now)}
    gone = before.keys() - {service.id for service in seen} - told_lately
    _forget(account, gone)
    if gone or any(before.get(service.id) != service.service for service in seen):
        fanout.ask_all_days(account, [listing.pk])
        fanout.ask_breaks(account, [listing.pk])


def note_told(account: Account, listing: Listing, id_: str, service: ServiceAtAddress) -> None:
    """Keeps a service that we made or changed there."""
    _keep(account, listing, [replace(service, id=id_)])


def note_gone(account: Account, id_: str) -> None:
    """Keeps that a service is not at its address any more."""
    _forget(account, {id_})


def _forget(account: Account, ids: set[str]) -> None:
    CatalogueItem.objects.filter(
        account=account, kind=ItemKind.ADDRESS_SERVICE, external_id__in=ids
    ).update(gone_at=clock.now())


def _keep(account: Account, listing: Listing, seen: Sequence[ServiceAtAddress]) -> None:
    known = {
        item.external_id: item
        for item in CatalogueItem.objects.filter(
            account=account,
            kind=ItemKind.ADDRESS_SERVICE,
            external_id__in=[service.id for service in seen],
        )
    }
    names = dict(
        CatalogueItem.objects.filter(
            account=account,
            kind=ItemKind.SERVICE,
            external_id__in=[service.service for service in seen],
        ).values_list("external_id", "name")
    )
    for service in seen:
        item = known.get(service.id) or CatalogueItem(
            organisation_id=account.organisation_id,
            account=account,
            kind=ItemKind.ADDRESS_SERVICE,
            external_id=service.id,
        )
        name = service.custom_name or names.get(service.service) or item.name or service.id
        item.name = name[:300]
        item.facility, item.doctor, item.address = listing.facility, listing.doctor, listing.address
        item.service = service.service
        item.data |= {k: v for k, v in services.to_json(service).items() if k != "minutes"}
        item.seen_at, item.gone_at = clock.now(), None
        item.save()
