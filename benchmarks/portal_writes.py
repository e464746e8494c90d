"""Portal writes that a day's typical changes cost, against the fewest possible; counted there.

Hub and sandbox run in this one process and their clock stands still unless it is moved, so what
falls inside a gathering window is no matter of luck. The fewest: the portal takes whole dates, any
number of them in a request, of one listing; a visit's booking, move and cancellation is one each;
and nobody needs to tell it what it did itself.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from random import Random

import httpx
import time_machine
from django.db.models import F

from benchmarks import houses
from benchmarks.houses import House
from benchmarks.results import Result
from benchmarks.sizes import Size
from slotbridge.his import free, slots, visits
from slotbridge.his.models import Slot, Visit
from slotbridge.kit import clock, http
from slotbridge.sandbox import actors
from slotbridge.sandbox.models import ApiCall
from slotbridge.sandbox.patients import PatientData
from slotbridge.sandbox.seed import Seeded
from slotbridge.sandbox.wsgi import sandbox_app
from slotbridge.sync import accounts, fanout
from slotbridge.sync.engine import Engine
from slotbridge.sync.models import Booking, InboxMessage, Listing, ListingDay, VisitTarget

PORTAL = "http://localhost:8100"
_SEED = 20_260_301  # of what is scattered: the same in every run
_CHANGES_TAKE = 0.9  # of the gathering window
_A_MINUTE = timedelta(seconds=61)  # a new write budget


@dataclass
class Both:
    """Hub and portal, joined."""

    house: House
    seeded: Seeded
    engine: Engine
    clock: time_machine.Traveller

    def settle(self) -> None:
        """Works until neither has anything to do, however long its budget makes it wait."""
        for _ in range(1000):
            if self.engine.run_once():
                continue
            if not self._waits():
                return
            self.clock.shift(timedelta(seconds=1))
        raise AssertionError("hub and portal never came to rest")

    def _waits(self) -> bool:
        days, targets = ListingDay.objects, VisitTarget.objects
        return (
            days.filter(asked__gt=F("answered")).exists()
            or targets.filter(asked__gt=F("answered")).exists()
            or InboxMessage.objects.filter(state=InboxMessage.State.NEW).exists()
        )

    def after(self, span: timedelta) -> None:
        self.clock.shift(span)
        self.settle()

    def writes_of(self, work: Callable[[], object]) -> int:
        """How many writes the portal received because of this work."""
        self.after(_A_MINUTE)
        before = _writes()
        work()
        self.after(_A_MINUTE)
        return _writes() - before


def _writes() -> int:
    """All that the portal received so far, taken or refused."""
    return ApiCall.objects.exclude(method="GET").exclude(path__startswith="/oauth/").count()


def measure(size: Size) -> list[Result]:
    with _both(size) as both:
        counted = [
            (
                f"first load of {size.practitioners} practitioners",
                _first_load(both),
                size.practitioners,
            ),
            _scattered(both, size.scattered),
            *_visits(both, size.visits),
        ]
        _agree(both)
    results = [_result(name, made, fewest) for name, made, fewest in counted]
    made = sum(each for _, each, _ in counted)
    fewest = sum(each for _, _, each in counted)
    return [*results, _result("the whole day", made, fewest)]


def _result(name: str, made: int, fewest: int) -> Result:
    return Result(f"portal writes: {name}", made, fewest, "writes", aim="1.00", met=made == fewest)


@contextmanager
def _both(size: Size) -> Iterator[Both]:
    """Noon: a day of slots is open, and no date changes during the run."""
    noon = clock.now().replace(hour=11, minute=0, second=0, microsecond=0)
    with (
        time_machine.travel(noon, tick=False) as standing,
        http.through(httpx.WSGITransport(app=sandbox_app)),
    ):
        house = houses.build("Lecznica Pod Lipą", size.practitioners)
        houses.open_slots(house, days=houses.days_of(size.weeks), a_day=size.a_day)
        seeded = houses.register_at_portal(house)
        engine = Engine("benchmark/writes")
        try:
            yield Both(house, seeded, engine, standing)
        finally:
            engine.close()


def _first_load(both: Both) -> int:
    credentials = both.seeded.credentials
    account = accounts.account_for(
        organisation=both.house.organisation, channel=houses.CHANNEL
    )  # fmt: skip
    accounts.configure(
        account=account,
        login=credentials.client_id,
        password=credentials.client_secret,
        settings={"base_url": PORTAL, "delivery": "pull"},
        by=houses.BY,
    )
    both.settle()
    return both.writes_of(lambda: houses.link_by_name(account, both.house))


def _scattered(both: Both, number: int) -> tuple[str, int, int]:
    """Slots withdrawn here and there, one after the other within one gathering window, while a
    worker is awake.
    """
    chosen = Random(_SEED).sample(
        list(Slot.objects.filter(start__gt=clock.now() + timedelta(days=1)).order_by("pk")), number
    )
    step = fanout.SHORTEST_GATHERING * _CHANGES_TAKE / number

    def change() -> None:
        for slot in chosen:
            slots.withdraw_slots(
                schedule=slot.schedule, slot_ids=[slot.pk], channel=houses.CHANNEL, by=houses.BY
            )
            both.engine.run_once()
            both.clock.shift(step)

    touched = Listing.objects.filter(
        shown__schedule__in={slot.schedule_id for slot in chosen}
    ).count()  # fmt: skip
    made = both.writes_of(change)
    return f"{number} scattered changes in one window", made, touched


def _visits(both: Both, number: int) -> list[tuple[str, int, int]]:
    """Bookings from either side, each on a slot of its own."""
    chosen = _free_slots(3 * number)
    theirs, ours, later = chosen[:number], chosen[number : 2 * number], chosen[2 * number :]
    booked = both.writes_of(lambda: _book_there(both, theirs))
    planned = both.writes_of(lambda: _plan(both, ours))
    moved = both.writes_of(lambda: _move(later))
    cancelled = both.writes_of(_cancel)
    _check(number)
    return [
        (f"{number} bookings made by the portal", booked, 0),
        (f"{number} visits planned here", planned, number),
        (f"{number} visits moved here", moved, number),
        (f"{number} visits cancelled here", cancelled, number),
    ]


def _agree(both: Both) -> None:
    """Few writes are worth something only if the portal shows what it should in the end."""
    now = clock.now()
    end = now + timedelta(weeks=12)
    for schedule, address in zip(both.house.schedules, both.seeded.addresses, strict=True):
        wanted = {
            slot.start
            for slot in free.free_slots(
                schedules=[schedule.pk], start=now, end=end, channel=houses.CHANNEL
            )
            if slot.free and slot.start >= now
        }
        shown = {start for start, _ in actors.offered(address, now, end)}
        assert shown == wanted, "the portal shows something else"


def _free_slots(number: int) -> list[Slot]:
    """Scattered over practitioners and days."""
    visible = Slot.objects.filter(
        start__gt=clock.now() + timedelta(days=1), channels__contains=[houses.CHANNEL]
    )
    return Random(_SEED + 1).sample(list(visible.order_by("pk")), number)


def _book_there(both: Both, chosen: list[Slot]) -> None:
    keys = [each.pk for each in both.house.schedules]
    for slot in chosen:
        address = both.seeded.addresses[keys.index(slot.schedule_id)]
        patient = PatientData(
            name="Łucja",
            surname="Zmyślona",
            phone="+48600700800",
            email=f"pacjentka{slot.pk}@example.org",
        )
        actors.patient_books(address, slot.start, address.services.get(), patient)


def _plan(both: Both, chosen: list[Slot]) -> None:
    patients = houses.register_patients(both.house, len(chosen))
    for slot, patient in zip(chosen, patients, strict=True):
        visits.book_visit(
            schedule=slot.schedule,
            start=slot.start,
            end=slot.end,
            patient=patient,
            service=both.house.service,
            by=houses.BY,
        )


def _planned() -> list[Visit]:
    return list(Visit.objects.filter(origin_channel="").order_by("pk"))


def _move(chosen: list[Slot]) -> None:
    for visit, slot in zip(_planned(), chosen, strict=True):
        visits.move_visit(
            visit=visit, schedule=slot.schedule, start=slot.start, end=slot.end, by=houses.BY
        )


def _cancel() -> None:
    for visit in _planned():
        visits.cancel_visit(visit=visit, by=houses.BY)


def _check(number: int) -> None:
    """The figures count only if the changes arrived."""
    booked = Booking.objects.filter(status=Booking.Status.BOOKED, visit__isnull=False)
    assert booked.count() == number, "bookings of the portal are missing here"
    cancelled = Booking.objects.filter(status=Booking.Status.CANCELED)
    assert cancelled.count() == number, "cancellations did not reach the portal"
