"""`slotbridge portal`: a portal for patients and clinics, with a process and database of its own.

It runs with slotbridge.config.portal (chosen in slotbridge.__main__) and is reached only by
Django's machinery and dotted paths: nothing here imports it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Annotated

import django
import typer
from django.conf import settings
from django.db import connections
from django.utils import translation

from slotbridge.cli import database, db, serving

SERVED = "slotbridge.portal.serve:application"
DATABASE = "portal"
THREADS = 16  # an import waits up to 30 seconds for another one of its clinic (U-32)

app = typer.Typer(help="The portal for patients: serve it, add clinics and who runs it.")
app.add_typer(db.app, name="db", no_args_is_help=True)


@app.callback(invoke_without_command=True)
def portal(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port.")] = 8200,
) -> None:
    """Serve the portal: pages for patients, staff and operators; import.php and export.php."""
    if context.invoked_subcommand is not None:
        return
    with _portal() as commands:
        typer.echo(f"Portal: http://{host}:{port}/ (Ctrl-C stops it)")
        if not commands.has_operator():
            typer.echo("Nobody can run it yet: `slotbridge portal add-operator LOGIN`.")
        connections.close_all()  # a server forks or starts threads: none inherits this one
        serving.run(SERVED, host, port, threads=THREADS)


@app.command()
def add_operator(
    login: Annotated[str, typer.Argument(help="What they log in with.")],
    *,
    name: Annotated[str, typer.Option(help="Their name, as others read it.")] = "",
    random: Annotated[
        bool, typer.Option("--random", help="Make a password up and show it, once.")
    ] = False,
) -> None:
    """Add somebody who runs the portal: clinics, keys, their staff. Asks for a password."""
    asked = None
    if not random:
        asked = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    with _portal() as commands, _told(commands):
        password = commands.add_operator(login=login, name=name or login, password=asked)
    typer.echo(f"{login} can log in: {settings.PORTAL_URL}/staff/")
    if random:
        typer.echo(f"Password, shown only now: {password}")


@app.command()
def add_clinic(
    name: Annotated[str, typer.Argument(help="As patients read it.")],
    zone: Annotated[
        str, typer.Option(help="The time zone that its MIS tells times in.")
    ] = "Europe/Moscow",
    language: Annotated[str, typer.Option(help="Of what its MIS is answered: ru or en.")] = "ru",
) -> None:
    """Add a clinic and issue its first key."""
    with _portal() as commands, _told(commands):
        key = commands.add_clinic(name=name, time_zone=zone, language=language)
    typer.echo(f"{name}: the key, shown only now: {key}")


@contextmanager
def _told(commands: ModuleType) -> Iterator[None]:
    """What the portal will not do ends the program with its sentence."""
    try:
        yield
    except commands.Unwilling as why:
        typer.echo(str(why), err=True)
        raise typer.Exit(1) from None


@contextmanager
def _portal() -> Iterator[ModuleType]:
    """The portal's functions for the terminal; its database runs and is up to date."""
    django.setup()
    database.end_politely()
    with database.running(settings.EMBEDDED_POSTGRES, DATABASE), database.told():
        connections[DATABASE].ensure_connection()
        database.ready(DATABASE)
        with translation.override("en"):
            yield import_module(settings.PORTAL_COMMANDS)
