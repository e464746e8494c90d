"""The twelve weeks roll on each night, by themselves (A33)."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from slotbridge.kit import clock
from slotbridge.kit.clock import day_bounds, day_of
from slotbridge.sandbox.models import CalendarDay
from slotbridge.sync import fanout, patrol, queue
from slotbridge.sync.models import Account, ListingDay
from tests.sync.test_time import WARSAW, open_at
from tests.world import World

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])

HORIZON = timedelta(weeks=12)


def no_patrol(world):
    """Nothing is owed to a comparison that happens to come by."""
    world.account.listings.update(patrol_due_at=clock.now() + timedelta(days=30))


def puts(world):
    return sum(method == "PUT" and path.endswith("/slots") for method, path in world.wires.requests)


def days_there():
    return set(CalendarDay.objects.values_list("day", flat=True))


@pytest.mark.parametrize(
    "night",
    [
        pytest.param(datetime(2026, 6, 3, tzinfo=WARSAW), id="as usual"),
        pytest.param(datetime(2026, 2, 2, tzinfo=WARSAW), id="over the clocks going forward"),
        pytest.param(datetime(2026, 9, 1, tzinfo=WARSAW), id="over the clocks going back"),
    ],
)
def test_a33_the_next_day_is_told_as_soon_as_the_portal_takes_it_and_not_before(night):
    """Twelve weeks of hours, so where clocks change in between it is an hour beside midnight."""
    with time_machine.travel(night.astimezone(UTC) - timedelta(hours=10), tick=False) as moving:
        world = World(moving)
        newest = (night + HORIZON).date() - timedelta(days=1)
        within, new, beyond = (newest + timedelta(days=n) for n in (-1, 0, 1))
        open_at(world, *(day_bounds(day, WARSAW)[0] + timedelta(hours=9) for day in (
            within, new, beyond,
        )))  # fmt: skip
        world.settle()
        assert days_there() == {within}
        no_patrol(world)

        taken_from = day_bounds(new, WARSAW)[1] - HORIZON
        assert abs(taken_from - night.astimezone(UTC)) <= timedelta(hours=1)
        moving.move_to(taken_from - timedelta(seconds=2))
        world.settle()
        assert days_there() == {within}, "the portal would refuse it still"
        assert not ListingDay.objects.exclude(problem="").exists()

        assert queue.next_due() <= taken_from, "a worker that sleeps is up in time"
        moving.move_to(taken_from)
        told = puts(world)
        world.settle()
        assert days_there() == {within, new}
        assert puts(world) == told + 1
        assert not ListingDay.objects.exclude(problem="").exists()
        world.close()


def test_a33_after_a_standstill_all_the_days_that_were_missed_are_told(world):
    """Three nights without a worker: the days come together, and in one request."""
    far = [world.open(days=day, count=1)[0] for day in (82, 83, 84, 85, 86)]
    world.settle()
    no_patrol(world)
    told = puts(world)
    world.after(days=3)
    assert [slot.start for slot in far] == world.portal_shows(days=90)
    assert puts(world) == told + 1
    last = fanout.horizon(world.account, clock.now())[1]
    assert ListingDay.objects.order_by("-day").first().day == last


def test_a33_a_night_of_an_account_that_is_refused_is_made_up_for_when_it_is_accepted(world):
    [far] = world.open(days=84, count=1)
    world.settle()
    Account.objects.update(state=Account.State.PAUSED)
    world.after(days=2)
    assert world.portal_shows(days=90) == []
    Account.objects.update(state=Account.State.READY)
    no_patrol(world)
    world.settle()
    assert world.portal_shows(days=90) == [far.start]


def test_days_that_are_over_roll_out(world):
    world.open(days=1, count=1)
    world.settle()
    world.after(days=3)
    world.after(seconds=patrol.EVERY.total_seconds())
    today = day_of(clock.now(), WARSAW)
    assert not ListingDay.objects.filter(day__lt=today).exists()
