from datetime import timedelta

import pytest

from slotbridge.his import visits
from slotbridge.his.visits import nearest_free
from tests.factories import ScheduleFactory, ServiceFactory, SlotFactory, VisitFactory, at_wall

pytestmark = pytest.mark.django_db


@pytest.fixture
def visit():
    return VisitFactory(slot=SlotFactory(), service=ServiceFactory())


def slot(schedule, day, wall, **columns):
    return SlotFactory(schedule=schedule, start=at_wall(schedule, day, wall), **columns)


def starts(offers):
    return [start for _, start, _ in offers]


def test_the_nearest_times_of_the_same_person_come_first(visit):
    own = visit.schedule
    far, near, before = (
        slot(own, 3, "09:00"),
        slot(own, 0, "10:00"),
        slot(own, 0, "08:15"),
    )
    slot(ScheduleFactory(clinic=own.clinic), 0, "09:00")

    assert starts(nearest_free(visit=visit)) == [before.start, near.start, far.start]


def test_a_long_slot_is_offered_in_pieces_as_long_as_the_visit(visit):
    long = slot(visit.schedule, 0, "11:00", minutes=70)

    offers = nearest_free(visit=visit, count=5)

    half = timedelta(minutes=30)
    assert offers == [
        (visit.schedule_id, long.start, long.start + half),
        (visit.schedule_id, long.start + half, long.start + 2 * half),
    ]


def test_where_the_person_has_too_few_colleagues_of_the_clinic_help_out(visit):
    own = slot(visit.schedule, 1, "09:00")
    colleague = ScheduleFactory(clinic=visit.clinic)
    other = slot(colleague, 0, "09:30")
    slot(ScheduleFactory(clinic=visit.clinic, is_active=False), 0, "09:30")
    slot(ScheduleFactory(), 0, "09:30")

    offers = nearest_free(visit=visit, count=2)

    assert [(schedule, start) for schedule, start, _ in offers] == [
        (visit.schedule_id, own.start),
        (colleague.pk, other.start),
    ]


def test_a_slot_for_other_services_is_not_offered(visit):
    slot(visit.schedule, 0, "10:00", services=[ServiceFactory()])
    fits = slot(visit.schedule, 0, "10:30", services=[visit.service])

    assert starts(nearest_free(visit=visit)) == [fits.start]


def test_what_is_past_or_far_off_is_not_offered(visit):
    slot(visit.schedule, 15, "09:00")
    slot(visit.schedule, -20, "09:00")

    assert nearest_free(visit=visit) == []


def test_what_is_offered_can_be_booked(visit):
    slot(visit.schedule, 0, "10:00")
    ((_, start, end),) = nearest_free(visit=visit)

    assert visits.move_visit(visit=visit, start=start, end=end, by="anna").start == start
