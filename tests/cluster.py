"""A PostgreSQL of the test suite's own, started before Django's settings are read.

Loaded by `-p tests.cluster`. Without DATABASE_URL it starts the embedded server once for the
session, with nothing flushed to disk, and stops it at the end; xdist's workers inherit it.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

_started: list = []


def pytest_load_initial_conftests(early_config):
    if os.environ.get("DATABASE_URL"):
        os.environ.setdefault("SANDBOX_DATABASE_URL", os.environ["DATABASE_URL"])
        return
    from slotbridge.kit import postgres

    home = Path(tempfile.mkdtemp(prefix="slotbridge-test-"))
    server = postgres.Server(home / "postgres", durable=False)
    server.start()
    _started.append((server, home))
    os.environ["DATABASE_URL"] = server.url("postgres")
    os.environ["SANDBOX_DATABASE_URL"] = server.url("postgres")
    os.environ.setdefault("SLOTBRIDGE_DATA", str(home / "data"))


@pytest.hookimpl(trylast=True)
def pytest_unconfigure():
    while _started:
        server, home = _started.pop()
        server.stop()
        shutil.rmtree(home, ignore_errors=True)
