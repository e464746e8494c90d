"""The portal asks before it books, and is answered from a hold (A46)."""

from datetime import timedelta

import pytest

from slotbridge.his import visits
from slotbridge.sandbox import actors
from slotbridge.sync import questions
from slotbridge.sync.contract import Question
from tests.factories import PatientFactory

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])

HALF = timedelta(minutes=30)


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


def test_a_move_is_asked_for_too_and_a_visit_is_not_in_its_own_way(asking):
    asking.client.asks_booking_moving = True
    asking.client.save()
    first, second, third = asking.open(count=3)
    asking.settle()
    booking = asking.patient_books(first.start)
    asking.settle()
    moved = actors.patient_moves(booking, second.start)
    asking.settle()
    assert asking.visits() == [(second.start, "booked", "")]
    asking.plan(third, PatientFactory(organisation=asking.organisation))
    with pytest.raises(actors.Refused):
        actors.patient_moves(moved, third.start)


@pytest.mark.parametrize("address", ["unknown", "no slot", "paused"])
def test_unknown_is_not_free(asking, address):
    """Promise 6."""
    slot = asking.open(count=1)[0]
    asking.settle()
    known = asking.account.listings.get().address
    account = asking.account
    account.refresh_from_db()
    if address == "paused":
        account.state = "paused"
    start = slot.start + (timedelta(days=1) if address == "no slot" else timedelta())
    question = Question("1", "1", "0" if address == "unknown" else known, start, start + HALF)
    assert questions.may_be_taken(account, question) is False
