"""Peak memory of a worker during a first load, against the same process before it.

The worker's engine with the whole connector, in a process of its own; the portal answers at once.
A small clinic and a large one: what grows with the clinic would show between the two.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

import psutil
from django.db import connection
from django.db.models import F

from benchmarks import houses, portals
from benchmarks.results import Result
from benchmarks.sizes import Size
from benchmarks.together import together
from slotbridge.sync.engine import Engine
from slotbridge.sync.models import Account, ListingDay

MEGABYTE = 2**20


def measure(size: Size) -> list[Result]:
    return [_load(size, number) for number in (size.practitioners, size.many_practitioners)]


def _load(size: Size, practitioners: int) -> Result:
    house = houses.build(f"Lecznica z {practitioners}", practitioners)
    houses.open_slots(house, days=houses.days_of(size.weeks), a_day=size.a_day)
    account = houses.connect(house, portals.URL)
    houses.analyse()
    _, [(before, peak)] = together(f"{__name__}:first_load", [None])
    due = ListingDay.objects.filter(listing__account=account, asked__gt=F("answered"))
    assert not due.exists(), "the first load was not done"
    Account.objects.filter(pk=account.pk).update(state=Account.State.PAUSED)
    return Result(
        f"peak memory of a worker, first load of {practitioners} x {size.weeks} weeks",
        peak / MEGABYTE,
        before / MEGABYTE,
        "MB",
    )


def first_load(_share: None) -> Callable[[], tuple[int, int]]:
    """Resident bytes before the load, and the most during it."""
    connection.ensure_connection()
    engine = Engine(f"benchmark/{os.getpid()}")
    before = psutil.Process().memory_info().rss

    def go() -> tuple[int, int]:
        with portals.instant():
            engine.run_until_idle(rounds=10**9)
            engine.close()
        return before, max(before, _peak())

    return go


def _peak() -> int:
    """The most that was ever resident in this process, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        # getrusage would count what the parent had when it started this process.
        line = next(each for each in status.read_text().splitlines() if each.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return getrusage(RUSAGE_SELF).ru_maxrss * unit
