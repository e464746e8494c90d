"""What a portal refuses, or does without our hearing of it; nothing is lost in any of it."""

import pytest

from slotbridge.his import catalogue, slots, visits
from slotbridge.his.models import Visit, VisitEvent
from slotbridge.kit import clock
from slotbridge.sandbox.models import Booking as AtPortal
from slotbridge.sandbox.models import Break
from slotbridge.sync import accounts, fanout, links, queue, telling_days, telling_visits
from slotbridge.sync.engine import Engine
from slotbridge.sync.lights import waiting
from slotbridge.sync.models import (
    Account,
    Booking,
    ListingDay,
    VisitTarget,
)
from tests.factories import PatientFactory
from tests.world import CHANNEL

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])


@pytest.mark.parametrize("status", [429, 500])
def test_a_write_that_was_not_done_is_done_later(world, status):
    world.fault("replaceSlots", "status", status=status)
    [slot] = world.open(count=1)
    world.settle()
    world.after(minutes=2)
    assert world.portal_shows() == [slot.start]


def test_when_the_write_budget_is_used_up_urgent_work_goes_first(world):
    made = world.open(days=2, count=8)
    world.settle()
    Account.objects.update(
        writes_limit=40, writes_left=8, writes_reset_at=clock.now() + (clock.now() - clock.now())
    )
    from datetime import timedelta

    Account.objects.update(writes_reset_at=clock.now() + timedelta(seconds=50))
    slots.withdraw_slots(
        schedule=world.schedule, slot_ids=[made[7].pk], channel=CHANNEL, by="reception"
    )
    world.plan(made[0], PatientFactory(organisation=world.organisation))
    world.clock.shift(timedelta(seconds=2))
    before = len(world.wires.writes())
    while world.engine.run_once():
        pass
    first = [path.rsplit("/", 1)[-1] for _, path in world.wires.writes()[before:]][:1]
    assert first == ["book"]


def test_a_refused_day_is_parked_alone_and_the_others_are_told(world):
    """Promise 8: the portal's service is gone behind our back from one address only."""
    tomorrow = world.open(days=1, count=2)
    world.settle()
    world.fault("replaceSlots", "status", status=400, times=1)
    later = world.open(days=3, count=1)
    world.settle()
    world.after(minutes=1)
    assert ListingDay.objects.exclude(problem="").count() == 1
    row = ListingDay.objects.exclude(problem="").get()
    assert waiting(world.account).parked_days == 1
    assert world.portal_shows() == [slot.start for slot in tomorrow]
    telling_days.retry_day(listing_day=row, by="a")
    world.settle()
    assert world.portal_shows() == [slot.start for slot in [*tomorrow, *later]]


def test_all_slots_of_a_calendar_vanishing_at_once_wait_for_a_person(world):
    """Promise 7: full is told, empty is held."""
    for day in (1, 2, 3):
        world.open(days=day, count=8)
    world.settle()
    assert len(world.portal_shows()) == 24
    catalogue.stop_using_price_list(price_list=world.price_list, channel=CHANNEL, by="a")
    world.settle()
    assert len(world.portal_shows()) == 24
    listing = world.account.listings.get()
    assert listing.held_since is not None
    assert waiting(world.account).held == 1
    telling_days.release_held(listing=listing, by="a")
    world.settle()
    assert world.portal_shows() == []


def test_a_parked_visit_can_be_tried_again(world):
    slot, _other = world.open(count=2)
    world.settle()
    world.fault("bookSlot", "status", status=400)
    world.fault("addCalendarBreak", "status", status=400)
    world.plan(slot, PatientFactory(organisation=world.organisation))
    world.settle()
    target = VisitTarget.objects.get()
    assert target.problem
    assert slot.start not in world.portal_shows(), "an untold visit still closes its time"
    telling_visits.retry_visit(target=target, by="a")
    world.settle()
    target.refresh_from_db()
    assert (target.problem, target.answered) == ("", target.asked)


def test_a_catalogue_that_takes_longer_than_a_lease_is_still_stored(world):
    """Two workers must not take the account from each other for ever."""
    world.account.refresh_from_db()
    connector = world.engine._connector(world.account)
    really_read = connector.read_catalogue

    def read_slowly():
        for record in really_read():
            world.clock.shift(20)
            assert Engine("tests/other").run_once() is False, "the account is ours"
            yield record

    connector.read_catalogue = read_slowly
    before = clock.now()
    accounts.refresh_catalogue(account=world.account, by="a")
    world.engine.run_once()
    world.account.refresh_from_db()
    assert world.account.catalogue_read_at > before


@pytest.mark.parametrize("effect", ["timeout-after", "timeout-before"])
def test_a_booking_whose_answer_was_lost_is_made_once(world, effect):
    slot, other = world.open(count=2)
    world.settle()
    world.fault("bookSlot", effect)
    visit = world.plan(slot, PatientFactory(organisation=world.organisation))
    world.settle()
    target = VisitTarget.objects.get()
    assert target.doubt == VisitTarget.Doubt.BOOK
    assert AtPortal.objects.count() == (1 if effect == "timeout-after" else 0)
    assert world.portal_shows() == [other.start], "while in doubt the time is not offered"
    world.after(seconds=6)
    world.after(seconds=30)
    target.refresh_from_db()
    assert target.doubt == ""
    # Its time was off the portal meanwhile: where it was not booked, room is made for it first.
    assert world.portal_bookings() == [(slot.start, "booked")]
    assert Booking.objects.get(status="booked").visit == visit
    assert (AtPortal.objects.count(), Break.objects.count()) == (1, 0)
    assert world.portal_shows() == [other.start]
    kinds = set(VisitEvent.objects.filter(visit=visit).values_list("kind", flat=True))
    assert "outcome-unknown" in kinds


@pytest.mark.parametrize("effect", ["timeout-after", "timeout-before"])
def test_a_move_whose_answer_was_lost_is_made_once(world, effect):
    first, second = world.open(count=2)
    world.settle()
    world.patient_books(first.start)
    world.settle()
    world.fault("moveBooking", effect)
    visits.move_visit(visit=Visit.objects.get(), start=second.start, end=second.end, by="reception")
    world.settle()
    world.after(seconds=6)
    world.after(seconds=30)
    assert world.portal_bookings() == [(second.start, "booked")]
    assert AtPortal.objects.count() == 2, "the old one and the new one, no third"
    assert not VisitTarget.objects.get().call_patient
    assert world.portal_shows() == [first.start]
    assert world.visits() == [(second.start, "booked", "")]


@pytest.mark.parametrize("effect", ["timeout-after", "timeout-before"])
def test_a_cancellation_whose_answer_was_lost_ends_cancelled(world, effect):
    [slot] = world.open(count=1)
    world.settle()
    world.patient_books(slot.start)
    world.settle()
    world.fault("cancelBooking", effect)
    visits.cancel_visit(visit=Visit.objects.get(), reason="Awaria", by="reception")
    world.settle()
    world.after(seconds=6)
    world.after(seconds=30)
    assert world.portal_bookings() == []
    assert world.portal_shows() == [slot.start]
    assert world.visits() == [(slot.start, "cancelled", "")]


@pytest.mark.parametrize("effect", ["timeout-after", "timeout-before"])
def test_a_break_whose_answer_was_lost_is_made_once(world, effect):
    slot, _other = world.open(count=2)
    world.settle()
    links.link(account=world.account, record=world.service, item_id=None, by="a")
    telling_days.release_held(listing=world.account.listings.get(), by="a")
    world.fault("addCalendarBreak", effect)
    world.plan(slot, PatientFactory(organisation=world.organisation))
    world.settle()
    world.after(seconds=6)
    world.after(seconds=30)
    assert Break.objects.count() == 1
    assert VisitTarget.objects.get().told == "break"


def test_a_worker_killed_in_the_middle_of_a_write_leaves_a_doubt_that_the_next_resolves(world):
    slot, other = world.open(count=2)
    world.settle()
    visit = world.plan(slot, PatientFactory(organisation=world.organisation))

    class Killed(BaseException):
        pass

    fanout.fan_out()
    connector = world.engine._connectors[world.account.pk][1]
    really_book = connector.book

    def book_and_die(*args, **kwargs):
        really_book(*args, **kwargs)
        raise Killed

    connector.book = book_and_die
    with pytest.raises(Killed):
        world.engine.run_until_idle()
    del connector.book
    assert AtPortal.objects.count() == 1
    assert not Booking.objects.exists()
    world.lose_lease()
    successor = Engine("tests/2")
    world.engine, old = successor, world.engine
    world.settle()
    world.after(seconds=30)
    assert AtPortal.objects.count() == 1
    assert Booking.objects.get().visit == visit
    assert world.portal_shows() == [other.start]
    old.close()


def test_a_worker_that_slept_past_its_lease_stores_nothing(world):
    world.open()
    world.engine.run_once()
    world.clock.shift(1)
    first = queue.claim("slow")
    world.clock.shift(queue.LEASE.total_seconds() + 1)
    second = queue.claim("quick")
    assert second is not None
    with pytest.raises(queue.LeaseLost):
        first.confirm()
    second.confirm()


def test_a_calendar_that_still_shows_other_days_is_not_held(world):
    """A day of many slots may be withdrawn at once while others stay."""
    busy = world.open(days=1, wall="08:00", count=22, minutes=30)
    [other] = world.open(days=5, count=1)
    world.settle()
    slots.withdraw_slots(
        schedule=world.schedule, slot_ids=[s.pk for s in busy], channel=CHANNEL, by="a"
    )
    world.settle()
    assert world.portal_shows() == [other.start]
    assert world.account.listings.get().held_since is None


def test_of_several_days_the_one_to_blame_is_found(world):
    """The whole is refused, then a half of it, then one day: the others are told."""
    made = [world.open(days=day, count=1)[0] for day in (1, 2, 3, 4)]
    world.fault("replaceSlots", "status", status=400, times=3)
    world.settle()
    assert world.portal_shows() == [slot.start for slot in made[1:]]
    assert ListingDay.objects.exclude(problem="").get().day == made[0].day


def test_a_listing_that_is_refused_whatever_we_send_does_not_burn_the_budget(world):
    world.open(days=1, count=1)
    for day in range(2, 40):
        world.open(days=day, count=1)
    world.fault("replaceSlots", "status", status=422, times=None)
    before = len(world.wires.writes())
    world.settle()
    assert len(world.wires.writes()) - before <= 39
    assert ListingDay.objects.filter(problem="", day__gt=world.at(0).date()).count() >= 44


def test_a_portal_without_limiter_is_not_spoken_to_without_limit(world):
    """Writes are counted here where the portal sends no headers."""
    world.client.is_limited = False
    world.client.save()
    world.after(minutes=2)
    first = world.open(count=1)[0]
    world.settle()
    world.account.refresh_from_db()
    assert (world.account.writes_limit, world.account.writes_left) == (40, 39)
    world.plan(first, PatientFactory(organisation=world.organisation))
    world.settle()
    world.account.refresh_from_db()
    assert world.account.writes_left == 38


def test_a_booking_over_the_limit_is_made_when_the_limit_is_over(world):
    slot, _other = world.open(count=2)
    world.settle()
    world.fault("bookSlot", "status", status=429)
    world.plan(slot, PatientFactory(organisation=world.organisation))
    world.settle()
    assert not VisitTarget.objects.exclude(doubt="").exists(), "429 was not done: no doubt"
    world.after(minutes=2)
    assert slot.start not in world.portal_shows()
    assert VisitTarget.objects.get().told in {"booking", "break"}
