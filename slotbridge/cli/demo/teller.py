"""Telling what happens: who did what, what the other side shows, after how many seconds."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from django.utils import formats

from slotbridge.cli import clinic
from slotbridge.cli.demo.children import Children, Found, TooLate
from slotbridge.cli.demo.screen import Screen
from slotbridge.his.models import Patient, Schedule, Visit

SOON = 20.0  # seconds for each step; idle, it takes well under one


class Teller:
    """A line of the story is written only after the other side was read."""

    def __init__(self, screen: Screen, children: Children) -> None:
        self._screen = screen
        self._children = children
        self._begun = 0.0

    def seen(self, look: Callable[[], Found | None], otherwise: str) -> Found:
        """What `look` finds within its time. Raises TooLate with the sentence `otherwise`."""
        return self._children.until(look, within=SOON, what=otherwise)

    @contextmanager
    def acting(self) -> Iterator[None]:
        """Starts the watch as somebody acts: the time until the other side shows it."""
        self._begun = time.monotonic()
        yield

    def told(self, actor: str, did: str, seen: str) -> None:
        self._screen.told(actor, did, seen, time.monotonic() - self._begun)


def named(schedule: Schedule, person: clinic.Person, start: datetime) -> dict[str, str]:
    """When and with whom, for a sentence."""
    local = start.astimezone(schedule.clinic.unit.tz)
    when = formats.date_format(local, "D j M, H:i")
    return {"when": when, "person": f"{person.title} {person.name}"}


def patient_of(visit: Visit) -> Patient:
    assert visit.patient is not None
    return visit.patient


def insist(is_so: bool, otherwise: str) -> None:
    """Raises TooLate."""
    if not is_so:
        raise TooLate(otherwise)
