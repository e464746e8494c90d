"""Portal writes that a day's typical changes cost, against the fewest possible; counted there.

Hub and sandbox run in this one process and their clock stands still unless it is moved, so what
falls inside a gathering window is no matter of luck. The fewest: the portal takes whole dates, any
number of them in a request, of one listing; a visit's booking, move and cancellation is one each;
and nobody needs to tell it what it did itself.
"""

from datetime import timedelta
from random import Random

from benchmarks import houses
from benchmarks.both import Both, both_of
from benchmarks.results import Result
from benchmarks.sizes import Size
from slotbridge.his import free, slots, visits
from slotbridge.his.models import Slot, Visit
from slotbridge.kit import clock
from slotbridge.sandbox import actors
from slotbridge.sandbox.patients import PatientData
from slotbridge.sync import fanout
from slotbridge.sync.models import Booking, Listing

_SEED = 20_260_301  # of what is scattered: the same in every run
_CHANGES_TAKE = 0.9  # of the gathering window


def measure(size: Size) -> list[Result]:
    with both_of(size.practitioners, weeks=size.weeks, a_day=size.a_day) as both:
        counted = [
            (
                f"first load of {size.practitioners} practitioners",
                _first_load(both),
                size.practitioners,
            ),
            _scattered(both, size.scattered),
            *_visits(both, size.visits),
        ]
        agree(both)
    results = [_result(name, made, fewest) for name, made, fewest in counted]
    made = sum(each for _, each, _ in counted)
    fewest = sum(each for _, _, each in counted)
    return [*results, _result("the whole day", made, fewest)]


def _result(name: str, made: int, fewest: int) -> Result:
    return Result(f"portal writes: {name}", made, fewest, "writes", aim="1.00", met=made == fewest)


def _first_load(both: Both) -> int:
    account = both.connect()
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


def agree(both: Both) -> None:
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
