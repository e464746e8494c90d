"""A day of a large house: writes against the fewest possible, and how long urgent ones waited.

Within ten hours 5 000 changes are made here and 1 500 bookings there, scattered over the day; in
half an hour slots change faster than the portal takes days, so that its budget is saturated.
The clock stands still while either side works: what is measured is the order of things, not this
machine.

The fewest writes: one for each visit planned, moved and cancelled here, none for what the portal
did itself, and for slots as few whole-date requests of a listing as tell each change within the
minute that A33 allows.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random

from django.db.models import F

from benchmarks import houses
from benchmarks.both import Both, both_of, writes
from benchmarks.portal_writes import agree
from benchmarks.results import Result, percentile
from benchmarks.sizes import Size
from slotbridge.his import slots, visits
from slotbridge.his.models import Patient, Slot, Visit
from slotbridge.kit import clock
from slotbridge.sandbox import actors, delivery
from slotbridge.sandbox.patients import PatientData
from slotbridge.sync import fanout, queue
from slotbridge.sync.models import VisitTarget

AIM = 3.0  # seconds an urgent write may wait, p99
_SEED = 20_260_302
_DAY = timedelta(hours=10)
_HOUR = timedelta(hours=1)
_RUSH = timedelta(minutes=30)  # in which most slots change
_AT_ONCE = timedelta()
_A_TICK = timedelta(milliseconds=50)  # the least that the clock moves
# Of the changes made here.
_SLOTS, _MOVED = 0.6, 0.1  # as many are cancelled as are moved; the rest are planned
_PATIENTS = 4
_IN_THE_RUSH = 0.8  # of the changed slots


def measure(size: Size) -> list[Result]:
    with both_of(size.large_house, weeks=2, a_day=size.a_day) as both:
        account = both.connect(delivery="push")
        houses.link_at_once(account, both.house)
        both.settle()
        both.after(timedelta(minutes=2))
        # Comparing is measured by `patrols`.
        account.listings.update(patrol_due_at=clock.now() + 2 * _DAY)
        day, before = Day(both, size), writes()
        waited = day.replay()
        both.after(timedelta(minutes=2))
        made = writes() - before
        agree(both)
    name = f"a day of {size.changes} changes, {size.portal_bookings} bookings"
    longest = percentile(waited, 99)
    fewest = day.fewest_writes()
    return [
        Result(f"{name}: writes", made, fewest, "writes"),
        Result(
            f"{name}: urgent ones waited, p99",
            longest,
            AIM,
            "s",
            aim=f"under {AIM:.0f} s",
            met=longest < AIM,
        ),
    ]


@dataclass(frozen=True, order=True)
class Act:
    at: datetime
    order: float  # among those of one instant
    do: Callable[[], None] = field(compare=False)


class Day:
    """What happens, when, and what of it the portal has to be told."""

    def __init__(self, both: Both, size: Size) -> None:
        self._both = both
        self._random = Random(_SEED)
        self._begins = clock.now()
        self._visits: list[Visit] = []
        self._slot_changes: dict[int, list[datetime]] = defaultdict(list)  # by schedule
        self._told_visits = 0
        self._told = Told()
        self._acts = sorted(self._all(size))

    def replay(self) -> list[float]:
        """Seconds that each visit of ours waited until the portal had been told."""
        for act in self._acts:
            self._work_until(act.at)
            act.do()
            delivery.deliver_due()
        self._work_until(self._begins + _DAY)
        return self._told.waited

    def fewest_writes(self) -> int:
        days = sum(_requests(times) for times in self._slot_changes.values())
        return self._told_visits + days

    def _work_until(self, at: datetime) -> None:
        while True:
            if self._both.engine.run_once():
                continue
            self._told.look()
            now = clock.now()
            if now >= at:
                return
            due = queue.next_due() or at
            self._both.clock.move_to(min(at, max(due, now + _A_TICK)))

    # --- what happens ---

    def _all(self, size: Size) -> Iterator[Act]:
        changed = int(size.changes * _SLOTS)
        moved = cancelled = int(size.changes * _MOVED)
        planned = size.changes - changed - moved - cancelled
        free = self._scattered_slots(changed + planned + moved + size.portal_bookings)
        patients = houses.register_patients(self._both.house, _PATIENTS)
        in_the_rush = int(changed * _IN_THE_RUSH)
        for _ in range(in_the_rush):
            yield self._act(_HOUR, _RUSH, self._withdraw, next(free))
        for _ in range(changed - in_the_rush):
            yield self._act(_AT_ONCE, _DAY, self._withdraw, next(free))
        for patient in patients:
            for _ in range(planned // len(patients)):
                yield self._act(_AT_ONCE, _DAY / 2, self._plan, next(free), patient)
        for _ in range(moved):
            yield self._act(_DAY / 2, _DAY / 2, self._move, next(free))
        for _ in range(cancelled):
            yield self._act(_DAY / 2, _DAY / 2, self._cancel)
        for _ in range(size.portal_bookings):
            yield self._act(_AT_ONCE, _DAY, self._book_there, next(free))

    def _act(
        self, after: timedelta, within: timedelta, do: Callable[..., None], *what: object
    ) -> Act:
        at = self._begins + after + within * self._random.random()
        return Act(at, self._random.random(), partial(do, *what))

    def _scattered_slots(self, number: int) -> Iterator[Slot]:
        ahead = Slot.objects.filter(start__gt=self._begins + timedelta(days=1))
        found = list(ahead.select_related("schedule").order_by("pk"))
        assert len(found) >= number, "not enough slots for such a day"
        return iter(self._random.sample(found, number))

    def _withdraw(self, slot: Slot) -> None:
        slots.withdraw_slots(
            schedule=slot.schedule, slot_ids=[slot.pk], channel=houses.CHANNEL, by=houses.BY
        )
        self._slot_changes[slot.schedule_id].append(clock.now())

    def _plan(self, slot: Slot, patient: Patient) -> None:
        visit = visits.book_visit(
            schedule=slot.schedule,
            start=slot.start,
            end=slot.end,
            patient=patient,
            service=self._both.house.service,
            by=houses.BY,
        )
        self._visits.append(visit)
        self._told_visits += 1

    def _move(self, slot: Slot) -> None:
        visit = self._visits.pop(0)
        visits.move_visit(
            visit=visit, schedule=slot.schedule, start=slot.start, end=slot.end, by=houses.BY
        )
        self._told_visits += 1

    def _cancel(self) -> None:
        visits.cancel_visit(visit=self._visits.pop(0), by=houses.BY)
        self._told_visits += 1

    def _book_there(self, slot: Slot) -> None:
        keys = [each.pk for each in self._both.house.schedules]
        address = self._both.seeded.addresses[keys.index(slot.schedule_id)]
        patient = PatientData(
            name="Łucja",
            surname="Zmyślona",
            phone="+48600700800",
            email=f"pacjentka{slot.pk}@example.org",
        )
        actors.patient_books(address, slot.start, address.services.get(), patient)


@dataclass
class Told:
    """How long visits of ours waited, by the standing clock."""

    waited: list[float] = field(default_factory=list)
    _asked: dict[int, datetime] = field(default_factory=dict)

    def look(self) -> None:
        """Notes what has been told by now; called before the clock moves."""
        now = clock.now()
        waiting = dict(
            VisitTarget.objects.filter(
                asked__gt=F("answered"), visit__origin_channel=""
            ).values_list("visit_id", "asked_at")
        )
        changed = VisitTarget.objects.filter(
            told_at=now, visit__origin_channel="", asked=F("answered")
        ).values_list("visit_id", "asked_at")
        for visit, asked in changed:
            if self._asked.get(visit) != asked and visit not in waiting:
                self.waited.append((now - asked).total_seconds())
                self._asked[visit] = asked


def _requests(times: list[datetime]) -> int:
    """The fewest moments so that each of these is followed by one within the longest gathering."""
    count, covered = 0, datetime.min.replace(tzinfo=UTC)
    for at in sorted(times):
        if at > covered:
            count, covered = count + 1, at + fanout.LONGEST_GATHERING
    return count
