"""The Docplanner connector when the portal fails, refuses or falls silent."""

import json
from datetime import timedelta

import pytest

from slotbridge.kit import clock
from slotbridge.sandbox import faults, tokens
from slotbridge.sandbox.models import Break, Client
from slotbridge.sync.contract import (
    AccountRejected,
    OutcomeUnknown,
    TryLater,
)
from slotbridge.sync.reconcile import offered_starts
from tests.contract.docplanner_world import DAY, TZ, at
from tests.contract_checker import Contract

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])


def test_wrong_credentials_reject_the_account(world):
    with pytest.raises(AccountRejected):
        world.connect(secret="wrong").check()
    assert world.transport.sent == ["token"]


def test_a_revoked_token_is_renewed_once(world):
    world.connector.check()
    tokens.revoke(world.client)
    world.connector.check()
    calls = ["token", "getFacilities", "getFacilities", "token", "getFacilities"]
    assert world.transport.sent == calls


def test_the_write_budget_is_known_and_429_tells_until_when(world, frozen):
    Client.objects.filter(pk=world.client.pk).update(writes_per_minute=2)
    world.opens(world.period())
    assert (world.connector.budget.limit, world.connector.budget.remaining) == (2, 1)
    world.opens(world.period("10:00"))
    frozen.shift(timedelta(seconds=20))
    with pytest.raises(TryLater) as later:
        world.opens(world.period("11:00"))
    assert later.value.retry_after == timedelta(seconds=40)
    assert world.connector.budget.resets_at == clock.now() + timedelta(seconds=40)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_read_that_fails_is_tried_later(world, status):
    faults.script("getBookings", "status", status=status)
    with pytest.raises(TryLater):
        world.connector.bookings(world.here, *clock.day_bounds(DAY, TZ))


@pytest.mark.parametrize("effect", ["timeout-before", "timeout-after"])
def test_after_a_time_out_the_booking_is_looked_for_by_its_marker(world, effect):
    world.opens(world.period())
    faults.script("bookSlot", effect)
    with pytest.raises(OutcomeUnknown):
        world.connector.book(world.here, world.wants(marker="m4rk"))
    found = world.connector.bookings(world.here, *clock.day_bounds(DAY, TZ))
    assert ["m4rk" in each.comment for each in found] == ([True] * (effect == "timeout-after"))


def test_after_a_time_out_the_new_booking_is_found_by_the_old_ones_chain(world):
    world.opens(world.period())
    first = world.connector.book(world.here, world.wants())
    faults.script("moveBooking", "timeout-after")
    with pytest.raises(OutcomeUnknown):
        world.connector.move(world.here, first.id, world.here, world.wants("10:00"))
    newest = world.connector.booking(world.here, first.id).newest_id
    assert world.connector.booking(world.here, newest).start == at("10:00")


def test_a_cancellation_with_an_unknown_outcome_was_done_or_not(world):
    world.opens(world.period())
    made = world.connector.book(world.here, world.wants())
    for effect, still_booked in (("timeout-before", True), ("timeout-after", False)):
        faults.script("cancelBooking", effect)
        with pytest.raises(OutcomeUnknown):
            world.connector.cancel(world.here, made.id, "")
        assert world.connector.booking(world.here, made.id).is_booked is still_booked


def test_a_break_with_an_unknown_outcome_can_be_asked_for_again(world):
    world.opens(world.period())
    faults.script("addCalendarBreak", "timeout-after")
    with pytest.raises(OutcomeUnknown):
        world.connector.add_break(world.here, at("09:00"), at("10:00"), "m4rk")
    world.connector.add_break(world.here, at("09:00"), at("10:00"), "m4rk")
    assert Break.objects.count() == 1


def test_slots_whose_answer_was_lost_are_told_again_and_not_ignored(world):
    faults.script("replaceSlots", "timeout-before")
    with pytest.raises(TryLater):
        world.opens(world.period())
    world.opens(world.period())
    assert world.shown() == offered_starts([world.period()])


def test_every_question_of_the_portal_can_be_read(world):
    for name in ("SlotBookingNotification", "BookingMovingNotification"):
        question = world.connector.read_question(json.dumps(Contract().example(name)).encode())
        assert question.start < question.end
