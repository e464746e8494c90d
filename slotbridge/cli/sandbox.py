"""`slotbridge sandbox`: the portal's look-alike, with a process and a database of its own.

It runs with slotbridge.config.sandbox (chosen in slotbridge.__main__) and is reached only by
Django's machinery and a dotted path: nothing here imports it.
"""

from typing import Annotated

import django
import psycopg
import typer
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from slotbridge.kit import postgres

SERVED = "slotbridge.sandbox.serve:application"
THREADS = 16  # scripted time-outs each hold one
STOP_PATIENCE = 15  # seconds until a worker that does not end is killed
_OTHERS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


def sandbox(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port.")] = 8100,
) -> None:
    """Serve a practice portal: its API, pages for patients and doctors, faults on demand."""
    django.setup()
    server: postgres.Server | None = settings.EMBEDDED_POSTGRES
    started = server is not None and _start(server)
    try:
        call_command("migrate", database="sandbox", verbosity=0, interactive=False)
        connections.close_all()
        typer.echo(f"Sandbox: http://{host}:{port}/ (Ctrl-C stops it)")
        _serve(host, port)
    finally:
        connections.close_all()
        if started and server is not None:
            _stop_if_unused(server)


def _start(server: postgres.Server) -> bool:
    """Whether it is we who started the embedded server."""
    try:
        started = server.start()
        server.ensure_database("sandbox")
    except postgres.Trouble as trouble:
        typer.echo(str(trouble), err=True)
        raise typer.Exit(1) from None
    return started


def _serve(host: str, port: int) -> None:
    """Returns after SIGTERM or Ctrl-C, when the worker has ended."""
    Granian(
        SERVED,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        blocking_threads=THREADS,
        workers_kill_timeout=STOP_PATIENCE,
        log_level=LogLevels.error,  # its warning about threads does not know what they are for
    ).serve()


def _stop_if_unused(server: postgres.Server) -> None:
    """Stops the database that was started for us, unless others came to share it."""
    with psycopg.connect(server.url("sandbox")) as session:
        row = session.execute(_OTHERS).fetchone()
    if row == (0,):
        server.stop()
    else:
        typer.echo("PostgreSQL stays: others use it. `slotbridge db stop` stops it.", err=True)
