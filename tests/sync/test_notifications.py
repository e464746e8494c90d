"""What portals tell us: once, twice, late, broken or never (A38, A57, A61)."""

import logging

import pytest
from django.test import Client, override_settings

from slotbridge.config.logs import formatter
from slotbridge.his import visits
from slotbridge.his.models import Patient, Visit
from slotbridge.sandbox import actors
from slotbridge.sync import accounts, inbox
from slotbridge.sync.models import (
    Difference,
    InboxMessage,
)
from tests.factories import PatientFactory

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])


def hook(world):
    return accounts.notification_address(world.account).removeprefix("http://localhost:8000")


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


def test_a_header_key_that_was_agreed_is_asked_for(world):
    """A61."""
    accounts.guard_notifications(account=world.account, key="kasztan", by="a")
    assert Client().post(hook(world), b"{}", content_type="application/json").status_code == 404
    answer = Client().post(
        hook(world), b"{}", content_type="application/json", headers={"X-Api-Key": "kasztan"}
    )
    assert answer.status_code == 200
    accounts.guard_notifications(account=world.account, key="", by="a")
    assert Client().get(hook(world)).status_code == 200


def test_a_booking_that_cannot_be_read_yet_is_read_later(world):
    [slot] = world.open(count=1)
    world.settle()
    world.fault("getBooking", "status", status=503, times=2)
    world.patient_books(slot.start)
    world.settle()
    assert world.visits() == []
    world.after(minutes=1)
    world.after(minutes=1)
    assert world.visits() == [(slot.start, "booked", "")]


def test_a_booking_that_was_moved_on_before_we_read_it_is_followed(world):
    first, second, third = world.open(count=3)
    world.settle()
    booking = world.patient_books(first.start)
    moved = actors.patient_moves(booking, second.start)
    actors.patient_moves(moved, third.start)
    world.settle()
    assert world.visits() == [(third.start, "booked", "")]
    assert Patient.objects.count() == 1


def test_a_notification_for_a_booking_that_is_not_there_is_parked(world):
    [slot] = world.open(count=1)
    world.settle()
    booking = world.patient_books(slot.start)
    booking.delete()
    world.settle()
    message = InboxMessage.objects.get()
    assert message.state == InboxMessage.State.PARKED
    assert "getBooking: 404" in message.problem


def test_a_failure_of_the_hook_does_not_write_its_address_into_the_log(world):
    """A7: whoever knows the address can send us messages."""
    line = formatter().format(
        logging.LogRecord(
            "django.request",
            logging.ERROR,
            "",
            0,
            "Internal Server Error: %s",
            (hook(world),),
            None,
        )
    )
    assert hook(world).rsplit("/", 1)[-1] not in line
    assert "/hooks/…" in line


def test_if_staff_want_it_only_the_portals_published_addresses_are_heard(world):
    """A61: behind a proxy of ours the caller is whom it saw; others write that header in vain."""
    world.account.published_addresses = ["198.51.100.0/28"]
    world.account.save()
    accounts.guard_notifications(account=world.account, only_published=True, by="a")
    seen = {"headers": {"X-Forwarded-For": "198.51.100.7"}, "REMOTE_ADDR": "10.0.0.1"}
    with override_settings(PROXIES=["10.0.0.0/8"]):
        assert Client().get(hook(world), **seen).status_code == 200
        assert Client().get(hook(world), REMOTE_ADDR="198.51.100.9").status_code == 200
        assert Client().get(hook(world), REMOTE_ADDR="203.0.113.5").status_code == 404
    assert Client().get(hook(world), **seen).status_code == 404, "nobody named this proxy"
    world.account.published_addresses = []
    world.account.save()
    assert Client().get(hook(world)).status_code == 200, "a list that cannot be read stops nobody"


def test_what_came_in_plain_sight_is_not_taken(world):
    """A61: over HTTPS, where this hub has it."""
    near, far = {"REMOTE_ADDR": "10.0.0.1"}, {"REMOTE_ADDR": "8.8.8.8"}
    with override_settings(PUBLIC_URL="https://hub.example"):
        assert Client().get(hook(world), **far).status_code == 404
        assert Client().get(hook(world), secure=True, **far).status_code == 200
        assert Client().get(hook(world), **near).status_code == 200
    assert Client().get(hook(world), **far).status_code == 200


def test_a_renewed_address_replaces_the_former_and_loses_nothing(world):
    """A7: the old one stops at once; what came to it is found by comparing (A38)."""
    [slot] = world.open(count=1)
    world.settle()
    before = hook(world)
    accounts.renew_notification_address(account=world.account, by="a")
    world.account.refresh_from_db()
    world.client.delivery = "push"
    world.client.save()
    world.patient_books(slot.start)
    assert Client().get(before).status_code == 404
    assert Client().get(hook(world)).status_code == 200
    world.after(minutes=16)
    assert world.visits() == [(slot.start, "booked", "")]


def test_our_own_calls_that_come_back_to_us_change_nothing_and_cost_nothing(world):
    """Whether they do is silent (behaviour.md section 4): booked, moved, cancelled, and a break."""
    world.client.quirks = {"echo_own_calls": True}
    world.client.opted_in = ["break-created", "break-moved", "break-removed"]
    world.client.save()
    first, second, third = world.open(count=3)
    world.settle()
    told = []

    def settled():
        world.settle()
        world.after(seconds=40)
        told.append((len(world.wires.writes()), world.visits(), world.portal_bookings()))

    person = PatientFactory(organisation=world.organisation)
    visit = world.plan(first, person)
    settled()
    visits.move_visit(
        visit=visit, schedule=world.schedule, start=second.start, end=second.end, by="reception"
    )
    settled()
    visits.cancel_visit(visit=visit, reason="", by="reception")
    settled()
    world.fault("bookSlot", "status", status=403)
    world.plan(third, person)
    settled()
    names = set(InboxMessage.objects.values_list("name", flat=True))
    assert {"slot-booked", "booking-moved", "booking-canceled", "break-created"} <= names
    assert [there for _, _, there in told] == [
        [(first.start, "booked")], [(second.start, "booked")], [], [],
    ]  # fmt: skip
    assert [status for _, status, _ in world.visits()] == ["cancelled", "booked"]
    assert Visit.objects.count() == 2
    assert not InboxMessage.objects.exclude(state="done").exists()
    writes = len(world.wires.writes())
    world.after(minutes=16)
    assert len(world.wires.writes()) == writes == told[-1][0]
    assert not Difference.objects.exists()
