"""`slotbridge db …`, `slotbridge portal db …`: a program's database, embedded or named by
DATABASE_URL, PORTAL_DATABASE_URL.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer
from django.conf import settings

from slotbridge.kit import postgres

app = typer.Typer(help="The database: start, stop, status, shell, dump, restore.")

_ELSEWHERE = "DATABASE_URL or PORTAL_DATABASE_URL is set: that database is run by somebody else"
_SIZE_AND_SESSIONS = """
    SELECT pg_database_size(current_database()), count(*) - 1 FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend'
"""


@app.command()
def start() -> None:
    """Start the embedded PostgreSQL, if it does not run."""
    server = _embedded()
    if server is None:
        typer.echo(f"{_ELSEWHERE}. There is nothing to start.")
        return
    with _trouble_told():
        started = server.start()
        server.ensure_database(_address().database)
        where = server.status().data
    typer.echo(f"PostgreSQL {'started' if started else 'runs already'}: {where}")


@app.command()
def stop() -> None:
    """Stop the embedded PostgreSQL and end all its sessions."""
    server = _embedded()
    if server is None:
        typer.echo(f"{_ELSEWHERE}. Slotbridge does not stop it.")
        return
    with _trouble_told():
        stopped = server.stop()
    typer.echo("PostgreSQL stopped." if stopped else "PostgreSQL was not running.")


@app.command()
def status() -> None:
    """Tell where the database is and whether it answers; exit code 1 if it does not."""
    server = _embedded()
    with _trouble_told():
        if server is None:
            typer.echo(f"{_ELSEWHERE}.")
        elif not _describe(server.status()):
            raise typer.Exit(1)
        with _address().session() as session:
            _describe_database(session)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def shell(context: typer.Context) -> None:
    """Open psql on the database. What follows `--` is given to psql."""
    with _trouble_told():
        _start_if_ours()
        psql = str(_programs().binary("psql"))
    address = _address()
    command = [psql, f"--dbname={address.conninfo}", *context.args]
    os.execve(psql, command, address.environment)  # noqa: S606 - psql takes over the terminal


@app.command()
def dump(
    file: Annotated[Path, typer.Argument(help="The file to write.")],
    *,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> None:
    """Write the whole database into one file (pg_dump's custom format)."""
    with _trouble_told():
        _start_if_ours()
        done = postgres.dump(_address(), file, _programs(), overwrite=force)
    typer.echo(f"Dumped {_address().database} to {file}: {_told(done)}.")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that dump wrote.")],
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace all that is there.")] = False,
) -> None:
    """Make the database what a dump holds: all of it or, after any trouble, nothing."""
    with _trouble_told():
        _start_if_ours()
        done = postgres.restore(_address(), file, _programs(), replace=force)
    typer.echo(f"Restored {_address().database} from {file}: {_told(done)}.")


@contextmanager
def _trouble_told() -> Iterator[None]:
    try:
        yield
    except postgres.Trouble as trouble:
        typer.echo(str(trouble), err=True)
        raise typer.Exit(1) from None


def _embedded() -> postgres.Server | None:
    server: postgres.Server | None = settings.EMBEDDED_POSTGRES
    return server


def _programs() -> postgres.Program:
    server = _embedded()
    return server.program if server else postgres.installed()


def _start_if_ours() -> None:
    """Starts the embedded server if need be, and leaves it running: others may share it by now."""
    server = _embedded()
    if server is None:
        return
    if server.start():
        typer.echo("PostgreSQL started; `slotbridge db stop` stops it.", err=True)
    server.ensure_database(_address().database)


def _address() -> postgres.Address:
    """The program's database as Django is told of it, without what only Django understands."""
    database: dict[str, Any] = next(entry for entry in settings.DATABASES.values() if entry)
    named = {
        "dbname": database["NAME"],
        "user": database["USER"],
        "password": database["PASSWORD"],
        "host": database["HOST"],
        "port": database["PORT"],
    }
    libpq = {option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()}
    options: dict[str, object] = database["OPTIONS"]
    named |= {name: value for name, value in options.items() if name in libpq}
    return postgres.Address({name: str(value) for name, value in named.items() if value})


def _describe(found: postgres.Status) -> bool:
    state = f"running since {found.since:%Y-%m-%d %H:%M} UTC" if found.since else "not running"
    typer.echo(f"PostgreSQL {found.version}, {state}" + (f", process {found.pid}" * found.running))
    typer.echo(f"data    {found.data} ({_size(found.size)})")
    typer.echo(f"socket  {found.socket}")
    typer.echo(f"log     {found.log}")
    return found.running


def _describe_database(session: psycopg.Connection) -> None:
    row = session.execute(_SIZE_AND_SESSIONS).fetchone()
    size, others = row or (0, 0)
    version = session.info.parameter_status("server_version")
    typer.echo(
        f"database {session.info.dbname} answers: PostgreSQL {version}, {_size(size)}, "
        f"other sessions: {others}"
    )


def _told(work: postgres.Work) -> str:
    return f"{_size(work.size)} in {work.seconds:.1f} s"


def _size(number: int) -> str:
    return f"{number / 2**20:.1f} MB" if number >= 2**20 // 10 else f"{number / 2**10:.1f} kB"
