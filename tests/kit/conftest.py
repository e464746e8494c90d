"""Embedded servers for the tests of the launcher, each with a cluster of its own."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from slotbridge.kit import postgres


def quick_disk():
    """The memory disk, where making a cluster takes a tenth of the time; None: the usual place."""
    memory = Path("/dev/shm")
    if memory.is_dir() and shutil.disk_usage(memory).free > 2**30:
        return None if os.statvfs(memory).f_flag & os.ST_NOEXEC else memory
    return None


@pytest.fixture
def shelf():
    """A directory that every account may enter; pytest's own is closed to all but its user."""
    folder = Path(tempfile.mkdtemp(prefix="slotbridge-test-", dir=quick_disk()))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def new(shelf):
    """A server that was never started."""
    server = postgres.Server(shelf / "postgres", durable=False)
    yield server
    server.remove()


@pytest.fixture(scope="module")
def first_start():
    """The home of a server that was started once, and stopped."""
    with postgres.temporary() as server:
        server.stop()
        yield server.status().data.parent


@pytest.fixture
def server(new, first_start):
    """A server with a cluster of its own, not running."""
    home = new.status().data.parent
    subprocess.run(["cp", "-a", first_start, home], check=True)
    return new


@pytest.fixture
def program(shelf):
    """The binaries where every account can run them, wherever the checkout lies."""
    return postgres.installed().copied_to(shelf)
