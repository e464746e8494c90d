"""A, B, A within three minutes ends in A (behaviour.md section 7, A37).

The portal answers an equal request with 201 and ignores it, for three minutes after it worked the
first one off, which may be long after its answer.
"""

from datetime import timedelta

import pytest

from slotbridge.his import slots
from slotbridge.sandbox.models import SlotRequest
from slotbridge.sync import telling_days
from slotbridge.sync.engine import Engine
from slotbridge.sync.models import Difference
from tests.world import CHANNEL, World

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])


class Killed(BaseException):
    """What stops a worker so that nothing of its own code runs any more."""


@pytest.fixture
def day(world):
    """Four slots of tomorrow, told long ago."""
    made = world.open(count=4)
    world.settle()
    world.after(minutes=6)
    return made


def show(world, made, *, visible):
    change = slots.publish_slots if visible else slots.withdraw_slots
    change(
        schedule=world.schedule, slot_ids=[slot.pk for slot in made], channel=CHANNEL, by="a"
    )  # fmt: skip


def another_worker(world):
    world.engine.close()
    world.engine = Engine("tests/2")


def shows_for_good(world, made):
    """Whether the portal shows these, once everything is worked off, and before any patrol."""
    assert not Difference.objects.exists()
    return world.portal_shows() == [slot.start for slot in made]


@pytest.mark.parametrize(
    ("delay", "rest", "changes_worker"),
    [
        pytest.param(0, 2, False, id="worked off at once"),
        pytest.param(0, 0, True, id="an emptied day, another worker each time"),
        pytest.param(50, 2, True, id="worked off later, another worker each time"),
        pytest.param(50, 0, False, id="an emptied day, worked off later"),
    ],
)
def test_a_b_a_b_ends_in_what_was_said_last(world, day, delay, rest, changes_worker):
    world.client.quirks = {"put_delay_seconds": delay}
    world.client.save()
    moving = day[rest:]
    for visible in (False, True, False, True, False):
        show(world, moving, visible=visible)
        world.settle()
        world.clock.shift(timedelta(seconds=5))
        if changes_worker:
            another_worker(world)
    world.clock.shift(timedelta(seconds=2 * delay))
    assert shows_for_good(world, day[:rest])
    show(world, moving, visible=True)
    world.settle()
    world.clock.shift(timedelta(seconds=2 * delay))
    assert shows_for_good(world, day)


def test_the_three_minutes_begin_when_the_portal_has_worked_the_request_off(world, day):
    world.client.quirks = {"put_delay_seconds": 60}
    world.client.save()
    show(world, day[2:], visible=False)
    world.settle()
    world.clock.shift(timedelta(seconds=70))
    show(world, day[2:], visible=True)
    world.settle()
    world.clock.shift(timedelta(seconds=130))  # past three minutes after it was sent
    show(world, day[2:], visible=False)
    world.settle()
    world.clock.shift(timedelta(seconds=70))
    assert shows_for_good(world, day[:2])


def test_without_the_guard_the_portal_ignores_the_third_request(world, day, monkeypatch):
    """The trap is there: what the tests above prove is not given."""
    monkeypatch.setattr(telling_days, "_remember", lambda *_: None)
    for visible in (False, True, False):
        world.account.listings.update(recent={})
        show(world, day[2:], visible=visible)
        world.settle()
    assert world.portal_shows() == [slot.start for slot in day]


def test_a_request_whose_answer_was_lost_is_not_repeated_in_the_same_words(world, day):
    """B was told, but nobody heard so; then A, then B again."""
    world.fault("replaceSlots", "timeout-after")
    show(world, day[2:], visible=False)
    world.engine.run_once()
    world.clock.shift(timedelta(seconds=1))
    world.engine.run_once()
    assert SlotRequest.objects.count() == 1, "the portal has it"
    show(world, day[2:], visible=True)
    world.after(seconds=20)
    assert shows_for_good(world, day)
    show(world, day[2:], visible=False)
    world.after(seconds=20)
    assert shows_for_good(world, day[:2])


@pytest.mark.parametrize("rest", [2, 0], ids=["a day that stays", "an emptied day"])
def test_a_worker_killed_after_it_told_does_not_make_the_next_one_repeat_it(world, day, rest):
    show(world, day[rest:], visible=False)
    connector = world.engine._connectors[world.account.pk][1]
    really_tell = connector.tell_days

    def tell_and_die(*args, **kwargs):
        really_tell(*args, **kwargs)
        raise Killed

    connector.tell_days = tell_and_die
    world.engine.run_once()
    world.clock.shift(World.gathering)
    with pytest.raises(Killed):
        world.engine.run_until_idle()
    del connector.tell_days
    assert len(world.portal_shows()) == rest, "the portal has it, and nobody here knows"
    another_worker(world)
    world.lose_lease()
    for visible in (True, False):
        show(world, day[rest:], visible=visible)
        world.settle()
    assert shows_for_good(world, day[:rest])
