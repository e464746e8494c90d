"""The first load of a large house: its writes, and its minutes at the portal's limit.

The standing clock moves only when hub and sandbox have nothing to do, so the minutes are those of
the portal's budget of writes, not of this machine. The fewest writes: one request a calendar. The
fewest minutes: those writes at the limit, the last minute's own not waited for.
"""

from datetime import timedelta

from benchmarks import houses
from benchmarks.both import Both, both_of, writes
from benchmarks.results import Result
from benchmarks.sizes import Size
from slotbridge.kit import clock
from slotbridge.sandbox import actors
from slotbridge.sync.models import Account

LIMIT = 40  # writes a minute (contract, Fundamentals)
_A_MINUTE = timedelta(minutes=1)


def measure(size: Size) -> list[Result]:
    number = size.large_house
    with both_of(number, weeks=size.weeks, a_day=size.a_day) as both:
        account = both.connect()
        both.after(2 * _A_MINUTE)
        before, begun = writes(), clock.now()
        houses.link_at_once(account, both.house)
        both.settle()
        made, took = writes() - before, clock.now() - begun
        _check(both, account, size)
    name = f"first load of {number} x {size.weeks} weeks x {size.a_day} slots"
    minutes = took / _A_MINUTE
    fewest = max((number - 1) // LIMIT, 1 / 60)
    return [
        Result(f"{name}: writes", made, number, "writes", aim="1.00", met=made == number),
        Result(
            f"{name}: at {LIMIT} a minute",
            minutes,
            fewest,
            "min",
        ),
    ]


def _check(both: Both, account: Account, size: Size) -> None:
    """Everything is shown, of the first, a middle and the last."""
    assert account.listings.count() == size.large_house
    addresses = both.seeded.addresses
    now = clock.now()
    for address in (addresses[0], addresses[len(addresses) // 2], addresses[-1]):
        shown = actors.offered(address, now, now + timedelta(weeks=12))
        assert len(shown) == houses.days_of(size.weeks) * size.a_day, "not all is shown"
