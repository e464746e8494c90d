"""Several real connections at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from django.db import connection, connections


def together(*actions):
    """Runs each action in a thread with a connection of its own, all let go at one moment;
    returns what each returned, or the exception it raised.
    """
    start = threading.Barrier(len(actions))

    def run(action):
        try:
            connection.ensure_connection()
            start.wait(timeout=30)
            return action()
        except Exception as error:  # noqa: BLE001 - the outcome is what a race is about
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


@contextmanager
def without(table, constraint):
    """The database without one of its rules. The rows that breach it are the test's to remove
    before the end of the block: the rule is then put back.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [constraint]
        )
        (definition,) = cursor.fetchone()
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {constraint} {definition}")


def kinds(outcomes):
    """The kinds of the outcomes, sorted: which of the actions was first is chance."""
    return sorted(type(outcome).__name__ for outcome in outcomes)
