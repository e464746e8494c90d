from datetime import timedelta

import pytest
import time_machine

from slotbridge.his import visits
from slotbridge.his.models import OutboxEntry, Slot, Visit
from slotbridge.kit import clock
from tests.factories import (
    CHANNEL,
    OTHER_CHANNEL,
    AbsenceFactory,
    PatientFactory,
    RoomFactory,
    ScheduleFactory,
    SlotFactory,
)

pytestmark = pytest.mark.django_db

MINUTES = timedelta(minutes=1)
LASTING = 3 * MINUTES


@pytest.fixture
def slot():
    return SlotFactory(channels=[CHANNEL, OTHER_CHANNEL])


def hold(slot, **changed):
    return visits.hold(
        **{
            "schedule": slot.schedule,
            "start": slot.start,
            "end": slot.end,
            "lasting": LASTING,
            "channel": CHANNEL,
        }
        | {"by": changed.get("channel", CHANNEL)}
        | changed
    )


def book(slot, **changed):
    return visits.book_visit(
        **{
            "schedule": slot.schedule,
            "start": slot.start,
            "end": slot.end,
            "patient": PatientFactory(),
            "channel": CHANNEL,
        }
        | {"by": changed.get("channel", CHANNEL)}
        | changed
    )


def later():
    return time_machine.travel(clock.now() + LASTING, tick=False)


def kinds(visit):
    return list(visit.events.order_by("pk").values_list("kind", flat=True))


def reread(visit):
    return Visit.objects.get(pk=visit.pk)


def test_a_hold_takes_the_time_from_everybody_else(slot):
    held = hold(slot)

    assert (held.status, held.patient, held.slot) == ("proposed", None, slot)
    assert kinds(held) == ["held"]
    with pytest.raises(visits.SlotTaken) as refused:
        hold(slot, channel=OTHER_CHANNEL)
    assert refused.value.visit_id == held.pk
    with pytest.raises(visits.SlotTaken):
        book(slot, channel="", by="anna")


def test_a_hold_names_days_and_no_visit_to_tell_portals_of(slot):
    elsewhere = ScheduleFactory(practitioner=slot.practitioner)
    OutboxEntry.objects.all().delete()

    hold(slot)

    names = OutboxEntry.objects.values_list("schedule", "day", "visit")
    assert set(names) == {(slot.schedule_id, slot.day, None), (elsewhere.pk, slot.day, None)}


@pytest.mark.parametrize("closed", ["hidden", "absence", "deleted"])
def test_nothing_is_held_where_a_portal_should_not_offer(slot, closed):
    if closed == "hidden":
        Slot.objects.filter(pk=slot.pk).update(channels=[OTHER_CHANNEL])
    elif closed == "absence":
        AbsenceFactory(practitioner=slot.practitioner, start=slot.start, end=slot.end)
    else:
        slot.delete()

    with pytest.raises(visits.NoSlot):
        hold(slot)


def test_the_booking_of_the_same_channel_makes_a_visit_of_the_hold(slot):
    held = hold(slot)

    visit = book(slot)

    assert visit.pk == held.pk
    assert (visit.status, visit.expires_at) == ("booked", None)
    assert kinds(visit) == ["held", "booked"]
    assert reread(visit).patient is not None


def test_a_promise_stands_after_the_slot_was_taken_off_the_channel(slot):
    hold(slot)
    Slot.objects.filter(pk=slot.pk).update(channels=[])

    assert book(slot, keep_clash=True).clash == ""


def test_the_booking_may_be_longer_or_shorter_than_the_hold(slot):
    held = hold(slot, end=slot.start + 20 * MINUTES)

    visit = book(slot)

    assert (visit.pk, visit.end) == (held.pk, slot.end)


def test_a_hold_of_another_start_is_not_consumed(slot):
    held = hold(slot, start=slot.start + 10 * MINUTES)

    visit = book(slot, keep_clash=True)

    assert visit.clash == "taken"
    assert reread(held).status == "proposed"


def test_a_portal_that_asks_twice_has_one_hold_that_lasts_from_the_second_time(slot):
    first = hold(slot)
    with time_machine.travel(clock.now() + MINUTES, tick=False):
        second = hold(slot)

    assert second.pk == first.pk
    assert second.expires_at > first.expires_at
    assert kinds(second) == ["held", "held-longer"]
    assert Visit.objects.count() == 1


def test_at_reception_a_hold_is_the_person_s(slot):
    held = hold(slot, channel="", by="anna")

    with pytest.raises(visits.SlotTaken):
        book(slot, channel="", by="ola")
    assert hold(slot, channel="", by="anna").pk == held.pk
    assert book(slot, channel="", by="anna").pk == held.pk


def test_an_expired_hold_blocks_no_booking(slot):
    held = hold(slot)
    with later():
        visit = book(slot, channel=OTHER_CHANNEL)

    assert visit.pk != held.pk
    assert (reread(held).status, reread(held).cancelled_by) == ("cancelled", "system")
    assert kinds(held) == ["held", "expired"]


def test_an_expired_hold_blocks_no_hold(slot):
    held = hold(slot)
    with later():
        assert hold(slot, channel=OTHER_CHANNEL).pk != held.pk


def test_an_expired_hold_blocks_no_move(slot):
    visit = book(slot)
    target = SlotFactory(schedule=slot.schedule, start=slot.end, end=slot.end + 30 * MINUTES)
    held = hold(target, channel="", by="anna")

    with pytest.raises(visits.SlotTaken):
        visits.move_visit(visit=visit, start=target.start, end=target.end, by="ola")
    with later():
        visits.move_visit(visit=visit, start=target.start, end=target.end, by="ola")
    assert reread(held).status == "cancelled"


def test_an_expired_hold_blocks_no_settling(slot):
    room = RoomFactory()
    Slot.objects.filter(pk=slot.pk).update(room=room)
    taken = book(slot, channel="", by="anna")
    clashing = book(slot, keep_clash=True)
    Visit.objects.filter(pk=taken.pk).update(status="cancelled")
    Visit.objects.filter(pk=clashing.pk).update(clash="no-slot", status="cancelled")
    held = hold(slot)
    Visit.objects.filter(pk=clashing.pk).update(status="booked")

    with later():
        visits.settle_clash(visit=clashing, by="anna")
    assert reread(held).status == "cancelled"


def test_a_late_booking_still_finds_its_own_expired_hold(slot):
    held = hold(slot)
    with later():
        assert book(slot).pk == held.pk


def test_a_portal_that_asked_before_moving_moves_onto_its_hold(slot):
    visit = book(slot)
    target = SlotFactory(
        schedule=slot.schedule, start=slot.end, end=slot.end + 30 * MINUTES, channels=[CHANNEL]
    )
    held = hold(target)

    moved = visits.move_visit(visit=visit, start=target.start, end=target.end, by=CHANNEL)

    assert moved.start == target.start
    assert kinds(held) == ["held", "released"]
    assert reread(held).cancelled_by == CHANNEL


def test_a_released_hold_frees_the_time_and_once_is_enough(slot):
    held = hold(slot)

    visits.release(held)
    visits.release(held)

    assert kinds(held) == ["held", "released"]
    assert book(slot).status == "booked"


def test_releasing_what_was_booked_meanwhile_changes_nothing(slot):
    held = hold(slot)
    book(slot)

    visits.release(held)

    assert reread(held).status == "booked"


def test_cancelling_a_hold_gives_it_back(slot):
    held = visits.cancel_visit(visit=hold(slot), reason="", by=CHANNEL)

    assert (held.status, kinds(held)) == ("cancelled", ["held", "released"])


def test_a_hold_is_not_moved(slot):
    with pytest.raises(visits.VisitOver) as refused:
        visits.move_visit(visit=hold(slot), start=slot.start, end=slot.end, by=CHANNEL)
    assert refused.value.why == "hold"


def test_tidying_ends_what_is_past_its_time_and_nothing_else(slot):
    old = hold(slot, end=slot.start + 10 * MINUTES)
    fresh = hold(slot, start=slot.start + 10 * MINUTES, lasting=10 * MINUTES)

    with later():
        OutboxEntry.objects.all().delete()
        assert visits.remove_expired_holds() == 1
        assert visits.remove_expired_holds() == 0

    assert (reread(old).status, reread(fresh).status) == ("cancelled", "proposed")
    assert list(OutboxEntry.objects.values_list("schedule", "day")) == [
        (slot.schedule_id, slot.day)
    ]
