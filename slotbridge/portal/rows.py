"""Replaces a section's rows by what was staged, set by set, writing only what differs.

One join finds everything that differs; its answer is small where little does. A clinic that has
no such rows yet gets them straight from the temporary table.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from django.db.backends.utils import CursorWrapper
from psycopg import sql

from slotbridge.portal import staging
from slotbridge.portal.staging import Shape
from slotbridge.wire.medihost.model import Key, Section


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a section's rows are kept, in SQL's words.

    `imported`: which of the clinic's rows came by imports. `is_hidden`: which are as good as
    deleted (U-17). `counted`: which the brake counts (U-19); a row of yesterday that lasts into
    today still occupies time, so it counts.
    """

    shape: Shape
    table: str
    imported: str = "true"
    is_hidden: str = "false"
    counted: str = "true"

    @property
    def change(self) -> sql.Identifier:
        return sql.Identifier(f"change_of_{self.table}")

    @property
    def names_resources(self) -> bool:
        return "resource_mis_id" in self.shape.columns


KEPT = {
    kept.shape.section: kept
    for kept in (
        Kept(staging.GROUPS, "portal_resourcegroup"),
        Kept(
            staging.RESOURCES,
            "portal_resource",
            imported="mis_id IS NOT NULL",
            is_hidden="hidden_at IS NOT NULL",
        ),
        Kept(
            staging.SCHEDULES,
            "portal_workingday",
            imported="resource_mis_id IS NOT NULL",
            counted="day >= %(today)s",
        ),
        Kept(
            staging.APPOINTMENTS,
            "portal_appointment",
            counted="day + time + make_interval(mins => coalesce(duration, 1440)) > %(today)s",
        ),
    )
}

# Their names are free again for the next import, also within a transaction that goes on.
DROP_ALL = sql.SQL("DROP TABLE IF EXISTS {}").format(
    sql.SQL(", ").join(
        sql.SQL("pg_temp.{}").format(name)
        for name in (
            *(kept.shape.staged for kept in KEPT.values()),
            *(kept.change for kept in KEPT.values()),
            sql.Identifier("known"),
            sql.Identifier("united"),
        )
    )
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would do to a section; rows that have no resource yet count as parked only."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    parked: int = 0
    gone: int = 0
    counted: int = 0  # of `gone`: those that the brake looks at
    new: int = 0  # rows to insert, parked or not
    changed: int = 0  # rows to update, parked or not
    is_first: bool = False


class Told(NamedTuple):
    """What is to be told of staged rows: how many, and the first of them."""

    number: int
    first: list[tuple[Any, ...]]  # line, what they name, and the key's parts


class Table:
    """The rows of one section of one clinic, within the import's transaction."""

    def __init__(
        self, cursor: CursorWrapper, section: Section, *, clinic: int, today: date
    ) -> None:
        self.kept = KEPT[section]
        self._cursor = cursor
        self._facts: dict[str, Any] = {"clinic": clinic, "today": today}
        self._names = {
            "table": sql.Identifier(self.kept.table),
            "staged": self.kept.shape.staged,
            "change": self.kept.change,
            "columns": _list(self.kept.shape.columns),
            "key": _list(self.kept.shape.key),
            "imported": sql.SQL(self.kept.imported),
            "is_hidden": sql.SQL(self.kept.is_hidden),
            "counted": sql.SQL(self.kept.counted),
        }

    def stage(self) -> None:
        self._run(
            "CREATE TEMPORARY TABLE {staged} ({typed}, line integer)",
            typed=sql.SQL(", ").join(
                sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind))
                for name, kind in self.kept.shape.columns.items()
            ),
        )

    @property
    def copy(self) -> sql.Composed:
        return sql.SQL("COPY {} FROM STDIN (NULL {})").format(
            self.kept.shape.staged, sql.Literal(staging.NULL)
        )

    def refuse(self, keys: Collection[Key]) -> int:
        """Drops the staged rows of these keys; returns how many there were."""
        if not keys:
            return 0
        return self._run("DELETE FROM {staged} USING {keys} WHERE {same}", **self._these(keys))

    def collapse(self, keys: Collection[Key]) -> int:
        """Leaves one of the identical staged rows of each key; returns how many went (U-33)."""
        if not keys:
            return 0
        return self._run(
            "DELETE FROM {staged} USING ("
            " SELECT {staged_key}, min({staged}.ctid) AS first FROM {staged}, {keys} WHERE {same}"
            " GROUP BY {staged_key}) AS these"
            " WHERE {same} AND {staged}.ctid <> these.first",
            staged_key=_list(self.kept.shape.key, of=self.kept.shape.staged),
            **self._these(keys),
        )

    def unite_days(self) -> int:
        """Makes one of several rows of a resource's day: the union of their hours (U-20). Returns
        how many rows fewer there are.
        """
        self._run(
            "CREATE TEMPORARY TABLE united AS"
            " SELECT {key}, min(line) AS line, range_agg(int4range(periods[n], periods[n + 1]))"
            " FILTER (WHERE n IS NOT NULL) AS hours"
            " FROM (SELECT {key} FROM {staged} GROUP BY {key} HAVING count(*) > 1) AS several"
            " JOIN {staged} USING ({key})"
            " LEFT JOIN LATERAL generate_subscripts(periods, 1) AS n ON n %% 2 = 1"
            " GROUP BY {key}"
        )
        several = self._run(
            "DELETE FROM {staged} USING united AS these WHERE {same}", same=self._same
        )
        if not several:
            return 0
        return several - self._run(
            "INSERT INTO {staged} ({key}, periods, line) SELECT {key}, ARRAY(SELECT bound"
            " FROM unnest(hours) AS one, LATERAL unnest(ARRAY[lower(one), upper(one)]) AS bound"
            " ORDER BY bound), line FROM united"
        )

    def plan(self, rows: int, *, deletes: bool) -> Plan:
        """Finds what differs. `rows` are staged; `deletes`: those that are not there are gone."""
        if not self._one("SELECT EXISTS (SELECT FROM {table} WHERE {ours})")[0]:
            parked = self._parked()
            return Plan(added=rows - parked, parked=parked, new=rows, is_first=True)
        if not deletes:
            # Few rows against many, so the planner must know that they are few.
            self._run("ANALYZE {staged}")
        self._run(
            "CREATE TEMPORARY TABLE {change} AS"
            " SELECT old.id AS old_id, old.is_hidden,"
            " CASE WHEN new.line IS NULL THEN old.counted END AS counted, {new_columns}, new.line"
            " FROM {staged} AS new {join} (SELECT *, {is_hidden} AS is_hidden,"
            " {counted} AS counted FROM {table} WHERE {ours}) AS old ON {same_key}"
            " WHERE CASE WHEN old.id IS NULL THEN true"
            " WHEN new.line IS NULL THEN NOT old.is_hidden"
            " ELSE old.is_hidden OR ({old_values}) IS DISTINCT FROM ({new_values}) END",
            join=sql.SQL("FULL JOIN" if deletes else "LEFT JOIN"),
            same_key=_equal("old", "new", self.kept.shape.key),
            new_columns=_list(self.kept.shape.columns, of=sql.SQL("new")),
            old_values=_list(self.kept.shape.values, of=sql.SQL("old")),
            new_values=_list(self.kept.shape.values, of=sql.SQL("new")),
        )
        return self._counted(rows)

    def _counted(self, rows: int) -> Plan:
        known, joined = sql.SQL("true"), sql.SQL("")
        if self.kept.names_resources:
            known = sql.SQL("known.mis_id IS NOT NULL")
            joined = sql.SQL("LEFT JOIN known ON known.mis_id = change.resource_mis_id")
        added, updated, new, changed, gone, counted = self._one(
            "SELECT count(*) FILTER (WHERE is_added AND {known}),"
            " count(*) FILTER (WHERE is_updated AND {known}),"
            " count(*) FILTER (WHERE old_id IS NULL),"
            " count(*) FILTER (WHERE old_id IS NOT NULL AND line IS NOT NULL),"
            " count(*) FILTER (WHERE line IS NULL), count(*) FILTER (WHERE counted)"
            " FROM (SELECT *, old_id IS NULL OR is_hidden AS is_added,"
            " old_id IS NOT NULL AND NOT is_hidden AND line IS NOT NULL AS is_updated"
            " FROM {change}) AS change {joined}",
            known=known,
            joined=joined,
        )
        parked = self._parked()
        return Plan(
            added=added,
            updated=updated,
            unchanged=rows - parked - added - updated,
            parked=parked,
            gone=gone,
            counted=counted,
            new=new,
            changed=changed,
        )

    def covered(self) -> int:
        """How many rows the section has now that the brake looks at."""
        found: int = self._one(
            "SELECT count(*) FROM {table} WHERE {ours} AND NOT {is_hidden} AND {counted}"
        )[0]
        return found

    def write(self, plan: Plan, *, deletes: bool) -> None:
        """Groups, schedules and appointments."""
        if plan.new:
            self._run(
                "INSERT INTO {table} (clinic_id, {columns}) SELECT %(clinic)s, {columns}"
                " FROM {source}",
                source=self._source(plan),
            )
        if plan.changed:
            self._update()
        if deletes and plan.gone:
            self._run(
                "DELETE FROM {table} USING {change} AS change"
                " WHERE {table}.id = change.old_id AND change.line IS NULL"
            )

    def write_resources(self, plan: Plan, *, deletes: bool, now: object) -> None:
        """Resources are numbered as they first come, in the document's order, and never deleted.

        The clinic's row, which counts the numbers, is locked from here on: patients' orders are
        numbered by it too and wait, so this comes last.
        """
        facts = {"now": now, "new": plan.new}
        if plan.changed:
            self._update(also=", hidden_at = NULL")
        if deletes and plan.gone:
            self._run(
                "UPDATE {table} SET hidden_at = %(now)s FROM {change} AS change"
                " WHERE {table}.id = change.old_id AND change.line IS NULL",
                facts,
            )
        if plan.new:
            self._run(
                "WITH taken AS (UPDATE portal_clinic SET last_resource = last_resource + %(new)s"
                " WHERE id = %(clinic)s RETURNING last_resource - %(new)s AS before)"
                " INSERT INTO {table} (clinic_id, public_id, number, {columns})"
                " SELECT %(clinic)s, gen_random_uuid(),"
                " taken.before + row_number() OVER (ORDER BY line), {columns}"
                " FROM {source}, taken",
                facts,
                source=self._source(plan),
            )

    def _update(self, also: str = "") -> None:
        self._run(
            "UPDATE {table} SET {assigned}{also} FROM {change} AS change"
            " WHERE {table}.id = change.old_id AND change.line IS NOT NULL",
            assigned=sql.SQL(", ").join(
                sql.SQL("{0} = change.{0}").format(sql.Identifier(name))
                for name in self.kept.shape.values
            ),
            also=sql.SQL(also),
        )

    def _source(self, plan: Plan) -> sql.Composable:
        if plan.is_first:
            return self.kept.shape.staged
        return sql.SQL("(SELECT * FROM {} WHERE old_id IS NULL) AS change").format(self.kept.change)

    def _parked(self) -> int:
        if not self.kept.names_resources:
            return 0
        found: int = self._one("SELECT count(*) FROM {staged} WHERE {unknown}")[0]
        return found

    def parked(self, most: int) -> Told:
        """The parked rows: line, resource, and the key's parts."""
        return self._told("{staged}", "{unknown}", "resource_mis_id, {key}", most)

    def know(self, *, deletes: bool, staged: bool) -> None:
        """Of resources: notes which will be there after this import, before any is written."""
        pieces = ["SELECT mis_id FROM {table} AS old WHERE {ours} AND NOT {is_hidden}"]
        if deletes:
            pieces[0] += " AND EXISTS (SELECT FROM {staged} AS new WHERE new.mis_id = old.mis_id)"
        if staged:
            pieces.append("SELECT mis_id FROM {staged}")
        self._run("CREATE TEMPORARY TABLE known AS " + " UNION ".join(pieces))
        self._run("ANALYZE known")

    def ungrouped(self, most: int) -> Told:
        """Of staged resources, those whose group is not there: line, group, id."""
        return self._told(
            "{staged} AS new",
            "group_mis_id IS NOT NULL AND NOT EXISTS (SELECT FROM portal_resourcegroup"
            " WHERE clinic_id = %(clinic)s AND mis_id = new.group_mis_id)",
            "group_mis_id, mis_id",
            most,
        )

    def _told(self, rows: str, condition: str, columns: str, most: int) -> Told:
        names = {
            "rows": self._format(rows),
            "condition": self._format(condition),
            "told": self._format(columns),
        }
        number: int = self._one("SELECT count(*) FROM {rows} WHERE {condition}", **names)[0]
        first = self._all(
            "SELECT line, {told} FROM {rows} WHERE {condition} ORDER BY line LIMIT %(most)s",
            {"most": most},
            **names,
        )
        return Told(number, first)

    @property
    def _same(self) -> sql.Composed:
        shape = self.kept.shape
        return sql.SQL(" AND ").join(
            sql.SQL("{0}.{1} = these.{1}").format(shape.staged, sql.Identifier(name))
            for name in shape.key
        )

    def _these(self, keys: Collection[Key]) -> dict[str, sql.Composable]:
        """`keys` as a table in a query, and what joins it to the staged rows."""
        shape = self.kept.shape
        arrays = [
            sql.SQL("{}::{}[]").format(list(column), sql.SQL(shape.columns[name]))
            for name, column in zip(shape.key, zip(*keys, strict=True), strict=True)
        ]
        return {
            "keys": sql.SQL("unnest({}) AS these ({})").format(
                sql.SQL(", ").join(arrays), _list(shape.key)
            ),
            "same": self._same,
        }

    def _format(self, text: str, **names: sql.Composable) -> sql.Composed:
        ours = sql.SQL("clinic_id = %(clinic)s AND {imported}").format(**self._names)
        unknown = sql.SQL(
            "NOT EXISTS (SELECT FROM known WHERE known.mis_id = {staged}.resource_mis_id)"
        ).format(**self._names)
        return sql.SQL(text).format(**self._names, ours=ours, unknown=unknown, **names)

    def _run(
        self, text: str, facts: Mapping[str, Any] | None = None, /, **names: sql.Composable
    ) -> int:
        """Executes a statement; returns how many rows it touched."""
        self._cursor.execute(self._format(text, **names), {**self._facts, **(facts or {})})
        touched: int = self._cursor.rowcount
        return touched

    def _all(
        self, text: str, facts: Mapping[str, Any] | None = None, /, **names: sql.Composable
    ) -> list[Any]:
        self._run(text, facts, **names)
        rows: list[Any] = self._cursor.fetchall()
        return rows

    def _one(self, text: str, /, **names: sql.Composable) -> Any:
        return self._all(text, **names)[0]


def _list(
    names: Sequence[str] | Mapping[str, str], of: sql.Composable | None = None
) -> sql.Composed:
    before = sql.SQL("") if of is None else sql.SQL("{}.").format(of)
    return sql.SQL(", ").join(before + sql.Identifier(name) for name in names)


def _equal(one: str, other: str, names: Sequence[str]) -> sql.Composed:
    return sql.SQL(" AND ").join(
        sql.SQL("{}.{} = {}.{}").format(
            sql.SQL(one), sql.Identifier(name), sql.SQL(other), sql.Identifier(name)
        )
        for name in names
    )
