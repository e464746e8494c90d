"""Who has the time of a visit that clashes."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from slotbridge.his.beside import beside
from slotbridge.his.models import Visit
from slotbridge.kit import clock
from tests.factories import RoomFactory, ScheduleFactory, SlotFactory, VisitFactory

pytestmark = pytest.mark.django_db

TAKEN = Visit.Clash.TAKEN


@pytest.fixture
def slot():
    return SlotFactory(schedule=ScheduleFactory())


def test_one_visit_stands_in_the_way_of_another(slot):
    first, second = VisitFactory(slot=slot), VisitFactory(slot=slot, clash=TAKEN)

    assert beside([second]) == {second.pk: [first]}
    assert beside([first]) == {first.pk: [second]}


def test_whoever_came_before_and_after_is_not_in_the_way(slot):
    visit = VisitFactory(slot=slot)
    for start in (slot.end, slot.start - (slot.end - slot.start)):
        VisitFactory(slot=SlotFactory(schedule=slot.schedule, start=start))

    assert beside([visit]) == {visit.pk: []}


def test_a_cancelled_visit_is_not_in_the_way(slot):
    VisitFactory(slot=slot, status=Visit.Status.CANCELLED)
    visit = VisitFactory(slot=slot)

    assert beside([visit]) == {visit.pk: []}


def test_held_time_is_in_the_way_until_it_runs_out(slot, frozen):
    until = clock.now() + timedelta(minutes=10)
    held = VisitFactory(slot=slot, status=Visit.Status.PROPOSED, expires_at=until, patient=None)
    visit = VisitFactory(slot=slot, clash=TAKEN)

    assert beside([visit]) == {visit.pk: [held]}
    frozen.shift(601)
    assert beside([visit]) == {visit.pk: []}


def test_a_shared_room_is_in_the_way_of_two_people(slot):
    room = RoomFactory()
    first = VisitFactory(slot=slot, room=room)
    elsewhere = SlotFactory(schedule=ScheduleFactory(), start=slot.start)
    second = VisitFactory(slot=elsewhere, room=room, clash=TAKEN)

    assert beside([second]) == {second.pk: [first]}


def test_many_are_asked_for_in_one_query(slot):
    pairs = []
    for n in range(1, 4):
        other = SlotFactory(schedule=slot.schedule, start=slot.start + timedelta(days=n))
        pairs.append((VisitFactory(slot=other), VisitFactory(slot=other, clash=TAKEN)))

    with CaptureQueriesContext(connection) as asked:
        found = beside([second for _first, second in pairs])

    assert found == {second.pk: [first] for first, second in pairs}
    assert len(asked) == 1


def test_nothing_asked_is_nothing_read():
    with CaptureQueriesContext(connection) as asked:
        assert beside([]) == {}
    assert len(asked) == 0
