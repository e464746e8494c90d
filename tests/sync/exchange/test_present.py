"""What is told is computed from the HIS: who is offered, in which steps, and what is taken."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from slotbridge.connectors.medihost.connector import MedihostConnector
from slotbridge.his import absences, slots, staff, visits
from slotbridge.his.models import Visit
from slotbridge.kit import clock
from slotbridge.sync.contract import Access
from slotbridge.sync.exchange import present
from slotbridge.sync.models import Account
from tests.factories import (
    ClinicFactory,
    OrganisationFactory,
    PatientFactory,
    PractitionerFactory,
    RoomFactory,
    ScheduleFactory,
    SlotFactory,
    UnitFactory,
    VisitFactory,
    at_wall,
)

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
WARSAW = ZoneInfo("Europe/Warsaw")


def connector(**settings):
    settings = {"base_url": "http://localhost:8200", "time_zone": "Europe/Warsaw", **settings}
    return MedihostConnector(Access(login="", password="x", settings=settings, tokens=None))


@pytest.fixture
def account(db, frozen):
    return Account.objects.create(
        organisation=OrganisationFactory(),
        kind="medihost",
        channel="medihost",
        state_since=clock.now(),
        hook_digest="0" * 64,
        sealed_hook=b"",
    )


def offered(account, **settings):
    return present.offer(account, connector(**settings))


def hours(account, **settings):
    """(resource, first, last) on the wall, by day."""
    return [
        (one.resource, *(f"{at.astimezone(WARSAW):%d %H:%M}" for at in (one.start, one.end)))
        for one in offered(account, **settings).hours
    ]


def slot(schedule, day, wall, minutes=30, **more):
    return SlotFactory(
        schedule=schedule,
        start=at_wall(schedule, day, wall),
        minutes=minutes,
        channels=["medihost"],
        **more,
    )


def test_ids_are_signed_and_lead_back_to_their_owner():
    owners = [("practitioner", 7), ("room", 7), ("device", 7), ("device", 123_456)]

    ids = [present.resource_id(*owner) for owner in owners]

    assert ids == [7, -7, -1_000_000_007, -1_000_123_456]
    assert [present.owner_of(one) for one in ids] == owners


def test_slots_that_touch_are_one_period_and_a_gap_ends_it(account):
    schedule = ScheduleFactory()
    for wall in ("09:00", "09:30", "10:30"):
        slot(schedule, 0, wall)

    resource = schedule.practitioner_id
    assert hours(account) == [
        (resource, "16 09:00", "16 10:00"),
        (resource, "16 10:30", "16 11:00"),
    ]
    assert [(r.id, r.step) for r in offered(account).resources] == [(resource, 30)]


def test_the_shortest_slot_is_the_step_and_odd_lengths_begin_a_grid_of_their_own(account):
    schedule = ScheduleFactory()
    slot(schedule, 0, "09:00", minutes=20)
    slot(schedule, 0, "09:20", minutes=30)
    slot(schedule, 0, "09:50", minutes=20)

    assert offered(account).resources[0].step == 20
    assert [one[1:] for one in hours(account)] == [
        ("16 09:00", "16 09:50"),
        ("16 09:50", "16 10:10"),
    ]


def test_slots_longer_than_any_step_are_offered_in_half_hours(account):
    slot(ScheduleFactory(), 0, "08:00", minutes=240)

    assert offered(account).resources[0].step == 30


def test_who_has_nothing_visible_on_the_channel_is_not_told_of(account):
    hidden = ScheduleFactory()
    SlotFactory(schedule=hidden, start=at_wall(hidden, 0, "09:00"), channels=["znanylekarz"])
    elsewhere = ScheduleFactory(organisation=OrganisationFactory(name="Inna"))
    SlotFactory(schedule=elsewhere, start=at_wall(elsewhere, 0, "09:00"), channels=["medihost"])

    assert offered(account).resources == ()


def test_who_had_a_slot_keeps_the_place(account):
    schedule = ScheduleFactory()
    SlotFactory(schedule=schedule, start=clock.now() - timedelta(days=200), channels=["medihost"])

    assert [one.id for one in offered(account).resources] == [schedule.practitioner_id]
    assert offered(account).hours == ()


def test_a_person_in_two_clinics_is_one_resource_of_the_first(account):
    person = PractitionerFactory()
    first = ScheduleFactory(practitioner=person)
    second = ScheduleFactory(practitioner=person, clinic=ClinicFactory())
    slot(first, 0, "09:00")
    slot(second, 0, "09:30")

    said = offered(account)

    assert [(r.id, r.group) for r in said.resources] == [(person.pk, first.clinic_id)]
    assert [group.name for group in said.groups] == [first.clinic.name]
    assert len(said.hours) == 1


def test_groups_of_several_units_name_the_unit(account):
    near = ScheduleFactory(clinic=ClinicFactory(name="Poradnia", unit=UnitFactory(name="Bliska")))
    far = ScheduleFactory(clinic=ClinicFactory(name="Poradnia", unit=UnitFactory(name="Daleka")))
    slot(near, 0, "09:00")
    slot(far, 0, "09:00")

    assert {group.name for group in offered(account).groups} == {
        "Bliska: Poradnia",
        "Daleka: Poradnia",
    }


def test_an_absence_from_one_clinic_closes_that_clinics_slots_only(account):
    person = PractitionerFactory()
    first = ScheduleFactory(practitioner=person)
    second = ScheduleFactory(practitioner=person, clinic=ClinicFactory())
    slot(first, 0, "09:00")
    slot(second, 0, "10:00")
    absences.add_absence(
        practitioner=person,
        clinic=first.clinic,
        start=at_wall(first, 0, "08:00"),
        end=at_wall(first, 0, "12:00"),
        by="reception",
    )

    assert hours(account) == [(person.pk, "16 10:00", "16 10:30")]
    assert present.busy_times(account, connector()) == []


def test_hours_reach_a_month_ahead_and_no_further(account):
    schedule = ScheduleFactory()
    for days in (0, 30, 31):
        SlotFactory(
            schedule=schedule,
            start=clock.now() + timedelta(days=days, hours=2),
            channels=["medihost"],
        )

    assert len(offered(account).hours) == 2


@pytest.mark.parametrize(
    "zone", ["Europe/Warsaw", "Europe/Moscow", "Europe/Kaliningrad", "Asia/Kamchatka"]
)
def test_a_slot_over_midnight_is_cut_where_the_account_s_day_ends(account, zone):
    schedule = ScheduleFactory(clinic=ClinicFactory(unit=UnitFactory(name=zone, time_zone=zone)))
    slot(schedule, 0, "23:00", minutes=120)
    slot(schedule, 0, "22:00", minutes=60)
    tz = ZoneInfo(zone)

    said = [
        (one.start.astimezone(tz).hour, (one.end - one.start) // MINUTE)
        for one in offered(account, time_zone=zone).hours
    ]

    assert said == [(22, 120), (0, 60)]


def test_busy_is_every_active_visit_whatever_its_origin_but_not_the_portal_s_own_orders(account):
    schedule = ScheduleFactory()
    made = [slot(schedule, 0, wall) for wall in ("09:00", "09:30", "10:00", "10:30", "11:00")]
    VisitFactory(slot=made[0])
    VisitFactory(slot=made[1], origin_channel="znanylekarz")
    VisitFactory(slot=made[2], status=Visit.Status.CANCELLED)
    VisitFactory(slot=made[3], status=Visit.Status.PROPOSED, origin_channel="medihost")
    VisitFactory(slot=made[4], origin_channel="medihost")

    said = present.busy_times(account, connector())

    assert [one.start for one in said] == [made[0].start, made[1].start, made[4].start]
    assert {one.kind for one in said} == {"visit"}


def test_a_visit_takes_the_room_too_where_the_room_is_offered(account):
    room = RoomFactory()
    of_room = ScheduleFactory(practitioner=None, room=room)
    slot(of_room, 1, "09:00", practitioner=None, room=room)
    taken = slot(ScheduleFactory(), 0, "09:00", room=room)
    visit = VisitFactory(slot=taken, room=room)

    said = present.busy_times(account, connector())

    assert [(one.kind, one.id, one.resource) for one in said] == [
        ("visit", visit.pk, visit.practitioner_id),
        ("visit-room", visit.pk, -room.pk),
    ]


@pytest.mark.parametrize(
    ("origin", "titles", "shown"),
    [
        ("", "names", "Świerczyńska Ł."),
        ("medihost", "names", "Świerczyńska Ł."),
        ("znanylekarz", "names", ""),
        ("", "neutral", ""),
    ],
)
def test_names_are_shown_only_if_wished_and_never_of_another_portal_s_patient(
    account, origin, titles, shown
):
    taken = slot(ScheduleFactory(), 0, "09:00")
    patient = PatientFactory(given_name="Łucja", family_name="Świerczyńska")
    VisitFactory(slot=taken, patient=patient, origin_channel=origin)

    said = present.busy_times(account, connector(titles=titles))

    assert [one.title for one in said] == [shown]


def test_the_fingerprint_changes_with_what_is_offered_and_not_with_a_visit(account):
    schedule = ScheduleFactory()
    first = slot(schedule, 0, "09:00")
    seen = [present.fingerprint(account, connector())]

    def look():
        seen.append(present.fingerprint(account, connector()))
        return seen[-1] != seen[-2]

    visits.book_visit(
        schedule=schedule, start=first.start, end=first.end, patient=PatientFactory(), by="desk"
    )
    assert not look(), "a visit changes no hours"
    slots.withdraw_slots(schedule=schedule, slot_ids=[first.pk], channel="medihost", by="desk")
    assert look()
    absence = absences.add_absence(
        practitioner=schedule.practitioner,
        start=first.start + timedelta(days=1),
        end=first.end + timedelta(days=1),
        by="desk",
    )
    assert look()
    absences.remove_absence(absence=absence, by="desk")
    assert look()
    staff.change_practitioner(
        practitioner=schedule.practitioner, family_name="Nowa-Zmyślona", by="desk"
    )
    assert look()
