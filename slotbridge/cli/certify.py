"""`slotbridge certify`: the portal's acceptance flows, and a report (docs/certification.md)."""

from pathlib import Path
from typing import Annotated

import django
import typer
from django.conf import settings

from slotbridge.cli import database, language

COULD_NOT_RUN = 2


def certify(
    account: Annotated[
        str,
        typer.Option(
            help="The account's channel, or ORGANISATION/CHANNEL where there are several."
        ),
    ],
    *,
    sandbox: Annotated[
        str, typer.Option(help="The sandbox that plays the portal, if the account is at one.")
    ] = "",
    doctor: Annotated[
        str, typer.Option(help="Whose calendar to use: the portal's id, or part of the name.")
    ] = "",
    wait: Annotated[
        int, typer.Option(min=1, max=120, help="Minutes to wait for what a person does there.")
    ] = 15,
    report: Annotated[
        Path | None, typer.Option(help="Where to write the report; else beside you, with its date.")
    ] = None,
    json: Annotated[
        Path | None, typer.Option("--json", help="Write it for programs, too, to this file.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before writing.")] = False,
) -> None:
    """Run the portal's acceptance flows against a test account, and write a report to send to it.

    It opens invented times about ten weeks ahead, books, moves and cancels in them from both
    sides, and removes all of it at the end. Exit code 0 if all flows passed, 1 if one failed, 2 if
    it could not be run.
    """
    django.setup()
    language.speak()
    from slotbridge.cli.certification import command  # noqa: PLC0415 - models need django.setup()

    name = str(settings.DATABASES["default"]["NAME"])
    wanted = command.Wanted(
        account=account,
        sandbox=sandbox,
        doctor=doctor,
        wait=wait,
        report=report,
        json=json,
        is_confirmed=yes,
    )
    try:
        with database.running(settings.EMBEDDED_POSTGRES, name), database.told():
            code = command.run(wanted)
    except typer.Exit:  # a database that is not there
        raise typer.Exit(COULD_NOT_RUN) from None
    raise typer.Exit(code)
