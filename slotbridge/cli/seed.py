"""`slotbridge seed`: an invented clinic to look around in."""

from typing import Annotated

import django
import typer
from django.utils.translation import gettext as _

from slotbridge.cli import database, language


def seed(
    *,
    force_more: Annotated[
        bool, typer.Option("--force-more", help="Add it beside the organisations there are.")
    ] = False,
) -> None:
    """Fill an empty database with an invented clinic: staff, services, prices, six weeks of slots."""  # noqa: E501 - help text is one line
    django.setup()
    language.speak()
    from slotbridge.cli import planting  # noqa: PLC0415 - models need django.setup()
    from slotbridge.his.models import Organisation  # noqa: PLC0415 - as above

    with database.hub():
        if Organisation.objects.exists() and not force_more:
            typer.echo(
                _(
                    "There are organisations in this database: nothing was added."
                    " --force-more adds the invented clinic beside them."
                ),
                err=True,
            )
            raise typer.Exit(1)
        made = planting.plant()
    typer.echo(
        _("%(name)s: %(slots)d slots, %(patients)d patients. Nobody in it exists.")
        % {"name": made.organisation.name, "slots": made.slots, "patients": made.patients}
    )
    typer.echo(_("Passwords, shown only now:"))
    for login in made.logins:
        typer.echo(f"  {login.username:<16} {login.password}")
