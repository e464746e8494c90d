"""Worlds that were built once: their rows are put back instead of being made by the same steps.

Building a world goes through the first synchronisation and the first load, as people do it; most
tests begin after that. The rows of both databases are copied when the first test of a process has
built such a world, and copied back for the next ones, inside each test's own transaction.
"""

from copy import deepcopy

from django.apps import apps
from django.db import connections

from slotbridge.kit import clock

ALIASES = {"default": ("his", "sync"), "sandbox": ("sandbox",)}

_kept = {}


def put_back(key):
    """(rows are back; the state that was kept with them), or None if it has to be built."""
    kept = _kept.get(key)
    if kept is None or not all(_is_bare(alias) and _may(alias) for alias in ALIASES):
        return None
    copies, state, at = kept
    for alias, tables in copies.items():
        _fill(connections[alias], tables)
    return deepcopy(state), at


def keep(key, state):
    """Remembers all rows of both sides, and `state` with them."""
    copies = {
        alias: {table: _copy(connections[alias], table) for table in _tables(alias)}
        for alias in ALIASES
    }
    _kept[key] = (copies, deepcopy(state), clock.now())


def _tables(alias):
    return [
        model._meta.db_table
        for label in ALIASES[alias]
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
    ]


def _is_bare(alias):
    """Nothing was made before: else the rows would not be those of this world alone."""
    first = {"default": "his_organisation", "sandbox": "sandbox_facility"}[alias]
    return not _has_rows(connections[alias], first)


def _may(alias):
    """Rows are put back past triggers and constraints, which had their say when they were made."""
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        return cursor.fetchone()[0]


def _has_rows(connection, table):
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT EXISTS (SELECT FROM "{table}")')
        return cursor.fetchone()[0]


def _copy(connection, table):
    with connection.cursor() as cursor, cursor.copy(f'COPY "{table}" TO STDOUT') as rows:
        return b"".join(bytes(part) for part in rows)


def _fill(connection, tables):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table, rows in tables.items():
            if not rows or _has_rows(connection, table):
                continue  # what a migration laid is there already
            with cursor.copy(f'COPY "{table}" FROM STDIN') as into:
                into.write(rows)
        cursor.execute("SET LOCAL session_replication_role = origin")
