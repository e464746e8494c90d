"""`slotbridge sandbox`: the portal's look-alike, with a process and a database of its own.

It runs with slotbridge.config.sandbox (chosen in slotbridge.__main__) and is reached only by
Django's machinery and a dotted path: nothing here imports it.
"""

from typing import Annotated

import django
import typer
from django.conf import settings
from django.core.management import call_command
from django.db import connections

from slotbridge.cli import database, serving

SERVED = "slotbridge.sandbox.serve:application"
THREADS = 16  # scripted time-outs each hold one


def sandbox(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port.")] = 8100,
) -> None:
    """Serve a practice portal: its API, pages for patients and doctors, faults on demand."""
    django.setup()
    database.end_politely()
    with database.running(settings.EMBEDDED_POSTGRES, "sandbox"):
        call_command("migrate", database="sandbox", verbosity=0, interactive=False)
        connections.close_all()
        typer.echo(f"Sandbox: http://{host}:{port}/ (Ctrl-C stops it)")
        serving.run(SERVED, host, port, threads=THREADS)
