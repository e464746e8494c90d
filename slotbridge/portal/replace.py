"""Applies an import: one document, one transaction, nothing by halves (section 7, U-27).

While the document is being read, its rows go into temporary tables, since its sections may come
in any order and count only once it was read to its end (U-8). What differs is then found and
written section by section.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date

from django.db import OperationalError, connections, transaction
from django.db.backends.utils import CursorWrapper
from psycopg import errors

from slotbridge.kit import clock
from slotbridge.portal import withheld
from slotbridge.portal.changed_orders import ChangedOrders
from slotbridge.portal.messages import Messages
from slotbridge.portal.models import Clinic, ReceivedDocument, SectionImport
from slotbridge.portal.router import DATABASE
from slotbridge.portal.rows import DROP_ALL, Plan, Table, Told
from slotbridge.portal.staging import Lines
from slotbridge.wire.medihost import problems
from slotbridge.wire.medihost.model import Section, SyncMode
from slotbridge.wire.medihost.problems import Kind, Problem
from slotbridge.wire.medihost.reader import Batch, Began, Ended, Found
from slotbridge.wire.medihost.result import Outcome, SectionCounts

PATIENCE = 30  # seconds that an import waits for another one of its clinic (U-32)
# Of each kind and import: a whole section without resources is said by a few hundred, too.
_MOST_OF_A_KIND = 300
# "MEDI": what an advisory lock of ours begins with, so that it is nobody else's.
_LOCKS = 0x4D454449 << 32
# For the transaction: room to join some hundred thousand rows in memory, and no time spent on
# compiling statements that run once.
_SETTINGS = "SET LOCAL work_mem = '64MB'; SET LOCAL jit = off"


class Busy(Exception):
    """Another import of this clinic runs and took too long to end: answer E_BUSY (U-32)."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What an import did: `sections` that the document had, in the order of the protocol."""

    outcome: Outcome
    sections: tuple[SectionCounts, ...]
    problems: list[Problem]


def apply_document(
    *, clinic: Clinic, found: Iterable[Found], document: ReceivedDocument | None = None
) -> Applied:
    """Reads `found` to its end, then applies it; `document` is what it is kept as.

    Raises Busy, and lets the reader's DocumentRefused through: then nothing was changed.
    """
    with transaction.atomic(using=DATABASE, durable=True):
        return _run(clinic, found, document)


def explain(*, clinic: Clinic, found: Iterable[Found]) -> Applied:
    """What apply_document would do, without doing it."""
    with transaction.atomic(using=DATABASE, durable=True):
        applied = _run(clinic, found, None)
        transaction.set_rollback(True, using=DATABASE)
        return applied


def keep_out(clinic_id: int) -> bool:
    """Until the transaction ends no import of the clinic runs. Returns False, at once, where one
    does: then nothing is kept out.
    """
    with connections[DATABASE].cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCKS | clinic_id])
        is_kept_out: bool = cursor.fetchone()[0]
    return is_kept_out


@dataclass(slots=True)
class _Section:
    """A section on its way: read, then compared, then written."""

    began: Began
    table: Table | None = None  # none of orders
    received: int = 0
    rows: int = 0  # staged, each key once
    skipped: int = 0
    plan: Plan = field(default_factory=Plan)
    deletes: bool = False
    withheld: int = 0

    @property
    def counts(self) -> SectionCounts:
        return SectionCounts(
            name=self.began.section,
            mode=self.began.mode or "",
            received=self.received,
            added=self.plan.added,
            updated=self.plan.updated,
            unchanged=self.plan.unchanged,
            removed=self.plan.gone if self.deletes else 0,
            withheld=self.withheld,
            parked=self.plan.parked,
            skipped=self.skipped,
        )


class _Import:
    """One import, within its transaction."""

    def __init__(
        self, cursor: CursorWrapper, clinic: Clinic, document: ReceivedDocument | None
    ) -> None:
        self._cursor = cursor
        self._clinic = clinic
        self._document = document
        self._messages = Messages()
        self._sections: dict[Section, _Section] = {}
        self._orders = ChangedOrders(clinic, self._messages.add)
        self._today = clock.today(clinic.tz)

    def run(self, found: Iterable[Found]) -> Applied:
        with closing(self._orders):
            self._read(iter(found))
            self._replace()
            self._cursor.execute(DROP_ALL)
            counts = [one.counts for one in self._sections.values() if one.table]
            if Section.ORDERS in self._sections:
                counts.append(self._orders.apply())
        self._note_success(counts)
        return Applied(
            outcome=Outcome.OK if self._messages.all_well else Outcome.PARTIAL,
            sections=tuple(sorted(counts, key=lambda one: list(Section).index(Section(one.name)))),
            problems=self._messages.told(),
        )

    def _read(self, found: Iterator[Found]) -> None:
        for each in found:
            if isinstance(each, Problem):
                self._messages.add(each)
            elif isinstance(each, Began):
                one = self._sections[each.section] = _Section(each)
                if each.section is Section.ORDERS:
                    self._orders.read(self._inside(found))
                else:
                    self._stage(one, self._inside(found))

    def _inside(self, found: Iterator[Found]) -> Iterator[Batch | Ended]:
        """What a section holds, up to and with its end."""
        for each in found:
            if isinstance(each, Problem):
                self._messages.add(each)
            elif isinstance(each, Batch | Ended):
                yield each
                if isinstance(each, Ended):
                    return

    def _stage(self, one: _Section, inside: Iterator[Batch | Ended]) -> None:
        section = one.began.section
        one.table = table = self._table(section)
        table.stage()
        lines = Lines(section, self._clinic.tz, self._messages.add)
        ended = Ended(section, received=0)
        with self._cursor.copy(table.copy) as copy:
            for each in inside:
                if isinstance(each, Ended):
                    ended = each
                else:
                    copy.write(lines.of(each))
        refused = table.refuse({*ended.refused, *lines.refused})
        one.received = ended.received
        one.skipped = ended.received - lines.given + refused
        one.rows = lines.given - refused
        if section is Section.SCHEDULES:
            one.rows -= table.unite_days()
        else:
            one.rows -= table.collapse(ended.repeated)

    def _replace(self) -> None:
        """Resources are compared early, as rows depend on them, and written late: whoever files
        an order needs them, and the clinic's row that numbers both, and must not wait (U-32).
        """
        self._compare(Section.GROUPS, write=True)
        self._compare(Section.RESOURCES, write=False)
        self._know_resources()
        for section in (Section.SCHEDULES, Section.APPOINTMENTS):
            self._compare(section, write=True)
            self._tell_parked(section)
        # Links are checked now, not at the commit, when locks are held that others wait for.
        self._cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        resources = self._sections.get(Section.RESOURCES)
        if resources and resources.table:
            resources.table.write_resources(
                resources.plan, deletes=resources.deletes, now=clock.now()
            )

    def _compare(self, section: Section, *, write: bool) -> None:
        one = self._sections.get(section)
        if one is None or one.table is None:
            return
        has_errors = one.skipped or self._messages.has_errors(section)
        is_whole = one.began.mode is not SyncMode.DIFF and not has_errors
        one.plan = one.table.plan(one.rows, deletes=is_whole)
        one.deletes = is_whole and withheld.may_delete(
            clinic=self._clinic,
            section=section,
            count=one.plan.counted,
            covered=one.table.covered,
            document=self._document,
        )
        if is_whole and not one.deletes:
            one.withheld = one.plan.counted
            self._messages.add(problems.DELETIONS_WITHHELD(section=section, count=one.withheld))
        if write:
            one.table.write(one.plan, deletes=one.deletes)

    def _know_resources(self) -> None:
        staged = self._sections.get(Section.RESOURCES)
        self._table(Section.RESOURCES).know(
            staged=staged is not None, deletes=staged is not None and staged.deletes
        )
        if staged and staged.table:
            self._tell(
                problems.GROUP_UNKNOWN,
                Section.RESOURCES,
                staged.table.ungrouped(_MOST_OF_A_KIND),
                attribute="group_id",
                value="group",
            )

    def _tell_parked(self, section: Section) -> None:
        one = self._sections.get(section)
        if one is not None and one.table is not None and one.plan.parked:
            self._tell(
                problems.RESOURCE_UNKNOWN,
                section,
                one.table.parked(_MOST_OF_A_KIND),
                attribute="resource_id",
                value="resource",
            )

    def _tell(
        self, kind: Kind, section: Section, found: Told, *, attribute: str, value: str
    ) -> None:
        """One message for each of the first rows, and one for how many there are more."""
        for line, named, *key in found.first:
            written = "/".join(map(_written, key))
            told = kind(section=section, line=line, key=written, attribute=attribute)
            self._messages.add(replace(told, params={value: named}))
        more = found.number - len(found.first)
        if more:
            self._messages.add(Problem(kind.code, problems.MORE_ALIKE, {"count": more}, section))

    def _note_success(self, counts: Iterable[SectionCounts]) -> None:
        """For the freshness light (U-21): not a section that looks like a fault, nor one of which
        no row could be used.
        """
        now = clock.now()
        SectionImport.objects.bulk_create(
            [
                SectionImport(clinic=self._clinic, section=one.name, mode=one.mode, at=now)
                for one in counts
                if not one.withheld and (one.skipped < one.received or not one.received)
            ],
            update_conflicts=True,
            unique_fields=["clinic", "section"],
            update_fields=["mode", "at"],
        )

    def _table(self, section: Section) -> Table:
        return Table(self._cursor, section, clinic=self._clinic.pk, today=self._today)


def _written(part: object) -> str:
    return f"{part:%d.%m.%Y}" if isinstance(part, date) else str(part)


def _run(clinic: Clinic, found: Iterable[Found], document: ReceivedDocument | None) -> Applied:
    with connections[DATABASE].cursor() as cursor:
        _wait_for_turn(cursor, clinic)
        cursor.execute(_SETTINGS)
        return _Import(cursor, clinic, document).run(found)


def _wait_for_turn(cursor: CursorWrapper, clinic: Clinic) -> None:
    """One import at a time for each clinic. Nothing else waits for this lock: patients go on."""
    cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{PATIENCE}s"])
    try:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCKS | clinic.pk])
    except OperationalError as error:
        if isinstance(error.__cause__, errors.LockNotAvailable):
            raise Busy from error
        raise
    cursor.execute("SET LOCAL lock_timeout TO DEFAULT")
