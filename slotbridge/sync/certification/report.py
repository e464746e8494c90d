"""The report that the clinic sends to the portal: Markdown to read, JSON for programs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from slotbridge.sync.certification.running import EVERY_FLOW
from slotbridge.sync.certification.steps import Ending, Flow, Outcome, Result, Step

FORMAT = 1  # of the JSON

_RESULTS = {
    Ending.PASSED: "PASSED",
    Ending.FAILED: "FAILED",
    Ending.COULD_NOT_RUN: "NOT COMPLETE",
}
_MARKS = {Outcome.PASSED: "✓ passed", Outcome.FAILED: "✗ FAILED", Outcome.SKIPPED: "skipped"}

_INTRODUCTION = """\
Each step acted on one side and then read the other through the portal's API: nothing is taken as
done because a request was answered. Seconds run from the act until the other side showed it.
Patients are invented; whoever works at the clinic appears by the portal's ids only. Slots of
patients were not touched: the times used were opened for this run, and removed after it."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What was certified, where and when; times in UTC."""

    software: str
    portal: str
    site: str  # host of the API
    channel: str
    is_sandbox: bool
    acted: str  # who acted at the portal
    begun: datetime
    ended: datetime


def as_markdown(subject: Subject, result: Result) -> str:
    lines = [
        f"# Certification of {subject.software} with {subject.portal}: {_RESULTS[result.ending]}",
        "",
        *_table(("", ""), [(f"**{name}**", value) for name, value in _facts(subject)]),
        "",
        _INTRODUCTION,
        "",
        "## Summary",
        "",
        *_table(
            ("Flow", "Required", "Result", "Passed", "Failed", "Skipped"),
            [_summary(flow, result) for flow in EVERY_FLOW if result.of(flow.name)],
        ),
    ]
    if result.is_interrupted:
        lines += ["", "The run was interrupted; what is missing was not tried."]
    for obstacle in result.obstacles:
        lines += ["", f"Not run: {_cell(obstacle)}"]
    for flow in EVERY_FLOW:
        if steps := result.of(flow.name):
            lines += ["", f"## {flow.name}", *_flow(steps)]
    return "\n".join(lines) + "\n"


def as_json(subject: Subject, result: Result) -> str:
    """{"format", "result", "exit_code", …, "flows": [{"name", "required", "result", "steps"}]};
    seconds, and times as ISO 8601.
    """
    document: dict[str, Any] = {
        "format": FORMAT,
        "result": _RESULTS[result.ending].lower().replace(" ", "-"),
        "exit_code": int(result.ending),
        "software": subject.software,
        "portal": subject.portal,
        "site": subject.site,
        "channel": subject.channel,
        "sandbox": subject.is_sandbox,
        "acted": subject.acted,
        "begun": subject.begun.isoformat(),
        "ended": subject.ended.isoformat(),
        "interrupted": result.is_interrupted,
        "obstacles": result.obstacles,
        "flows": [
            {
                "name": flow.name,
                "required": flow.is_required,
                "result": result.outcome_of(flow.name).value,
                "steps": [_step_json(step) for step in result.of(flow.name)],
            }
            for flow in EVERY_FLOW
            if result.of(flow.name)
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _facts(subject: Subject) -> list[tuple[str, str]]:
    where = "a sandbox" if subject.is_sandbox else "the portal"
    return [
        ("Software", subject.software),
        ("Portal", f"{subject.portal}, {where} at {subject.site}"),
        ("Account", f"channel {subject.channel}"),
        ("Acted at the portal", subject.acted),
        ("Begun", f"{subject.begun:%Y-%m-%d %H:%M:%S} UTC"),
        ("Ended", f"{subject.ended:%Y-%m-%d %H:%M:%S} UTC"),
    ]


def _summary(flow: Flow, result: Result) -> tuple[str, ...]:
    outcomes = [step.outcome for step in result.of(flow.name)]
    return (
        flow.name,
        "yes" if flow.is_required else "",
        _MARKS[result.outcome_of(flow.name)],
        *(str(outcomes.count(outcome)) for outcome in Outcome),
    )


def _flow(steps: list[Step]) -> list[str]:
    lines: list[str] = []
    for number, step in enumerate(steps, start=1):
        head = f"{number}. **{_cell(step.name)}** – {_MARKS[step.outcome]}"
        at = f"{step.begun:%H:%M:%S} UTC, {step.took:.1f} s"
        lines += ["", head + (f" ({at})" if step.outcome is not Outcome.SKIPPED else "")]
        if step.reason:
            lines.append(f"   - *{_cell(step.reason)}*")
        lines += [f"   - {_cell(line)}" for line in step.evidence]
    return lines


def _step_json(step: Step) -> dict[str, Any]:
    return {
        "name": step.name,
        "outcome": step.outcome.value,
        "reason": step.reason,
        "evidence": list(step.evidence),
        "begun": step.begun.isoformat(),
        "seconds": round(step.took, 2),
    }


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    return [
        f"| {' | '.join(head)} |",
        "|" + "---|" * len(head),
        *(f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows),
    ]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
