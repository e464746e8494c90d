"""What is of no use any more does not stay: sealed data of persons least of all (ADR 6)."""

from datetime import timedelta

import pytest

from slotbridge.kit import clock
from slotbridge.sync import leaving, links, old_rows
from slotbridge.sync.models import Booking, Difference, InboxMessage, PatrolReport

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])


def ago(days):
    return clock.now() - timedelta(days=days)


@pytest.fixture
def told(world):
    """A notification that was done, of a booking that became a visit; the account is off."""
    [slot] = world.open(count=1)
    world.settle()
    world.patient_books(slot.start)
    world.settle()
    leaving.switch_off(account=world.account, by="a")
    world.settle()
    return InboxMessage.objects.get()


def test_a_notification_goes_a_month_after_it_was_done_though_the_account_is_off(world, told):
    world.after(days=29)
    assert InboxMessage.objects.exists(), "told again by the portal it would still be known (A57)"
    world.after(days=2)
    assert not InboxMessage.objects.exists()
    assert world.visits() != [], "what it became stays"


def test_what_waits_for_a_person_is_kept_longer_and_what_waits_for_us_stays(told):
    parked, waiting = InboxMessage.State.PARKED, InboxMessage.State.NEW
    InboxMessage.objects.update(state=parked, done_at=ago(80), received_at=ago(80))
    assert old_rows.remove() == 0
    InboxMessage.objects.update(state=waiting, received_at=ago(100))
    assert old_rows.remove() == 0
    InboxMessage.objects.update(state=parked)
    assert old_rows.remove() == 1


def test_reports_and_differences_of_calendars_that_nobody_compares_go_too(world, told):
    listing = world.account.listings.get()
    PatrolReport.objects.update(at=ago(31))
    for days in (89, 91):
        Difference.objects.create(
            organisation=world.organisation, account=world.account, listing=listing,
            kind="slots", done="told-again", found_at=ago(days),
        )  # fmt: skip
    old_rows.remove()
    assert not PatrolReport.objects.exists()
    assert [row.found_at for row in Difference.objects.all()] == [ago(89)]


def test_the_data_of_a_booking_that_nobody_assigned_go_and_the_booking_stays(world):
    [slot] = world.open(count=1)
    world.settle()
    world.patient_books(slot.start)
    links.link(account=world.account, record=world.schedule.practitioner, item_id=None, by="a")
    world.settle()
    assert Booking.objects.get().sealed_data is not None
    world.clock.shift(timedelta(days=89))
    old_rows.remove()
    assert Booking.objects.get().sealed_data is not None
    world.clock.shift(timedelta(days=5))
    old_rows.remove()
    assert Booking.objects.get().sealed_data is None


def test_a_large_heap_goes_bit_by_bit(told, monkeypatch):
    monkeypatch.setattr(old_rows, "MOST", 1)
    InboxMessage.objects.update(done_at=ago(31))
    kept = InboxMessage.objects.get()
    kept.pk, kept.public_id, kept.key = None, "0" * 32, "another"
    kept.save()
    assert [old_rows.remove(), old_rows.remove(), old_rows.remove()] == [1, 1, 0]
