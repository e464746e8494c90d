"""`slotbridge check`: whether this installation can run, and what to do if not."""

import importlib

import django
import typer
from django.conf import settings

from slotbridge.cli import language
from slotbridge.kit import env


def check() -> None:
    """Tell whether this installation can run: a line for each thing, and what to do about it.

    Exit code 0 if it can; 1 if something is marked FAILED.
    """
    try:
        settings.DATA  # noqa: B018 - reading one setting reads them all
    except env.WrongSetting as wrong:
        typer.echo(f"FAILED  settings: {wrong}")
        raise typer.Exit(1) from None
    django.setup()
    language.speak()
    checks = importlib.import_module("slotbridge.cli.checks")  # models need django.setup()
    findings = []
    for finding in checks.all_of_it():
        findings.append(finding)
        typer.echo(finding.line)
    if any(finding.grade == checks.Grade.FAILED for finding in findings):
        raise typer.Exit(1)
