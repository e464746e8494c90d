"""How it goes, live on the terminal: a line a step, its evidence below it."""

import os
import sys
from datetime import timedelta

from rich.console import Console
from rich.status import Status
from rich.text import Text

from slotbridge.sync.certification.steps import Flow, Outcome, Step

_STYLES = {Outcome.PASSED: "green", Outcome.FAILED: "bold red", Outcome.SKIPPED: "yellow"}


class Showing:
    """Steps and evidence are English, as in the report: one reads here what is sent."""

    def __init__(self) -> None:
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="replace")  # a terminal without these marks
        self._console = Console(highlight=False, no_color="NO_COLOR" in os.environ)
        self._status: Status | None = None
        self._step = ""
        self._is_unicode = self._console.encoding.lower().startswith("utf")
        marks = ("✓", "✗", "–") if self._is_unicode else ("*", "X", "-")
        self._marks = dict(zip(Outcome, marks, strict=True))

    def flow_begins(self, flow: Flow) -> None:
        self.say(f"\n{flow.name}", "bold")

    def step_begins(self, name: str) -> None:
        self._step = name
        if self._console.is_terminal:
            self._status = self._console.status(f"{name} …")
            self._status.start()

    def step_ended(self, step: Step) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None
        style = _STYLES[step.outcome]
        line = Text(f"  {self._marks[step.outcome]}", style=style)
        line.append(f"{step.took:7.1f} s  ", style="cyan").append(step.name, style="default")
        self._write(line)
        if step.reason:
            self.say(f"               {step.reason}", style)
        for each in step.evidence:
            self.say(f"               {each}", "dim")

    def waiting(self, left: timedelta) -> None:
        """A countdown, on a terminal only."""
        if self._status is not None:
            minutes, seconds = divmod(max(left // timedelta(seconds=1), 0), 60)
            clock = f" {minutes}:{seconds:02d}" if left else ""
            self._status.update(f"{self._step} …{clock}")

    def ask(self, text: str) -> None:
        """Of the person at the terminal, who is to see it."""
        self.say(f"  → {text}" if self._is_unicode else f"  > {text}", "bold")

    def say(self, text: str, style: str = "") -> None:
        self._write(Text(text, style=style))

    def _write(self, text: Text) -> None:
        # A line that is too long is the terminal's to break, and not broken in a file.
        self._console.print(text, soft_wrap=True)
