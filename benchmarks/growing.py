"""The portal while it is small and when it has grown, measured in the same minutes.

Tables are filled by the million as a restore does it: rows first, indexes behind.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connections
from django.db.backends.utils import CursorWrapper
from psycopg import sql

from slotbridge.portal.router import DATABASE

_TURNS = 15

# What a table has besides its primary key and its links: statements that drop and make it.
_RULES = """
SELECT format('ALTER TABLE %%I DROP CONSTRAINT %%I', %(table)s::text, conname),
    format('ALTER TABLE %%I ADD CONSTRAINT %%I %%s', %(table)s::text, conname,
        pg_get_constraintdef(oid))
FROM pg_constraint WHERE conrelid = %(table)s::regclass AND contype IN ('u', 'x')
UNION ALL
SELECT format('DROP INDEX %%I', indexrelid::regclass::text), pg_get_indexdef(indexrelid)
FROM pg_index WHERE indrelid = %(table)s::regclass AND NOT indisprimary
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype <> 'f')
"""


@contextmanager
def bare(cursor: CursorWrapper, table: str) -> Iterator[None]:
    """The table without its indexes; they are back, and the planner knows them, after the block."""
    cursor.execute(_RULES, {"table": table})
    rules: list[tuple[Any, ...]] = cursor.fetchall()
    for drop, _make in rules:
        cursor.execute(drop)
    yield
    cursor.execute("SET maintenance_work_mem = '256MB'")
    for _drop, make in rules:
        cursor.execute(make)
    cursor.execute("RESET maintenance_work_mem")
    cursor.execute(f"VACUUM ANALYZE {table}")


def copy_of_now() -> str:
    """The name of a new database with all that the portal has at this moment."""
    name = connections[DATABASE].settings_dict["NAME"]
    copied = f"{name}_small"
    how = connections[DATABASE].get_connection_params()
    connections[DATABASE].close()
    with psycopg.connect(
        host=how["host"], port=how["port"], user=how["user"], password=how.get("password"),
        dbname="postgres", autocommit=True,
    ) as server:  # fmt: skip
        server.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(copied), sql.Identifier(name)
            )
        )
    return copied


def side_by_side(small: str, ask: Callable[[], float]) -> tuple[float, float]:
    """What `ask` measures of the small portal and of this one: the quickest of several turns each,
    since all turns do the same work and what else the machine does only adds.
    """
    grown = connections[DATABASE].settings_dict["NAME"]
    found: dict[str, list[float]] = {small: [], grown: []}
    for _n in range(_TURNS):
        for name, taken in found.items():
            with _at(name):
                taken.append(ask())
    return min(found[small]), min(found[grown])


@contextmanager
def _at(name: str) -> Iterator[None]:
    connection = connections[DATABASE]
    usual = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = usual
