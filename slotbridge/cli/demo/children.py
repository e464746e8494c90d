"""The demo's programs: started as processes of their own, watched, and never left behind."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from slotbridge.cli.demo.stopping import Stopping

Found = TypeVar("Found")

_PATIENCE = 10.0  # seconds until what does not end is killed
_LAST_LINES = 12
_PR_SET_PDEATHSIG = 1
# Loaded here: between fork and exec a child must do as little as it can.
_LIBC = ctypes.CDLL(None)


class ChildDied(Exception):
    """One of the programs ended by itself: show its last words, and end the demo."""

    def __init__(self, name: str, code: int, log: Path) -> None:
        super().__init__(f"{name} ended with {code}")
        self.name, self.code, self.log = name, code, log

    @property
    def last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(lines[-_LAST_LINES:])


class TooLate(Exception):
    """What was waited for did not happen in its time; the text says what, for a person."""


@dataclass
class _Child:
    name: str
    process: subprocess.Popen[bytes]
    log: Path


class Children:
    """Programs of `slotbridge` with a log file each in `logs`."""

    def __init__(self, logs: Path, stopping: Stopping) -> None:
        self._logs = logs
        self._stopping = stopping
        self._children: list[_Child] = []

    def start(self, name: str, *words: str) -> None:
        """Starts `slotbridge <words>` in a process group of its own, out of reach of Ctrl-C."""
        log = self._logs / f"{name}.log"
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        # Chosen for this process; the child chooses its own.
        environment.pop("DJANGO_SETTINGS_MODULE", None)
        with log.open("wb") as output, self._stopping.held():  # none is started and not noted
            process = subprocess.Popen(  # noqa: S603 - our own commands, never a user's words
                [sys.executable, "-m", "slotbridge", *words],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - one call of libc
            )
            self._children.append(_Child(name, process, log))

    def run(self, *words: str, within: float = 60.0) -> str:
        """Runs `slotbridge <words>` to its end; what it said. Raises ChildDied."""
        log = self._logs / f"{'-'.join(words[:2])}.log"
        environment = {**os.environ}
        environment.pop("DJANGO_SETTINGS_MODULE", None)
        with log.open("wb") as errors:
            done = subprocess.run(  # noqa: S603 - our own commands, never a user's words
                [sys.executable, "-m", "slotbridge", *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
                timeout=within,
                check=False,
                text=True,
            )
        if done.returncode:
            raise ChildDied(" ".join(words[:2]), done.returncode, log)
        return done.stdout

    def check(self) -> None:
        """Raises ChildDied, or KeyboardInterrupt if the demo was told to stop."""
        self._stopping.check()
        self.look_for_dead()

    def look_for_dead(self) -> None:
        """Raises ChildDied."""
        for child in self._children:
            code = child.process.poll()
            if code is not None:
                raise ChildDied(child.name, code, child.log)

    def until(
        self, look: Callable[[], Found | None], *, within: float, what: str, every: float = 0.03
    ) -> Found:
        """What `look` finds, as soon as it finds something; looks every `every` seconds.

        Raises TooLate with the sentence `what` after `within` seconds, and ChildDied.
        """
        ends = time.monotonic() + within
        while True:
            found = look()
            if found:
                return found
            self.check()
            if time.monotonic() > ends:
                raise TooLate(what)
            time.sleep(every)

    def stop(self) -> None:
        """Ends all of them, with everything they started: asked first, then killed.

        The last one first: a worker does not see its portal go.
        """
        while self._children:
            child = self._children[-1]
            _signal(child, signal.SIGTERM)
            ends = time.monotonic() + _PATIENCE
            while _lives(child) and time.monotonic() < ends:
                time.sleep(0.01)
            _signal(child, signal.SIGKILL)  # also what outlived its parent in the group
            child.process.wait()
            self._children.pop()


def _signal(child: _Child, number: signal.Signals) -> None:
    try:
        os.killpg(child.process.pid, number)
    except (ProcessLookupError, PermissionError):  # macOS says the latter of a group of zombies
        return


def _lives(child: _Child) -> bool:
    if child.process.poll() is None:
        return True
    try:
        os.killpg(child.process.pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _end_with_parent() -> None:
    """In the child: a demo that is killed outright takes its programs along (Linux only)."""
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
