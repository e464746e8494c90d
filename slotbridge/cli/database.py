"""What a program needs of the database before it starts, and leaves behind when it ends."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import psycopg
import typer
from django.conf import settings
from django.core.management import call_command
from django.db import (
    DEFAULT_DB_ALIAS,
    OperationalError,
    ProgrammingError,
    connection,
    connections,
)
from django.db.migrations.executor import MigrationExecutor

from slotbridge.kit import postgres

# Any number, the same in every program: whoever holds this lock migrates, others wait.
_MIGRATING = 5_177_600_213
_OTHERS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


@contextmanager
def running(server: postgres.Server | None, name: str) -> Iterator[None]:
    """The embedded server runs, with database `name` in it; nothing to do where somebody else
    runs the database.

    If it was started here, it is stopped at the end, unless others use it by then. A session is
    kept open all the while: a program between two of its queries uses the database, too.
    Trouble ends the program with its sentence.
    """
    if server is None:
        yield
        return
    with told():
        started = server.start()
        server.ensure_database(name)
        session = psycopg.connect(server.url(name), autocommit=True)
    try:
        yield
    finally:
        connections.close_all()
        if started:
            _stop_if_unused(server, session)
        session.close()


def ready(alias: str = DEFAULT_DB_ALIAS) -> None:
    """Brings a program's tables up to date; of several that start at once, one does."""
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_MIGRATING])
        try:
            if pending(alias):
                call_command("migrate", database=alias, verbosity=0, interactive=False)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_MIGRATING])


def pending(alias: str = DEFAULT_DB_ALIAS) -> int:
    """How many migrations the database has not had yet."""
    executor = MigrationExecutor(connections[alias])
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


@contextmanager
def hub() -> Iterator[None]:
    """The hub's database, running and up to date; what is ended by SIGTERM stops it, too."""
    end_politely()
    with running(settings.EMBEDDED_POSTGRES, str(settings.DATABASES["default"]["NAME"])):
        with told():
            connection.ensure_connection()
        ready()
        connections.close_all()  # a server forks or starts threads: none inherits this one
        yield


def end_politely() -> None:
    """SIGTERM leaves every `with` in good order, until a server takes the signal for itself."""

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, leave)


@contextmanager
def told() -> Iterator[None]:
    """A database that is not there, or not ours, ends the program with a sentence.

    The driver's own text is not shown: it may hold an address with its password, or a row.
    """
    try:
        yield
    except postgres.Trouble as trouble:
        typer.echo(str(trouble), err=True)
    except (OperationalError, psycopg.OperationalError):
        typer.echo("The database does not answer. `slotbridge check` says more.", err=True)
    except ProgrammingError:
        typer.echo("This database lacks our tables. `slotbridge check` says more.", err=True)
    else:
        return
    raise typer.Exit(1)


def _stop_if_unused(server: postgres.Server, session: psycopg.Connection) -> None:
    if _used_by_others(session):
        typer.echo("PostgreSQL stays: others use it. `slotbridge db stop` stops it.", err=True)
    else:
        session.close()
        server.stop()


def _used_by_others(session: psycopg.Connection) -> bool:
    """Asked for a second: the server notices only after a moment that our own sessions ended."""
    until = time.monotonic() + 1
    while True:
        try:
            if session.execute(_OTHERS).fetchone() == (0,):
                return False
        except psycopg.OperationalError:
            return False  # it went away under us
        if time.monotonic() > until:
            return True
        time.sleep(0.02)
