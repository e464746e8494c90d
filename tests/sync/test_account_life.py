"""Connecting, failing, pausing and switching off an account (A4-A11)."""

from datetime import timedelta

import pytest

from slotbridge.his import visits
from slotbridge.his.models import Visit
from slotbridge.kit import clock
from slotbridge.sandbox import actors, delivery, faults, tokens
from slotbridge.sandbox.models import Notification
from slotbridge.sandbox.seed import seed
from slotbridge.sandbox.tokens import renew_secret
from slotbridge.sync import accounts, chores, leaving
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


def test_a_running_integration_stops_sending_when_its_login_is_refused(world):
    """A4: nothing else changes, and with good credentials everything goes on."""
    [slot, other] = world.open(count=2)
    world.settle()
    tokens.revoke(world.client)
    faults.script("token", "status", status=401, times=None)
    world.after(minutes=16)
    world.account.refresh_from_db()
    assert world.account.state == Account.State.REJECTED
    sent = len(world.wires.writes())
    world.patient_books(slot.start)
    world.open(days=2, count=1)
    world.after(minutes=1)
    assert len(world.wires.writes()) == sent
    assert world.visits() == []
    faults.clear()
    world.after(minutes=16)
    world.after(minutes=16)
    assert world.visits() == [(slot.start, "booked", "")]
    assert world.portal_shows()[0] == other.start
    assert len(world.portal_shows()) == 2


def test_a_renewed_secret_keeps_the_mappings_and_compares_everything(world):
    """A8."""
    slot = world.open()[0]
    world.settle()
    world.after(minutes=16)
    world.fault("slot-booked", "lost")
    world.patient_books(slot.start)
    accounts.configure(
        account=world.account,
        login=world.portal.credentials.client_id,
        password=renew_secret(world.client),
        by="a",
    )
    world.settle()
    world.account.refresh_from_db()
    assert world.account.state == Account.State.READY
    assert world.account.links.filter(ended_at__isnull=True).count() == 4
    assert world.visits() == [(slot.start, "booked", "")], "found by comparing, not by a message"


def test_a_portal_that_cannot_be_left_is_listed_and_left_by_hand(world):
    """A9: the form lists what to switch off there; whoever cannot wait stops waiting."""
    world.open(days=1)
    world.open(days=3)
    world.settle()
    world.fault("*", "status", times=None, status=503)
    leaving.switch_off(account=world.account, forget=True, by="a")
    world.after(minutes=5)
    world.account.refresh_from_db()
    assert world.account.state == Account.State.SWITCHING_OFF
    assert world.account.login, "still needed"
    [left] = leaving.still_shown(world.account)
    assert left.practitioner == "Gniewko Źrebiec"
    assert left.days == (world.at(1).date(), world.at(3).date())
    leaving.stop_waiting(account=world.account, by="a")
    world.account.refresh_from_db()
    assert world.account.state == Account.State.OFF
    assert world.account.reason == leaving.LEFT
    assert (world.account.login, world.account.sealed_password) == ("", None)


def test_credentials_are_forgotten_only_when_all_is_withdrawn(world):
    """A9: emptying both fields."""
    world.open()
    world.settle()
    leaving.switch_off(account=world.account, forget=True, by="a")
    world.settle()
    world.account.refresh_from_db()
    assert world.portal_shows() == []
    assert leaving.still_shown(world.account) == []
    assert (world.account.state, world.account.reason) == (Account.State.OFF, "")
    assert (world.account.login, world.account.sealed_password) == ("", None)


def test_after_seventy_two_hours_without_a_portal_nothing_is_lost(frozen):
    """A11, A38: its queue forgets, ours does not; what happened on both sides arrives."""
    world = World(frozen, push=False)
    moved, cancelled, booked, free = world.open(days=5, count=4)
    [later] = world.open(days=6, count=1)
    world.settle()
    there = world.patient_books(moved.start, email="anna@example.org")
    leaves = world.patient_books(cancelled.start, email="miron@example.org")
    world.after(seconds=6)
    world.fault("*", "status", times=None, status=503)
    world.patient_books(booked.start)
    actors.patient_cancels(leaves)
    ours = Visit.objects.get(start=moved.start)
    visits.move_visit(visit=ours, start=later.start, end=later.end, by="reception")
    for _ in range(10):
        world.after(hours=8)
    delivery.forget_old()
    faults.clear()
    world.after(hours=1)
    world.after(minutes=16)
    assert world.visits() == [
        (cancelled.start, "cancelled", ""),
        (booked.start, "booked", ""),
        (later.start, "booked", ""),
    ]
    assert world.portal_bookings() == [(booked.start, "booked"), (later.start, "booked")]
    assert world.portal_shows() == sorted([moved.start, cancelled.start, free.start])
    assert not world.account.targets.exclude(problem="").exists()
    there.refresh_from_db()
    assert there.status == "canceled", "moved: it lives on under another id"
    world.close()


def test_what_the_portal_gave_up_telling_is_asked_for_again(world):
    """Operation Release Notifications, once an hour."""
    slot = world.open()[0]
    world.settle()
    world.client.delivery = "push"
    world.client.save()
    booking = world.patient_books(slot.start)
    Notification.objects.update(push="buried", push_due_at=None)
    world.account.listings.update(patrol_due_at=clock.now() + timedelta(days=1))
    world.after(minutes=30)
    assert world.visits() == []
    world.after(minutes=31)
    assert world.visits() == [(booking.start, "booked", "")]
    world.account.refresh_from_db()
    assert world.account.released_at is not None


def test_the_published_addresses_are_fetched_every_day_and_kept_while_they_cannot_be(world):
    """A61."""
    world.account.refresh_from_db()
    first = world.account.published_read_at
    assert world.account.published_addresses == ["127.0.0.1", "::1"]
    world.after(hours=2)
    world.account.refresh_from_db()
    assert world.account.published_read_at == first
    faults.script("public-ips", "status", status=503, times=None)
    world.after(hours=23)
    world.account.refresh_from_db()
    assert world.account.published_addresses == ["127.0.0.1", "::1"]
    assert timedelta(hours=24) == chores.ADDRESSES_EVERY
    faults.clear()
    world.after(hours=2)
    world.account.refresh_from_db()
    assert world.account.published_read_at > first


def test_the_first_synchronisation_brings_the_lists_and_publishes_nothing(frozen):
    """A2: facilities, addresses, persons, services; nobody is linked, nothing is written."""
    world = World(frozen, linked=False)
    world.open()
    world.connect()
    kinds = set(world.account.items.values_list("kind", flat=True))
    assert {"facility", "doctor", "address", "place", "service", "address_service"} <= kinds
    assert not world.account.links.exists()
    assert [path for _, path in world.wires.writes() if "/release" not in path] == []
    world.close()


def test_what_is_new_on_the_portal_is_in_the_lists_the_next_morning(world):
    """A10."""
    doctor = world.portal.doctors[0]
    doctor.surname = "Źrebiec-Nowy"
    doctor.save()
    world.after(hours=23)
    assert not world.account.items.filter(name__contains="Nowy").exists()
    world.after(hours=2)
    assert world.account.items.filter(name__contains="Nowy").exists()


def test_what_was_incomplete_is_published_by_itself_once_it_is_complete(frozen):
    """A15, R20: with the last mapping, and nothing else to press."""
    world = World(frozen, linked=False)
    [slot] = world.open(count=1)
    world.connect()
    assert world.portal_shows() == []
    world.link_all()
    assert world.portal_shows() == [slot.start]
    world.close()
