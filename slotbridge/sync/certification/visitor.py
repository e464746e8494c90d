"""Whoever acts at the portal while it is certified: the sandbox's control API, or a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from slotbridge.sync.contract import Heard, ListingRef


@dataclass(frozen=True, slots=True)
class Invented:
    """A patient who does not exist. The e-mail address is made for one run, so that no record of
    an earlier one answers to it.
    """

    given_name: str
    family_name: str
    email: str
    phone: str = "+48600100199"

    @classmethod
    def of_run(cls, token: str) -> Invented:
        return cls("Testowa", "Certyfikacja", f"certification-{token}@example.org")

    def is_named(self, given_name: str, family_name: str) -> bool:
        """Whether a record bears the invented name, in whatever case a person typed it."""
        return (given_name.strip().casefold(), family_name.strip().casefold()) == (
            self.given_name.casefold(),
            self.family_name.casefold(),
        )


class CannotAct(Exception):
    """Nobody did it: the portal refused, or this cannot be asked of a person."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be booked: where, which address service (id and name), when."""

    listing: ListingRef
    service: str
    service_name: str
    start: datetime


class Visitor(Protocol):
    """Acts as a patient or doctor of the portal. Each act may raise CannotAct; a person only
    learns what to do, and has `patience` to do it.
    """

    @property
    def patience(self) -> timedelta: ...

    def books(self, wish: Wish, patient: Invented) -> None: ...

    def moves(self, booking: str, old: datetime, wish: Wish) -> None: ...

    def cancels(self, booking: str, wish: Wish) -> None: ...

    def adds_break(self, listing: ListingRef, start: datetime, end: datetime) -> None: ...

    def loses_next(self, heard: Heard) -> None:
        """The portal's next notification of this is never told."""

    def waiting(self, left: timedelta) -> None:
        """Told now and then while the act is awaited; zero when it was seen or given up."""
