from datetime import date, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slotbridge.his import outbox, slots, templates, weekly
from slotbridge.his.models import AuditEntry, Slot, TemplateVersion, Visit
from slotbridge.his.organisation import UnknownChannel
from slotbridge.his.templates import Generated, PeriodSpec
from tests.factories import (
    CHANNEL,
    OTHER_CHANNEL,
    DeviceFactory,
    OrganisationFactory,
    RoomFactory,
    ScheduleFactory,
    ServiceFactory,
    SlotFactory,
    VisitFactory,
    a_monday,
    at_wall,
)

pytestmark = pytest.mark.django_db
BY = "rejestracja"
NOTHING = Generated(added=0, kept=0, removed=0, booked_kept=0)


@pytest.fixture
def schedule():
    return ScheduleFactory()


def mornings(start="09:00", end="11:00", minutes=30, weekday=0, **columns):
    return PeriodSpec(
        weekday, time.fromisoformat(start), time.fromisoformat(end), minutes, **columns
    )


def save(schedule, *periods):
    return templates.save_template(schedule=schedule, periods=periods, by=BY)


def generate(schedule, weeks=1):
    """Generates whole weeks from `a_monday`; checks that the preview said so before."""
    first = a_monday(schedule.clinic.unit.tz)
    span = {"first": first, "last": first + timedelta(days=7 * weeks - 1)}
    preview = templates.preview(schedule=schedule, **span)
    generated = templates.generate_slots(schedule=schedule, **span, by=BY)
    assert generated == preview
    return generated


def walls(schedule):
    """Starts of the schedule's slots, as clocks of the unit show them."""
    tz = schedule.clinic.unit.tz
    starts = Slot.objects.filter(schedule=schedule).order_by("start")
    return [f"{start.astimezone(tz):%H:%M}" for start in starts.values_list("start", flat=True)]


def slot_at(schedule, wall):
    return Slot.objects.get(schedule=schedule, start=at_wall(schedule, 0, wall))


def test_slots_come_out_as_the_pattern_has_them(schedule):
    """A32: visibility too."""
    service, room = ServiceFactory(), RoomFactory()
    version = save(
        schedule, mornings(channels=[OTHER_CHANNEL, CHANNEL], room=room, services=[service])
    )

    assert generate(schedule) == Generated(added=4, kept=0, removed=0, booked_kept=0)

    assert walls(schedule) == ["09:00", "09:30", "10:00", "10:30"]
    slot = slot_at(schedule, "09:00")
    assert slot.channels == sorted([CHANNEL, OTHER_CHANNEL])
    assert (slot.room, list(slot.services.all())) == (room, [service])
    assert slot.practitioner == schedule.practitioner
    assert slot.template_version == version
    assert slot.day == a_monday(schedule.clinic.unit.tz)
    assert outbox.drain().days == [(schedule.pk, slot.day)]


def test_generating_twice_is_generating_once(schedule):
    save(schedule, mornings())
    generate(schedule, weeks=2)
    before = set(Slot.objects.values_list("pk", flat=True))
    outbox.drain()

    assert generate(schedule, weeks=2) == Generated(added=0, kept=8, removed=0, booked_kept=0)
    assert set(Slot.objects.values_list("pk", flat=True)) == before
    assert outbox.drain().days == []


def test_a_preview_changes_nothing(schedule):
    save(schedule, mornings())
    day = a_monday(schedule.clinic.unit.tz)

    assert templates.preview(schedule=schedule, first=day, last=day).added == 4
    assert not Slot.objects.exists()


def test_a_schedule_without_a_pattern_says_so(schedule):
    day = date(2026, 3, 2)
    with pytest.raises(templates.NoTemplate):
        templates.preview(schedule=schedule, first=day, last=day)
    with pytest.raises(templates.NoTemplate):
        templates.generate_slots(schedule=schedule, first=day, last=day, by=BY)


def test_the_next_version_removes_what_it_no_longer_has_and_adds_what_is_new(schedule):
    save(schedule, mornings("09:00", "11:00"))
    generate(schedule)
    stays = slot_at(schedule, "10:00")
    version = save(schedule, mornings("10:00", "12:00"))

    assert generate(schedule) == Generated(added=2, kept=2, removed=2, booked_kept=0)

    assert walls(schedule) == ["10:00", "10:30", "11:00", "11:30"]
    stays.refresh_from_db()
    assert stays.template_version == version


def test_a_pattern_without_periods_clears_the_range_and_no_more(schedule):
    save(schedule, mornings())
    generate(schedule, weeks=2)
    save(schedule)

    assert generate(schedule, weeks=1) == Generated(added=0, kept=0, removed=4, booked_kept=0)
    assert len(walls(schedule)) == 4


def test_a_slot_with_a_visit_is_not_touched_and_nothing_is_laid_over_it(schedule):
    save(schedule, mornings("09:00", "11:00", channels=[CHANNEL]))
    generate(schedule)
    booked = slot_at(schedule, "09:30")
    visit = VisitFactory(slot=booked)
    save(schedule, mornings("09:00", "11:00", minutes=20))

    # 09:20 and 09:40 are in the way of 09:30 to 10:00.
    assert generate(schedule) == Generated(added=4, kept=0, removed=3, booked_kept=1, blocked=2)

    assert walls(schedule) == ["09:00", "09:30", "10:00", "10:20", "10:40"]
    visit.refresh_from_db()
    assert visit.slot == booked
    assert visit.slot.channels == [CHANNEL]
    assert generate(schedule) == Generated(added=0, kept=4, removed=0, booked_kept=1, blocked=2)


def test_a_booked_slot_that_the_pattern_still_has_is_counted_once(schedule):
    save(schedule, mornings())
    generate(schedule)
    VisitFactory(slot=slot_at(schedule, "09:30"))

    assert generate(schedule) == Generated(added=0, kept=3, removed=0, booked_kept=1)


def test_a_slot_whose_visit_was_cancelled_follows_the_pattern(schedule):
    save(schedule, mornings())
    generate(schedule)
    VisitFactory(slot=slot_at(schedule, "09:30"), status=Visit.Status.CANCELLED)
    save(schedule)

    assert generate(schedule).removed == 4


def test_slots_made_or_changed_by_hand_stay(schedule):
    save(schedule, mornings())
    generate(schedule)
    by_hand = SlotFactory(schedule=schedule, start=at_wall(schedule, 0, "15:00"))
    changed = slots.change_slot(slot=slot_at(schedule, "09:00"), note="tylko dzieci", by=BY)
    save(schedule, mornings("14:00", "16:00", minutes=60))

    generated = generate(schedule)

    assert generated == Generated(added=1, kept=0, removed=3, booked_kept=0, blocked=1)
    assert walls(schedule) == ["09:00", "14:00", "15:00"]
    assert Slot.objects.filter(pk__in=[by_hand.pk, changed.pk]).count() == 2


def test_what_somebody_set_on_a_slot_by_hand_outlives_a_version_that_does_not_change_it(schedule):
    save(schedule, mornings("09:00", "10:00", channels=[CHANNEL]))
    generate(schedule)
    hidden = slot_at(schedule, "09:00")
    slots.withdraw_slots(schedule=schedule, slot_ids=[hidden.pk], channel=CHANNEL, by=BY)
    save(schedule, mornings("09:00", "11:00", channels=[CHANNEL]))

    generate(schedule)

    assert slot_at(schedule, "09:00").channels == []
    assert slot_at(schedule, "09:30").channels == [CHANNEL]


def test_a_version_with_other_visibility_or_services_changes_its_slots_in_place(schedule):
    old, new = ServiceFactory(), ServiceFactory()
    save(schedule, mornings("09:00", "10:00", services=[old]))
    generate(schedule)
    same = slot_at(schedule, "09:00")
    outbox.drain()
    save(schedule, mornings("09:00", "10:00", services=[new], channels=[CHANNEL]))

    assert generate(schedule) == Generated(added=0, kept=0, removed=0, booked_kept=0, changed=2)

    same.refresh_from_db()
    assert (same.channels, list(same.services.all())) == ([CHANNEL], [new])
    assert outbox.drain().days == [(schedule.pk, same.day)]
    assert generate(schedule) == Generated(added=0, kept=2, removed=0, booked_kept=0)


def test_a_version_with_another_room_makes_its_slots_anew(schedule):
    save(schedule, mornings("09:00", "10:00"))
    generate(schedule)
    room = RoomFactory()
    save(schedule, mornings("09:00", "10:00", room=room))

    assert generate(schedule) == Generated(added=2, kept=0, removed=2, booked_kept=0)
    assert slot_at(schedule, "09:00").room == room


@pytest.mark.parametrize("kind", ["practitioner", "room", "device"])
def test_a_time_that_is_in_use_elsewhere_is_left_out(kind):
    made = {"practitioner": None, "room": RoomFactory, "device": DeviceFactory}[kind]
    who = {"practitioner": None, kind: made()} if made else {}
    schedule = ScheduleFactory(**who)
    elsewhere = ScheduleFactory(**{"practitioner": None, kind: getattr(schedule, kind)})
    SlotFactory(schedule=elsewhere, start=at_wall(schedule, 0, "09:15"), minutes=30)
    save(schedule, mornings("09:00", "10:30"))

    assert generate(schedule) == Generated(added=1, kept=0, removed=0, booked_kept=0, blocked=2)
    assert walls(schedule) == ["10:00"]


def test_a_room_of_the_pattern_that_somebody_else_uses_leaves_the_time_out(schedule):
    room = RoomFactory()
    colleague = ScheduleFactory()
    SlotFactory(schedule=colleague, room=room, start=at_wall(schedule, 0, "09:00"))
    save(schedule, mornings("09:00", "10:00", room=room))

    assert generate(schedule) == Generated(added=1, kept=0, removed=0, booked_kept=0, blocked=1)


def test_a_schedule_of_a_room_keeps_its_own_room():
    room = RoomFactory()
    schedule = ScheduleFactory(practitioner=None, room=room)
    save(schedule, mornings("09:00", "10:00", room=RoomFactory()))

    assert generate(schedule).added == 2
    assert slot_at(schedule, "09:00").room == room
    assert generate(schedule).kept == 2


def test_an_equal_pattern_is_no_new_version(schedule):
    service = ServiceFactory()
    first = save(schedule, mornings(services=[service]), mornings(weekday=1))
    again = save(schedule, mornings(weekday=1), mornings(services=[service]))
    other = save(schedule, mornings())

    assert again == first
    assert [first.number, other.number] == [1, 2]
    assert AuditEntry.objects.filter(action="template.save").count() == 2
    assert list(first.periods.values_list("weekday", flat=True)) == [0, 1]


def test_a_wrong_pattern_is_refused_before_anything_is_saved(schedule):
    foreign = ServiceFactory(organisation=OrganisationFactory(name="Inna lecznica"))

    with pytest.raises(weekly.PeriodsOverlap):
        save(schedule, mornings("09:00", "11:00"), mornings("10:00", "12:00"))
    with pytest.raises(UnknownChannel):
        save(schedule, mornings(channels=["znanylekasz"]))
    with pytest.raises(slots.ForeignService):
        save(schedule, mornings(services=[foreign]))
    assert not TemplateVersion.objects.exists()


def test_a_slot_of_a_version_that_never_had_it_follows_the_latest(schedule):
    version = save(schedule, mornings("09:00", "09:30"))
    SlotFactory(schedule=schedule, start=at_wall(schedule, 0, "12:00"), template_version=version)
    save(schedule, mornings("12:00", "12:30", channels=[CHANNEL]))

    assert generate(schedule) == Generated(added=0, kept=0, removed=0, booked_kept=0, changed=1)
    assert slot_at(schedule, "12:00").channels == [CHANNEL]


def test_many_weeks_are_few_queries(schedule, django_assert_max_num_queries):
    save(schedule, *(mornings(weekday=n, services=[ServiceFactory()]) for n in range(5)))

    with django_assert_max_num_queries(25):
        templates.generate_slots(
            schedule=schedule, first=date(2027, 1, 4), last=date(2027, 3, 28), by=BY
        )

    assert Slot.objects.count() == 12 * 5 * 4


half_hours = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 40), st.integers(1, 7), st.integers(10, 90)),
    max_size=5,
)


def pattern(drawn):
    """Periods from draws, without those that overlap an earlier one."""
    chosen = []
    for weekday, start, length, minutes in drawn:
        end = start + length
        if all(day != weekday or end <= a or b <= start for day, a, b, _ in chosen):
            chosen.append((weekday, start, end, minutes))
    return [
        PeriodSpec(day, time(a // 2, a % 2 * 30), time(b // 2, b % 2 * 30), minutes)
        for day, a, b, minutes in chosen
    ]


@settings(deadline=None, max_examples=25)
@given(first=half_hours, second=half_hours, data=st.data())
def test_after_generating_a_slot_is_booked_by_hand_or_of_the_pattern(first, second, data):
    schedule = ScheduleFactory()
    save(schedule, *pattern(first))
    generate(schedule)
    made = list(Slot.objects.filter(schedule=schedule).order_by("start"))
    booked = data.draw(st.sets(st.sampled_from(made), max_size=3)) if made else set()
    for slot in booked:
        VisitFactory(slot=slot)
    version = save(schedule, *pattern(second))

    once = generate(schedule)
    after = set(Slot.objects.filter(schedule=schedule).values_list("pk", "start", "end"))
    twice = generate(schedule)

    assert set(Slot.objects.filter(schedule=schedule).values_list("pk", "start", "end")) == after
    assert (twice.added, twice.removed, twice.changed) == (0, 0, 0)
    assert twice.kept == once.added + once.kept + once.changed
    assert once.booked_kept == len(booked) == twice.booked_kept
    assert {slot.pk for slot in booked} <= {pk for pk, _, _ in after}
    monday = a_monday(schedule.clinic.unit.tz)
    wanted = weekly.plan(
        templates._periods_of([version.pk])[version.pk],
        monday,
        monday + timedelta(days=6),
        schedule.clinic.unit.tz,
    )
    bookings = {(slot.start, slot.end) for slot in booked}
    free_of_bookings = {
        (start, end) for start, end in wanted if all(end <= a or b <= start for a, b in bookings)
    }
    assert {(start, end) for _, start, end in after} == free_of_bookings | bookings
