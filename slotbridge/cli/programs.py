"""`slotbridge serve` and `slotbridge worker`: the two programs of the hub."""

from typing import Annotated

import django
import typer

from slotbridge.cli import database, serving

SERVED = "slotbridge.config.wsgi:application"
# Each waits for the database most of the time; each keeps one session of it.
THREADS = 8


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that answer.")] = 1,
) -> None:
    """Serve the pages and the addresses that portals send notifications to."""
    django.setup()
    with database.hub():
        typer.echo(f"Slotbridge: http://{host}:{port}/ (Ctrl-C stops it)")
        serving.run(SERVED, host, port, threads=THREADS, workers=workers)


def worker() -> None:
    """Exchange slots and visits with the portals. Any number of workers may run."""
    django.setup()
    from slotbridge.sync.worker import Worker  # noqa: PLC0415 - models need django.setup()

    with database.hub():
        one = Worker()
        one.stop_on_signals()
        typer.echo("Worker: started (Ctrl-C stops it)")
        one.run()
