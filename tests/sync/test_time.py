"""Days that are not 24 hours long, slots over midnight, and a unit in another zone (A39)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from slotbridge.his import slots
from slotbridge.his.models import Visit
from slotbridge.kit.clock import day_bounds
from slotbridge.sync.models import Difference
from tests.world import CHANNEL, World

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])

WARSAW = ZoneInfo("Europe/Warsaw")


def open_at(world, *starts, minutes=30):
    return slots.open_slots(
        schedule=world.schedule,
        ranges=[(start, start + timedelta(minutes=minutes)) for start in starts],
        channels=[CHANNEL],
        by="tests",
    )


@pytest.mark.parametrize(
    "night", [datetime(2026, 3, 29, tzinfo=WARSAW), datetime(2026, 10, 25, tzinfo=WARSAW)]
)
def test_every_half_hour_of_a_changing_day_is_shown_and_can_be_booked(night):
    """A39: offsets are of each instant."""
    eve = night.astimezone(UTC) - timedelta(hours=14)
    with time_machine.travel(eve, tick=False) as clock:
        world = World(clock)
        start, end = day_bounds(night.date(), WARSAW)
        count = int((end - start) / timedelta(minutes=30)) - 1
        halves = [start + n * timedelta(minutes=30) for n in range(count)]
        open_at(world, *halves)
        world.settle()
        assert world.portal_shows() == halves
        twice_named = start + timedelta(hours=2, minutes=30)
        world.patient_books(twice_named)
        world.settle()
        assert Visit.objects.get().start == twice_named
        assert world.portal_shows() == [half for half in halves if half != twice_named]
        world.close()


def test_a_slot_over_midnight_is_published_as_two_and_nothing_crosses(world):
    """A39."""
    midnight = day_bounds(world.at(2).date(), WARSAW)[0]
    open_at(world, midnight - timedelta(minutes=60), minutes=120)
    world.settle()
    shown = world.portal_shows()
    assert midnight - timedelta(minutes=60) in shown
    assert midnight in shown
    for start in shown:
        assert not start < midnight < start + timedelta(minutes=30)
    world.after(minutes=16)
    assert world.portal_shows() == shown, "patrol agrees with what was told"
    assert not Difference.objects.exists()


def test_a_unit_in_another_zone_is_told_on_the_portals_days(frozen):
    world = World(frozen)
    world.unit.time_zone = "Asia/Vladivostok"
    world.unit.save()
    start = datetime(2026, 3, 4, 23, 30, tzinfo=UTC)  # the 5th on both clocks
    late = datetime(2026, 3, 4, 20, 0, tzinfo=UTC)  # the 5th there, the 4th in Warsaw
    world.schedule.refresh_from_db()
    open_at(world, late, start)
    world.settle()
    assert world.portal_shows() == [late, start]
    world.close()


def test_the_last_day_of_the_horizon_is_taken_by_the_portal(world):
    last = world.open(days=83, wall="22:00", count=2)
    world.settle()
    assert world.portal_shows() == [slot.start for slot in last]
