"""The portal's own traps, by name (docs/reference/docplanner/behaviour.md, sections 7 to 9)."""

import pytest

from slotbridge.his import slots
from slotbridge.sandbox import actors
from slotbridge.sync import telling_days
from slotbridge.sync.models import (
    Difference,
    ListingDay,
)
from tests.world import CHANNEL

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])


def test_a_b_a_within_three_minutes_ends_in_a(world):
    """behaviour.md section 7: an equal request is answered 201 and ignored."""
    made = world.open(count=4)
    world.settle()
    ids = [slot.pk for slot in made[2:]]
    slots.withdraw_slots(schedule=world.schedule, slot_ids=ids, channel=CHANNEL, by="a")
    world.settle()
    assert len(world.portal_shows()) == 2
    slots.publish_slots(schedule=world.schedule, slot_ids=ids, channel=CHANNEL, by="a")
    world.settle()
    assert world.portal_shows() == [slot.start for slot in made]
    slots.withdraw_slots(schedule=world.schedule, slot_ids=ids, channel=CHANNEL, by="a")
    world.settle()
    assert len(world.portal_shows()) == 2


def test_a_changed_slot_leaves_the_rest_of_its_day(world):
    """A date is replaced whole, so it is sent whole."""
    morning = world.open(wall="09:00", count=2)
    evening = world.open(wall="17:00", count=2)
    world.settle()
    slots.withdraw_slots(schedule=world.schedule, slot_ids=[morning[0].pk], channel=CHANNEL, by="a")
    world.settle()
    assert world.portal_shows() == [morning[1].start, evening[0].start, evening[1].start]


def test_slots_changed_on_the_portal_are_put_back_and_shown_to_staff(world):
    """R27, R28, A37."""
    made = world.open(count=3)
    world.settle()
    actors.doctor_changes_slots(world.address, world.at(1).date(), [])
    assert world.portal_shows() == []
    world.after(minutes=16)
    assert world.portal_shows() == [slot.start for slot in made]
    assert Difference.objects.get().done == Difference.Done.TOLD_AGAIN


def test_a_break_made_on_the_portal_is_removed_at_once_and_shown_to_staff(world):
    """A37."""
    made = world.open(count=3)
    world.settle()
    actors.doctor_adds_break(world.address, made[0].start, made[1].end)
    world.settle()
    assert world.portal_shows() == [slot.start for slot in made]
    assert Difference.objects.get().kind == Difference.Kind.BREAK


def test_what_drifts_again_and_again_is_left_for_a_person(world):
    made = world.open(count=3)
    world.settle()
    for _ in range(4):
        actors.doctor_changes_slots(world.address, world.at(1).date(), [])
        world.after(minutes=16)
    assert world.portal_shows() == []
    assert Difference.objects.filter(done=Difference.Done.LEFT).count() == 1
    row = ListingDay.objects.exclude(problem="").get()
    telling_days.retry_day(listing_day=row, by="a")
    world.settle()
    assert world.portal_shows() == [slot.start for slot in made]


def test_the_horizon_rolls_on_by_itself(world):
    far = world.open(days=90, count=2)
    world.settle()
    assert world.portal_shows(days=120) == []
    world.after(days=7)
    assert world.portal_shows(days=120) == [slot.start for slot in far]
