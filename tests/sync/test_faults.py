"""What goes wrong between us and a portal, and that nothing is lost in any of it."""

import json

import pytest
from django.test import Client

from slotbridge.his import catalogue, patients, slots, visits
from slotbridge.his.models import Patient, Visit, VisitEvent
from slotbridge.kit import clock
from slotbridge.sandbox import actors
from slotbridge.sandbox.models import Booking as AtPortal
from slotbridge.sandbox.models import Break
from slotbridge.sync import accounts, fanout, inbox, links, telling_days, telling_visits
from slotbridge.sync.engine import Engine
from slotbridge.sync.lights import Colour, light_of, needs_banner, waiting
from slotbridge.sync.models import (
    Account,
    Booking,
    Difference,
    InboxMessage,
    ListingDay,
    VisitTarget,
)
from tests.factories import PatientFactory
from tests.world import CHANNEL, PORTAL, World

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])


def hook(world):
    return accounts.notification_address(world.account).removeprefix("http://localhost:8000")


# --- Credentials and outages ------------------------------------------------------------------


def test_wrong_credentials_are_said_and_tried_again_every_quarter_of_an_hour(frozen):
    """A4."""
    world = World(frozen, linked=False)
    accounts.configure(
        account=world.account,
        login="nobody",
        password="wrong",
        settings={"base_url": PORTAL},
        by="a",
    )
    world.settle()
    world.account.refresh_from_db()
    assert world.account.state == Account.State.REJECTED
    assert light_of(world.account).colour == Colour.FAILING
    tries = len(world.wires.requests)
    world.after(minutes=14)
    assert len(world.wires.requests) == tries
    world.after(minutes=2)
    assert len(world.wires.requests) > tries
    world.connect()
    world.account.refresh_from_db()
    assert world.account.state == Account.State.READY
    world.close()


def test_half_a_set_up_is_saved_and_starts_nothing(frozen):
    """A5, A6: an empty password is unchanged, and only both together connect."""
    world = World(frozen, linked=False)
    accounts.configure(account=world.account, login="somebody", password=None, by="a")
    world.settle()
    world.account.refresh_from_db()
    assert (world.account.state, world.account.login) == (Account.State.UNCONFIGURED, "somebody")
    assert world.wires.requests == []
    world.close()


def test_a_portal_that_is_down_is_waited_for_and_everything_arrives(world):
    """A11: changes wait, in the database; a banner after fifteen minutes."""
    world.fault("*", "status", times=None, status=503)
    [slot] = world.open(count=1)
    world.settle()
    world.after(minutes=16)
    world.account.refresh_from_db()
    assert light_of(world.account).colour == Colour.FAILING
    assert needs_banner(world.account)
    assert waiting(world.account).days >= 1
    from slotbridge.sandbox import faults

    faults.clear()
    world.after(minutes=20)
    assert world.portal_shows() == [slot.start]
    world.account.refresh_from_db()
    assert light_of(world.account).colour == Colour.FRESH


def test_an_account_of_another_clinic_publishes_nothing(world):
    """A8."""
    from slotbridge.sandbox.seed import seed

    other = seed("Obca Lecznica", [])
    accounts.configure(
        account=world.account,
        login=other.credentials.client_id,
        password=other.credentials.client_secret,
        by="a",
    )
    world.open()
    world.settle()
    world.account.refresh_from_db()
    assert world.account.state == Account.State.FAILED
    assert "another account" in world.account.reason
    assert world.portal_shows() == []
    world.connect()
    assert len(world.portal_shows()) == 4, "back at the former account, everything goes on"


def test_switching_off_withdraws_free_slots_and_keeps_bookings(world):
    """A9."""
    slot = world.open()[0]
    world.settle()
    world.patient_books(slot.start)
    world.settle()
    accounts.switch_off(account=world.account, by="a")
    world.settle()
    world.account.refresh_from_db()
    assert world.account.state == Account.State.OFF
    assert world.portal_shows() == []
    assert world.portal_bookings() == [(slot.start, "booked")]
    assert world.visits() == [(slot.start, "booked", "")]


def test_while_paused_everything_waits_and_nothing_is_lost(world):
    accounts.pause(account=world.account, by="a")
    slot = world.open(count=2)[0]
    world.settle()
    assert world.portal_shows() == []
    accounts.resume(account=world.account, by="a")
    world.settle()
    world.patient_books(slot.start)
    accounts.pause(account=world.account, by="a")
    world.settle()
    assert world.visits() == []
    accounts.resume(account=world.account, by="a")
    world.settle()
    assert world.visits() == [(slot.start, "booked", "")]


# --- Limits and refusals -----------------------------------------------------------------------


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


# --- Unknown outcomes (promise 5) ---------------------------------------------------------------


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
    if effect == "timeout-after":
        assert world.portal_bookings() == [(slot.start, "booked")]
        assert Booking.objects.get(status="booked").visit == visit
    else:  # its time is off the portal by now, so a break stands for it (A40)
        assert (target.told, world.portal_bookings()) == ("break", [])
    assert AtPortal.objects.count() + Break.objects.count() == 1
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
    if effect == "timeout-after":
        assert world.portal_bookings() == [(second.start, "booked")]
        assert AtPortal.objects.count() == 2, "the old one and the new one, no third"
    else:  # the new time is off the portal by now (A42): the patient does not read the old one
        assert world.portal_bookings() == []
        assert VisitTarget.objects.get().call_patient
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
    from slotbridge.sync import queue

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


# --- Notifications ------------------------------------------------------------------------------


@pytest.mark.parametrize("effect", ["twice", "swapped", "unknown", "malformed", "lost"])
def test_whatever_becomes_of_notifications_both_sides_agree(world, effect):
    """A38, A57: once more, out of order, unknown, broken or never: patrol brings the rest."""
    first, second = world.open(count=2)
    world.settle()
    world.fault("slot-booked", effect)
    booking = world.patient_books(first.start)
    actors.patient_moves(booking, second.start)
    world.settle()
    world.after(minutes=16)
    assert world.visits() == [(second.start, "booked", "")]
    assert Patient.objects.count() == 1
    assert world.portal_shows() == [first.start]


def test_a_lost_cancellation_is_found_by_patrol(world):
    [slot] = world.open(count=1)
    world.settle()
    booking = world.patient_books(slot.start)
    world.settle()
    world.fault("booking-canceled", "lost")
    actors.patient_cancels(booking)
    world.settle()
    assert world.visits() == [(slot.start, "booked", "")]
    world.after(minutes=16)
    assert world.visits() == [(slot.start, "cancelled", "")]
    assert Difference.objects.filter(kind="booking-changed", done="taken-over").exists()


def test_a_broken_notification_is_parked_with_its_reason_and_can_be_tried_again(world):
    answer = Client().post(hook(world), b'{"name": ["', content_type="application/json")
    assert answer.status_code == 200
    world.settle()
    message = InboxMessage.objects.get()
    assert message.state == InboxMessage.State.PARKED
    assert message.problem
    inbox.retry(message=message, by="a")
    world.settle()
    message.refresh_from_db()
    assert message.state == InboxMessage.State.PARKED


def test_an_unknown_event_is_stored_and_answered(world):
    """A57."""
    body = json.dumps(
        {"name": "slot-overbooked", "data": {}, "created_at": "2026-03-02T08:00:00+01:00"}
    )
    assert Client().post(hook(world), body, content_type="application/json").status_code == 200
    world.settle()
    message = InboxMessage.objects.get()
    assert (message.state, message.name) == (InboxMessage.State.DONE, "slot-overbooked")


def test_a_ping_is_answered_and_a_wrong_address_is_not_there(world):
    assert Client().get(hook(world)).status_code == 200
    assert (
        Client().post("/hooks/guessed", b"{}", content_type="application/json").status_code == 404
    )
    assert InboxMessage.objects.count() == 0


def test_a_renewed_notification_address_ends_the_old_one(world):
    """A7."""
    old = hook(world)
    accounts.renew_notification_address(account=world.account, by="a")
    world.account.refresh_from_db()
    assert Client().get(old).status_code == 404
    assert Client().get(hook(world)).status_code == 200


def test_a_booking_for_an_unmapped_doctor_is_kept_for_a_person(frozen):
    """A48: nothing lost; assigned by itself once the doctor is linked."""
    world = World(frozen, doctors=1)
    [slot] = world.open(count=1)
    world.settle()
    booking = world.patient_books(slot.start, email="anna@example.org")
    person = world.schedule.practitioner
    links.link(account=world.account, record=person, item_id=None, by="a")
    from slotbridge.sync.models import ListingSchedule

    assert not ListingSchedule.objects.exists()
    world.settle()
    row = Booking.objects.get(external_id=str(booking.pk))
    assert row.visit is None
    assert "links" in row.problem
    from slotbridge.sync.bookings import data_of

    assert data_of(row)["email"] == "anna@example.org"
    assert waiting(world.account).unassigned == 1
    world.link_all()
    world.after(minutes=16)
    row.refresh_from_db()
    assert row.visit is not None
    assert world.visits() == [(slot.start, "booked", "")]
    world.close()


def test_a_cancellation_before_its_booking_is_remembered(world):
    """A57: a late "booked" does not revive it."""
    [slot] = world.open(count=1)
    world.settle()
    world.fault("slot-booked", "swapped")
    booking = world.patient_books(slot.start)
    actors.patient_cancels(booking)
    world.settle()
    assert world.visits() == []
    assert Booking.objects.get().status == "canceled"
    assert world.portal_shows() == [slot.start]


# --- Two sides at once --------------------------------------------------------------------------


def test_of_two_moves_ours_stands(world):
    """A44."""
    first, second, third = world.open(count=3)
    world.settle()
    booking = world.patient_books(first.start)
    world.settle()
    visits.move_visit(visit=Visit.objects.get(), start=second.start, end=second.end, by="reception")
    actors.patient_moves(booking, third.start)
    world.settle()
    world.after(minutes=16)
    assert world.visits() == [(second.start, "booked", "")]
    assert world.portal_bookings() == [(second.start, "booked")]
    assert world.portal_shows() == [first.start, third.start]


def test_a_cancellation_here_beats_a_move_there(world):
    """A44."""
    first, second = world.open(count=2)
    world.settle()
    booking = world.patient_books(first.start)
    world.settle()
    visits.cancel_visit(visit=Visit.objects.get(), reason="", by="reception")
    actors.patient_moves(booking, second.start)
    world.settle()
    world.after(minutes=16)
    assert [status for _, status, _ in world.visits()] == ["cancelled"]
    assert world.portal_bookings() == []
    assert world.portal_shows() == [first.start, second.start]


def test_a_cancellation_there_beats_a_move_here(world):
    """A44."""
    first, second = world.open(count=2)
    world.settle()
    booking = world.patient_books(first.start)
    world.settle()
    visits.move_visit(visit=Visit.objects.get(), start=second.start, end=second.end, by="reception")
    actors.patient_cancels(booking)
    world.settle()
    world.after(minutes=16)
    assert [status for _, status, _ in world.visits()] == ["cancelled"]
    assert world.portal_bookings() == []


def test_a_lost_race_becomes_a_break_and_the_patients_booking_a_clash(world):
    """A40, A46, and behaviour.md section 9: a lost race is a 404."""
    [slot] = world.open(count=1)
    world.settle()
    world.fault("slot-booked", "lost")
    world.patient_books(slot.start)
    world.plan(slot, PatientFactory(organisation=world.organisation))
    world.settle()
    world.after(minutes=1)
    assert world.visits() == [(slot.start, "booked", ""), (slot.start, "booked", "taken")]
    assert VisitTarget.objects.get(visit__clash="").told == "break"


def test_a_visit_moved_where_the_portal_cannot_show_it_is_cancelled_there(frozen):
    """A42: and staff are asked to phone."""
    world = World(frozen, doctors=2)
    [here] = world.open(count=1)
    [there] = world.open(count=1, schedule=world.schedules[1], wall="11:00", visible=False)
    world.settle()
    world.patient_books(here.start)
    links.link(account=world.account, record=world.schedules[1].practitioner, item_id=None, by="a")
    world.settle()
    visits.move_visit(
        visit=Visit.objects.get(),
        schedule=world.schedules[1],
        start=there.start,
        end=there.end,
        by="reception",
    )
    world.settle()
    booking = AtPortal.objects.get()
    assert booking.status == "canceled"
    assert booking.cancel_reason
    assert VisitTarget.objects.get().call_patient
    assert waiting(world.account).parked_visits == 1
    telling_visits.patient_was_called(target=VisitTarget.objects.get(), by="reception")
    assert waiting(world.account).parked_visits == 0
    assert world.visits() == [(there.start, "booked", "")]
    world.close()


def test_a_slot_with_a_visit_is_not_deleted(world):
    """A36."""
    [slot] = world.open(count=1)
    world.settle()
    world.patient_books(slot.start)
    world.settle()
    with pytest.raises(slots.SlotHasVisit):
        slots.delete_slots(schedule=world.schedule, slot_ids=[slot.pk], by="reception")


# --- The portal's own traps -----------------------------------------------------------------------


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


# --- The question before the booking (A46) --------------------------------------------------------


@pytest.fixture
def asking(world):
    world.client.asks_slot_booking = True
    world.client.save()
    return world


def test_a_time_just_taken_here_is_denied_before_the_patient_books(asking):
    slot, other = asking.open(count=2)
    asking.settle()
    asking.plan(slot, PatientFactory(organisation=asking.organisation))
    with pytest.raises(actors.Refused) as refusal:
        asking.patient_books(slot.start)
    assert refusal.value.reason == "denied"
    asking.patient_books(other.start)
    asking.settle()
    assert [clash for _, _, clash in asking.visits()] == ["", ""]


def test_a_yes_holds_the_time_until_the_booking_comes(asking):
    [slot] = asking.open(count=1)
    asking.settle()
    writes = len(asking.wires.writes())
    asking.patient_books(slot.start)
    with pytest.raises(visits.SlotTaken):
        asking.plan(slot, PatientFactory(organisation=asking.organisation))
    asking.settle()
    assert asking.visits() == [(slot.start, "booked", "")]
    assert len(asking.wires.writes()) == writes, "neither the hold nor the booking needs a write"


def test_a_hold_whose_patient_went_away_frees_the_time_again(asking):
    [slot] = asking.open(count=1)
    asking.settle()
    visits.hold(
        schedule=asking.schedule,
        start=slot.start,
        end=slot.end,
        lasting=slot.end - slot.start,
        channel="",
        by="reception",
    )
    asking.settle()
    assert asking.portal_shows() == []
    asking.after(minutes=31)
    assert asking.portal_shows() == [slot.start]


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


def test_merging_patients_does_not_disturb_the_portal(world):
    slot = world.open()[0]
    world.settle()
    world.patient_books(slot.start)
    world.settle()
    writes = len(world.wires.writes())
    keep = PatientFactory(organisation=world.organisation)
    patients.merge(survivor=keep, absorbed=Patient.objects.exclude(pk=keep.pk).get(), by="a")
    world.settle()
    assert len(world.wires.writes()) == writes


def test_a_cancellation_there_after_the_visit_began_is_shown_until_somebody_has_read_it(world):
    """A59: what happened in the room stands."""
    from slotbridge.sync import bookings

    [slot] = world.open(count=1)
    world.settle()
    booking = world.patient_books(slot.start)
    world.settle()
    world.clock.move_to(slot.start)
    world.clock.shift(60)
    visits.mark_arrived(visit=Visit.objects.get(), by="reception")
    actors.patient_cancels(booking)
    world.settle()
    assert [status for _, status, _ in world.visits()] == ["arrived"]
    [marked] = bookings.for_a_person(world.account)
    assert "begun" in marked.problem
    assert waiting(world.account).unassigned == 1
    bookings.note_seen(booking=marked, by="reception")
    assert not bookings.for_a_person(world.account).exists()


def test_a_header_key_that_was_agreed_is_asked_for(world):
    """A61."""
    accounts.agree_header_key(account=world.account, key="kasztan", by="a")
    assert Client().post(hook(world), b"{}", content_type="application/json").status_code == 404
    answer = Client().post(
        hook(world), b"{}", content_type="application/json", headers={"X-Api-Key": "kasztan"}
    )
    assert answer.status_code == 200
    accounts.agree_header_key(account=world.account, key="", by="a")
    assert Client().get(hook(world)).status_code == 200


def test_a_visit_whose_service_is_no_longer_offered_is_moved_all_the_same(world):
    """It keeps, at the portal, the service that it was booked for."""
    first, second = world.open(count=2)
    world.settle()
    world.patient_books(first.start)
    world.settle()
    links.link(account=world.account, record=world.service, item_id=None, by="a")
    visits.move_visit(visit=Visit.objects.get(), start=second.start, end=second.end, by="reception")
    while world.engine.run_once():  # the visit goes first, while its new time is still offered
        pass
    assert world.portal_bookings() == [(second.start, "booked")]
    assert not VisitTarget.objects.get().call_patient


def test_a_catalogue_that_takes_longer_than_a_lease_is_still_stored(world):
    """Two workers must not take the account from each other for ever."""
    world.engine.run_until_idle()
    connector = world.engine._connectors[world.account.pk][1]
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
