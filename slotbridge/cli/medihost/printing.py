"""Documents, results and their problems as lines for a terminal. No value of a row is shown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import typer
from django.utils.translation import gettext as _

from slotbridge.cli.language import mark as _noop
from slotbridge.wire.medihost.model import Section
from slotbridge.wire.medihost.problems import Problem
from slotbridge.wire.medihost.report import Report
from slotbridge.wire.medihost.result import Message, Outcome, SectionCounts

_COUNTERS = (
    ("received", _noop("received")),
    ("added", _noop("added")),
    ("updated", _noop("changed")),
    ("unchanged", _noop("unchanged")),
    ("removed", _noop("removed")),
    ("withheld", _noop("withheld")),
    ("parked", _noop("parked")),
    ("skipped", _noop("skipped")),
)


def told(problem: Problem) -> Message:
    """The problem with its sentence in the language of this terminal."""
    return Message(
        code=problem.code,
        text=_(problem.text) % problem.params,
        section=problem.section or "",
        line=problem.line,
        column=problem.column,
        key=problem.key,
        attribute=problem.attribute,
    )


def print_report(report: Report) -> None:
    """What a document holds, section by section, and what is wrong with it."""
    if report.encoding:
        typer.echo(_("Encoding: %(encoding)s") % {"encoding": report.encoding})
    table = [[name_of(each.section, each.mode or ""), each.received] for each in report.sections]
    _print_table([_("Section"), _("rows")], table)
    problems = [told(each) for each in report.problems]
    if report.refused is not None:
        problems.append(told(report.refused))
    print_messages(problems)
    if report.refused is not None:
        typer.echo(_("A portal would apply nothing of this document."))
    elif report.has_errors:
        typer.echo(_("A portal would skip the rows in error and delete nothing in their sections."))
    else:
        typer.echo(_("A portal can apply all of this document."))


def print_counts(sections: Iterable[SectionCounts]) -> None:
    """A row for each section, a column for each counter that is used."""
    rows = list(sections)
    used = [
        (name, label)
        for name, label in _COUNTERS
        if name == "received" or any(getattr(row, name) for row in rows)
    ]
    table = [
        [name_of(row.name, row.mode), *(getattr(row, name) for name, _label in used)]
        for row in rows
    ]
    _print_table([_("Section"), *(_(label) for _name, label in used)], table)


def print_messages(messages: Iterable[Message]) -> None:
    """`line:column code key attribute: sentence`, as far as these are known."""
    for each in messages:
        place = ":".join(str(part) for part in (each.line, each.column) if part is not None)
        known = [place, each.code, each.key or each.section, each.attribute]
        typer.echo(f"{' '.join(part for part in known if part)}: {_one_line(each.text)}")


def as_json(
    outcome: Outcome,
    sections: Sequence[tuple[Section | str, str, int]],
    problems: Iterable[Problem],
    encoding: str,
) -> str:
    """For other programs: what `validate` found."""
    said = {
        "outcome": outcome,
        "encoding": encoding,
        "sections": [
            {"name": name, "received": received} | ({"mode": mode} if mode else {})
            for name, mode, received in sections
        ],
        "problems": [
            {
                "code": each.code,
                "error": each.is_error,
                "section": each.section,
                "line": each.line,
                "column": each.column,
                "key": each.key,
                "attribute": each.attribute,
                "text": told(each).text,
            }
            for each in problems
        ],
    }
    return json.dumps(said, ensure_ascii=False, indent=2)


def name_of(section: str, mode: str) -> str:
    return f"{section} {mode}".rstrip()


def _print_table(titles: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Names at the left, numbers at the right; nothing for no rows."""
    if not rows:
        return
    lines = [list(map(str, titles)), *(list(map(str, row)) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        numbers = [text.rjust(width) for text, width in zip(line[1:], widths[1:], strict=True)]
        typer.echo("  ".join([line[0].ljust(widths[0]), *numbers]).rstrip())


def _one_line(text: str) -> str:
    """Of an answer that another program wrote: nothing that moves a terminal's cursor."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
