"""The real programs, as processes: `slotbridge worker` and `slotbridge sandbox`."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx

_PATIENCE = 60.0  # seconds until what was started must be up
_STOPS_IN = 15.0


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


@contextmanager
def running(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    """`slotbridge <words>` until the block is left. It writes into this process's own log."""
    environment = {**os.environ}
    environment.pop("DJANGO_SETTINGS_MODULE", None)  # each program chooses its own
    process = subprocess.Popen([sys.executable, "-m", "slotbridge", *words], env=environment)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_STOPS_IN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def until(look: Callable[[], object], what: str, within: float = _PATIENCE) -> None:
    """Returns when `look` finds something. Raises TimeoutError with `what` it waited for."""
    ends = time.monotonic() + within
    while not look():
        if time.monotonic() > ends:
            raise TimeoutError(what)
        time.sleep(0.05)


def is_up(url: str) -> bool:
    try:
        return httpx.get(f"{url}/_sandbox/health").is_success
    except httpx.TransportError:
        return False
