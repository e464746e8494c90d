"""Direction 1, slots: A33 to A37, A65 and A66 where they cross the wire."""

from datetime import timedelta

import pytest

from slotbridge.his import absences, catalogue, holds, organisation, slots, visits
from slotbridge.his.models import Clinic, Funding, Slot, Visit
from slotbridge.kit import clock
from slotbridge.sandbox import actors
from slotbridge.sandbox.models import Address, AddressInsurance, CalendarDay
from slotbridge.sync import fanout, listings, periods
from slotbridge.sync.contract import Payer
from slotbridge.sync.lights import in_words
from slotbridge.sync.models import Account, CatalogueItem, Difference, ListingDay
from slotbridge.sync.shown import why_not_shown
from slotbridge.sync.telling_days import INSURER
from tests.factories import PatientFactory
from tests.sync.test_rolling import puts
from tests.world import CHANNEL

NFZ = 13  # the public insurer's id, the same everywhere (behaviour.md section 5)

pytestmark = [
    pytest.mark.django_db(databases=["default", "sandbox"]),
    pytest.mark.usefixtures("english"),
]


def codes(slot):
    return [reason.code for reason in why_not_shown(Slot.objects.get(pk=slot.pk), CHANNEL)]


# --- A33 -------------------------------------------------------------------------------------


def test_a33_changes_of_a_day_are_gathered_and_the_day_is_sent_whole(world):
    morning = world.open(wall="08:00", count=2)
    world.settle()
    told = puts(world)
    later = [world.open(wall=wall, count=1)[0] for wall in ("12:00", "14:00", "16:00")]
    world.settle()
    assert puts(world) == told + 1
    [day] = CalendarDay.objects.all()
    assert len(day.periods) == len(morning) + len(later)


@pytest.mark.parametrize("left", [40, 20, 10, 1, 0, -3])
@pytest.mark.parametrize("resets_in", [1, 30, 60, 3600])
def test_a33_nothing_is_gathered_longer_than_a_minute(left, resets_in):
    """However little is left of the write budget, and whenever it comes back."""
    now = clock.now()
    account = Account(
        writes_limit=40, writes_left=left, writes_reset_at=now + timedelta(seconds=resets_in)
    )
    waits = fanout.gathering(account, now)
    assert fanout.SHORTEST_GATHERING <= waits <= timedelta(minutes=1)


# --- A34 -------------------------------------------------------------------------------------


def test_a34_a_slot_unticked_under_a_visit_keeps_exchanging_the_visit(world):
    """The free rest is withdrawn; the patient still hears of a move."""
    [slot] = world.open(count=1, minutes=90)
    [target] = world.open(wall="15:00", count=1)
    world.settle()
    world.patient_books(slot.start)
    world.settle()
    slots.withdraw_slots(schedule=world.schedule, slot_ids=[slot.pk], channel=CHANNEL, by="a")
    world.settle()
    assert world.portal_shows() == [target.start], "the free rest is gone"
    assert world.portal_bookings() == [(slot.start, "booked")]
    visits.move_visit(visit=Visit.objects.get(), start=target.start, end=target.end, by="a")
    world.settle()
    assert world.portal_bookings() == [(target.start, "booked")]
    assert world.portal_shows() == []


# --- A35 -------------------------------------------------------------------------------------


def busy_in_another_clinic(world, start, end):
    elsewhere = organisation.add_clinic(unit=world.unit, name="Poradnia hipertensji", by="a")
    schedule = slots.add_schedule(
        clinic=elsewhere, practitioner=world.schedule.practitioner, by="a"
    )  # fmt: skip
    visits.book_visit(
        schedule=schedule,
        start=start,
        end=end,
        patient=PatientFactory(organisation=world.organisation),
        keep_clash=True,
        by="a",
    )


def busy_on_another_channel(world, start, end):
    organisation.add_channel(
        organisation=world.organisation, code="medihost", name="Medihost", by="a"
    )
    slots.publish_slots(
        schedule=world.schedule,
        slot_ids=list(Slot.objects.filter(start=start).values_list("pk", flat=True)),
        channel="medihost",
        by="a",
    )
    holds.hold(
        schedule=world.schedule,
        start=start,
        end=end,
        lasting=timedelta(hours=1),
        channel="medihost",
        by="medihost",
    )


def absent(world, start, end):
    absences.add_absence(practitioner=world.schedule.practitioner, start=start, end=end, by="a")


@pytest.mark.parametrize("occupy", [busy_in_another_clinic, busy_on_another_channel, absent])
def test_a35_a_slot_is_published_minus_time_that_is_occupied_otherwise(world, occupy):
    first, second = world.open(count=2)
    world.settle()
    assert world.portal_shows() == [first.start, second.start]
    occupy(world, first.start, first.end)
    world.settle()
    assert world.portal_shows() == [second.start]


# --- A36 -------------------------------------------------------------------------------------


def test_a36_a_slot_is_neither_deleted_nor_shortened_under_a_visit_from_the_portal(world):
    [slot] = world.open(count=1, minutes=60)
    world.settle()
    booking = world.patient_books(slot.start + timedelta(minutes=30))
    world.settle()
    with pytest.raises(slots.SlotHasVisit):
        slots.delete_slots(schedule=world.schedule, slot_ids=[slot.pk], by="a")
    with pytest.raises(slots.SlotHasVisit):
        slots.change_slot(slot=slot, end=slot.start + timedelta(minutes=30), by="a")
    actors.patient_cancels(booking)
    world.settle()
    slots.delete_slots(schedule=world.schedule, slot_ids=[slot.pk], by="a")
    world.settle()
    assert world.portal_shows() == []


# --- A37 -------------------------------------------------------------------------------------


def test_a37_success_is_checked_by_reading_back(world):
    """201 does not prove a write: what the portal took and did not do is found and told again."""
    made = world.open(count=2)
    world.settle()
    world.after(minutes=6)
    slots.withdraw_slots(schedule=world.schedule, slot_ids=[made[0].pk], channel=CHANNEL, by="a")
    was = list(CalendarDay.objects.values_list("day", "periods"))
    world.settle()
    assert world.portal_shows() == [made[1].start]
    CalendarDay.objects.update(periods=was[0][1])  # as if nothing had come of it
    assert world.portal_shows() == [made[0].start, made[1].start]
    world.after(minutes=16)
    assert world.portal_shows() == [made[1].start]
    row = Difference.objects.get()
    assert (row.kind, row.done) == (Difference.Kind.SLOTS, Difference.Done.TOLD_AGAIN)
    world.after(minutes=16)
    assert Difference.objects.count() == 1, "and the next comparison finds it done"


# --- A65 -------------------------------------------------------------------------------------


def test_a65_slots_of_a_ward_are_published_by_the_same_rules(world):
    Clinic.objects.filter(pk=world.clinic.pk).update(kind=Clinic.Kind.WARD)
    [slot] = world.open(count=1)
    world.settle()
    assert world.portal_shows() == [slot.start]
    assert codes(slot) == []


# --- A66 -------------------------------------------------------------------------------------


def takes_insurance(world, support="private_and_insurance"):
    """As it is after somebody switched it on at the portal, and linked the public insurer there."""
    AddressInsurance.objects.create(address_id=world.address.pk, provider_id=NFZ)
    Address.objects.filter(pk=world.address.pk).update(insurance_support=support)
    Account.objects.update(catalogue_due_at=clock.now())
    world.settle()
    assert CatalogueItem.objects.get(kind="address").data["insurance_support"] == support


def told_payers(world):
    [row] = ListingDay.objects.exclude(told=[]).exclude(told=None)
    return [period.payer for period in periods.from_json(row.told)]


def fund(world, made, funding):
    slots.fund_slots(
        schedule=world.schedule, slot_ids=[slot.pk for slot in made], funding=funding, by="a"
    )


def test_a66_public_slots_are_not_shown_where_the_address_takes_no_insurance(world):
    private, public, both = made = world.open(count=3)
    fund(world, [public], Funding.PUBLIC)
    fund(world, [both], Funding.BOTH)
    world.settle()
    assert world.portal_shows() == [private.start, both.start]
    assert told_payers(world) == [Payer.PATIENT, Payer.PATIENT]
    assert [codes(slot) for slot in made] == [[], ["no-insurance"], []]


def test_a66_public_slots_are_not_shown_without_a_commercial_service(world):
    takes_insurance(world)
    [slot] = world.open(count=1)
    fund(world, [slot], Funding.PUBLIC)
    catalogue.remove_price(price_list=world.price_list, service=world.service, by="a")
    world.settle()
    assert world.portal_shows() == []
    assert codes(slot) == ["no-service"]
    assert "public insurance" in why_not_shown(Slot.objects.get(), CHANNEL)[0].sentence


def test_a66_an_address_that_begins_to_take_insurance_gets_its_days_anew(world):
    """The catalogue says so, and nobody need change a slot."""
    made = world.open(count=1)
    fund(world, made, Funding.BOTH)
    world.settle()
    assert told_payers(world) == [Payer.PATIENT]
    asked = ListingDay.objects.get(day=made[0].day).asked
    takes_insurance(world)
    assert ListingDay.objects.get(day=made[0].day).asked > asked


def test_a66_a_change_of_who_pays_is_told_though_the_starts_stay(world):
    """No read-back can see it: it is compared with what was told."""
    takes_insurance(world)
    made = world.open(count=2)
    world.settle()
    day = ListingDay.objects.get(day=made[0].day)
    told_at = day.told_at
    world.clock.shift(timedelta(minutes=1))
    fund(world, made, Funding.BOTH)
    world.settle()
    day.refresh_from_db()
    assert day.told_at > told_at
    assert told_payers(world) == [Payer.EITHER, Payer.EITHER]
    assert world.portal_shows() == [slot.start for slot in made]


def test_a66_an_insurer_that_is_not_linked_is_left_to_people_and_said(world):
    """Only times for public insurance are blamed on it."""
    takes_insurance(world)
    made = world.open(count=1)
    fund(world, made, Funding.PUBLIC)
    world.fault("replaceSlots", "status", status=400, times=None)
    world.settle()
    row = ListingDay.objects.exclude(problem="").get(day=made[0].day)
    assert row.problem.startswith(INSURER)
    assert in_words(row.problem).startswith(INSURER)
    assert "[replaceSlots: 400" in row.problem

    fund(world, made, Funding.PRIVATE)
    world.settle()
    assert not ListingDay.objects.filter(problem__startswith=INSURER).exists()


def test_days_told_before_payers_were_known_stand_as_they_are(world):
    world.open(count=1)
    world.settle()
    [row] = ListingDay.objects.exclude(told=[]).exclude(told=None)
    assert [len(period) for period in row.told] == [3], "as it has always been stored"
    told = puts(world)
    listings.refresh(world.account)
    world.settle()
    assert puts(world) == told
