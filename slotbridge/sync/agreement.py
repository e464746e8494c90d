"""How well both sides agree: the last comparison of each listing, and what was found of late."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count, OuterRef, QuerySet, Subquery, Sum

from slotbridge.kit import clock
from slotbridge.sync.models import Account, Difference, Listing, PatrolReport
from slotbridge.sync.reports import began

LATELY = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Agreement:
    """One listing: how much of what either side has is alike, since `since`.

    `kinds` and `dones` count differences by Difference.Kind and Difference.Done.
    """

    listing: Listing
    last: PatrolReport | None
    compared: int = 0
    differing: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    dones: Counter[str] = field(default_factory=Counter)

    @property
    def percent(self) -> int | None:
        """Whole per cent, 100 only if all is alike; None where there was nothing to compare."""
        if not self.compared:
            return None
        return 100 * max(self.compared - self.differing, 0) // self.compared

    @property
    def most(self) -> str:
        """The kind of difference that was found most often; "" without any."""
        return self.kinds.most_common(1)[0][0] if self.kinds else ""

    @property
    def found(self) -> int:
        return sum(self.kinds.values())

    @property
    def done(self) -> int:
        """How many of them were put right by themselves."""
        return self.found - self.dones[Difference.Done.LEFT] - self.dones[Difference.Done.COMPARED]


def since(account: Account) -> datetime:
    """Of a comparison that changes nothing, its beginning; else a week ago."""
    return clock.now() - LATELY if account.writing == Account.Writing.LIVE else began(account)


def listings_of(account: Account) -> QuerySet[Listing]:
    """Those that are compared, by name; sliced for a page."""
    return (
        account.listings.filter(is_active=True)
        .select_related("practitioner")
        .order_by("practitioner__sort_key", "address")
    )


def of(account: Account, listings: Iterable[Listing] | None = None) -> list[Agreement]:
    """Each of these listings, or all; in four queries."""
    rows = list(listings_of(account) if listings is None else listings)
    known = PatrolReport.objects.filter(
        listing__in=rows,
        is_shadow=account.writing != Account.Writing.LIVE,
        at__gte=since(account),
    )
    sums = {
        row["listing"]: row
        for row in known.values("listing").annotate(all=Sum("compared"), other=Sum("differing"))
    }
    last = _last_of(rows)
    kinds, dones = _found(account, rows)
    return [
        Agreement(
            listing=row,
            last=last.get(row.pk),
            compared=sums[row.pk]["all"] if row.pk in sums else 0,
            differing=sums[row.pk]["other"] if row.pk in sums else 0,
            kinds=kinds[row.pk],
            dones=dones[row.pk],
        )
        for row in rows
    ]


def in_all(account: Account) -> Agreement | None:
    """All listings together, without a last comparison; None without any listing."""
    rows = of(account)
    if not rows:
        return None
    return Agreement(
        listing=rows[0].listing,
        last=None,
        compared=sum(row.compared for row in rows),
        differing=sum(row.differing for row in rows),
        kinds=sum((row.kinds for row in rows), Counter()),
        dones=sum((row.dones for row in rows), Counter()),
    )


def _last_of(listings: Iterable[Listing]) -> dict[int, PatrolReport]:
    newest = PatrolReport.objects.filter(listing=OuterRef("pk")).order_by("-at", "-pk")
    ids = Listing.objects.filter(pk__in=[row.pk for row in listings]).annotate(
        newest=Subquery(newest.values("pk")[:1])
    )
    reports = PatrolReport.objects.filter(pk__in=ids.values("newest"))
    return {report.listing_id: report for report in reports}


def _found(
    account: Account, listings: list[Listing]
) -> tuple[defaultdict[int, Counter[str]], defaultdict[int, Counter[str]]]:
    compared = account.writing != Account.Writing.LIVE
    found = Difference.objects.filter(listing__in=listings, found_at__gte=since(account))
    if compared:
        found = found.filter(done=Difference.Done.COMPARED)
    else:
        found = found.exclude(done=Difference.Done.COMPARED)
    kinds: defaultdict[int, Counter[str]] = defaultdict(Counter)
    dones: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for listing, kind, done, count in (
        found.values_list("listing", "kind", "done")
        .annotate(count=Count("pk"))
        .values_list("listing", "kind", "done", "count")
    ):
        kinds[listing][kind] += count
        dones[listing][done] += count
    return kinds, dones
