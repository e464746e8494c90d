"""The portal's catalogue: read, kept, and what follows from its changes (A2, A8, A10, A22)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta

from slotbridge.kit import clock
from slotbridge.sync import accounts, fanout, listings
from slotbridge.sync.contract import CatalogueRecord, ItemKind
from slotbridge.sync.models import Account, CatalogueItem, Link

EVERY = timedelta(hours=24)

_COUNTED = (ItemKind.FACILITY, ItemKind.DOCTOR, ItemKind.PLACE, ItemKind.SERVICE)


class AnotherAccount(Exception):
    """The credentials are good but open another clinic's account: publish nothing (A8)."""


def store(account: Account, records: Sequence[CatalogueRecord]) -> None:
    """Keeps what was read; what is not there any more is marked gone, never removed.

    Then listings are made anew, and an account that was synchronising is ready. The caller holds
    the account's lease and has a transaction open. Raises AnotherAccount if none of the
    facilities that units are linked to is there.
    """
    now = clock.now()
    _check_same_account(account, records)
    changed = _shape(records) != _kept_shape(account)
    CatalogueItem.objects.bulk_create(
        [
            CatalogueItem(
                organisation_id=account.organisation_id,
                account=account,
                kind=record.kind,
                external_id=record.id,
                name=record.name[:300],
                facility=record.facility,
                doctor=record.doctor,
                address=record.address,
                place=record.place,
                service=record.service,
                data=dict(record.data),
                first_seen_at=now,
                seen_at=now,
                gone_at=None,
            )
            for record in {(r.kind, r.id): r for r in records}.values()
        ],
        update_conflicts=True,
        unique_fields=["organisation", "account", "kind", "external_id"],
        update_fields=[
            "name", "facility", "doctor", "address", "place", "service", "data", "seen_at",
            "gone_at",
        ],
        batch_size=1000,
    )  # fmt: skip
    account.items.filter(seen_at__lt=now, gone_at__isnull=True).update(gone_at=now)
    counts = Counter(str(record.kind) for record in records if record.kind in _COUNTED)
    account.catalogue_counts = dict(counts)
    account.catalogue_read_at = account.last_read_at = now
    account.catalogue_due_at = now + EVERY
    account.save(
        update_fields=["catalogue_counts", "catalogue_read_at", "last_read_at", "catalogue_due_at"]
    )
    if account.state in {Account.State.SYNCHRONISING, Account.State.REJECTED}:
        _become_ready(account)
        listings.refresh(account)
    elif changed:
        # Only then: days that the portal refused are asked anew, and would be refused anew.
        listings.refresh(account)
    else:
        fanout.ask_services(account, anew=False)  # a price may have been changed there (A31)


def _shape(records: Iterable[CatalogueRecord]) -> set[tuple[str, ...]]:
    """What listings and offers depend on: which records hang on which and whether an address takes
    insurance, not how they are called.
    """
    return {
        (
            str(r.kind), r.id, r.facility, r.doctor, r.address, r.place, r.service,
            str(r.data.get("insurance_support") or ""),
        )
        for r in records
    }  # fmt: skip


def _kept_shape(account: Account) -> set[tuple[str, ...]]:
    return {
        (*row[:-1], str(row[-1] or ""))
        for row in account.items.filter(gone_at__isnull=True).values_list(
            "kind", "external_id", "facility", "doctor", "address", "place", "service",
            "data__insurance_support",
        )
    }  # fmt: skip


def _become_ready(account: Account) -> None:
    accounts.enter(account, Account.State.READY)
    account.pull_due_at = account.chores_due_at = clock.now()
    account.save(update_fields=["pull_due_at", "chores_due_at"])
    account.listings.update(patrol_due_at=clock.now())
    fanout.ask_all_days(account)
    fanout.ask_all_visits(account)


def _check_same_account(account: Account, records: Sequence[CatalogueRecord]) -> None:
    linked = set(
        Link.objects.filter(account=account, ended_at__isnull=True, unit__isnull=False).values_list(
            "item__external_id", flat=True
        )
    )
    seen = {record.id for record in records if record.kind == ItemKind.FACILITY}
    if linked and not linked & seen:
        raise AnotherAccount
