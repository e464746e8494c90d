"""One comparison of a listing while it is made, and the report that is left of it.

The table stays small: a comparison that found nothing is put down in the row of the one before
that found nothing either; one that changes nothing on either side (rehearsal, shadow), in the
row of its day, and each of its differences in one row however often it is seen.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import structlog
from django.utils.translation import gettext_noop as _noop

from slotbridge.kit import clock
from slotbridge.sync import bookings
from slotbridge.sync.contract import CalendarConnector
from slotbridge.sync.models import Account, Difference, Listing, PatrolReport
from slotbridge.sync.queue import Lease

log = structlog.stdlib.get_logger(__name__)

KEPT = timedelta(days=30)
# What a report says until it is finished: whoever finds it so knows that the rest was not read.
BROKEN_OFF = _noop("The comparison was broken off: it is made again by itself.")

Kind, Done = Difference.Kind, Difference.Done
Range = tuple[datetime, datetime]
# What tells one compared difference from another: its kind, its day, and its booking, break or
# visit.
_Key = tuple[str, date | None, str]


class WritingChanged(Exception):
    """The account went live, or stopped writing, while this comparison ran: make it anew."""


@dataclass(slots=True)
class Round:
    """A comparison being made, of [now, end), and what it found so far.

    `compares_only`: nothing may be changed on either side.
    """

    lease: Lease
    connector: CalendarConnector
    listing: Listing
    now: datetime
    end: datetime
    compares_only: bool = False
    # Times of which a booking, a break or a visit already says why they are shown, or are not.
    explained: list[Range] = field(default_factory=list)
    compared: int = 0
    differing: int = 0
    found: Counter[str] = field(default_factory=Counter)
    left: int = 0
    report: PatrolReport | None = None
    _seen: dict[_Key, Difference] = field(default_factory=dict)

    def confirm(self) -> Account:
        """The account, locked, in the caller's transaction. Raises LeaseLost, WritingChanged."""
        account = self.lease.confirm()
        if (account.writing != Account.Writing.LIVE) != self.compares_only:
            raise WritingChanged
        return account

    def look_at(self, things: int) -> None:
        """Notes that so many starts, bookings or breaks were compared."""
        self.compared += things

    def note(
        self,
        kind: Difference.Kind,
        done: Difference.Done,
        at: datetime | None,
        *,
        size: int = 1,
        **data: object,
    ) -> None:
        """Puts down a difference of `size` things; in the transaction that does something about
        it, if anything does.
        """
        self.differing += size
        self.found[str(kind)] += 1
        self.left += done == Done.LEFT
        difference = Difference(
            organisation_id=self.listing.organisation_id,
            account_id=self.listing.account_id,
            listing=self.listing,
            day=clock.day_of(at, self.listing.tz) if at else None,
            kind=kind,
            done=done,
            found_at=clock.now(),
            data=data,
        )
        if self.compares_only:
            self._seen[_key(difference)] = difference
            return
        difference.report = self._begun()
        difference.save()
        log.info("difference", listing=self.listing.pk, kind=str(kind), done=str(done))

    def count(self, kind: Difference.Kind, things: int) -> None:
        """Counts differences that are put down one by one where they are put right."""
        self.differing += things
        self.found[str(kind)] += things

    def file(self, *, reads: int, problem: str = "") -> None:
        """Finishes the report; in the caller's transaction, which has the lease confirmed."""
        waiting = self.listing.days.exclude(problem="").count()
        waiting += bookings.for_a_person(self.listing.account).filter(listing=self.listing).count()
        last = None if self.report else self._row_to_go_on_with(problem)
        row = self.report or last or self._row()
        row.since = row.since or self.now
        row.rounds += last is not None
        row.compared += self.compared
        row.differing += self.differing
        row.at, row.problem, row.left, row.reads = clock.now(), problem[:300], waiting, reads
        row.found = dict(self.found)
        row.took_ms = int((clock.now() - self.now) / timedelta(milliseconds=1))
        row.save()
        if self._seen:
            self._keep_seen(row)
        purge(self.listing)

    def _begun(self) -> PatrolReport:
        """The report of this comparison, written at its first difference."""
        if self.report is None:
            self.report = self._row()
            self.report.problem = BROKEN_OFF
        self.report.found, self.report.left = dict(self.found), self.left
        self.report.save()
        return self.report

    def _row(self) -> PatrolReport:
        return PatrolReport(
            organisation_id=self.listing.organisation_id,
            account_id=self.listing.account_id,
            listing=self.listing,
            at=self.now,
            since=self.now,
            is_shadow=self.compares_only,
        )

    def _row_to_go_on_with(self, problem: str) -> PatrolReport | None:
        last: PatrolReport | None = (
            PatrolReport.objects.filter(listing=self.listing).order_by("-at", "-pk").first()
        )
        if last is None or last.is_shadow != self.compares_only or last.problem != problem[:300]:
            return None
        if self.compares_only:
            tz = self.listing.tz
            goes_on = clock.day_of(last.at, tz) == clock.day_of(self.now, tz) and (
                last.since or last.at
            ) >= began(self.listing.account)
        else:
            goes_on = not last.found
        return last if goes_on else None

    def _keep_seen(self, report: PatrolReport) -> None:
        """Each of the differences in one row, with how often it was seen."""
        known = {
            _key(row): row
            for row in Difference.objects.filter(
                listing=self.listing, done=Done.COMPARED, found_at__gte=began(self.listing.account)
            )
        }
        again: list[Difference] = []
        new: list[Difference] = []
        for key, difference in self._seen.items():
            row = known.get(key)
            seen = int(row.data.get("seen", 1)) + 1 if row else 1
            data = {**difference.data, "seen": seen, "last": self.now.isoformat()}
            kept = row or difference
            kept.data, kept.report = data, report
            (again if row else new).append(kept)
        Difference.objects.bulk_update(again, ["data", "report"], batch_size=500)
        Difference.objects.bulk_create(new, batch_size=500)


def began(account: Account) -> datetime:
    """Since when both sides have only been compared."""
    return account.writing_since or account.state_since


def purge(listing: Listing) -> None:
    """Throws away what is older than a month."""
    before = clock.now() - KEPT
    Difference.objects.filter(listing=listing, found_at__lt=before, report=None).delete()
    PatrolReport.objects.filter(listing=listing, at__lt=before).delete()


def _key(difference: Difference) -> _Key:
    data = difference.data
    what = data.get("booking") or data.get("break_id") or data.get("visit") or data.get("service")
    return str(difference.kind), difference.day, str(what or "")
