"""What all steps share: the account, an engine that drives it between looks, and the place."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from slotbridge.kit import clock
from slotbridge.sync.certification.place import Place
from slotbridge.sync.certification.steps import CannotRun, Failed
from slotbridge.sync.certification.visitor import Invented, Visitor
from slotbridge.sync.contract import CalendarConnector, PortalBooking, TryLater
from slotbridge.sync.engine import Engine
from slotbridge.sync.models import Account, Listing
from slotbridge.sync.telling_days import release_held

Found = TypeVar("Found")

BY = "certification"  # in the audit and the stories of visits
# A33: within a minute; and as much again where the portal works what it took off later.
PATIENCE = timedelta(minutes=2)
# Looked at often at first, for what is measured; then less, for the portal's budget of reads.
_FIRST_LOOK, _LAST_LOOK = 0.1, 2.0
_ROUNDS = 20  # of the engine between two looks


@dataclass
class Bench:
    """One run. `pause` sleeps for so many seconds, and raises KeyboardInterrupt to end it."""

    account: Account
    engine: Engine
    connector: CalendarConnector
    pause: Callable[[float], None]
    visitor: Visitor | None = None
    doctor: str = ""  # which listing: the portal's id of a doctor, or part of a name
    patience: timedelta = PATIENCE
    token: str = field(default_factory=lambda: secrets.token_hex(4))
    begun: datetime = field(default_factory=clock.now)
    evidence: list[str] = field(default_factory=list)
    place: Place | None = None
    visit_ids: list[int] = field(default_factory=list)  # planned here
    patient_ids: set[int] = field(default_factory=set)  # registered here, or by the portal
    bookings_there: list[str] = field(default_factory=list)  # made by the visitor, as known here
    is_ending: bool = False  # from now on nothing interrupts it

    @property
    def patient(self) -> Invented:
        return Invented.of_run(self.token)

    @property
    def mark(self) -> str:
        """The note on the slots of this run."""
        return f"{BY} {self.token}"

    @property
    def at(self) -> Place:
        """Raises CannotRun where no place was found."""
        if self.place is None:
            raise CannotRun("No place was found to practise at; see the flow of schedules.")
        return self.place

    @property
    def actor(self) -> Visitor:
        """Raises CannotRun where nobody can act at the portal."""
        if self.visitor is None:
            raise CannotRun(
                "Somebody has to book at the portal: run it in a terminal and follow what it asks,"
                " or against the sandbox with --sandbox."
            )
        return self.visitor

    def note(self, line: str) -> None:
        self.evidence.append(line)

    def took(self) -> list[str]:
        """The evidence noted since the last time."""
        noted, self.evidence = self.evidence, []
        return noted

    # --- waiting ------------------------------------------------------------------------------

    def until(
        self,
        look: Callable[[], Found | None],
        otherwise: str,
        *,
        within: timedelta | None = None,
        watching: Callable[[timedelta], None] | None = None,
    ) -> tuple[Found, float]:
        """What `look` finds, and after how many seconds; does what is due meanwhile, beside
        whatever workers there are. Raises Failed with `otherwise`.
        """
        begun, wait = clock.now(), _FIRST_LOOK
        ends = begun + (within or self.patience)
        trouble = ""
        while True:
            self.engine.run_until_idle(_ROUNDS)
            try:
                found = look()
            except TryLater as later:
                found, trouble = None, f" The portal said at last: {later}."
            if found:
                return found, (clock.now() - begun).total_seconds()
            left = ends - clock.now()
            if left <= timedelta():
                raise Failed(f"{otherwise} Waited {(clock.now() - begun).seconds} s.{trouble}")
            if watching is not None:
                watching(left)
            self._rest(wait)
            wait = min(wait * 1.5, _LAST_LOOK)

    def _rest(self, wait: float) -> None:
        try:
            self.pause(wait)
        except KeyboardInterrupt:
            if not self.is_ending:
                raise

    def by_visitor(self, look: Callable[[], Found | None], otherwise: str) -> tuple[Found, float]:
        """As `until`, for what somebody does at the portal. Raises Failed."""
        visitor = self.actor
        try:
            return self.until(look, otherwise, within=visitor.patience, watching=visitor.waiting)
        finally:
            visitor.waiting(timedelta())

    # --- what the portal shows at the place -----------------------------------------------------

    def starts(self) -> frozenset[datetime]:
        """When a patient can begin a visit of the chosen service, within the stretch."""
        place = self.at
        offered = self.connector.offered(place.listing.ref, place.start, place.end)
        return frozenset(each.start for each in offered if each.service == place.address_service)

    def bookings(self) -> list[PortalBooking]:
        """Those that stand within the stretch."""
        place = self.at
        found = self.connector.bookings(place.listing.ref, place.start, place.end)
        return [each for each in found if each.is_booked]

    def await_starts(self, wanted: frozenset[datetime], what: str) -> float:
        """Until a patient can choose these starts there and no other; how many seconds it took.
        Raises Failed.
        """

        def as_wanted() -> bool:
            self.let_go()
            return self.starts() == wanted

        return self.until(as_wanted, what)[1]

    def let_go(self) -> None:
        """A calendar that held nothing but our own times is held when they vanish: nobody but us
        is asked whether that was meant (promise 7).
        """
        place = self.at
        if place.was_empty:
            held = Listing.objects.filter(pk=place.listing.pk, held_since__isnull=False)
            for listing in held.select_related("account"):
                release_held(listing=listing, by=BY)

    def compare_soon(self) -> None:
        """Has the listing compared at once instead of in its turn."""
        Listing.objects.filter(pk=self.at.listing.pk).update(patrol_due_at=clock.now())


def seconds(taken: float) -> str:
    return f"{taken:.1f} s"
