"""What the demo writes: a line for each thing that was done, with its time."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from django.utils.translation import gettext as _
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

_WIDE = 1000  # an address or a path is never broken: it is there to be copied


class Step:
    """Something that is going on; `result` is written when it is done."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.result = ""
        self._tell = tell

    def now(self, text: str) -> None:
        """How far it is; shown on a terminal only."""
        self._tell(text)


class Screen:
    def __init__(self) -> None:
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="replace")  # a terminal without Polish letters
        self._console = Console(highlight=False, no_color="NO_COLOR" in os.environ)
        self._done, self._dash, self._arrow = ("✓", "–", "→") if self._is_unicode else "*->"

    @property
    def _is_unicode(self) -> bool:
        return self._console.encoding.lower().startswith("utf")

    def title(self, text: str) -> None:
        self._write(Text(f"\n{text}", style="bold"))

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """One line when it is done: name, result and how long it took."""
        begun = time.monotonic()
        if self._console.is_terminal:
            with self._console.status(f"{name} …") as status:
                step = Step(lambda text: status.update(f"{name}: {text}"))
                yield step
        else:
            step = Step(lambda text: None)  # noqa: ARG005 - nobody watches a file grow
            yield step
        self.line(name, step.result, time.monotonic() - begun)

    def line(self, name: str, result: str, seconds: float) -> None:
        self._timed(seconds, Text(name).append(f" {self._dash} {result}" if result else ""))

    def told(self, actor: str, did: str, seen: str, seconds: float) -> None:
        """One line of the story: who did what, what the other side shows, after how long."""
        text = Text(actor, style="bold").append(f" {did}", style="not bold")
        self._timed(seconds, text.append(f" {self._arrow} {seen}", style="not bold green"))

    def _timed(self, seconds: float, text: Text) -> None:
        line = Text("  ").append(self._done, style="green")
        self._write(line.append(f"{seconds:6.2f} s  ", style="cyan").append_text(text))

    def trouble(self, text: str, details: str = "") -> None:
        self._write(Text(f"\n{text}", style="bold red"))
        if details:
            self._write(Text(details))

    def plain(self, text: str) -> None:
        self._write(Text(text))

    def box(self, title: str, rows: Sequence[tuple[str, str]]) -> None:
        table = Table(
            title=title,
            title_justify="left",
            show_header=False,
            box=box.ROUNDED if self._is_unicode else box.ASCII,
        )
        table.add_column(style="bold", no_wrap=True)
        table.add_column(no_wrap=True)
        for name, value in rows:
            table.add_row(Text(name), Text(value))
        self._console.print()
        self._console.print(table, width=_WIDE, crop=False, soft_wrap=True)

    def _write(self, text: Text) -> None:
        # A line that is too long is the terminal's to break, and not broken in a file.
        self._console.print(text, soft_wrap=True)


def counted(**numbers: int) -> str:
    """What there is, as in "doctors: 12, places: 2", in the language of the terminal."""
    names = {
        "doctors": _("doctors"),
        "places": _("places"),
        "services": _("services"),
    }
    return ", ".join(f"{names[name]}: {number}" for name, number in numbers.items())
