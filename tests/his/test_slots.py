from datetime import timedelta

import pytest
from django.db import IntegrityError, connection

from slotbridge.his import absences, outbox, slots
from slotbridge.his.breaches import NameTaken
from slotbridge.his.models import Absence, AuditEntry, Slot, Visit
from slotbridge.his.organisation import UnknownChannel
from tests.factories import (
    CHANNEL,
    OTHER_CHANNEL,
    ClinicFactory,
    DeviceFactory,
    HoldFactory,
    OrganisationFactory,
    PatientFactory,
    PractitionerFactory,
    RoomFactory,
    ScheduleFactory,
    ServiceFactory,
    SlotFactory,
    TemplateVersionFactory,
    VisitFactory,
    a_monday,
    at_wall,
)

pytestmark = pytest.mark.django_db
BY = "rejestracja"


@pytest.fixture
def schedule():
    return ScheduleFactory()


def span(schedule, wall, minutes=30):
    start = at_wall(schedule, 0, wall)
    return start, start + timedelta(minutes=minutes)


def open_slot(schedule, wall, minutes=30, **columns):
    (slot,) = slots.open_slots(
        schedule=schedule, ranges=[span(schedule, wall, minutes)], by=BY, **columns
    )
    return slot


def monday(schedule):
    return a_monday(schedule.clinic.unit.tz)


def test_slots_made_by_hand_are_hidden_and_name_their_day(schedule):
    """A32."""
    service = ServiceFactory()

    made = slots.open_slots(
        schedule=schedule,
        ranges=[span(schedule, "09:00"), span(schedule, "09:30")],
        services=[service],
        note="kontrola",
        by=BY,
    )

    stored = list(Slot.objects.order_by("start"))
    assert stored == made
    assert [slot.channels for slot in stored] == [[], []]
    assert {slot.day for slot in stored} == {monday(schedule)}
    assert [list(slot.services.all()) for slot in stored] == [[service], [service]]
    assert {slot.practitioner for slot in stored} == {schedule.practitioner}
    assert outbox.drain().days == [(schedule.pk, monday(schedule))]
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action, entry.object_id) == (BY, "slots.open", schedule.pk)


def test_a_slot_over_midnight_names_both_days_and_is_of_the_first(schedule):
    slot = open_slot(schedule, "23:30", minutes=60)

    assert slot.day == monday(schedule)
    assert outbox.drain().days == [
        (schedule.pk, monday(schedule)),
        (schedule.pk, monday(schedule) + timedelta(days=1)),
    ]


def test_slots_may_be_opened_visible_on_channels_that_exist(schedule):
    assert open_slot(schedule, "09:00", channels=[CHANNEL]).channels == [CHANNEL]
    with pytest.raises(UnknownChannel):
        open_slot(schedule, "10:00", channels=["znanylekasz"])


def test_a_time_in_another_slot_of_the_person_is_refused_in_whatever_clinic(schedule):
    there = open_slot(schedule, "09:00")
    elsewhere = ScheduleFactory(practitioner=schedule.practitioner)

    with pytest.raises(slots.SlotOverlaps) as refused:
        slots.open_slots(
            schedule=elsewhere,
            ranges=[span(schedule, "08:00"), span(schedule, "09:29")],
            by=BY,
        )

    assert refused.value.slot_ids == (there.pk,)
    assert Slot.objects.count() == 1
    open_slot(elsewhere, "09:30")


@pytest.mark.parametrize("kind", ["room", "device"])
def test_a_room_or_a_device_is_in_one_slot_at_a_time(kind):
    made = {"room": RoomFactory, "device": DeviceFactory}[kind]()
    own = ScheduleFactory(practitioner=None, **{kind: made})
    there = open_slot(own, "09:00")
    elsewhere = ScheduleFactory(practitioner=None, **{kind: made})

    with pytest.raises(slots.SlotOverlaps) as refused:
        open_slot(elsewhere, "09:15")

    assert refused.value.slot_ids == (there.pk,)


def test_a_practitioner_takes_the_room_of_the_slot(schedule):
    room = RoomFactory()
    there = open_slot(schedule, "09:00", room=room)

    assert there.room == room
    with pytest.raises(slots.SlotOverlaps):
        open_slot(ScheduleFactory(), "09:00", room=room)


def test_times_that_overlap_each_other_are_refused(schedule):
    with pytest.raises(slots.SlotOverlaps) as refused:
        slots.open_slots(
            schedule=schedule,
            ranges=[span(schedule, "09:00"), span(schedule, "09:15")],
            by=BY,
        )

    assert refused.value.slot_ids == ()


def test_a_time_that_ends_before_it_starts_is_refused(schedule):
    start, end = span(schedule, "09:00")

    with pytest.raises(absences.EmptyTime):
        slots.open_slots(schedule=schedule, ranges=[(end, start)], by=BY)
    with pytest.raises(absences.EmptyTime):
        slots.change_slot(slot=open_slot(schedule, "09:00"), end=start, by=BY)


def test_a_service_of_another_organisation_is_refused(schedule):
    foreign = ServiceFactory(organisation=OrganisationFactory(name="Inna lecznica"))

    with pytest.raises(slots.ForeignService):
        open_slot(schedule, "09:00", services=[foreign])
    with pytest.raises(slots.ForeignService):
        slots.change_slot(slot=open_slot(schedule, "10:00"), services=[foreign], by=BY)


def test_a_room_of_another_organisation_is_refused_by_the_database(schedule):
    foreign = RoomFactory(organisation=OrganisationFactory(name="Inna lecznica"))
    open_slot(schedule, "09:00", room=foreign)

    with pytest.raises(IntegrityError), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_a_changed_slot_names_its_old_and_its_new_day(schedule):
    slot = SlotFactory(schedule=schedule, template_version=TemplateVersionFactory())
    service = ServiceFactory()
    later = slot.start + timedelta(days=1)

    changed = slots.change_slot(
        slot=slot,
        start=later,
        end=later + timedelta(minutes=45),
        services=[service],
        note="dłużej",
        by=BY,
    )

    changed.refresh_from_db()
    assert (changed.start, changed.end) == (later, later + timedelta(minutes=45))
    assert changed.day == monday(schedule) + timedelta(days=1)
    assert (list(changed.services.all()), changed.note) == ([service], "dłużej")
    assert changed.template_version is None
    assert outbox.drain().days == [(schedule.pk, slot.day), (schedule.pk, changed.day)]


def test_what_a_change_does_not_name_stays(schedule):
    service = ServiceFactory()
    slot = open_slot(schedule, "09:00", services=[service], note="kontrola")

    changed = slots.change_slot(slot=slot, end=slot.end + timedelta(minutes=5), by=BY)

    assert (changed.start, changed.note) == (slot.start, "kontrola")
    assert list(changed.services.all()) == [service]


def test_a_slot_does_not_grow_into_its_neighbour(schedule):
    slot, neighbour = open_slot(schedule, "09:00"), open_slot(schedule, "09:30")

    with pytest.raises(slots.SlotOverlaps) as refused:
        slots.change_slot(slot=slot, end=neighbour.end, by=BY)

    assert refused.value.slot_ids == (neighbour.pk,)
    slot.refresh_from_db()
    assert slot.end == neighbour.start


def test_a_slot_is_not_shortened_under_a_visit(schedule):
    """A36."""
    slot = open_slot(schedule, "09:00", minutes=60)
    visit = VisitFactory(slot=slot, end=slot.start + timedelta(minutes=30))

    with pytest.raises(slots.SlotHasVisit) as refused:
        slots.change_slot(slot=slot, end=visit.end - timedelta(minutes=1), by=BY)
    assert refused.value.visit_ids == (visit.pk,)
    with pytest.raises(slots.SlotHasVisit):
        slots.change_slot(slot=slot, start=visit.start + timedelta(minutes=1), by=BY)

    assert slots.change_slot(slot=slot, end=visit.end, by=BY).end == visit.end


def test_a_slot_with_a_visit_is_not_deleted_and_neither_are_the_others(schedule):
    free, booked = open_slot(schedule, "09:00"), open_slot(schedule, "10:00")
    visit = VisitFactory(slot=booked)

    with pytest.raises(slots.SlotHasVisit) as refused:
        slots.delete_slots(schedule=schedule, slot_ids=[free.pk, booked.pk], by=BY)

    assert refused.value.visit_ids == (visit.pk,)
    assert Slot.objects.count() == 2


def test_a_slot_goes_when_its_visit_was_cancelled_and_the_visit_stays(schedule):
    slot = open_slot(schedule, "09:00")
    visit = VisitFactory(slot=slot, status=Visit.Status.CANCELLED)
    outbox.drain()

    assert slots.delete_slots(schedule=schedule, slot_ids=[slot.pk], by=BY) == 1

    visit.refresh_from_db()
    assert visit.slot is None
    assert outbox.drain().days == [(schedule.pk, slot.day)]


def test_an_expired_hold_keeps_no_slot(schedule, frozen):
    slot = open_slot(schedule, "09:00")
    HoldFactory(slot=slot)

    with pytest.raises(slots.SlotHasVisit):
        slots.delete_slots(schedule=schedule, slot_ids=[slot.pk], by=BY)
    frozen.shift(timedelta(minutes=10))
    assert slots.delete_slots(schedule=schedule, slot_ids=[slot.pk], by=BY) == 1


def test_only_slots_of_the_schedule_are_touched(schedule):
    foreign = SlotFactory(channels=[CHANNEL])
    ids = {"slot_ids": [foreign.pk], "by": BY}

    assert slots.delete_slots(schedule=schedule, **ids) == 0
    assert slots.publish_slots(schedule=schedule, channel=OTHER_CHANNEL, **ids) == 0
    assert slots.withdraw_slots(schedule=schedule, channel=CHANNEL, **ids) == 0
    foreign.refresh_from_db()
    assert foreign.channels == [CHANNEL]


def test_a_tick_shows_the_slot_on_its_channel_once(schedule):
    hidden = open_slot(schedule, "09:00")
    shown = open_slot(schedule, "10:00", channels=[OTHER_CHANNEL, CHANNEL])
    outbox.drain()
    both = [hidden.pk, shown.pk]

    def publish():
        return slots.publish_slots(schedule=schedule, slot_ids=both, channel=CHANNEL, by=BY)

    assert publish() == 1
    assert outbox.drain().days == [(schedule.pk, monday(schedule))]
    assert publish() == 0
    assert outbox.drain().days == []
    hidden.refresh_from_db()
    shown.refresh_from_db()
    assert hidden.channels == [CHANNEL]
    assert sorted(shown.channels) == [OTHER_CHANNEL, CHANNEL]
    with pytest.raises(UnknownChannel):
        slots.publish_slots(schedule=schedule, slot_ids=both, channel="znanylekasz", by=BY)


def test_a_tick_is_taken_off_with_a_visit_on_the_slot_and_the_visit_stays_exchanged(schedule):
    """A34."""
    slot = open_slot(schedule, "09:00", channels=[CHANNEL, OTHER_CHANNEL])
    visit = VisitFactory(slot=slot)
    outbox.drain()

    withdrawn = slots.withdraw_slots(schedule=schedule, slot_ids=[slot.pk], channel=CHANNEL, by=BY)

    assert withdrawn == 1
    slot.refresh_from_db()
    visit.refresh_from_db()
    assert slot.channels == [OTHER_CHANNEL]
    assert CHANNEL in visit.channels
    assert outbox.drain().days == [(schedule.pk, slot.day)]


def test_a_clinic_has_one_schedule_of_a_person():
    clinic, practitioner = ClinicFactory(), PractitionerFactory()
    schedule = slots.add_schedule(clinic=clinic, practitioner=practitioner, by=BY)

    assert outbox.drain().days == [(schedule.pk, None)]
    with pytest.raises(NameTaken):
        slots.add_schedule(clinic=clinic, practitioner=practitioner, by=BY)
    slots.add_schedule(clinic=clinic, room=RoomFactory(), by=BY)
    slots.add_schedule(clinic=clinic, device=DeviceFactory(), by=BY)


def test_a_breach_of_another_rule_is_not_taken_for_an_overlap(schedule):
    slot = open_slot(schedule, "09:00")
    broken = Slot(
        organisation=schedule.organisation,
        schedule=schedule,
        day=slot.day,
        start=slot.end,
        end=slot.end + timedelta(minutes=5),
    )

    with pytest.raises(IntegrityError):
        slots.insert_slots([broken], {})


class TestAbsence:
    def test_of_a_person_names_their_days_in_every_clinic(self, schedule):
        elsewhere = ScheduleFactory(practitioner=schedule.practitioner)
        ScheduleFactory()
        start, _ = span(schedule, "12:00")

        absence = absences.add_absence(
            practitioner=schedule.practitioner,
            start=start,
            end=start + timedelta(days=1),
            reason="illness",
            by=BY,
        )

        days = [monday(schedule), monday(schedule) + timedelta(days=1)]
        expected = {(each.pk, day) for each in (schedule, elsewhere) for day in days}
        assert set(outbox.drain().days) == expected
        absences.remove_absence(absence=absence, by=BY)
        assert set(outbox.drain().days) == expected
        assert not Absence.objects.exists()
        absences.remove_absence(absence=absence, by=BY)
        assert outbox.drain().days == []

    def test_from_one_clinic_names_the_days_there(self, schedule):
        ScheduleFactory(practitioner=schedule.practitioner)
        start, end = span(schedule, "12:00")

        absences.add_absence(
            practitioner=schedule.practitioner,
            clinic=schedule.clinic,
            start=start,
            end=end,
            by=BY,
        )

        assert outbox.drain().days == [(schedule.pk, monday(schedule))]

    def test_of_a_room_names_the_schedules_whose_slots_are_in_it(self, schedule):
        room = RoomFactory()
        open_slot(schedule, "09:00", room=room)
        idle = ScheduleFactory()
        open_slot(idle, "15:00", room=room)
        own = ScheduleFactory(practitioner=None, room=room)
        outbox.drain()
        start, end = span(schedule, "09:15")

        absences.add_absence(room=room, start=start, end=end, by=BY)

        assert set(outbox.drain().days) == {
            (schedule.pk, monday(schedule)),
            (own.pk, monday(schedule)),
        }

    def test_of_no_time_or_of_nobody_is_refused(self, schedule):
        start, end = span(schedule, "09:00")

        with pytest.raises(absences.EmptyTime):
            absences.add_absence(practitioner=schedule.practitioner, start=end, end=start, by=BY)
        with pytest.raises(ValueError, match="not enough"):
            absences.add_absence(start=start, end=end, by=BY)


def test_no_patient_is_named_where_slots_are_refused(schedule):
    slot = open_slot(schedule, "09:00")
    patient = PatientFactory(given_name="Kanarek", family_name="Testowy")
    VisitFactory(slot=slot, patient=patient)

    with pytest.raises(slots.SlotHasVisit) as refused:
        slots.delete_slots(schedule=schedule, slot_ids=[slot.pk], by=BY)

    assert "Kanarek" not in str(refused.value)
    assert "Testowy" not in repr(refused.value)
