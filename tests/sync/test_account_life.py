"""Connecting, failing, pausing and switching off an account (A4-A11)."""

from datetime import timedelta

import pytest

from slotbridge.his import visits
from slotbridge.his.models import Visit
from slotbridge.kit import clock
from slotbridge.sandbox import faults
from slotbridge.sandbox.seed import seed
from slotbridge.sync import accounts, leaving
from slotbridge.sync.lights import Colour, light_of, needs_banner, waiting
from slotbridge.sync.models import (
    Account,
)
from tests.world import PORTAL, World

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])


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
    faults.clear()
    world.after(minutes=20)
    assert world.portal_shows() == [slot.start]
    world.account.refresh_from_db()
    assert light_of(world.account).colour == Colour.FRESH


def test_an_account_of_another_clinic_publishes_nothing(world):
    """A8."""
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
    leaving.switch_off(account=world.account, by="a")
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


def test_what_was_cancelled_while_switched_off_is_told_when_switched_on_again(world):
    """A9: marks and mappings stay for a later return."""
    kept, gone = world.open(count=2)
    world.settle()
    world.patient_books(kept.start)
    world.patient_books(gone.start, email="anna@example.org")
    world.settle()
    leaving.switch_off(account=world.account, by="a")
    world.settle()
    visits.cancel_visit(visit=Visit.objects.get(start=gone.start), reason="", by="reception")
    world.settle()
    assert len(world.portal_bookings()) == 2
    world.connect()
    assert world.portal_bookings() == [(kept.start, "booked")]
    assert world.portal_shows() == [gone.start]


def test_after_a_long_outage_bookings_are_read_back_at_once(world):
    """A11: the portal's own messages may have been lost meanwhile."""
    slot, _other = world.open(count=2)
    world.settle()
    world.after(minutes=14)
    world.account.listings.update(patrol_due_at=clock.now() + timedelta(hours=1))
    world.fault("*", "status", times=None, status=503)
    world.fault("slot-booked", "lost")
    world.patient_books(slot.start)
    for _ in range(4):
        world.after(minutes=2)
    faults.clear()
    world.open(days=3, count=1)
    world.after(minutes=16)
    world.after(minutes=1)
    assert world.visits() == [(slot.start, "booked", "")]
