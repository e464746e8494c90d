"""The five mappings, made by people (R15, R17-R19; R16 is a price list's use in `his`)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from slotbridge.his import audit
from slotbridge.his.models import (
    Clinic,
    OfferedPrice,
    Practitioner,
    Service,
    Unit,
)
from slotbridge.kit import clock
from slotbridge.sync import accounts, listings
from slotbridge.sync.contract import ItemKind
from slotbridge.sync.models import Account, CatalogueItem, Link

Record = Unit | Clinic | Practitioner | Service

# What a record of ours is linked to at the portal.
COUNTERPART = {
    Unit: ItemKind.FACILITY,
    Clinic: ItemKind.PLACE,
    Practitioner: ItemKind.DOCTOR,
    Service: ItemKind.SERVICE,
}

ITEM_KIND = {model.__name__.lower(): item for model, item in COUNTERPART.items()}


class LinkRefused(Exception):
    """A link cannot be made, and nothing has changed; each kind of this says why."""


class LinkTaken(LinkRefused):
    """Two persons are never one: unlink the other practitioner first (A12)."""

    def __init__(self, other: Practitioner) -> None:
        super().__init__(f"linked to practitioner {other.pk}")
        self.other = other


class ServiceClash(LinkRefused):
    """In one clinic a portal's service must lead to one service of ours (A12)."""

    def __init__(self, other: Service, clinic: Clinic) -> None:
        super().__init__(f"service {other.pk} of clinic {clinic.pk} has this counterpart")
        self.other, self.clinic = other, clinic


class NotOfThisAccount(LinkRefused):
    """The counterpart is not in this account's catalogue, or gone from it: choose another."""


class LinkedMeanwhile(LinkRefused):
    """Somebody has given the record a counterpart since it was proposed: look at that first."""

    def __init__(self, item: CatalogueItem) -> None:
        super().__init__(f"linked to item {item.pk}")
        self.item = item


@dataclass(frozen=True, slots=True)
class Choice:
    """A counterpart that the portal offers."""

    item_id: int
    name: str
    detail: str
    taken_by: str  # a practitioner's name, where only one may have it


def choices(*, account: Account, kind: str) -> list[Choice]:
    """What a unit, clinic, practitioner or service can be linked to, by name."""
    item_kind = ITEM_KIND[kind]
    taken = dict(
        Link.objects.filter(
            account=account, ended_at__isnull=True, practitioner__isnull=False
        ).values_list("item_id", "practitioner_id")
    )
    names = {p.pk: p.full_name for p in Practitioner.objects.filter(pk__in=taken.values())}
    return [
        Choice(
            item.pk,
            item.name,
            str(item.data.get("detail", "")),
            names.get(taken.get(item.pk, 0), ""),
        )
        for item in CatalogueItem.objects.filter(
            account=account, kind=item_kind, gone_at__isnull=True
        ).order_by("name", "pk")
    ]


def link_of(*, account: Account, record: Record) -> Link | None:
    """The record's active link with its item; broken if the item has gone (A22)."""
    return links_of(account=account, records=[record]).get(record.pk)


def links_of(*, account: Account, records: Collection[Record]) -> dict[int, Link]:
    """Active links of records of one kind, by their keys."""
    if not records:
        return {}
    field = kind_of(next(iter(records)))
    found = Link.objects.filter(
        account=account,
        ended_at__isnull=True,
        **{f"{field}__in": [record.pk for record in records]},
    ).select_related("item")
    return {getattr(link, f"{field}_id"): link for link in found}


def record_of(link: Link) -> Record:
    """Our side of a link; read with it, if the link's record was."""
    record = link.unit or link.clinic or link.practitioner or link.service
    if record is None:
        raise ValueError("a link of no record")  # the database forbids it: link_of_one_record
    return record


def active_links(account: Account) -> list[Link]:
    """Every link with both its sides; broken ones have `item.gone_at` (A22)."""
    return list(
        Link.objects.filter(account=account, ended_at__isnull=True)
        .select_related("item", "unit", "clinic__unit", "practitioner", "service")
        .order_by("item__gone_at", "pk")
    )


def broken_links(account: Account) -> list[Link]:
    """Links whose counterpart vanished or came back under another id, the oldest first (A22).

    Nothing of them is published; what is booked goes on being exchanged. Link the record anew.
    """
    return [link for link in active_links(account) if link.item.gone_at is not None]


@transaction.atomic
def link(*, account: Account, record: Record, item_id: int | None, by: str) -> Link | None:
    """Gives a record its counterpart, another one, or (None) none any more.

    What depends on it is published or withdrawn by itself (A15, A20, A21). Raises LinkTaken,
    ServiceClash or NotOfThisAccount, and then changes nothing.
    """
    account = accounts.locked(account)
    new, has_changed = _change(account, record, item_id, by)
    if has_changed:
        listings.refresh(account)
    return new


@transaction.atomic
def link_each(
    *, account: Account, wanted: Collection[tuple[Record, int]], by: str
) -> tuple[list[Link], list[tuple[Record, LinkRefused]]]:
    """Links records that have no counterpart, or a vanished one, with these items: what was
    linked, and what was refused and why. As `link`, but all that follows is done once.
    """
    account = accounts.locked(account)
    made: list[Link] = []
    refused: list[tuple[Record, LinkRefused]] = []
    for record, item_id in wanted:
        try:
            made.append(_link_free(account, record, item_id, by))
        except LinkRefused as why:
            refused.append((record, why))
    if made:
        listings.refresh(account)
    return made, refused


@transaction.atomic
def _link_free(account: Account, record: Record, item_id: int, by: str) -> Link:
    present = link_of(account=account, record=record)
    if present is not None and present.item.gone_at is None:
        raise LinkedMeanwhile(present.item)
    new, _ = _change(account, record, item_id, by)
    if new is None:
        raise NotOfThisAccount(f"item {item_id}")
    return new


def _change(
    account: Account, record: Record, item_id: int | None, by: str
) -> tuple[Link | None, bool]:
    """The record's link as it is now, and whether that is new."""
    old = link_of(account=account, record=record)
    if (old.item_id if old else None) == item_id:
        return old, False
    item = _item(account, record, item_id) if item_id is not None else None
    if old is not None:
        old.ended_at = clock.now()
        old.save(update_fields=["ended_at"])
    new = _make(account, record, item, by) if item is not None else None
    audit.record(
        organisation=account.organisation,
        actor=by,
        action="link.make" if new else "link.end",
        target=record,
        item=item.pk if item else None,
        before=old.item_id if old else None,
    )
    return new, True


def _item(account: Account, record: Record, item_id: int) -> CatalogueItem:
    item = CatalogueItem.objects.filter(
        account=account, pk=item_id, kind=COUNTERPART[type(record)], gone_at__isnull=True
    ).first()
    if item is None or record.organisation_id != account.organisation_id:
        raise NotOfThisAccount(f"item {item_id}")
    if isinstance(record, Service):
        _check_service(account, record, item)
    return item


def _make(account: Account, record: Record, item: CatalogueItem, by: str) -> Link:
    new = Link(
        organisation_id=account.organisation_id,
        account=account,
        item=item,
        made_at=clock.now(),
        made_by=by,
        **{kind_of(record): record},
    )
    try:
        with transaction.atomic():
            new.save()
    except IntegrityError:
        other = (
            Link.objects.filter(
                account=account, item=item, ended_at__isnull=True, practitioner__isnull=False
            )
            .select_related("practitioner")
            .first()
        )
        if other is None or other.practitioner is None:
            raise
        raise LinkTaken(other.practitioner) from None
    return new


def _check_service(account: Account, service: Service, item: CatalogueItem) -> None:
    rivals = Link.objects.filter(
        account=account, item=item, ended_at__isnull=True, service__isnull=False
    ).exclude(service=service)
    for rival in rivals.select_related("service"):
        shared = (
            OfferedPrice.objects.filter(channel=account.channel, service=service)
            .filter(
                use__clinic__in=OfferedPrice.objects.filter(
                    channel=account.channel, service=rival.service
                ).values("use__clinic")
            )
            .select_related("use__clinic")
            .first()
        )
        if shared is not None and rival.service is not None:
            raise ServiceClash(rival.service, shared.use.clinic)


def kind_of(record: Record) -> str:
    """A unit, clinic, practitioner or service in one word: also the name of the link's column."""
    return type(record).__name__.lower()
