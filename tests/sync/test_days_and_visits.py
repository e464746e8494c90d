"""A day and a visit of it that change at once: the visit is told first, whoever is quicker."""

import pytest

from slotbridge.his import visits
from slotbridge.sync import calendars, fanout, leaving, queue
from slotbridge.sync.models import Account, VisitTarget
from tests.factories import PatientFactory

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])


def test_a_day_does_not_hide_the_time_that_a_booking_is_about_to_move_to(world):
    """The visit is moved after the worker looked for changed visits, before it computes the day."""
    first, second, *_ = world.open(count=4)
    world.settle()
    visit = world.plan(first, PatientFactory(organisation=world.organisation))
    world.settle()
    world.open(wall="15:00", count=1)  # so that the day is due
    fanout.fan_out()
    world.clock.shift(fanout.SHORTEST_GATHERING)
    visits.move_visit(visit=visit, start=second.start, end=second.end, by="reception")

    lease = queue.claim("tests/1")
    account = Account.objects.get(pk=lease.account_id)
    calendars.step(lease, account, world.engine._connector(account))
    lease.give_back()
    world.settle()

    assert world.portal_bookings() == [(second.start, "booked")]
    assert not VisitTarget.objects.get().call_patient
    assert first.start in world.portal_shows()


def test_an_account_that_is_switched_off_does_not_wait_for_visits_that_are_not_told_any_more(world):
    first, *_ = world.open(count=4)
    world.settle()
    leaving.switch_off(account=world.account, by="admin")
    world.plan(first, PatientFactory(organisation=world.organisation))

    world.settle()

    assert Account.objects.get().state == "off"
    assert world.portal_shows() == []
