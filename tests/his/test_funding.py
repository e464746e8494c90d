"""Who pays for a slot: the choice a portal hears of as the payer of a period (A66)."""

import pytest

from slotbridge.his import outbox, slots, templates
from slotbridge.his.free import free_slots
from slotbridge.his.models import AuditEntry, Funding, Slot
from tests.factories import ScheduleFactory, SlotFactory, VisitFactory, a_monday, at_wall
from tests.his.test_templates import generate, mornings, save

pytestmark = pytest.mark.django_db
BY = "rejestracja"


@pytest.fixture
def schedule():
    return ScheduleFactory()


def test_a_slot_made_by_hand_is_private_unless_told_otherwise(schedule):
    first, second, third = (at_wall(schedule, 0, wall) for wall in ("09:00", "09:30", "10:00"))
    [usual] = slots.open_slots(schedule=schedule, ranges=[(first, second)], by=BY)
    [public] = slots.open_slots(
        schedule=schedule, ranges=[(second, third)], funding=Funding.PUBLIC, by=BY
    )
    assert [usual.funding, public.funding] == ["private", "public"]
    found = free_slots(schedules=[schedule.pk], start=first, end=third)
    assert [slot.funding for slot in found] == ["private", "public"]
    with pytest.raises(ValueError, match="barter"):
        slots.open_slots(schedule=schedule, ranges=[(first, third)], funding="barter", by=BY)


def test_a_changed_slot_keeps_its_payer_unless_another_is_named(schedule):
    slot = SlotFactory(schedule=schedule, funding=Funding.PUBLIC)
    assert slots.change_slot(slot=slot, note="kontrola", by=BY).funding == "public"
    assert slots.change_slot(slot=slot, funding=Funding.BOTH, by=BY).funding == "both"


def test_a_range_of_slots_is_funded_at_once_and_names_its_days(schedule):
    private = SlotFactory(schedule=schedule, start=at_wall(schedule, 0, "09:00"))
    booked = SlotFactory(schedule=schedule, start=at_wall(schedule, 1, "09:00"))
    public = SlotFactory(
        schedule=schedule, start=at_wall(schedule, 2, "09:00"), funding=Funding.PUBLIC
    )
    foreign = SlotFactory()
    visit = VisitFactory(slot=booked)
    outbox.drain()

    count = slots.fund_slots(
        schedule=schedule,
        slot_ids=[private.pk, booked.pk, public.pk, foreign.pk],
        funding=Funding.PUBLIC,
        by=BY,
    )

    assert count == 2, "the third was public already, the fourth is of another schedule"
    assert set(Slot.objects.filter(funding="public")) == {private, booked, public}
    assert outbox.drain().days == [(schedule.pk, private.day), (schedule.pk, booked.day)]
    visit.refresh_from_db()
    assert visit.funding == "", "a visit keeps what it was booked with"
    entry = AuditEntry.objects.get(action="slots.fund")
    assert entry.data == {"funding": "public", "slots": sorted([private.pk, booked.pk])}


def test_slots_come_out_with_the_payer_of_the_pattern_and_follow_its_next_version(schedule):
    save(schedule, mornings(funding=Funding.PUBLIC))
    generate(schedule)
    assert set(Slot.objects.values_list("funding", flat=True)) == {"public"}

    save(schedule, mornings(funding=Funding.BOTH))
    assert generate(schedule).changed == 4
    assert set(Slot.objects.values_list("funding", flat=True)) == {"both"}
    assert generate(schedule).kept == 4


def test_a_payer_set_by_hand_outlives_a_version_that_does_not_change_it(schedule):
    save(schedule, mornings(funding=Funding.PUBLIC))
    generate(schedule)
    one = Slot.objects.order_by("start").first()
    slots.fund_slots(schedule=schedule, slot_ids=[one.pk], funding=Funding.PRIVATE, by=BY)

    day = a_monday(schedule.clinic.unit.tz)
    assert templates.preview(schedule=schedule, first=day, last=day).kept == 4
    one.refresh_from_db()
    assert one.funding == "private"
