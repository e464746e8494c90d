"""Requests that are lost, answers that contradict, and what stays for a person."""

from datetime import timedelta

import pytest

from slotbridge.his import visits
from slotbridge.his.models import Visit
from slotbridge.portal import keys
from slotbridge.portal import orders as portal_orders
from slotbridge.portal.models import ClientKey, Order, Resource
from slotbridge.sync import accounts, leaving
from slotbridge.sync.exchange import orders, plan
from slotbridge.sync.models import Booking, Exchange, ExchangeEntry
from tests.factories import PatientFactory

pytestmark = pytest.mark.django_db(databases=["default", "portal"])


def the_visit():
    return Visit.objects.get(expires_at__isnull=True)


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_lost_request_is_followed_by_a_document_of_the_present(world, where):
    slot, other = world.schedule.slots.order_by("start")[:2]
    patient = PatientFactory(organisation=world.organisation)
    visit = world.plan(slot, patient)
    world.wires.cut = where

    world.settle()
    visits.move_visit(visit=visit, start=other.start, end=other.end, by="reception")
    world.after(minutes=1)

    assert world.busy() == [("Visit", other.start)]
    assert other.start not in world.portal_shows()
    assert slot.start in world.portal_shows()


def test_an_acceptance_that_crosses_a_withdrawal_loses(world):
    """12: 14:05 to 14:10. The patient cancelled; reception, not knowing, accepts."""
    order = world.patient_orders(world.at(1, "09:30"))
    world.after(minutes=5)
    portal_orders.withdraw_order(order=order, by="patient")

    visits.accept_visit(visit=the_visit(), by="reception")
    world.settle()

    assert world.orders() == [(1, Order.Status.REJECTED, world.at(1, "09:30"))]
    assert world.visits() == [(world.at(1, "09:30"), "cancelled", "")]


def test_a_cancellation_here_that_crosses_a_withdrawal_there_ends_once(world):
    order = world.patient_orders(world.at(1, "09:30"))
    world.after(minutes=5)
    portal_orders.withdraw_order(order=order, by="patient")

    visits.cancel_visit(visit=the_visit(), reason="urlop", by="reception")
    world.after(minutes=5)

    assert world.orders()[0][1] == Order.Status.REJECTED
    assert Booking.objects.get().status == "canceled"
    assert world.engine.run_once() is False


def test_a_refused_key_stops_the_account_until_it_is_changed(world):
    keys.revoke_key(key=ClientKey.objects.get(), by="operator")
    world.after(hours=1)
    assert world.state().state == "rejected"

    world.key = keys.issue_key(clinic=world.portal, by="operator")
    world.connect()

    assert world.state().state == "ready"


def test_a_portal_that_does_not_answer_is_left_alone_longer_and_longer(world):
    world.patient_orders(world.at(1, "09:30"))
    before = len(world.wires.requests)
    for _ in range(5):
        world.wires.cut = "before"
        world.after(minutes=5)

    assert len(world.wires.requests) - before <= 10
    assert ExchangeEntry.objects.filter(outcome="failed").exists()
    world.after(minutes=16)
    assert world.visits() == [(world.at(1, "09:30"), "proposed", "")]


def test_an_order_for_a_resource_of_the_portal_s_own_is_for_a_person(world):
    own = Resource.objects.create(clinic=world.portal, number=99, name="Массажный кабинет")
    filed = world.patient_orders(world.at(1, "09:30"))
    Order.objects.filter(pk=filed.pk).update(resource=own)
    world.after(minutes=5)
    booking = Booking.objects.get()
    assert (booking.visit, booking.status) == (None, "booked")
    assert "own resources" in booking.problem

    orders.answer(booking=booking, accept=True, by="reception")
    world.settle()

    assert world.orders()[0][1] == Order.Status.ACCEPTED
    with pytest.raises(orders.OrderOver):
        orders.answer(booking=booking, accept=True, by="reception")


def test_an_answer_to_an_order_that_ended_there_is_not_sent_for_ever(world):
    own = Resource.objects.create(clinic=world.portal, number=99, name="Массажный кабинет")
    filed = world.patient_orders(world.at(1, "09:30"))
    Order.objects.filter(pk=filed.pk).update(resource=own)
    world.after(minutes=5)
    portal_orders.withdraw_order(order=Order.objects.get(), by="patient")

    orders.answer(booking=Booking.objects.get(), accept=True, by="reception")
    world.settle()

    assert world.orders()[0][1] == Order.Status.REJECTED
    assert Booking.objects.get().status == "canceled"
    assert world.engine.run_once() is False


def test_deletions_that_the_portal_withholds_are_shown_to_staff(world):
    patients = [PatientFactory(organisation=world.organisation) for _ in range(12)]
    many = world.open(days=2, count=12)
    planned = [world.plan(slot, patient) for slot, patient in zip(many, patients, strict=True)]
    world.settle()
    for visit in planned:
        visits.cancel_visit(visit=visit, reason="urlop", by="reception")

    world.after(hours=1)

    assert Exchange.objects.get().withheld == {"busy": 12}
    assert len(world.portal_shows()) == 4


def test_paused_nothing_is_said_and_afterwards_all_that_changed(world):
    accounts.pause(account=world.account, by="reception")
    before = len(world.wires.requests)
    slot = world.schedule.slots.earliest("start")
    world.plan(slot, PatientFactory(organisation=world.organisation))
    world.after(hours=2)
    assert len(world.wires.requests) == before

    accounts.resume(account=world.account, by="reception")
    world.settle()

    assert slot.start not in world.portal_shows()


def test_switched_off_nothing_is_free_there_and_booked_visits_stay(world):
    slot = world.schedule.slots.earliest("start")
    visit = world.plan(slot, PatientFactory(organisation=world.organisation))
    world.settle()

    leaving.switch_off(account=world.account, by="admin")
    world.settle()

    assert world.state().state == "off"
    assert world.portal_shows() == []
    visit.refresh_from_db()
    assert visit.status == "booked"


def test_switched_on_again_all_is_told_afresh(world):
    leaving.switch_off(account=world.account, by="admin")
    world.settle()

    world.connect()

    assert len(world.portal_shows()) == 4


def test_everything_is_sent_when_staff_ask_for_it(world):
    world.wires.requests.clear()

    plan.send_all(account=world.account, by="admin")
    world.settle()

    assert world.wires.documents() == [
        ["ResourceGroups", "Resources", "Schedules", "Appointments full"]
    ]


def test_a_lost_lease_stores_nothing(world, monkeypatch):
    slot = world.schedule.slots.earliest("start")
    world.plan(slot, PatientFactory(organisation=world.organisation))
    connector = world.engine._connectors[world.account.pk][1]
    tell = connector.tell

    def slept(telling):
        told = tell(telling)
        world.lose_lease()
        accounts.Account.objects.update(lease_number=10_000)
        return told

    monkeypatch.setattr(connector, "tell", slept)
    world.clock.shift(timedelta(seconds=2))
    world.engine.run_once()
    monkeypatch.undo()

    assert ExchangeEntry.objects.latest("pk").parts == ["busy"]
    world.after(minutes=2)
    assert world.engine.run_once() is False
    assert slot.start not in world.portal_shows()
