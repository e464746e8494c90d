"""What the portal does by itself: letters, reminders, and throwing away what is kept no longer."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import close_old_connections, connections, transaction

from slotbridge.kit import clock
from slotbridge.portal import holds, keys, letters, limits, received, reminders, replace
from slotbridge.portal.models import Appointment, FailedTry, LoginTry, WorkingDay
from slotbridge.portal.router import DATABASE

log = logging.getLogger(__name__)

PAST_KEPT = timedelta(days=90)  # of schedules and appointments; orders are kept (U-43)
TRIES_KEPT = timedelta(days=1)
IDLE_SECONDS = 1.0  # between two looks for letters
REMIND_EVERY = timedelta(minutes=1)
TIDY_EVERY = timedelta(hours=1)
_STOPS_WITHIN = 30.0  # seconds: a mail server's time-out, and some


def run_once() -> None:
    """Everything that is due now. Any number of processes may do so at once."""
    reminders.remind()
    letters.send_due()
    tidy()


def tidy() -> None:
    """Removes what has had its time: documents (U-28), past rows (U-43), tries, holds, letters."""
    now = clock.now()
    received.purge(now)
    holds.remove_expired()
    letters.forget_sent()
    limits.forget()
    FailedTry.objects.filter(at__lt=now - max(TRIES_KEPT, keys.WINDOW)).delete()
    LoginTry.objects.filter(at__lt=now - TRIES_KEPT).delete()
    _forget_past(now)


def _forget_past(now: datetime) -> None:
    """Clinic by clinic, as an import that writes the same rows could wait for us and we for it. A
    clinic that is importing has its turn in the next round.
    """
    # A day more than anywhere on earth it can be, so that no clinic's zone matters.
    oldest = (now - PAST_KEPT - timedelta(days=1)).date()
    days = WorkingDay.objects.filter(day__lt=oldest)
    # What lasts until later is not past: it can be 31 days long.
    past = Appointment.objects.filter(day__lt=oldest).exclude(
        day__gte=oldest - timedelta(days=32), duration__gte=24 * 60
    )
    whose = days.values_list("clinic_id", flat=True).union(past.values_list("clinic_id", flat=True))
    for clinic_id in whose:
        with transaction.atomic(using=DATABASE):
            if replace.keep_out(clinic_id):
                days.filter(clinic=clinic_id).delete()
                past.filter(clinic=clinic_id).delete()


class Keeper:
    """A thread that does the chores until stopped; a defect in one leaves the others going."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="portal-keeper", daemon=True)
        self._failing: set[str] = set()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when the thread has ended; at most one letter later."""
        self._stopped.set()
        self._thread.join(_STOPS_WITHIN)

    def _run(self) -> None:
        try:
            self._keep_house()
        finally:
            connections.close_all()  # this thread's own

    def _keep_house(self) -> None:
        remind_at = tidy_at = clock.now()
        while not self._stopped.is_set():
            now = clock.now()
            if now >= remind_at:
                self._do(reminders.remind)
                remind_at = now + REMIND_EVERY
            self._do(letters.send_due)
            if now >= tidy_at:
                self._do(tidy)
                tidy_at = now + TIDY_EVERY
            close_old_connections()
            self._stopped.wait(IDLE_SECONDS)

    def _do(self, chore: Callable[[], object]) -> None:
        name = chore.__name__
        try:
            chore()
        except Exception as error:  # noqa: BLE001 - told; the next round tries again
            self._tell(name, error)
        else:
            self._failing.discard(name)

    def _tell(self, name: str, error: Exception) -> None:
        """Trouble is told once; its text may quote a row, so only its kind."""
        if name not in self._failing:
            self._failing.add(name)
            log.warning("chore failed", extra={"chore": name, "error": type(error).__name__})
