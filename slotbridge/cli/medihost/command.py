"""`slotbridge medihost …`: the exchange with a Medihost portal by hand (docs/medihost.md)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import django
import typer
from django.conf import settings
from django.utils.translation import gettext as _

from slotbridge.cli import database, language
from slotbridge.cli.medihost import files, orders, printing, talking
from slotbridge.wire.medihost.document import read_document
from slotbridge.wire.medihost.problems import DocumentRefused
from slotbridge.wire.medihost.report import validate as report_on
from slotbridge.wire.medihost.result import Outcome

app = typer.Typer(help="Medihost documents: check them, send them, fetch orders.")

KEY_VARIABLE = "SLOTBRIDGE_CLIENT_KEY"
File = Annotated[str, typer.Argument(help="The document; - is standard input.")]
PlainHttp = Annotated[
    bool, typer.Option("--plain-http", help="Allow http:// to another machine: anybody can listen.")
]


class Ended(IntEnum):
    """Exit codes: what a script does next."""

    WELL = 0
    PARTLY = 1  # some rows were not taken, or deletions wait for a person
    REFUSED = 2  # mend the document or the parameters
    KEY_REFUSED = 3  # stop, ask the portal's administrator
    LATER = 4  # build a new document and try again


@app.command()
def validate(
    file: File,
    *,
    json: Annotated[bool, typer.Option("--json", help="Print it for another program.")] = False,
    export: Annotated[
        bool, typer.Option("--export", help="It is an answer of export.php.")
    ] = False,
) -> None:
    """Check a document as a portal would, without one.

    Exit code 0 if all of it can be applied, 1 if rows are in error, 2 if nothing could be.
    """
    with _ready(), files.opened(file) as stream:
        report = report_on(stream, export=export)
    if json:
        refused = [report.refused] if report.refused else []
        outcome = Outcome.ERROR if refused else Outcome.OK
        outcome = Outcome.PARTIAL if not refused and report.has_errors else outcome
        sections = [(each.section, each.mode or "", each.received) for each in report.sections]
        problems = [*report.problems, *refused]
        typer.echo(printing.as_json(outcome, sections, problems, report.encoding))
    else:
        printing.print_report(report)
    if report.refused is not None:
        raise typer.Exit(Ended.REFUSED)
    if report.has_errors:
        raise typer.Exit(Ended.PARTLY)


@app.command()
def send(
    file: File,
    to: Annotated[str, typer.Option(help="The portal's address.")],
    *,
    plain_http: PlainHttp = False,
) -> None:
    """Post a document to a portal's import.php; the client key is in it.

    Exit code 0 if it was applied, 1 if in part, 2 if it was refused, 3 if the key was, 4 if it
    should be tried again later with a newly built document.
    """
    with _ready():
        base = talking.address(to, plain_http=plain_http)
        with files.opened(file) as stream:
            answer = talking.post(base, stream.read())
        _print_answer(answer)
    raise typer.Exit(_ending(answer))


@app.command()
def fetch(
    from_: Annotated[str, typer.Option("--from", help="The portal's address.")],
    since: Annotated[
        str, typer.Option(help="From which change on: UNIX seconds, or 2026-03-02T09:00+03:00.")
    ],
    *,
    until: Annotated[str, typer.Option(help="Up to which change.")] = "",
    out: Annotated[Path | None, typer.Option(help="Keep the answer in this file.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Show patients' data here.")] = False,
    plain_http: PlainHttp = False,
) -> None:
    """Fetch the orders that changed. The key is asked for, or read from SLOTBRIDGE_CLIENT_KEY.

    Exit code 0 if all orders were read, 1 if some could not be, 2 if the portal refused, 3 if it
    refused the key, 4 if it should be asked again later.
    """
    with _ready():
        base = talking.address(from_, plain_http=plain_http)
        start, end = _seconds("--since", since), _seconds("--until", until) if until else None
        key = os.environ.get(KEY_VARIABLE, "").strip() or typer.prompt(
            _("Client key"), hide_input=True
        )
        answer = talking.get(base, key, start, end)
        if answer.status != 200 or answer.result is not None:
            _print_answer(answer)
            raise typer.Exit(_ending(answer) or Ended.REFUSED)
        if out is not None:
            files.save(out, answer.content, overwrite=force)
        document, problems = read_document(answer.content, export=True)
        found = document.orders or ()
        printing.print_messages(printing.told(each) for each in problems)
        orders.print_summary(found, answer.date)
        if show:
            orders.print_orders(found)
        if any(each.is_error for each in problems):
            raise typer.Exit(Ended.PARTLY)


@app.command()
def explain(file: File) -> None:
    """Say what importing a document would change, without doing it; on the portal's machine.

    The clinic is the one whose key the document bears. Exit codes as of send.
    """
    with _ready():
        with (
            files.opened(file) as stream,
            database.running(settings.EMBEDDED_POSTGRES, "portal"),
            database.told(),
        ):
            # The portal is reached by a dotted path: nothing here may import it.
            applied: Any = import_module(settings.PORTAL_COMMANDS).explain_file(stream)
        printing.print_counts(applied.sections)
        printing.print_messages(printing.told(each) for each in applied.problems)
        typer.echo(_("Nothing was changed."))
    if applied.outcome is not Outcome.OK:
        raise typer.Exit(Ended.PARTLY)


@contextmanager
def _ready() -> Iterator[None]:
    """Django is ready, the language chosen; what cannot be done ends the program in a sentence."""
    django.setup()
    language.speak()
    try:
        yield
    except (files.Unusable, talking.CannotSend) as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(Ended.REFUSED) from None
    except talking.NoAnswer as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(Ended.LATER) from None
    except DocumentRefused as refused:
        printing.print_messages([printing.told(refused.problem)])
        raise typer.Exit(_ending_of(refused.problem.code, 400)) from None


def _seconds(option: str, text: str) -> int:
    found = orders.seconds_of(text)
    if found is None:
        sentence = _("%(option)s: write UNIX seconds, or a time such as 2026-03-02T09:00+03:00.")
        raise talking.CannotSend(sentence % {"option": option})
    return found


def _print_answer(answer: talking.Answer) -> None:
    typer.echo(f"HTTP {answer.status}")
    if answer.retry_after:
        typer.echo(f"Retry-After: {answer.retry_after}")
    result = answer.result
    if result is None:
        typer.echo(_("The answer is no MediExchangeResult; its status alone counts."))
        return
    number = f", ImportID {result.import_id}" if result.import_id is not None else ""
    typer.echo(f"{result.outcome}{number}")
    printing.print_counts(result.sections)
    printing.print_messages(result.messages)


def _ending(answer: talking.Answer) -> Ended:
    """By the status alone, as another program would (U-26), then by the result."""
    if answer.result is not None and answer.result.outcome is not Outcome.ERROR:
        return Ended.WELL if answer.result.outcome is Outcome.OK else Ended.PARTLY
    code = answer.result.messages[0].code if answer.result and answer.result.messages else ""
    return _ending_of(code, answer.status)


def _ending_of(code: str, status: int) -> Ended:
    if status in {401, 403} or code in {"E_KEY", "E_KEY_MISSING"}:
        return Ended.KEY_REFUSED
    if status in {408, 429} or status >= 500 or code == "E_BUSY":
        return Ended.LATER
    return Ended.WELL if status == 200 and not code else Ended.REFUSED
