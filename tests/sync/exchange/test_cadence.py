"""Section 9: what is told by the clock, when nothing changes and when something does."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from slotbridge.his import visits
from slotbridge.his.models import Visit
from slotbridge.kit import clock
from slotbridge.portal.models import Appointment
from slotbridge.sync.exchange import plan
from tests.factories import PatientFactory

MOSCOW = ZoneInfo("Europe/Moscow")
ZONES = ["Europe/Moscow", "Europe/Warsaw", "Europe/Kaliningrad", "Asia/Kamchatka", "UTC"]


def at(text, zone=MOSCOW):
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "due"),
    [("2026-03-02T02:59", "2026-03-02T03:00"), ("2026-03-02T03:00", "2026-03-03T03:00")],
)
def test_the_daily_time_is_the_clinic_s(now, due):
    assert plan.next_daily(at(now), time(3), MOSCOW) == at(due)


def test_a_daily_time_that_clocks_skip_or_repeat_comes_once_a_day():
    warsaw = ZoneInfo("Europe/Warsaw")
    for change in ("2026-03-28T12:00", "2026-10-24T12:00"):
        found = [at(change, warsaw)]
        for _ in range(3):
            found.append(plan.next_daily(found[-1], time(2, 30), warsaw))
        days = [one.astimezone(warsaw).date() for one in found[1:]]
        assert days == sorted(set(days)), change


@pytest.mark.parametrize("zone", ZONES)
def test_rounds_lie_on_the_half_hours_of_the_wall(zone):
    tz = ZoneInfo(zone)
    now = at("2026-03-02T10:07", tz)

    half = plan.next_round(now, timedelta(minutes=30), tz)
    whole = plan.next_round(now, timedelta(hours=1), tz)

    assert (half, whole) == (at("2026-03-02T10:30", tz), at("2026-03-02T11:00", tz))
    assert plan.next_round(half, timedelta(minutes=30), tz) == at("2026-03-02T11:00", tz)


@pytest.mark.parametrize("change", ["2026-03-29", "2026-10-25"])
def test_rounds_go_on_through_the_night_that_clocks_change(change):
    tz = ZoneInfo("Europe/Warsaw")
    found = [at(f"{change}T00:00", tz)]
    while found[-1] < at(f"{change}T23:00", tz):
        found.append(plan.next_round(found[-1], timedelta(hours=1), tz))

    steps = {later - earlier for earlier, later in pairwise(found)}
    assert steps == {timedelta(hours=1)}


@pytest.mark.django_db(databases=["default", "portal"])
def test_a_quiet_day_is_told_by_the_document_s_cadence(world):
    world.clock.move_to(at("2026-03-03T02:55"), tick=False)
    world.settle()
    world.wires.requests.clear()
    told = []

    for _ in range(15):
        world.after(minutes=5)
        wall = clock.now().astimezone(MOSCOW)
        told += [(f"{wall:%H:%M}", sections) for sections in world.wires.documents()]
        polls = [path for method, path, _ in world.wires.requests if method == "GET"]
        assert len(polls) == 1, "orders every five minutes"
        world.wires.requests.clear()

    structure = ["ResourceGroups", "Resources", "Schedules"]
    assert told == [
        ("03:00", [*structure, "Appointments full"]),
        ("03:30", ["Appointments diff"]),
        ("04:00", ["Appointments full"]),
    ]


@pytest.mark.django_db(databases=["default", "portal"])
def test_the_half_hour_repeats_what_changed_since_all_was_told(world):
    """So a change that went astray at the portal heals within half an hour."""
    slot = world.schedule.slots.earliest("start")
    world.plan(slot, PatientFactory(organisation=world.organisation))
    world.settle()
    Appointment.objects.all().delete()

    world.after(minutes=31)

    assert world.busy() == [("Visit", slot.start)]


@pytest.mark.django_db(databases=["default", "portal"])
def test_many_changes_of_one_moment_go_into_one_document(world):
    world.open(days=2, count=6)
    slots = list(world.schedule.slots.order_by("start")[:4])
    for slot in slots:
        world.plan(slot, PatientFactory(organisation=world.organisation))
    world.wires.requests.clear()

    world.clock.shift(plan.GATHERING)
    world.settle()

    assert len(world.wires.documents()) <= 2
    assert len(world.busy()) == 4


@pytest.mark.django_db(databases=["default", "portal"])
def test_an_answer_does_not_wait_for_the_clock(world):
    world.patient_orders(world.at(1, "09:30"))
    world.after(minutes=5)
    before = clock.now()

    visits.accept_visit(visit=Visit.objects.get(), by="reception")
    world.settle()

    assert clock.now() - before <= timedelta(seconds=2)
    assert world.orders()[0][1] == 1
