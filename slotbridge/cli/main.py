"""The command `slotbridge`."""

import typer

from slotbridge.cli import db, portal
from slotbridge.cli.certify import certify
from slotbridge.cli.check import check
from slotbridge.cli.demo.command import demo
from slotbridge.cli.medihost import command as medihost
from slotbridge.cli.programs import serve, worker
from slotbridge.cli.sandbox import sandbox
from slotbridge.cli.seed import seed
from slotbridge.cli.shown import why_not_shown

app = typer.Typer(
    help="One schedule, every booking portal, no double booking, no lost patient.",
    no_args_is_help=True,
    # A traceback with local variables could show a patient on a terminal or in a log.
    pretty_exceptions_show_locals=False,
)
app.command()(demo)
app.command()(serve)
app.command()(worker)
app.command()(sandbox)
app.command()(check)
app.add_typer(portal.app, name="portal")
app.add_typer(medihost.app, name="medihost", no_args_is_help=True)
app.add_typer(db.app, name="db", no_args_is_help=True)
app.command()(seed)
app.command()(why_not_shown)
app.command()(certify)
