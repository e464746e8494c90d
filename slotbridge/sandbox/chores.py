"""What time does on the portal, whether or not anybody calls.

A thread does it where the sandbox is served; tests and the control API call `run` after they have
moved the clock. What depends on nothing but the time, such as the end of an integration, is no
chore: it is seen when it is read.
"""

import logging
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import close_old_connections, connections
from django.db.utils import DatabaseError

from slotbridge.kit import clock
from slotbridge.sandbox import delivery, desk, notifications, pings

log = logging.getLogger(__name__)

EVERY = timedelta(seconds=30)
IDLE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Done:
    canceled: int  # visits that nobody paid for
    pinged: int  # push endpoints
    forgotten: int  # notifications and calls that were kept long enough


def run() -> Done:
    """Everything that is due now, but for pushing (delivery.deliver_due)."""
    return Done(desk.cancel_unpaid(), pings.ping_due(), delivery.forget_old())


class Sender:
    """A thread that pushes what is due, and does the chores, until stopped."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sandbox-push", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when the thread has ended; at most one push later."""
        self._stopped.set()
        notifications.due.set()
        self._thread.join(delivery.PUSH_TIMEOUT + 1)

    def _run(self) -> None:
        try:
            self._push_until_stopped()
        finally:
            connections.close_all()  # this thread's own

    def _push_until_stopped(self) -> None:
        failing = False
        last: datetime | None = None
        while not self._stopped.is_set():
            try:
                delivery.deliver_due()
                last = _run_now_and_then(last)
                failing = False
                close_old_connections()
            except DatabaseError as error:
                if not failing:  # trouble is told once
                    log.warning(
                        "push sender has no database", extra={"error": type(error).__name__}
                    )
                failing = True
                close_old_connections()
                self._stopped.wait(1)
            notifications.due.wait(IDLE_SECONDS)
            notifications.due.clear()


def _run_now_and_then(last: datetime | None) -> datetime:
    """When the chores were last done: now, unless that is not long ago.

    The clock may have been moved, and moved back.
    """
    now = clock.now()
    if last is not None and abs(now - last) < EVERY:
        return last
    run()
    return now
