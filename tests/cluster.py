"""A PostgreSQL of the test suite's own, started before Django's settings are read.

Loaded by `-p tests.cluster`. Without DATABASE_URL it starts the embedded server once for the
session, with nothing flushed to disk, and stops it at the end; xdist's workers inherit it.
"""

import atexit
import os
import shutil
import tempfile
from contextlib import ExitStack

import pytest

_session = ExitStack()
atexit.register(_session.close)  # also when the settings do not even load


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests():
    _start()  # before pytest-django's own hook, which reads the settings
    return (yield)


def _start():
    if os.environ.get("DATABASE_URL"):
        for name in ("SANDBOX_DATABASE_URL", "PORTAL_DATABASE_URL"):
            os.environ.setdefault(name, os.environ["DATABASE_URL"])
        return
    from slotbridge.kit import postgres

    server = _session.enter_context(postgres.temporary())
    os.environ["DATABASE_URL"] = server.url("postgres")
    os.environ["SANDBOX_DATABASE_URL"] = os.environ["PORTAL_DATABASE_URL"] = server.url("postgres")
    if "SLOTBRIDGE_DATA" not in os.environ:
        data = tempfile.mkdtemp(prefix="slotbridge-test-")
        _session.callback(shutil.rmtree, data, ignore_errors=True)
        os.environ["SLOTBRIDGE_DATA"] = data


@pytest.hookimpl(trylast=True)
def pytest_unconfigure():
    _session.close()
