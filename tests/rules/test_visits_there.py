"""Visits made on the portal, as the HIS takes them over: A46-A64."""

import json
from datetime import date, timedelta

import pytest
from django.test import Client

from slotbridge.his import patients, visits
from slotbridge.his.models import Consent, PatientCandidate, Visit, VisitEvent
from slotbridge.kit import clock
from slotbridge.sandbox import actors, delivery
from slotbridge.sandbox.models import Booking as AtPortal
from slotbridge.sandbox.rules import Period
from slotbridge.sync import accounts, assigning, bookings, cancelling, links
from slotbridge.sync.contract import By, PortalBooking, PortalPatient
from slotbridge.sync.lights import waiting
from slotbridge.sync.models import Account, Booking, InboxMessage, VisitTarget
from slotbridge.sync.seals import box
from tests.factories import PatientFactory
from tests.web.house import CHANNEL, House
from tests.world import World

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])

EMAIL = "rodzina@poczta.example"
PESEL, OTHER_PESEL = "44051401359", "02070803628"


@pytest.fixture
def two(frozen, db):
    """Two practitioners, each with a calendar at the portal."""
    made = World(frozen, doctors=2)
    yield made
    made.close()


def unlink(world, person):
    links.link(account=world.account, record=person, item_id=None, by="a")


def hook(world):
    return accounts.notification_address(world.account).removeprefix("http://localhost:8000")


def offered(world, start):
    """Half an hour that the doctor opens in the portal's own calendar."""
    return Period(start, start + timedelta(minutes=30), ((world.portal_service.pk, 30),))


def begin(world, slot):
    world.clock.move_to(slot.start)
    world.clock.shift(60)


# --- A46: two want one time -----------------------------------------------------------------


def test_a46_the_first_commit_wins_and_the_portals_patient_is_kept_beside_it(world):
    [slot] = world.open(count=1)
    world.settle()
    world.patient_books(slot.start)
    ours = world.plan(slot, PatientFactory(organisation=world.organisation))
    world.settle()
    assert world.visits() == [(slot.start, "booked", ""), (slot.start, "booked", "taken")]
    theirs = Visit.objects.exclude(pk=ours.pk).get()
    assert theirs.patient.email == "lucja@example.org"
    world.after(hours=1)
    assert world.visits() == [(slot.start, "booked", ""), (slot.start, "booked", "taken")]
    assert world.portal_bookings() == [(slot.start, "booked")], "no machine cancels it there"


def test_a46_a_portals_booking_that_was_first_has_the_time(world):
    [slot] = world.open(count=1)
    world.settle()
    world.patient_books(slot.start)
    world.settle()
    with pytest.raises(visits.SlotTaken):
        world.plan(slot, PatientFactory(organisation=world.organisation))


def test_a46_one_of_the_two_is_moved_and_the_clash_is_over_on_both_sides(world):
    slot, other = world.open(count=2)
    world.settle()
    world.patient_books(slot.start)
    world.plan(slot, PatientFactory(organisation=world.organisation))
    world.settle()
    theirs = Visit.objects.get(clash="taken")
    [(schedule, start, end), *_] = visits.nearest_free(visit=theirs)
    assert (schedule, start) == (world.schedule.pk, other.start)
    visits.move_visit(visit=theirs, start=start, end=end, by="reception")
    world.settle()
    assert world.visits() == [(slot.start, "booked", ""), (other.start, "booked", "")]
    theirs_there = AtPortal.objects.get(status="booked", start=other.start)
    assert theirs_there.patient["email"] == "lucja@example.org"


def test_a46_a_portal_that_asks_first_is_told_no(world):
    world.client.asks_slot_booking = True
    world.client.save()
    slot, other = world.open(count=2)
    world.settle()
    world.plan(slot, PatientFactory(organisation=world.organisation))
    with pytest.raises(actors.Refused) as refusal:
        world.patient_books(slot.start)
    assert refusal.value.reason == "denied"
    world.patient_books(other.start)
    world.settle()
    assert [clash for _, _, clash in world.visits()] == ["", ""]


def test_a46_a_booking_lost_to_the_portal_becomes_a_break_and_the_portals_a_clash(world):
    """A40 as well; and behaviour.md section 9: a lost race is a 404."""
    [slot] = world.open(count=1)
    world.settle()
    world.fault("slot-booked", "lost")
    world.patient_books(slot.start)
    world.plan(slot, PatientFactory(organisation=world.organisation))
    world.settle()
    world.after(minutes=1)
    assert world.visits() == [(slot.start, "booked", ""), (slot.start, "booked", "taken")]
    assert VisitTarget.objects.get(visit__clash="").told == "break"


# --- A47, A48: no slot, nobody of ours ------------------------------------------------------


def test_a47_a_booking_where_there_is_no_slot_is_kept_and_marked(world):
    world.open(count=1)
    world.settle()
    day = world.at(1).date()
    evening = world.at(1, "19:00")
    actors.doctor_changes_slots(world.address, day, [offered(world, evening)])
    actors.doctor_books(
        world.address,
        evening,
        world.portal_service,
        actors.PatientData(name="Anna", surname="Zmyślona", email="anna@example.org"),
    )
    world.settle()
    assert world.visits() == [(evening, "booked", "no-slot")]
    world.after(hours=1)
    assert (evening, "booked") in world.portal_bookings()


def test_a48_a_booking_for_somebody_who_is_not_linked_waits_with_its_data(world):
    [slot] = world.open(count=1)
    world.settle()
    booking = world.patient_books(slot.start, email="anna@example.org")
    unlink(world, world.schedule.practitioner)
    world.settle()
    row = Booking.objects.get(external_id=str(booking.pk))
    assert row.visit is None
    assert "links" in row.problem
    assert bookings.data_of(row)["email"] == "anna@example.org"
    assert waiting(world.account).unassigned == 1
    world.link_all()
    world.after(minutes=16)
    row.refresh_from_db()
    assert row.visit is not None, "assigned by itself once the person is linked"
    assert world.visits() == [(slot.start, "booked", "")]


def test_a48_a_booking_of_a_service_that_is_not_linked_is_a_visit_marked_so(world):
    [slot] = world.open(count=1)
    world.settle()
    world.patient_books(slot.start)
    links.link(account=world.account, record=world.service, item_id=None, by="a")
    world.settle()
    assert world.visits() == [(slot.start, "booked", "")]
    [row] = bookings.for_a_person(world.account)
    assert (row.visit.service, "service" in row.problem) == (None, True)


def test_a48_a_service_made_anew_at_the_address_is_still_known(world):
    """Its id there is another one; the dictionary's is the same (behaviour.md section 5)."""
    [slot] = world.open(count=1)
    world.settle()
    world.patient_books(slot.start)
    Account.objects.get().items.filter(kind="address_service").delete()
    world.settle()
    assert Visit.objects.get().service == world.service
    assert not bookings.for_a_person(world.account).exists()


@pytest.fixture
def unassigned(world):
    """A booking for a practitioner who was unlinked while it was on its way."""
    [slot] = world.open(count=1)
    world.settle()
    world.patient_books(slot.start, email="anna@example.org")
    unlink(world, world.schedule.practitioner)
    world.settle()
    return Booking.objects.get()


def test_a48_a_person_takes_such_a_booking_over_by_hand(world, unassigned):
    visit = assigning.assign(booking=unassigned, schedule=world.schedule, by="reception")
    world.settle()
    unassigned.refresh_from_db()
    assert (unassigned.visit, unassigned.sealed_data) == (visit, None)
    assert visit.patient.email == "anna@example.org"
    assert (visit.service, visit.price_minor) == (world.service, 20000)
    assert world.portal_bookings() == [(visit.start, "booked")]
    with pytest.raises(assigning.BookingSettled):
        assigning.assign(booking=unassigned, schedule=world.schedule, by="reception")


@pytest.mark.parametrize("effect", ["", "timeout-after", "timeout-before"])
def test_a48_a_person_cancels_such_a_booking_there_with_a_reason(world, unassigned, effect):
    """Once, whatever becomes of the answer (promise 5)."""
    if effect:
        world.fault("cancelBooking", effect)
    cancelling.cancel_unassigned(booking=unassigned, reason="Lekarz zachorował", by="reception")
    world.settle()
    world.after(seconds=6)
    world.after(seconds=30)
    there = AtPortal.objects.get()
    assert (there.status, there.cancel_reason) == ("canceled", "Lekarz zachorował")
    unassigned.refresh_from_db()
    assert (unassigned.status, unassigned.cancel_due_at) == ("canceled", None)
    assert waiting(world.account).unassigned == 0
    with pytest.raises(assigning.BookingSettled):
        cancelling.cancel_unassigned(booking=unassigned, reason="jeszcze raz", by="reception")


def test_a48_a_cancellation_that_the_portal_refuses_is_left_to_a_person_again(world, unassigned):
    world.fault("cancelBooking", "status", status=403)
    cancelling.cancel_unassigned(booking=unassigned, reason="Pomyłka", by="reception")
    world.settle()
    unassigned.refresh_from_db()
    assert (unassigned.status, unassigned.cancel_due_at) == ("booked", None)
    assert "403" in unassigned.problem
    cancelling.cancel_unassigned(booking=unassigned, reason="Pomyłka", by="reception")
    world.settle()
    assert world.portal_bookings() == []


def test_a48_a_patient_who_cancels_first_is_not_cancelled_again(world, unassigned):
    world.fault("booking-canceled", "lost")
    actors.patient_cancels(AtPortal.objects.get())
    cancelling.cancel_unassigned(booking=unassigned, reason="Pomyłka", by="reception")
    world.settle()
    unassigned.refresh_from_db()
    assert (unassigned.status, unassigned.cancel_due_at) == ("canceled", None)
    assert AtPortal.objects.get().canceled_by == "user"


# --- A49-A56, A60, A64: whose it is, read from a booking ------------------------------------


@pytest.fixture
def house(db, frozen):
    """A clinic whose links are all there; its portal is not spoken to."""
    made = House()
    made.connect()
    return made


def person(house, given_name="Łucja", family_name="Źrebiec", **columns):
    """A record as reception makes it, with the family's address unless told otherwise."""
    return house.patient(given_name, family_name, **{"email": EMAIL} | columns)


def take_over(house, given_name="Łucja", family_name="Źrebiec", **more):
    """The visit of a portal's booking, by this patient."""
    number = Booking.objects.count()
    [slot] = house.open(wall=f"{9 + number:02}:00", count=1, visible=True, days=1)
    about = {name: more.pop(name) for name in ("price_minor", "comment") if name in more}
    found = PortalBooking(
        id=f"b{number}",
        facility="f1",
        doctor="d1",
        address="a1",
        is_booked=True,
        start=slot.start,
        end=slot.end,
        booked_by=By.PATIENT,
        service="as1",
        patient=PortalPatient(given_name, family_name, **{"email": EMAIL} | more),
        **about,
    )
    return bookings.apply(house.account, found).visit


def candidates(patient):
    return set(PatientCandidate.objects.filter(patient=patient).values_list("candidate", "reason"))


@pytest.mark.parametrize(
    "typed",
    [
        "RODZINA@poczta.example",
        "\u00a0rodzina@Poczta.Example \u200b",
        "  rodzina@poczta.example\t",
    ],
)
def test_a49_the_address_is_compared_without_case_and_blanks(house, typed):
    known = person(house)
    assert take_over(house, email=typed).patient == known


def test_a49_spellings_of_one_domain_are_one_and_tags_are_not(house):
    known = person(house, email="anna@przychodnia-żabia.example")
    assert take_over(house, email="ANNA@xn--przychodnia-abia-0rd.example").patient == known
    assert take_over(house, email="anna@PRZYCHODNIA-Z\u0307ABIA.example").patient == known
    tagged = take_over(house, email="anna+dziecko@przychodnia-żabia.example").patient
    assert tagged != known
    assert tagged.email == "anna+dziecko@przychodnia-żabia.example", "stored as typed"


@pytest.mark.parametrize("typed", ["", "nie mam"])
def test_a50_without_a_usable_address_a_new_patient_is_added_and_likely_ones_are_named(
    house, typed
):
    by_phone = person(house, "Oleg", "Lis", email="", phone="600100200")
    by_name = person(house, "Lucja", "ZREBIEC", email="", birth_date=date(1944, 5, 14))
    visit = take_over(house, email=typed, phone="600 100 200", birth_date=date(1944, 5, 14))
    assert visit.patient.verify == ["new-from-portal", "no-email"]
    assert visit.patient.origin_channel == CHANNEL
    assert candidates(visit.patient) == {
        (by_phone.pk, "phone"),
        (by_name.pk, "name-and-birth-date"),
    }


@pytest.fixture
def family(house):
    return person(house, national_id=PESEL), person(house, "Zosia", national_id=OTHER_PESEL)


def test_a51_of_several_with_the_address_the_name_decides(house, family):
    mother, child = family
    assert take_over(house, "zosia", "ZREBIEC").patient == child
    assert take_over(house, "Łucja", "Źrebiec").patient == mother


def test_a51_of_several_with_the_address_the_pesel_decides(house, family):
    _mother, child = family
    assert take_over(house, "Zofia", "Inna", national_id=OTHER_PESEL).patient == child


def test_a51_in_doubt_a_new_patient_is_added_and_all_of_them_are_named(house, family):
    visit = take_over(house, "Oleg", "Lis")
    assert visit.patient.verify == ["new-from-portal", "several-with-email"]
    assert candidates(visit.patient) == {(one.pk, "email") for one in family}


def test_a52_another_name_under_the_address_is_matched_and_the_visit_marked(house):
    known = person(house, birth_date=date(1980, 1, 1))
    visit = take_over(house, "Zosia", birth_date=date(2019, 9, 9))
    known.refresh_from_db()
    assert (visit.patient, visit.verify, known.verify) == (known, ["name-differs"], [])
    assert visit.as_booked == {"given_name": "Zosia", "birth_date": "2019-09-09"}
    new = patients.split_off(visit=visit, by="anna")
    visit.refresh_from_db()
    assert (visit.patient, new.given_name, visit.verify) == (new, "Zosia", [])


def test_a53_the_dead_and_the_deleted_do_not_count_and_merged_records_lead_on(house):
    dead, deleted, absorbed = person(house), person(house), person(house, email="b@x.example")
    survivor = person(house, email="c@x.example")
    patients.change(patient=dead, by="anna", is_deceased=True)
    patients.change(patient=deleted, by="anna", is_active=False)
    patients.merge(survivor=survivor, absorbed=absorbed, by="anna")
    assert take_over(house).patient not in {dead, deleted}
    assert take_over(house, email="b@x.example").patient == survivor


def test_a54_nothing_is_overwritten_a_missing_phone_is_filled_in_and_differences_are_shown(house):
    known = person(house, city="Lipowo")
    first = take_over(house, "lucja", phone="600100200", sex="female")
    second = take_over(house, phone="600100300")
    known.refresh_from_db()
    assert (known.given_name, known.phone, known.sex) == ("Łucja", "+48600100200", "")
    assert first.as_booked == {"given_name": "lucja", "sex": "female"}
    assert second.as_booked == {"phone": "600100300"}
    patients.take_over(visit=second, field="phone", by="anna")
    known.refresh_from_db()
    assert known.phone == "+48600100300"


def test_a55_a_new_patient_may_lack_what_reception_must_ask_for(house):
    patient = take_over(house).patient
    assert patient.verify == ["new-from-portal"]
    assert (patient.national_id, patient.street, patient.birth_date) == ("", "", None)
    assert set(patient.lacking) == {"national_id", "birth_date", "street", "post_code", "city"}


def test_a56_saving_the_checked_form_clears_the_task_and_keeps_the_origin(house):
    patient = take_over(house).patient
    patients.verify(patient=patient, by="anna", national_id=PESEL)
    patient.refresh_from_db()
    assert (patient.verify, patient.origin_channel) == ([], CHANNEL)
    assert patient.verified_at == clock.now()


@pytest.mark.parametrize(("price", "differs"), [(25000, True), (20000, False), (None, False)])
def test_a60_the_portals_price_is_kept_and_marked_where_it_differs(house, price, differs):
    visit = take_over(house, price_minor=price)
    assert (visit.price_minor, visit.currency) == (price or 20000, "PLN")
    assert visit.price_differs is differs


def test_a64_consents_are_stored_with_date_and_source_and_marketing_is_not_assumed(house):
    asked = take_over(house, consents={"data-privacy": True}).patient
    [stored] = Consent.objects.all()
    assert (stored.patient, stored.kind, stored.is_given) == (asked, "data-privacy", True)
    assert (stored.at, stored.source) == (clock.now(), CHANNEL)
    take_over(house, consents={"marketing": False})
    assert not Consent.objects.filter(kind="marketing", is_given=True).exists()


def test_a64_consents_come_with_the_notification_and_not_with_the_booking_that_is_read(world):
    """Once: who is known by a later reading alone has not consented to anything."""
    first, second = world.open(count=2)
    world.settle()
    world.patient_books(first.start, data_privacy_consent=True, marketing_consent=False)
    world.settle()
    asked = Visit.objects.get().patient
    stored = Consent.objects.order_by("kind").values_list("patient", "kind", "is_given", "source")
    assert list(stored) == [
        (asked.pk, "data-privacy", True, CHANNEL),
        (asked.pk, "marketing", False, CHANNEL),
    ]
    world.fault("slot-booked", "lost")
    world.patient_books(second.start, email="inna@example.org", data_privacy_consent=True)
    world.after(minutes=16)
    assert Visit.objects.count() == 2
    assert Consent.objects.count() == 2


# --- A57-A59, A61-A63: when and how we hear of it -------------------------------------------


def test_a57_the_same_notification_twice_is_applied_once(world):
    [slot] = world.open(count=1)
    world.settle()
    world.fault("slot-booked", "twice")
    world.patient_books(slot.start)
    world.settle()
    assert InboxMessage.objects.get().deliveries == 2
    assert world.visits() == [(slot.start, "booked", "")]
    before = VisitEvent.objects.count()
    InboxMessage.objects.update(state="new")
    world.settle()
    assert VisitEvent.objects.count() == before, "applying it again changes nothing"


def test_a57_a_cancellation_before_its_booking_is_remembered(world):
    [slot] = world.open(count=1)
    world.settle()
    world.fault("slot-booked", "swapped")
    booking = world.patient_books(slot.start)
    actors.patient_cancels(booking)
    world.settle()
    assert world.visits() == []
    assert Booking.objects.get().status == "canceled"
    assert world.portal_shows() == [slot.start]


def test_a57_an_unknown_event_is_stored_and_answered(world):
    body = json.dumps(
        {"name": "slot-overbooked", "data": {}, "created_at": "2026-03-02T08:00:00+01:00"}
    )
    assert Client().post(hook(world), body, content_type="application/json").status_code == 200
    world.settle()
    message = InboxMessage.objects.get()
    assert (message.state, message.name) == (InboxMessage.State.DONE, "slot-overbooked")


@pytest.mark.parametrize("fate", ["told", "lost"])
def test_a58_a_move_to_another_doctor_moves_the_same_visit(two, fate):
    [here] = two.open(count=1)
    [there] = two.open(count=1, schedule=two.schedules[1], wall="11:00")
    two.settle()
    two.patient_books(here.start)
    two.settle()
    before = Visit.objects.get()
    if fate == "lost":
        two.fault("booking-moved", "lost")
    other = two.portal.addresses[1]
    actors.patient_moves(
        AtPortal.objects.get(), there.start, address=other, service=other.services.get()
    )
    two.settle()
    two.after(minutes=16)
    two.after(minutes=16)
    visit = Visit.objects.get()
    assert (visit.pk, visit.start, visit.schedule) == (before.pk, there.start, two.schedules[1])
    assert visit.clash == ""
    assert two.portal_shows() == [here.start]


def test_a58_where_the_target_is_taken_here_it_is_kept_as_a_clash(two):
    [here] = two.open(count=1)
    [there] = two.open(count=1, schedule=two.schedules[1], wall="11:00")
    two.settle()
    two.patient_books(here.start)
    two.settle()
    moved = Visit.objects.get()
    other = two.portal.addresses[1]
    actors.patient_moves(
        AtPortal.objects.get(), there.start, address=other, service=other.services.get()
    )
    two.plan(there, PatientFactory(organisation=two.organisation))
    two.settle()
    moved.refresh_from_db()
    assert (moved.start, moved.clash) == (there.start, "taken")


def test_a59_a_cancellation_after_the_visit_began_is_shown_until_somebody_has_read_it(world):
    [slot] = world.open(count=1)
    world.settle()
    booking = world.patient_books(slot.start)
    world.settle()
    begin(world, slot)
    visits.mark_arrived(visit=Visit.objects.get(), by="reception")
    actors.patient_cancels(booking)
    world.settle()
    assert [status for _, status, _ in world.visits()] == ["arrived"]
    [marked] = bookings.for_a_person(world.account)
    assert "begun" in marked.problem
    assert waiting(world.account).unassigned == 1
    bookings.note_seen(booking=marked, by="reception")
    assert not bookings.for_a_person(world.account).exists()


def test_a59_a_move_after_the_visit_began_leaves_it_as_it_was(world):
    first, second = world.open(count=2)
    world.settle()
    booking = world.patient_books(first.start)
    world.settle()
    begin(world, first)
    visits.mark_arrived(visit=Visit.objects.get(), by="reception")
    actors.doctor_moves(booking, second.start)
    world.settle()
    visit = Visit.objects.get()
    assert (visit.start, visit.status) == (first.start, "arrived")


@pytest.fixture
def to_pay(world):
    """A booked visit that its patient has 90 minutes to pay for."""
    actors.adviser_sets_address(world.address, takes_payment=True)
    world.client.opted_in = ["booking-payment-status-changed", "booking-confirmed"]
    world.client.save()
    [slot] = world.open(count=1)
    world.settle()
    world.patient_books(slot.start)
    world.settle()
    return slot


def test_a59_a_paid_visit_is_not_cancelled_by_the_portal(world, to_pay):
    actors.patient_pays(AtPortal.objects.get())
    world.settle()
    assert Visit.objects.get().payment == "paid"
    actors.patient_cancels(AtPortal.objects.get())
    world.settle()
    assert world.visits() == [(to_pay.start, "booked", "")]
    assert "it is paid" in bookings.for_a_person(world.account).get().problem


def test_a59_an_unpaid_visit_is_cancelled_when_the_portal_cancels_it(world, to_pay):
    """Its patient had 90 minutes to pay (behaviour.md section 11)."""
    visit, row = Visit.objects.get(), Booking.objects.get()
    assert not visit.holds_money
    due = AtPortal.objects.get().payment_due_at
    assert row.pay_until == due.replace(microsecond=0), "the portal tells whole seconds"
    world.after(minutes=91)
    assert world.visits() == [(to_pay.start, "cancelled", "")]
    assert world.portal_shows() == [to_pay.start]


@pytest.mark.parametrize("mark", ["arrived", "noshow"])
def test_a59_what_the_room_says_of_who_came_stands(world, mark):
    [slot] = world.open(count=1)
    world.settle()
    booking = world.patient_books(slot.start)
    world.settle()
    begin(world, slot)
    getattr(visits, f"mark_{mark}")(visit=Visit.objects.get(), by="reception")
    world.settle()
    came = mark == "arrived"
    actors.doctor_marks_presence(AtPortal.objects.get(pk=booking.pk), present=not came)
    world.settle()
    assert Visit.objects.get().status == mark
    assert Booking.objects.get().presence == ("absent" if came else "present")
    kind = "said-absent" if came else "said-present"
    assert VisitEvent.objects.filter(kind=kind).count() == 1


def test_a59_a_confirmation_at_the_portal_is_taken_over_and_not_told_back(world, to_pay):
    actors.patient_confirms(AtPortal.objects.get())
    world.settle()
    assert Visit.objects.get().is_confirmed
    assert VisitEvent.objects.filter(kind="confirmed", actor=CHANNEL).count() == 1
    assert not [path for _, path in world.wires.writes() if path.endswith("/confirm")]


def test_a61_a_notification_is_a_hint_and_the_booking_is_read(world):
    """Somebody who knows the address cannot invent a booking, nor cancel one."""
    [slot] = world.open(count=1)
    world.settle()
    booking = world.patient_books(slot.start)
    world.settle()
    told = json.loads(box().open(InboxMessage.objects.get().sealed_body))
    forged = {**told, "name": "booking-canceled", "created_at": "2026-03-02T09:00:00+01:00"}
    invented = json.loads(json.dumps(told).replace(f'"{booking.pk}"', '"987654"'))
    for body in (forged, invented):
        Client().post(hook(world), json.dumps(body), content_type="application/json")
    world.settle()
    assert world.visits() == [(slot.start, "booked", "")]


def test_a62_a_notification_is_answered_as_soon_as_it_is_stored(world):
    """Nothing is done with it, and the portal is not spoken to, before the answer."""
    [slot] = world.open(count=1)
    world.settle()
    world.patient_books(slot.start)
    asked = len(world.wires.requests)
    delivery.deliver_due()
    assert (InboxMessage.objects.get().state, Visit.objects.count()) == ("new", 0)
    assert len(world.wires.requests) == asked
    world.settle()
    assert world.visits() == [(slot.start, "booked", "")]


def test_a63_bookings_older_than_the_links_are_taken_over_if_they_lie_ahead(frozen):
    world = World(frozen, linked=False)
    soon, later = world.at(0, "08:10"), world.at(0, "15:00")
    actors.doctor_changes_slots(
        world.address, soon.date(), [offered(world, start) for start in (soon, later)]
    )
    for start in (soon, later):
        world.patient_books(start)
    world.connect()
    world.after(hours=1)
    assert world.visits() == []
    world.link_all()
    world.after(minutes=16)
    assert world.visits() == [(later, "booked", "no-slot")]
    world.close()
