"""The command itself: asks, runs, writes the report."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import typer
from django.utils.translation import gettext as _

from slotbridge.cli.certification import choosing, visitors
from slotbridge.cli.certification.choosing import Unclear
from slotbridge.cli.certification.interrupting import Interrupting
from slotbridge.cli.certification.showing import Showing
from slotbridge.cli.certification.visitors import PersonVisitor, SandboxVisitor
from slotbridge.kit import clock
from slotbridge.sync import accounts
from slotbridge.sync.certification import report, running
from slotbridge.sync.certification.bench import Bench
from slotbridge.sync.certification.steps import Ending, Result
from slotbridge.sync.contract import CalendarConnector, PortalError
from slotbridge.sync.engine import Engine
from slotbridge.sync.models import Account


@dataclass(frozen=True)
class Wanted:
    """As typed."""

    account: str
    sandbox: str
    doctor: str
    wait: int
    report: Path | None
    json: Path | None
    is_confirmed: bool


def run(wanted: Wanted) -> int:
    """The exit code."""
    if "SLOTBRIDGE_LOG_LEVEL" not in os.environ:  # between the lines of the steps only what matters
        logging.getLogger("slotbridge").setLevel(logging.WARNING)
    showing, interrupting = Showing(), Interrupting()
    try:
        account = choosing.account_named(wanted.account)
        at_sandbox = _sandbox_of(account, wanted)
        files = _files(wanted, account)
        if not at_sandbox and not wanted.is_confirmed:
            _ask(account)
        visitor = _visitor(account, at_sandbox, wanted, showing)
        with interrupting.listening(), _bench(account, visitor, interrupting, wanted) as bench:
            result = running.run(bench, showing)
            subject = report.Subject(
                software=choosing.software(),
                portal=choosing.portal_of(account),
                site=choosing.site_of(account),
                channel=account.channel,
                is_sandbox=bool(at_sandbox),
                acted=visitor.described if visitor else "nobody",
                begun=bench.begun,
                ended=clock.now(),
            )
    except Unclear as why:
        typer.echo(str(why), err=True)
        return Ending.COULD_NOT_RUN
    files[0].write_text(report.as_markdown(subject, result), encoding="utf-8")
    for file in files[1:]:
        file.write_text(report.as_json(subject, result), encoding="utf-8")
    _tell(showing, result, files)
    return int(result.ending)


def _sandbox_of(account: Account, wanted: Wanted) -> str:
    """The sandbox's address; "" if the account is at a portal. Raises Unclear."""
    url = (wanted.sandbox or choosing.base_url(account)).rstrip("/")
    if url and visitors.is_sandbox(url):
        return url
    if wanted.sandbox:
        raise Unclear(
            _("No sandbox answers at %(url)s: start it, or correct --sandbox.") % {"url": url}
        )
    return ""


def _files(wanted: Wanted, account: Account) -> list[Path]:
    """The report, and the one for programs if it is wanted. Raises Unclear."""
    now = clock.now()
    named = wanted.report or Path(f"certification-{account.channel}-{now:%Y%m%d-%H%M%S}.md")
    files = [named, *([wanted.json] if wanted.json else [])]
    for file in files:  # before anything is done for a report that cannot be kept
        if not os.access(file.absolute().parent, os.W_OK) or file.is_dir():
            raise Unclear(_("%(file)s cannot be written: choose another file.") % {"file": file})
    return files


def _ask(account: Account) -> None:
    """Before real calendars are written to. Raises Unclear."""
    typer.echo(
        _(
            "This account is not at a sandbox but at %(site)s. Use a test account of the portal: on"
            " another, patients can see and take the invented times for some minutes, about ten"
            " weeks ahead. Whoever books one keeps it, and the report says so."
        )
        % {"site": choosing.site_of(account)}
    )
    if not sys.stdin.isatty():
        raise Unclear(_("Nobody can be asked here: add --yes if it is meant."))
    if not typer.confirm(_("Go on?")):
        raise Unclear(_("Nothing was done."))


def _visitor(
    account: Account, at_sandbox: str, wanted: Wanted, showing: Showing
) -> SandboxVisitor | PersonVisitor | None:
    """Who acts at the portal; None where nobody can. Raises Unclear."""
    if at_sandbox:
        token = choosing.control_token()
        if not token:
            raise Unclear(
                _("The sandbox's control token is not known here: set %(variable)s.")
                % {"variable": "SLOTBRIDGE_SANDBOX_CONTROL_TOKEN"}
            )
        return SandboxVisitor(at_sandbox, token, account.login, showing.waiting)
    if sys.stdin.isatty():
        return PersonVisitor(timedelta(minutes=wanted.wait), showing.ask, showing.waiting)
    return None


@contextmanager
def _bench(
    account: Account,
    visitor: SandboxVisitor | PersonVisitor | None,
    interrupting: Interrupting,
    wanted: Wanted,
) -> Iterator[Bench]:
    """Raises Unclear for settings that no connector can be made of."""
    try:
        connector = accounts.connect(account)
    except PortalError as problem:
        raise Unclear(str(problem)) from None
    assert isinstance(connector, CalendarConnector)
    engine = Engine(f"certify/{os.getpid()}")
    try:
        yield Bench(
            account=account,
            engine=engine,
            connector=connector,
            pause=interrupting.pause,
            visitor=visitor,
            doctor=wanted.doctor,
        )
    finally:
        engine.close()
        connector.close()
        if isinstance(visitor, SandboxVisitor):
            visitor.close()


def _tell(showing: Showing, result: Result, files: list[Path]) -> None:
    showing.say("")
    for obstacle in result.obstacles:
        showing.say(obstacle, "yellow")
    sentences = {
        Ending.PASSED: _("All flows passed."),
        Ending.FAILED: _("A flow failed: mend it, and run this again."),
        Ending.COULD_NOT_RUN: _("Not all flows could be run."),
    }
    showing.say(sentences[result.ending], "bold")
    for file in files:
        showing.say(_("Report: %(file)s") % {"file": file})
