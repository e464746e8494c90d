"""`slotbridge why-not-shown`: what keeps a slot off a portal (promise 10)."""

from typing import Annotated

import django
import typer
from django.conf import settings
from django.utils.translation import gettext as _

from slotbridge.cli import database, language

NOT_SHOWN, UNCLEAR = 1, 2


def why_not_shown(
    slot: Annotated[str, typer.Argument(help="The slot's id, as in the address of its page.")] = "",
    *,
    practitioner: Annotated[str, typer.Option(help="Part of the practitioner's name.")] = "",
    clinic: Annotated[str, typer.Option(help="Part of the clinic's name.")] = "",
    at: Annotated[
        str, typer.Option(help="A day, or a day and time, there: 2026-03-02T09:00.")
    ] = "",
    channel: Annotated[str, typer.Option(help="The portal's channel.")] = "znanylekarz",
) -> None:
    """Say why a slot is not shown on a portal.

    Exit code 0 if it is shown, 1 if it is not, 2 if it is not clear which slot is meant.
    """
    django.setup()
    language.speak()
    from slotbridge.cli import finding  # noqa: PLC0415 - models need django.setup()
    from slotbridge.sync import shown  # noqa: PLC0415 - as above

    name = str(settings.DATABASES["default"]["NAME"])
    with database.running(settings.EMBEDDED_POSTGRES, name), database.told():
        try:
            found = (
                finding.by_id(slot)
                if slot
                else finding.by_description(practitioner=practitioner, clinic=clinic, at=at)
            )
        except finding.Unclear as why:
            typer.echo(str(why), err=True)
            raise typer.Exit(UNCLEAR) from None
        reasons = [(each, shown.why_not_shown(each, channel)) for each in found]
        for each, missing in reasons:
            typer.echo(finding.described(each))
            for sentence in [reason.sentence for reason in missing] or [_("It is shown.")]:
                typer.echo(f"  {sentence}")
    if any(missing for _slot, missing in reasons):
        raise typer.Exit(NOT_SHOWN)
