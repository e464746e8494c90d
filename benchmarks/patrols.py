"""A patrol of a large house at rest: reads used, and seconds of our own work.

The fewest reads: free times, bookings and breaks of each calendar, once. The floor of the work is
reading the very answers that patrol was given as JSON, and nothing else.
"""

import json
import time
from datetime import timedelta

from benchmarks import houses
from benchmarks.both import Both, both_of
from benchmarks.results import Result
from benchmarks.sizes import Size
from slotbridge.kit import clock
from slotbridge.sync import patrol
from slotbridge.sync.models import Account, Booking, Difference

READS_A_LISTING = 3
_HOUR = timedelta(hours=1)


def measure(size: Size) -> list[Result]:
    number = size.large_house
    with both_of(number, weeks=size.weeks, a_day=size.a_day) as both:
        account = _loaded(both)
        differences = Difference.objects.count()
        work, reads = _patrolled(both, account)
        assert Difference.objects.count() == differences, "both sides were at rest"
        floor = _parse(both.wires.read)
    name = f"patrol of {number} listings x {size.weeks} weeks x {size.a_day} slots"
    fewest = READS_A_LISTING * number
    return [
        Result(f"{name}: reads", reads, fewest, "reads", aim="1.00", met=reads == fewest),
        Result(f"{name}: our own work", work, floor, "s"),
    ]


def _loaded(both: Both) -> Account:
    account = both.connect()
    houses.link_at_once(account, both.house)
    both.settle()
    assert not Booking.objects.exists()
    return account


def _patrolled(both: Both, account: Account) -> tuple[float, int]:
    """Seconds outside the portal, and requests, of one comparison of every listing."""
    both.after(patrol.EVERY)  # within the hour: services are read at its beginning only
    due = clock.now()
    Account.objects.filter(pk=account.pk).update(
        catalogue_due_at=due + _HOUR, pull_due_at=due + _HOUR, chores_due_at=due + _HOUR
    )
    account.listings.update(patrol_due_at=due)
    both.wires.away, both.wires.keeps = 0.0, True
    begun = time.perf_counter()
    both.engine.run_until_idle(rounds=10**9)
    work = time.perf_counter() - begun - both.wires.away
    both.wires.keeps = False
    assert not account.listings.filter(patrolled_at__lt=due).exists(), "not all were compared"
    assert all(method == "GET" for method, _ in both.wires.heard), "nothing was to be told"
    return work, len(both.wires.heard)


def _parse(answers: list[bytes]) -> float:
    begun = time.perf_counter()
    for answer in answers:
        json.loads(answer)
    return time.perf_counter() - begun
