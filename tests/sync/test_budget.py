"""Who may write when: days leave room for visits, and less of it the sooner the window ends."""

from datetime import timedelta

import pytest
from django.db import connection

from slotbridge.kit import clock
from slotbridge.sync import budget
from slotbridge.sync.models import Account

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])

SECONDS = (0, 1, 3, 4, 10, 15, 20, 30, 45, 59, 60, 61, 3600)


def asked_in_sql(what, account):
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {what} FROM sync_account a WHERE a.id = %(id)s",
            {"now": clock.now(), "id": account.pk},
        )
        return cursor.fetchone()[0]


@pytest.mark.parametrize("limit", [4, 40, 100])
def test_the_queue_and_the_engine_judge_the_budget_alike(world, limit):
    account = world.account
    for seconds in SECONDS:
        for left in range(0, limit + 1, max(1, limit // 20)):
            account.writes_limit, account.writes_left = limit, left
            account.writes_reset_at = clock.now() + timedelta(seconds=seconds)
            account.save()
            may = budget.may_write(account, urgent=False)
            assert asked_in_sql(budget.DAYS_MAY_BE_TOLD, account) == may, (seconds, left)


def test_a_worker_wakes_when_days_may_be_told_again_and_not_much_later(world, frozen):
    account = world.account
    for left in (0, 1, 2, 3, 7, 10):
        account.writes_limit, account.writes_left = 40, left
        account.writes_reset_at = clock.now() + timedelta(seconds=60)
        account.save()
        assert not budget.may_write(account, urgent=False)
        wakes = asked_in_sql(budget.DAYS_MAY_NEXT_BE_TOLD, account)
        frozen.move_to(wakes - timedelta(seconds=1))
        assert not budget.may_write(account, urgent=False)
        frozen.move_to(wakes)
        assert budget.may_write(account, urgent=False)


def test_days_use_up_what_nobody_urgent_needed_and_leave_two_until_the_end(world, frozen):
    account = world.account
    account.writes_limit, account.writes_left = 40, 40
    account.writes_reset_at = clock.now() + timedelta(minutes=1)
    told = []
    for second in range(60):
        while budget.may_write(account, urgent=False):
            account.writes_left -= 1
            told.append(second)
        urgent_left = account.writes_left
        assert second > 56 or urgent_left >= budget.LEAST_RESERVE
        frozen.shift(timedelta(seconds=1))
    assert len(told) == 40, "a long load is as fast as the portal lets it be"
    assert told.count(0) == 30, "at first a quarter is kept"


def test_visits_are_told_while_days_wait(world):
    """Design section 5: the urgent first, at a portal that takes few writes."""
    world.client.writes_per_minute = 8
    world.client.save()
    for days in range(1, 12):
        world.open(days=days, count=1)
        world.settle()
    [slot] = world.open(days=13, count=1)
    Account.objects.filter(pk=world.account.pk).update(
        writes_limit=8, writes_left=2, writes_reset_at=clock.now() + timedelta(seconds=30)
    )
    booked = world.patient_books(world.portal_shows()[0])
    world.settle()
    assert world.visits() == [(booked.start, "booked", "")]
    assert slot.start not in world.portal_shows()
    world.after(seconds=31)
    assert slot.start in world.portal_shows()
