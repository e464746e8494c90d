"""The road both ways: what is planned here is offered there, what is ordered there is a visit."""

from datetime import timedelta

import pytest

from slotbridge.his import absences, slots, visits
from slotbridge.his.models import Visit, VisitEvent
from slotbridge.portal import orders as portal_orders
from slotbridge.portal.models import Appointment, Order
from slotbridge.sync.models import Booking, ExchangeEntry
from tests.factories import PatientFactory

pytestmark = pytest.mark.django_db(databases=["default", "portal"])

HALF = timedelta(minutes=30)


def grid(world, days=1, wall="09:00", count=4):
    return [world.at(days, wall) + n * HALF for n in range(count)]


def the_visit():
    return Visit.objects.get(expires_at__isnull=True)


def test_a_new_account_tells_everything_and_then_asks_for_orders(worlds):
    world = worlds(connected=False)
    world.open()

    world.connect()

    assert world.state().state == "ready"
    assert world.wires.documents() == [
        ["ResourceGroups", "Resources", "Schedules", "Appointments full"]
    ]
    assert [path for _, path, _ in world.wires.requests][-1] == "/services/export.php"
    assert world.portal_shows() == grid(world)


def test_slots_ticked_for_the_portal_are_shown_there_and_no_others(world):
    world.open(days=2, count=2)
    world.open(days=3, count=2, visible=False)

    world.settle()

    assert world.portal_shows() == grid(world) + grid(world, days=2, count=2)


def test_slots_withdrawn_vanish_from_the_portal_at_once(world):
    slots.withdraw_slots(
        schedule=world.schedule,
        slot_ids=[slot.pk for slot in world.schedule.slots.all()],
        channel="medihost",
        by="reception",
    )

    world.settle()

    assert world.portal_shows() == []


def test_a_visit_planned_here_closes_its_time_there_at_once(world):
    slot = world.schedule.slots.order_by("start")[1]
    world.plan(slot, PatientFactory(organisation=world.organisation))

    world.settle()

    assert world.portal_shows() == [one for one in grid(world) if one != slot.start]
    assert world.wires.documents()[-1] == ["Appointments diff"]
    assert list(Appointment.objects.values_list("tablename", "title")) == [("Visit", "занято")]


def test_a_visit_cancelled_here_is_free_there_with_the_next_whole_list(world):
    visit = world.plan(
        world.schedule.slots.earliest("start"), PatientFactory(organisation=world.organisation)
    )
    world.settle()
    visits.cancel_visit(visit=visit, reason="choroba", by="reception")
    world.settle()
    assert len(world.portal_shows()) == 3, "a change cannot say that something is gone"

    world.after(hours=1)

    assert world.portal_shows() == grid(world)


def test_an_absence_closes_its_time_there_at_once(world):
    absences.add_absence(
        practitioner=world.schedule.practitioner,
        start=world.at(1, "09:00"),
        end=world.at(1, "10:00"),
        by="reception",
    )

    world.settle()

    assert world.portal_shows() == grid(world)[2:]
    assert world.busy() == [("Absence", world.at(1, "09:00"))]


def test_an_order_becomes_a_visit_that_waits_for_an_answer(world):
    world.patient_orders(world.at(1, "09:30"))

    world.after(minutes=5)

    assert world.visits() == [(world.at(1, "09:30"), "proposed", "")]
    visit = the_visit()
    assert (visit.patient.given_name, visit.origin_channel) == ("Анна", "medihost")
    assert visit.patient.email == "anna@example.org"
    assert world.busy() == [], "the portal holds its own order's time"


def test_an_accepted_order_is_told_at_once_with_its_time(world):
    world.patient_orders(world.at(1, "09:30"))
    world.after(minutes=5)

    visits.accept_visit(visit=the_visit(), by="reception")
    world.settle()

    assert world.wires.documents()[-1] == ["Appointments diff", "Orders"]
    assert world.orders() == [(1, Order.Status.ACCEPTED, world.at(1, "09:30"))]
    assert world.busy() == [("Visit", world.at(1, "09:30"))]
    assert world.portal_shows() == [one for one in grid(world) if one != world.at(1, "09:30")]


def test_a_rejected_order_frees_its_time_on_both_sides(world):
    world.patient_orders(world.at(1, "09:30"))
    world.after(minutes=5)

    visits.cancel_visit(visit=the_visit(), reason="Врач заболел", by="reception")
    world.settle()

    assert world.orders() == [(1, Order.Status.REJECTED, world.at(1, "09:30"))]
    assert Order.objects.get().comment == "Врач заболел", "the patient reads why"
    assert world.portal_shows() == grid(world)


@pytest.mark.parametrize("accepted", [True, False])
def test_an_order_moved_here_is_moved_there(world, accepted):
    world.patient_orders(world.at(1, "09:30"))
    world.after(minutes=5)
    if accepted:
        visits.accept_visit(visit=the_visit(), by="reception")
        world.settle()

    visits.move_visit(
        visit=the_visit(), start=world.at(1, "10:30"), end=world.at(1, "11:00"), by="reception"
    )
    world.settle()

    assert world.orders() == [(1, 1 if accepted else 0, world.at(1, "10:30"))]
    assert world.portal_shows() == grid(world)[:3]


def test_an_order_moved_to_another_doctor_is_moved_there_too(worlds):
    world = worlds(doctors=2)
    for schedule in world.schedules:
        world.open(schedule=schedule)
    world.settle()
    world.patient_orders(world.at(1, "09:30"))
    world.after(minutes=5)

    visits.move_visit(
        visit=the_visit(),
        schedule=world.schedules[1],
        start=world.at(1, "09:00"),
        end=world.at(1, "09:30"),
        by="reception",
    )
    world.settle()

    assert Order.objects.get().resource == world.resource(world.schedules[1])
    assert world.portal_shows() == grid(world)
    assert world.portal_shows(world.schedules[1]) == grid(world)[1:]


@pytest.mark.parametrize("accepted", [True, False])
def test_an_order_withdrawn_by_the_patient_cancels_the_visit(world, accepted):
    order = world.patient_orders(world.at(1, "09:30"))
    world.after(minutes=5)
    if accepted:
        visits.accept_visit(visit=the_visit(), by="reception")
        world.settle()

    portal_orders.withdraw_order(order=order, by="patient")
    world.after(minutes=5)

    assert world.visits() == [(world.at(1, "09:30"), "cancelled", "")]
    assert the_visit().cancelled_by == "medihost"
    assert Booking.objects.get().status == "canceled"


def test_an_order_for_a_time_filled_meanwhile_waits_beside_the_visit(world):
    slot = world.schedule.slots.earliest("start")
    world.patient_orders(slot.start)
    taken = world.plan(slot, PatientFactory(organisation=world.organisation))

    world.after(minutes=5)

    assert world.visits() == [(slot.start, "booked", ""), (slot.start, "proposed", "taken")]
    visits.move_visit(
        visit=taken, start=world.at(1, "10:00"), end=world.at(1, "10:30"), by="reception"
    )
    assert the_order_s_visit().clash == "", "the first gave way: the order has its time"


def test_accepting_a_clashing_order_overbooks(world):
    slot = world.schedule.slots.earliest("start")
    world.patient_orders(slot.start)
    world.plan(slot, PatientFactory(organisation=world.organisation))
    world.after(minutes=5)

    visits.accept_visit(visit=the_order_s_visit(), by="reception")
    world.settle()

    assert world.orders() == [(1, Order.Status.ACCEPTED, slot.start)]
    assert world.busy() == [("Visit", slot.start), ("Visit", slot.start)]


def the_order_s_visit():
    return Visit.objects.get(origin_channel="medihost")


def test_orders_that_came_before_the_account_are_taken_over(worlds):
    world = worlds()
    world.open()
    world.settle()
    world.patient_orders(world.at(1, "09:30"))
    Booking.objects.all().delete()

    world.after(minutes=5)

    assert world.visits() == [(world.at(1, "09:30"), "proposed", "")]


def test_the_same_orders_read_again_change_nothing(world):
    world.patient_orders(world.at(1, "09:30"))
    world.after(minutes=5)
    events = VisitEvent.objects.count()

    world.after(minutes=5)
    world.after(minutes=5)

    assert VisitEvent.objects.count() == events
    assert len(world.visits()) == 1


def test_what_was_exchanged_is_listed_for_staff(world):
    world.patient_orders(world.at(1, "09:30"))
    world.after(minutes=5)

    said = [(entry.parts, entry.outcome) for entry in ExchangeEntry.objects.order_by("at", "pk")]

    assert said[0] == (["offer", "busy-all"], "ok")
    assert said[-1] == (["orders"], "ok")
    assert [entry.counts for entry in ExchangeEntry.objects.order_by("pk")][-1] == {
        "orders": {"received": 1}
    }
