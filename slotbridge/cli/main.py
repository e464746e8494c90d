"""The command `slotbridge`."""

import typer

from slotbridge.cli import db
from slotbridge.cli.sandbox import sandbox

app = typer.Typer(
    help="One schedule, every booking portal, no double booking, no lost patient.",
    no_args_is_help=True,
    # A traceback with local variables could show a patient on a terminal or in a log.
    pretty_exceptions_show_locals=False,
)
app.add_typer(db.app, name="db", no_args_is_help=True)
app.command()(sandbox)
