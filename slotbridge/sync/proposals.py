"""Proposals of links after a synchronisation, and their acceptance by a person (R14-R19).

Nothing is ever linked by a proposal: somebody accepts it, one by one or all above a score. One
counterpart is proposed once only where two may not share it (A12), and what fits two equally is
left to a person. A record whose counterpart has vanished is offered what the portal made in its
place before anything else (A22).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.db import transaction
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from slotbridge.his.models import Clinic, Organisation, Practitioner, Service, Unit
from slotbridge.his.names import sort_key
from slotbridge.sync import accounts, counterparts, likeness, links
from slotbridge.sync.contract import ItemKind
from slotbridge.sync.counterparts import Theirs
from slotbridge.sync.likeness import Candidate, How
from slotbridge.sync.models import Account, CatalogueItem, Link

KINDS = tuple(links.ITEM_KIND)  # unit, clinic, practitioner, service


@dataclass(frozen=True, slots=True)
class Proposal:
    """A counterpart that a record might get, how sure that is (0-100), and why."""

    item: CatalogueItem | None  # None: several fit equally, and a person has to choose
    score: int
    how: How
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """A record of ours, what it is linked to, and what is proposed."""

    record: links.Record
    link: Link | None
    proposal: Proposal | None

    @property
    def kind(self) -> str:
        return links.kind_of(self.record)

    @property
    def is_broken(self) -> bool:
        return self.link is not None and self.link.item.gone_at is not None

    @property
    def is_linked(self) -> bool:
        return self.link is not None and self.link.item.gone_at is None

    def is_sure(self, above: int) -> bool:
        """Whether `accept_all` from this score would link it; broken ones are not its matter."""
        return self.link is None and self.is_proposed(above)

    def is_proposed(self, above: int) -> bool:
        found = self.proposal
        return found is not None and found.item is not None and found.score >= above


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was linked, and what was refused and why."""

    linked: list[Link]
    refused: list[tuple[links.Record, links.LinkRefused]]


@dataclass(frozen=True, slots=True)
class Overview:
    """Rows of one kind, and those of every kind whose link is broken."""

    rows: list[Row]
    broken: list[Row]
    linked: dict[str, int]  # kind -> how many records in use have a counterpart
    in_use: dict[str, int]  # kind -> how many there are


def overview(*, account: Account, kind: str | None) -> Overview:
    """Every record of a kind with its link and its proposal, by name; with None, the broken ones
    only. A handful of queries, however many records there are.
    """
    found = _Known.read(account, [kind] if kind else [])
    rows = {each: found.rows(each) for each in found.kinds}
    return Overview(
        rows=rows[kind] if kind else [],
        broken=[row for each in KINDS if each in rows for row in rows[each] if row.is_broken],
        linked=found.linked_by_kind(),
        in_use=_in_use(account),
    )


def proposals(*, account: Account, kind: str) -> list[Row]:
    """Records of a kind for which something is proposed, the surest first."""
    rows = [row for row in _Known.read(account, [kind]).rows(kind) if row.proposal]
    return sorted(rows, key=lambda row: -row.proposal.score if row.proposal else 0)


@transaction.atomic
def accept_one(*, account: Account, record: links.Record, item_id: int, by: str) -> Link:
    """Links a record that has no counterpart, or a vanished one. Raises LinkRefused."""
    made, refused = links.link_each(account=account, wanted=[(record, item_id)], by=by)
    for _record, why in refused:
        raise why
    return made[0]


@transaction.atomic
def accept_all(*, account: Account, kind: str, above: int, by: str) -> Accepted:
    """Links what is proposed with this score or a higher one, as it is proposed now."""
    account = accounts.locked(account)
    rows = _Known.read(account, [kind]).rows(kind)
    return _accept(account, [row for row in rows if row.is_sure(above)], by)


@transaction.atomic
def relink_all(*, account: Account, by: str) -> Accepted:
    """Links every record whose counterpart vanished with the one that was made in its place."""
    account = accounts.locked(account)
    broken = overview(account=account, kind=None).broken
    return _accept(account, [row for row in broken if is_recreated(row)], by)


def is_recreated(row: Row) -> bool:
    """Whether the portal has made anew what a record was linked to."""
    found = row.proposal
    return found is not None and found.item is not None and found.how == How.RECREATED


def _accept(account: Account, rows: Iterable[Row], by: str) -> Accepted:
    wanted = [
        (row.record, row.proposal.item.pk) for row in rows if row.proposal and row.proposal.item
    ]
    return Accepted(*links.link_each(account=account, wanted=wanted, by=by))


# --- what is compared -------------------------------------------------------------------------


@dataclass(slots=True)
class _Known:
    """What is read once for all rows."""

    account: Account
    linked: dict[str, dict[int, Link]]  # kind -> record -> active link
    records: dict[str, list[links.Record]]
    theirs: Theirs

    @classmethod
    def read(cls, account: Account, kinds: Collection[str]) -> _Known:
        active: dict[str, dict[int, Link]] = defaultdict(dict)
        broken: set[str] = set()
        for link in links.active_links(account):
            record = links.record_of(link)
            active[links.kind_of(record)][record.pk] = link
            if link.item.gone_at is not None:
                broken.add(links.kind_of(record))
        wanted = [kind for kind in KINDS if kind in kinds or kind in broken]
        return cls(
            account=account,
            linked=active,
            records={kind: _records(account, kind, active[kind]) for kind in wanted},
            theirs=_theirs(account, wanted, active["unit"]),
        )

    @property
    def kinds(self) -> Collection[str]:
        return self.records.keys()

    def linked_by_kind(self) -> dict[str, int]:
        return {
            kind: sum(
                link.item.gone_at is None and links.record_of(link).is_active
                for link in self.linked[kind].values()
            )
            for kind in KINDS
        }

    def rows(self, kind: str) -> list[Row]:
        proposed = self._proposed(kind)
        return [
            Row(record, self.linked[kind].get(record.pk), proposed.get(record.pk))
            for record in self.records[kind]
        ]

    def _proposed(self, kind: str) -> dict[int, Proposal]:
        linked = self.linked[kind]
        broken = {pk: link.item for pk, link in linked.items() if link.item.gone_at is not None}
        open_rows = [
            record
            for record in self.records[kind]
            if record.pk in broken or (record.pk not in linked and record.is_active)
        ]
        items = {item.pk: item for item in self.theirs.of(links.ITEM_KIND[kind])}
        found = [
            *counterparts.recreated(broken, list(items.values())),
            *self._candidates(kind, open_rows),
        ]
        holders: dict[int, list[int]] = defaultdict(list)
        for pk, link in linked.items():
            if pk not in broken:
                holders[link.item_id].append(pk)
        chosen, ties = likeness.assign(likeness.best(found), holders, self._clash(kind))
        names = {record.pk: str(record) for record in self.records[kind]}
        return {
            **{pk: _proposal(one, items[one.item]) for pk, one in chosen.items()},
            **{pk: _undecided(tie, items, names) for pk, tie in ties.items()},
        }

    def _candidates(self, kind: str, rows: Sequence[links.Record]) -> Iterable[Candidate]:
        if kind == "unit":
            name = self.account.organisation.name
            return counterparts.units(cast("Sequence[Unit]", rows), self.theirs, name)
        if kind == "clinic":
            return counterparts.clinics(cast("Sequence[Clinic]", rows), self.theirs)
        if kind == "practitioner":
            return counterparts.persons(cast("Sequence[Practitioner]", rows), self.theirs)
        return counterparts.services(cast("Sequence[Service]", rows), self.theirs)

    def _clash(self, kind: str) -> Callable[[int, int], bool]:
        """Whether two records may not have one counterpart (A12)."""
        if kind == "service":
            return counterparts.shared_clinics(self.account.organisation_id)
        return lambda _one, _other: kind == "practitioner"


def _records(account: Account, kind: str, linked: Collection[int]) -> list[links.Record]:
    """Records in use, and those out of use that still have a counterpart; by name."""
    every = _every()[kind].filter(organisation=account.organisation_id)
    return sorted((row for row in every if row.is_active or row.pk in linked), key=_order)


def _in_use(account: Account) -> dict[str, int]:
    """How many records there are of each kind, in one query."""
    counts = {
        kind: Coalesce(
            Subquery(
                rows.filter(organisation=OuterRef("pk"), is_active=True)
                .order_by()
                .values("organisation")
                .annotate(n=Count("pk"))
                .values("n")
            ),
            0,
        )
        for kind, rows in _every().items()
    }
    names = list(counts)
    found = Organisation.objects.values_list(*counts.values()).get(pk=account.organisation_id)
    return dict(zip(names, found, strict=True))


def _every() -> dict[str, QuerySet[Any]]:
    return {
        "unit": Unit.objects.all(),
        "clinic": Clinic.objects.select_related("unit"),
        "practitioner": Practitioner.objects.all(),
        "service": Service.objects.all(),
    }


def _order(record: links.Record) -> str:
    return record.sort_key if isinstance(record, Practitioner) else sort_key(record.name, "")


def _theirs(account: Account, kinds: Sequence[str], units: dict[int, Link]) -> Theirs:
    wanted = {links.ITEM_KIND[kind] for kind in kinds}
    if "unit" in kinds:
        wanted.add(ItemKind.PLACE)  # a facility is known by the streets of its places, too
    items: dict[str, list[CatalogueItem]] = defaultdict(list)
    for item in (
        CatalogueItem.objects.filter(account=account, kind__in=wanted, gone_at__isnull=True)
        .only("kind", "external_id", "name", "facility", "data", "first_seen_at")
        .order_by("pk")
    ):
        items[item.kind].append(item)
    return Theirs(
        items=items,
        facility_of_unit={
            pk: link.item.external_id for pk, link in units.items() if link.item.gone_at is None
        },
    )


# --- in words -----------------------------------------------------------------------------------


def _proposal(found: Candidate, item: CatalogueItem) -> Proposal:
    return Proposal(item, found.score, found.how, _reason(found))


def _reason(found: Candidate) -> str:
    sentences = {
        How.RECREATED: _("re-created on the portal"),
        How.LICENCE: _("same licence number"),
        How.LICENCE_ONLY: _("same licence number, but another name"),
        How.NAME: _("same name"),
        How.ORDER: _("same words in another order"),
        How.OTHER_LICENCE: _("same name, but another licence number"),
        How.STREET: _("same street and city"),
        How.PLACE: _("has an address in the same street and city"),
        How.ORGANISATION: _("named as the organisation"),
        How.ONLY: _("the only one there"),
    }
    if found.how == How.SIMILAR:
        return _("similar name: %(score)s %%") % {"score": found.score}
    if found.how == How.CITY:
        return _("same city, similar name: %(score)s %%") % {"score": found.score}
    return sentences[found.how]


def _undecided(
    tie: likeness.Tie, items: dict[int, CatalogueItem], names: dict[int, str]
) -> Proposal:
    if len(tie.items) > 1:
        both = _("Several fit equally well, choose by hand: %(names)s.")
        said = both % {"names": _listed(items[pk].name for pk in tie.items)}
    else:
        said = _("“%(item)s” fits %(names)s equally well: choose by hand.") % {
            "item": items[tie.items[0]].name,
            "names": _listed(names[pk] for pk in tie.records),
        }
    return Proposal(None, min(tie.score, likeness.SIMILAR_AT_MOST), How.SIMILAR, said)


def _listed(names: Iterable[str]) -> str:
    return "; ".join(names)
