"""Visits made in the HIS, as the portal is told of them: A40-A45.

bookSlot, moveBooking, cancelBooking, confirmBooking, markPatientPresence, markPatientAbsence.
"""

import pytest

from slotbridge.his import visits
from slotbridge.his.models import Visit, VisitEvent
from slotbridge.sandbox import actors
from slotbridge.sandbox.models import Booking as AtPortal
from slotbridge.sandbox.models import Break
from slotbridge.sync import accounts, bookings, links, telling_visits
from slotbridge.sync.lights import waiting
from slotbridge.sync.models import Booking, VisitTarget
from tests.factories import PatientFactory
from tests.world import PORTAL, World

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])


@pytest.fixture
def two(frozen, db):
    """Two practitioners, each with a calendar at the portal."""
    made = World(frozen, doctors=2)
    yield made
    made.close()


def patient(world, given_name="Jawna", family_name="Osoba"):
    return PatientFactory(
        organisation=world.organisation, given_name=given_name, family_name=family_name
    )


def booked_there(world, start):
    """The visit of a patient who has booked on the portal."""
    world.settle()
    world.patient_books(start)
    world.settle()
    return Visit.objects.get()


def move(visit, slot, **more):
    visits.move_visit(
        visit=visit,
        schedule=slot.schedule,
        start=slot.start,
        end=slot.end,
        by="reception",
        **more,
    )


# --- A40: what of a visit is sent -----------------------------------------------------------


def test_a40_a_visit_planned_here_is_booked_there_without_saying_who(world):
    slot, other = world.open(count=2)
    world.settle()
    world.plan(slot, patient(world, "Sekretna"))
    world.settle()
    assert world.portal_shows() == [other.start]
    assert world.portal_bookings() == [(slot.start, "booked")]
    told = AtPortal.objects.get()
    assert "Sekretna" not in f"{told.patient} {told.comment}"
    assert (told.patient["phone"], told.patient["email"]) == (None, None)
    assert Visit.objects.count() == 1, "our own booking does not come back as a new visit"


def test_a40_nothing_is_sent_of_a_visit_on_a_slot_without_the_box(world):
    """R23."""
    [slot] = world.open(count=1, visible=False)
    world.settle()
    writes = len(world.wires.writes())
    visit = world.plan(slot, patient(world))
    world.settle()
    visits.cancel_visit(visit=visit, reason="", by="reception")
    world.settle()
    assert len(world.wires.writes()) == writes


def test_a40_who_it_is_is_told_only_where_the_clinic_switched_that_on(world):
    slot, other = world.open(count=2)
    world.settle()
    somebody = patient(world)
    world.plan(slot, somebody)
    world.settle()
    accounts.configure(
        account=world.account,
        login=world.portal.credentials.client_id,
        password=None,
        settings={**world.account.settings, "base_url": PORTAL, "identity": "yes"},
        by="a",
    )
    world.settle()
    world.plan(other, somebody)
    world.settle()
    quiet, named = AtPortal.objects.order_by("start")
    assert "Jawna" not in str(quiet.patient)
    told = {name: named.patient[name] for name in ("name", "surname", "phone", "email")}
    assert told == {"name": "Jawna", "surname": "Osoba", "phone": somebody.phone, "email": None}


def test_a40_without_a_linked_service_a_break_stands_for_the_visit_and_moves_with_it(world):
    first, second = world.open(count=2)
    world.settle()
    links.link(account=world.account, record=world.service, item_id=None, by="a")
    visit = world.plan(first, patient(world))
    world.settle()
    assert Break.objects.get().since == first.start
    move(visit, second)
    world.settle()
    assert Break.objects.get().since == second.start
    visits.cancel_visit(visit=visit, reason="", by="reception")
    world.settle()
    assert Break.objects.count() == 0


def test_a40_a_refused_booking_becomes_a_break(world):
    slot, _other = world.open(count=2)
    world.settle()
    world.fault("bookSlot", "status", status=400)
    world.plan(slot, patient(world))
    world.settle()
    assert (Break.objects.get().since, world.portal_bookings()) == (slot.start, [])


# --- A41: what came from the portal ---------------------------------------------------------


def test_a41_a_portals_visit_moved_here_is_moved_there(world):
    first, second = world.open(count=2)
    visit = booked_there(world, first.start)
    move(visit, second)
    world.settle()
    assert world.portal_bookings() == [(second.start, "booked")]
    assert world.portal_shows() == [first.start]
    assert world.visits() == [(second.start, "booked", "")]
    newest = AtPortal.objects.get(status="booked")
    assert newest.patient["email"] == "lucja@example.org", "the portal tells whom it knows"


def test_a41_a_portals_visit_cancelled_here_is_cancelled_there_with_its_reason(world):
    [slot] = world.open(count=1)
    visit = booked_there(world, slot.start)
    visits.cancel_visit(visit=visit, reason="Awaria aparatu", by="reception")
    world.settle()
    booking = AtPortal.objects.get()
    assert (booking.status, booking.cancel_reason) == ("canceled", "Awaria aparatu")
    assert world.portal_shows() == [slot.start]


# --- A42: a target without the box, or without a link ---------------------------------------


def test_a42_a_visit_moved_off_the_box_is_moved_there_where_the_portal_can_express_it(world):
    world.client.quirks = {"moves_anywhere": True}
    world.client.save()
    [here] = world.open(count=1)
    [hidden] = world.open(count=1, wall="14:00", visible=False)
    visit = booked_there(world, here.start)
    move(visit, hidden)
    world.settle()
    assert world.portal_bookings() == [(hidden.start, "booked")]
    assert not VisitTarget.objects.get().call_patient


def test_a42_where_the_portal_moves_to_offered_times_only_it_is_cancelled_and_staff_phone(world):
    [here] = world.open(count=1)
    [hidden] = world.open(count=1, wall="14:00", visible=False)
    visit = booked_there(world, here.start)
    move(visit, hidden)
    world.settle()
    booking = AtPortal.objects.get()
    assert booking.status == "canceled"
    assert "prosimy o telefon" in booking.cancel_reason
    assert VisitTarget.objects.get().call_patient
    assert world.visits() == [(hidden.start, "booked", "")]


def test_a42_a_visit_moved_to_somebody_who_is_not_linked_is_cancelled_there_and_staff_phone(two):
    [here] = two.open(count=1)
    [there] = two.open(count=1, schedule=two.schedules[1], wall="11:00", visible=False)
    visit = booked_there(two, here.start)
    links.link(account=two.account, record=two.schedules[1].practitioner, item_id=None, by="a")
    two.settle()
    move(visit, there)
    two.settle()
    booking = AtPortal.objects.get()
    assert booking.status == "canceled"
    assert "telefon" in booking.cancel_reason
    assert VisitTarget.objects.get().call_patient
    assert waiting(two.account).parked_visits == 1
    telling_visits.patient_was_called(target=VisitTarget.objects.get(), by="reception")
    assert waiting(two.account).parked_visits == 0
    assert two.visits() == [(there.start, "booked", "")]


# --- A43: to another doctor -----------------------------------------------------------------


def test_a43_a_visit_moved_to_another_doctor_goes_to_that_doctor_under_a_new_id(two):
    [here] = two.open(count=1)
    [there] = two.open(count=1, schedule=two.schedules[1], wall="11:00")
    visit = booked_there(two, here.start)
    before = Booking.objects.get()
    move(visit, there)
    two.settle()
    booking = AtPortal.objects.get(status="booked")
    assert (booking.address_id, booking.start) == (two.portal.addresses[1].pk, there.start)
    assert two.portal_shows() == [here.start]
    assert two.portal_shows(two.portal.addresses[1]) == []
    before.refresh_from_db()
    now = Booking.objects.get(status="booked")
    assert (before.status, before.replaced_by) == ("moved", now)
    assert (now.external_id, now.visit) == (str(booking.pk), visit)
    assert Visit.objects.get().practitioner == two.schedules[1].practitioner


def test_a43_a_paid_booking_whose_target_bills_elsewhere_is_cancelled_and_booked_anew(two):
    """The portal refuses to move it with 422; its patient reads only of the cancellation."""
    mine, other = two.portal.addresses
    actors.adviser_sets_address(mine, takes_payment=True, payment_account="rynek")
    actors.adviser_sets_address(other, takes_payment=True, payment_account="zarzecze")
    [here] = two.open(count=1)
    [there] = two.open(count=1, schedule=two.schedules[1], wall="11:00")
    visit = booked_there(two, here.start)
    old = AtPortal.objects.get()
    actors.patient_pays(old)
    two.settle()
    move(visit, there)
    two.settle()
    old.refresh_from_db()
    new = AtPortal.objects.get(status="booked")
    assert (old.status, new.address_id, new.start) == ("canceled", other.pk, there.start)
    assert Booking.objects.get(status="booked").external_id == str(new.pk)
    assert two.visits() == [(there.start, "booked", "")]
    assert VisitTarget.objects.get().call_patient


def test_a43_where_it_can_not_be_booked_anew_its_time_is_hidden_and_staff_phone(two):
    [here] = two.open(count=1)
    [there] = two.open(count=1, schedule=two.schedules[1], wall="11:00")
    visit = booked_there(two, here.start)
    two.fault("moveBooking", "status", status=422)
    two.fault("bookSlot", "status", status=400)
    move(visit, there)
    two.settle()
    assert two.portal_bookings() == []
    target = VisitTarget.objects.get()
    assert (target.told, target.call_patient) == ("break", True)
    assert two.portal_shows(two.portal.addresses[1]) == []


# --- A44: both sides at once ----------------------------------------------------------------


def test_a44_of_two_moves_ours_stands_and_is_sent(world):
    first, second, third = world.open(count=3)
    world.settle()
    booking = world.patient_books(first.start)
    world.settle()
    move(Visit.objects.get(), second)
    actors.patient_moves(booking, third.start)
    world.settle()
    world.after(minutes=16)
    assert world.visits() == [(second.start, "booked", "")]
    assert world.portal_bookings() == [(second.start, "booked")]
    assert world.portal_shows() == [first.start, third.start]


def test_a44_a_cancellation_here_beats_a_move_there(world):
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


def test_a44_a_cancellation_there_beats_a_move_here(world):
    first, second = world.open(count=2)
    world.settle()
    booking = world.patient_books(first.start)
    world.settle()
    move(Visit.objects.get(), second)
    actors.patient_cancels(booking)
    world.settle()
    world.after(minutes=16)
    assert [status for _, status, _ in world.visits()] == ["cancelled"]
    assert world.portal_bookings() == []


# --- A45: who came, and who has confirmed ---------------------------------------------------


def told(world):
    """What the portal was told of who came."""
    return [
        (method, path.rsplit("/", 2)[-2])
        for method, path in world.wires.writes()
        if "presence" in path
    ]


def stories(visit):
    return set(VisitEvent.objects.filter(visit=visit).values_list("kind", flat=True))


@pytest.mark.parametrize(
    ("marks", "said"),
    [(["arrived", "fulfilled"], "present"), (["fulfilled"], "present"), (["noshow"], "absent")],
    ids=["arrived, then done", "done", "no-show"],
)
def test_a45_who_came_is_told_once_of_a_visit_that_the_portal_booked(world, marks, said):
    [slot] = world.open(count=1)
    visit = booked_there(world, slot.start)
    world.clock.move_to(slot.start)
    world.clock.shift(60)
    for mark in marks:
        getattr(visits, f"mark_{mark}")(visit=visit, by="reception")
        world.settle()
    assert AtPortal.objects.get().presence == said
    assert len(told(world)) == 1
    assert f"told-{said}" in stories(visit)


def test_a45_who_came_early_is_told_when_the_visit_begins(world):
    [slot] = world.open(count=1)
    visit = booked_there(world, slot.start)
    world.clock.move_to(slot.start)
    world.clock.shift(-1200)
    visits.mark_arrived(visit=visit, by="reception")
    world.settle()
    assert told(world) == []
    assert waiting(world.account).oldest_since >= slot.start, "and nothing is late until then"
    world.after(minutes=21)
    assert AtPortal.objects.get().presence == "present"


def test_a45_of_a_visit_that_was_planned_here_nothing_is_said(world):
    [slot] = world.open(count=1)
    world.settle()
    visit = world.plan(slot, patient(world))
    world.settle()
    world.clock.move_to(slot.start)
    world.clock.shift(60)
    visits.mark_arrived(visit=visit, by="reception")
    world.settle()
    assert told(world) == []


def test_a45_a_portal_that_does_not_take_it_is_not_asked_again_and_nobody_need_act(world):
    [slot] = world.open(count=1)
    visit = booked_there(world, slot.start)
    world.fault("markPatientPresence", "status", status=403, times=None)
    world.clock.move_to(slot.start)
    world.clock.shift(60)
    visits.mark_arrived(visit=visit, by="reception")
    world.settle()
    world.after(hours=2)
    assert len(told(world)) == 1
    assert "told-present-refused" in stories(visit)
    assert waiting(world.account).for_a_person == 0


@pytest.mark.parametrize("effect", ["timeout-after", "timeout-before"])
def test_a45_after_a_lost_answer_the_portal_is_read_before_it_is_told_again(world, effect):
    [slot] = world.open(count=1)
    visit = booked_there(world, slot.start)
    world.fault("markPatientPresence", effect)
    world.clock.move_to(slot.start)
    world.clock.shift(60)
    visits.mark_arrived(visit=visit, by="reception")
    world.settle()
    world.after(minutes=1)
    assert AtPortal.objects.get().presence == "present"
    assert len(told(world)) == (1 if effect == "timeout-after" else 2)
    assert VisitTarget.objects.get().told_presence == "present"


def test_a45_the_clinics_confirmation_is_told_once(world):
    [slot] = world.open(count=1)
    visit = booked_there(world, slot.start)
    visits.confirm_visit(visit=visit, by="reception")
    world.settle()
    booking = AtPortal.objects.get()
    assert (booking.is_confirmed, booking.confirmed_by) == (True, "admin")
    assert {"confirmed", "told-confirmed"} <= stories(visit)
    visits.confirm_visit(visit=visit, by="reception")
    world.settle()
    assert len([path for _, path in world.wires.writes() if path.endswith("/confirm")]) == 1


def test_a45_a_confirmation_does_not_hold_for_another_time(world):
    first, second = world.open(count=2)
    visit = booked_there(world, first.start)
    visits.confirm_visit(visit=visit, by="reception")
    world.settle()
    move(visit, second)
    world.settle()
    visit.refresh_from_db()
    assert not visit.is_confirmed
    assert not AtPortal.objects.get(status="booked").is_confirmed
    visits.confirm_visit(visit=visit, by="reception")
    world.settle()
    assert AtPortal.objects.get(status="booked").is_confirmed
    assert bookings.for_a_person(world.account).count() == 0
