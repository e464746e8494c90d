"""A worker process: woken by the database, stopped politely, any number side by side."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from types import FrameType

import psycopg
import structlog
from django.db import OperationalError, close_old_connections, connection

from slotbridge.kit import clock
from slotbridge.sync import queue
from slotbridge.sync.engine import Engine

log = structlog.stdlib.get_logger(__name__)

# A lost wake-up costs at most this much.
POLL = timedelta(seconds=5)
AFTER_TROUBLE = timedelta(seconds=2)


class Worker:
    """Runs an engine until it is stopped. `stop` may be called from a signal or a thread."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._engine = Engine(f"{socket.gethostname()}/{os.getpid()}")

    def stop(self) -> None:
        self._stopped.set()

    def stop_on_signals(self) -> None:
        """SIGTERM and SIGINT end the turn that is running, then the worker."""

        def handle(_number: int, _frame: FrameType | None) -> None:
            self.stop()

        signal.signal(signal.SIGTERM, handle)
        signal.signal(signal.SIGINT, handle)

    def run(self) -> None:
        """Works until stopped. A database that goes away is waited for."""
        log.info("worker started", owner=self._engine.owner)
        wake_ups = _WakeUps()
        try:
            while not self._stopped.is_set():
                try:
                    wake_ups.listen()
                    while self._engine.run_once():
                        if self._stopped.is_set():
                            break
                    else:
                        wake_ups.wait(_idle_for(), self._stopped.is_set)
                except (OperationalError, psycopg.OperationalError):
                    log.warning("database not reached")
                    wake_ups.close()
                    close_old_connections()
                    self._stopped.wait(AFTER_TROUBLE.total_seconds())
        finally:
            wake_ups.close()
            self._engine.close()
            connection.close()
            log.info("worker stopped", owner=self._engine.owner)


def _idle_for() -> timedelta:
    due = queue.next_due()
    if due is None:
        return POLL
    return min(max(due - clock.now(), timedelta(milliseconds=5)), POLL)


class _WakeUps:
    """A connection of its own that listens: Django's own is busy with work."""

    def __init__(self) -> None:
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None

    def listen(self) -> None:
        if self._connection is None:
            parameters = connection.get_connection_params()
            parameters.pop("cursor_factory", None)
            parameters.pop("context", None)
            self._connection = psycopg.connect(**parameters, autocommit=True)
            self._connection.execute("LISTEN slotbridge_work")

    def wait(self, longest: timedelta, is_stopped: Callable[[], bool]) -> None:
        """Returns when something was said, the time is over, or the worker is to stop."""
        assert self._connection is not None
        ends = clock.now() + longest
        while not is_stopped():
            left = (ends - clock.now()).total_seconds()
            if left <= 0:
                return
            # In short parts: a signal is noticed between two of them.
            for _ in self._connection.notifies(timeout=min(left, 0.5), stop_after=1):
                return

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
