"""The Docplanner connector against the sandbox of the portal.

Both ends are held to the contract: what the connector sends and what the sandbox answers.
"""

from datetime import UTC, date, timedelta

import pytest

from slotbridge.kit import clock
from slotbridge.sandbox import actors, faults
from slotbridge.sandbox.models import Address
from slotbridge.sync.contract import (
    By,
    Gone,
    Heard,
    ItemKind,
    ListingRef,
    Offer,
    OpenPeriod,
    Refused,
    TryLater,
)
from slotbridge.sync.reconcile import offered_starts
from tests.contract.docplanner_world import DAY, PATIENT, TZ, at

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])

# --- slots ---------------------------------------------------------------------------------------


def test_the_catalogue_is_read_and_both_doctors_share_a_place(world):
    records = list(world.connector.read_catalogue())
    kinds = [record.kind for record in records]
    assert [kinds.count(kind) for kind in ItemKind] == [1, 2, 2, 1, 2, 4]
    addresses = {r.id: r for r in records if r.kind is ItemKind.ADDRESS}
    assert addresses[world.here.address].doctor == world.here.doctor
    assert addresses[world.here.address].place == addresses[world.there.address].place
    world.connector.check()


def test_the_portal_shows_exactly_what_it_was_told(world):
    told = [world.period("09:00", "12:10"), world.period("13:00", "15:00", [world.check])]
    world.opens(*told)
    assert world.shown() == offered_starts(told)


def test_a_date_is_replaced_whole_and_others_stay(world):
    tuesday = DAY + timedelta(days=1)
    world.opens(world.period("09:00", "12:00"), world.period(day=tuesday))
    replaced = [world.period("16:00", "17:00")]
    world.opens(*replaced)
    assert world.shown() == offered_starts(replaced)
    assert world.shown(day=tuesday) == offered_starts([world.period(day=tuesday)])


@pytest.mark.parametrize("recently", [set(), {"an earlier request"}], ids=["DELETE", "PUT"])
def test_an_emptied_date_shows_nothing(world, recently):
    world.opens(world.period())
    world.connector.tell_days(world.here, {DAY: []}, avoid=recently)
    assert world.shown() == frozenset()


def test_a_then_b_then_a_within_three_minutes_leaves_a(world, frozen):
    a, b = world.period("09:00", "12:00"), world.period("14:00", "15:00")
    taken = {world.opens(a)}
    taken.add(world.opens(b, avoid=taken))
    frozen.shift(timedelta(seconds=30))
    ignored = world.opens(a)  # as if nobody remembered what was said
    assert ignored in taken
    assert world.shown() == offered_starts([b])  # 201, and nothing done
    taken.add(world.opens(a, avoid=taken))
    assert world.shown() == offered_starts([a])
    assert len(taken) == 3


def test_a_deletion_never_overtakes_a_put_in_progress(world, frozen):
    world.quirk(put_delay_seconds=5)
    told = world.opens(world.period())
    world.connector.tell_days(world.here, {DAY: []}, avoid={told})
    frozen.shift(timedelta(seconds=20))
    assert world.shown() == frozenset()


def test_the_same_request_still_in_progress_is_a_reason_to_wait(world):
    world.quirk(put_delay_seconds=60)
    world.opens(world.period())
    with pytest.raises(TryLater) as later:
        world.opens(world.period())
    assert later.value.retry_after == timedelta(seconds=10)


@pytest.mark.parametrize("answer", ["mixed", "always", "never"])
def test_no_slots_at_all_are_no_slots(world, answer):
    world.quirk(no_slots_404=answer)
    assert world.shown() == frozenset()
    world.opens(world.period())
    assert world.shown(day=DAY + timedelta(days=3)) == frozenset()


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 5, 24)])
def test_the_night_of_changed_clocks_and_the_last_days_are_shown_as_told(world, day):
    told = [world.period("00:00", "04:00", day=day), world.period("22:00", "23:59", day=day)]
    world.opens(*told)
    assert world.shown(day=day) == offered_starts(told)


def test_the_autumn_night_has_its_hour_twice(world, frozen):
    frozen.move_to("2026-10-20T08:00:00+00:00")
    day = date(2026, 10, 25)
    told = [world.period("01:00", "04:00", day=day)]
    world.opens(*told)
    assert len(world.shown(day=day)) == 8
    assert world.shown(day=day) == offered_starts(told)


def test_a_service_that_the_portal_does_not_have_is_refused(world):
    gone = OpenPeriod(at("09:00"), at("10:00"), (Offer("999999", 30),))
    with pytest.raises(Refused, match="Address service does not exist"):
        world.opens(gone)


def test_an_address_that_is_not_paid_for_is_refused(world):
    Address.objects.filter(pk=world.address.pk).update(commercial_type="basic")
    with pytest.raises(Refused, match="not commercial"):
        world.opens(world.period())


def test_an_address_of_nobody_is_not_an_empty_one(world):
    nowhere = ListingRef(world.here.facility, world.here.doctor, "999999", TZ)
    with pytest.raises(Refused):
        world.shown(nowhere)


# --- bookings and breaks -------------------------------------------------------------------------


def test_a_visit_is_booked_and_found_by_its_marker(world):
    world.opens(world.period())
    made = world.connector.book(world.here, world.wants(marker="m4rk"))
    assert (made.start, made.end, made.booked_by) == (at("09:00"), at("09:30"), By.US)
    assert made.price_minor == 25_000
    [found] = world.connector.bookings(world.here, *clock.day_bounds(DAY, TZ))
    assert (found.id, found.is_booked) == (made.id, True)
    assert "m4rk" in found.comment
    assert (found.patient.given_name, found.patient.phone) == ("Rezerwacja", "")
    assert at("09:00") not in {each.start for each in world.shown()}


def test_a_lost_race_and_a_time_without_a_slot_are_gone(world):
    world.opens(world.period())
    actors.patient_books(world.address, at("09:00"), world.visit, PATIENT)
    for start in ("09:00", "20:00"):
        with pytest.raises(Gone):
            world.connector.book(world.here, world.wants(start))


def test_a_service_of_another_address_is_refused(world):
    world.opens(world.period())
    foreign = world.services(world.other)[0]
    with pytest.raises(Refused, match="Service does not exist"):
        world.connector.book(world.here, world.wants(service=foreign))


def test_a_booking_by_a_patient_is_read_with_the_patient(world):
    world.opens(world.period())
    booked = actors.patient_books(world.address, at("10:00"), world.visit, PATIENT)
    found = world.connector.booking(world.here, str(booked.pk))
    assert found.booked_by is By.PATIENT
    assert (found.patient.email, found.patient.family_name) == ("abelard@example.com", "Giza")
    assert (found.origin_id, found.newest_id) == (found.id, found.id)


def test_a_move_gives_a_new_id_and_the_chain_can_be_followed(world):
    world.opens(world.period())
    first = world.connector.book(world.here, world.wants("09:00"))
    moved = world.connector.move(world.here, first.id, world.here, world.wants("10:00"))
    assert (moved.id != first.id, moved.start) == (True, at("10:00"))
    old = world.connector.booking(world.here, first.id)
    assert (old.is_booked, old.canceled_by, old.newest_id) == (False, By.US, moved.id)
    with pytest.raises(Gone):
        world.connector.move(world.here, first.id, world.here, world.wants("11:00"))


def test_a_move_to_another_doctor_passes_the_booking_on(world):
    theirs = world.services(world.other)[0]
    world.opens(world.period())
    world.opens(world.period(services=[theirs]), listing=world.there)
    first = world.connector.book(world.here, world.wants())
    wanted = world.wants("11:00", service=theirs)
    moved = world.connector.move(world.here, first.id, world.there, wanted)
    assert (moved.doctor, moved.address) == (world.there.doctor, world.there.address)
    assert world.connector.booking(world.there, moved.id).is_booked


def test_a_cancellation_is_told_once(world):
    world.opens(world.period())
    made = world.connector.book(world.here, world.wants())
    world.connector.cancel(world.here, made.id, "the doctor is ill")
    assert not world.connector.booking(world.here, made.id).is_booked
    with pytest.raises(Gone):
        world.connector.cancel(world.here, made.id, "the doctor is ill")


def test_a_break_hides_time_until_it_is_deleted(world):
    assert world.connector.breaks(world.here, *clock.day_bounds(DAY, TZ)) == []  # no calendar yet
    world.opens(world.period())
    made = world.connector.add_break(world.here, at("09:00"), at("10:00"), "m4rk")
    again = world.connector.add_break(world.here, at("09:00"), at("10:00"), "m4rk")
    assert again == made
    assert world.connector.breaks(world.here, *clock.day_bounds(DAY, TZ)) == [made]
    assert min(each.start for each in world.shown()) == at("10:00")
    for _ in range(2):
        world.connector.delete_break(world.here, made.id)
    assert min(each.start for each in world.shown()) == at("09:00")


# --- notifications -------------------------------------------------------------------------------


def test_what_patient_and_doctor_do_is_heard_in_order(world):
    world.opens(world.period())
    booked = actors.patient_books(world.address, at("09:00"), world.visit, PATIENT)
    moved = actors.patient_moves(booked, at("10:00"))
    actors.doctor_cancels(moved)
    break_ = actors.doctor_adds_break(world.address, at("11:00"), at("12:00"), "lunch")
    actors.doctor_removes_break(break_)
    told = [event for event, _key in world.heard()]
    assert [event.heard for event in told] == [
        Heard.BOOKED,
        Heard.MOVED,
        Heard.CANCELED,
        Heard.CALENDAR,
        Heard.CALENDAR,
    ]
    assert {(event.doctor, event.address) for event in told} == {
        (world.here.doctor, world.here.address)
    }
    first, second, third = told[:3]
    assert (first.booking, first.hint.patient.email) == (str(booked.pk), "abelard@example.com")
    assert (second.old_booking, second.booking) == (str(booked.pk), str(moved.pk))
    assert (third.booking, third.hint.canceled_by) == (str(moved.pk), By.CLINIC)
    assert third.hint.start.tzinfo is UTC
    assert world.connector.pull() == []


def test_a_notification_told_twice_has_one_key(world):
    world.opens(world.period())
    faults.script("slot-booked", "twice")
    actors.patient_books(world.address, at("09:00"), world.visit, PATIENT)
    actors.patient_books(world.address, at("10:00"), world.visit, PATIENT)
    keys = [key for _event, key in world.heard()]
    assert (len(keys), len(set(keys))) == (3, 2)


def test_an_unknown_event_is_kept_and_does_nothing(world):
    world.opens(world.period())
    faults.script("slot-booked", "unknown", text="slot-changed")
    world.transport.is_held_to_contract = (
        False  # its list of names lacks this one, as it lacks three
    )
    actors.patient_books(world.address, at("09:00"), world.visit, PATIENT)
    [(event, _key)] = world.heard()
    assert (event.heard, event.name) == (Heard.NOTHING, "slot-changed")
