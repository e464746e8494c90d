"""The ground all benchmarks stand on: a PostgreSQL of their own that flushes every commit to disk,
fresh databases for each, and a process of its own for each, so that none measures another.
"""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from time import perf_counter

import psycopg
from psycopg import sql

from benchmarks.results import Result
from slotbridge.kit import postgres

REPOSITORY = Path(__file__).resolve().parent.parent
SETTINGS = "slotbridge.config.everything"
_SIDES = ("hub", "sandbox", "portal")
_LAST_WORDS = 3000  # characters of a failed benchmark's log


class BenchmarkFailed(Exception):
    """A benchmark did not end well: its text says which, with the last of its log."""


class Ground:
    """A running server, with a template of each program's database."""

    def __init__(self, folder: Path, server: postgres.Server) -> None:
        self._folder = folder
        self._server = server
        self._token = secrets.token_urlsafe(32)
        for side in _SIDES:
            server.ensure_database(side)
        self._run("migrate", self._environment(*_SIDES), "-m", "benchmarks.migrate")

    def measure(self, name: str, size: str) -> list[Result]:
        """Runs one benchmark on empty databases. Raises BenchmarkFailed."""
        names = [f"{side}_{name}" for side in _SIDES]
        with psycopg.connect(self._server.url("postgres"), autocommit=True) as connection:
            for template, database in zip(_SIDES, names, strict=True):
                connection.execute(
                    sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                        sql.Identifier(database), sql.Identifier(template)
                    )
                )
        found = self._folder / f"{name}.json"
        self._run(
            name, self._environment(*names), "-m", "benchmarks.one", name, size, str(found)
        )  # fmt: skip
        return [Result(**each) for each in json.loads(found.read_text())]

    def commit_seconds(self) -> float:
        """What one durable commit takes here: most floors are made of them."""
        with psycopg.connect(self._server.url("postgres")) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS one_commit (n int)")
            connection.commit()
            taken = []
            for n in range(50):
                connection.execute("INSERT INTO one_commit VALUES (%s)", [n])
                begun = perf_counter()
                connection.commit()
                taken.append(perf_counter() - begun)
        return median(taken)

    def _environment(self, hub: str, sandbox: str, portal: str) -> dict[str, str]:
        """Nothing of a real installation reaches a benchmark."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("SLOTBRIDGE_") and not name.endswith("DATABASE_URL")
        }
        return kept | {
            "DJANGO_SETTINGS_MODULE": SETTINGS,
            "DATABASE_URL": self._server.url(hub),
            "SANDBOX_DATABASE_URL": self._server.url(sandbox),
            "PORTAL_DATABASE_URL": self._server.url(portal),
            "SLOTBRIDGE_DATA": str(self._folder),
            "SLOTBRIDGE_PRIVATE_PORTALS": "yes",
            "SLOTBRIDGE_SANDBOX_CONTROL_TOKEN": self._token,
        }

    def _run(self, name: str, environment: dict[str, str], *words: str) -> None:
        """Runs Python to its end. Whatever it started ends with it, also on Ctrl-C."""
        log = self._folder / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, *words],
                cwd=REPOSITORY,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                code = process.wait()
            finally:
                _end_group(process)
        if code != 0:
            said = log.read_text(errors="replace")[-_LAST_WORDS:]
            raise BenchmarkFailed(f"{name} ended with {code}:\n{said}")


def _end_group(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def ground() -> Iterator[Ground]:
    """Everything is stopped and removed at the end, also on Ctrl-C and SIGTERM."""
    signal.signal(signal.SIGTERM, _leave)
    folder = Path(tempfile.mkdtemp(prefix="slotbridge-bench-"))
    folder.chmod(0o755)  # root's server is another account, and passes here
    server = postgres.Server(folder / "postgres", durable=True)
    try:
        server.start()
        yield Ground(folder, server)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not stop the cleaning
        server.remove()
        shutil.rmtree(folder, ignore_errors=True)


def _leave(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)
