"""Free times (7.2): what is offered is inside hours, on the grid, ahead and in nobody's way."""

from datetime import date, timedelta

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from slotbridge.kit import clock
from slotbridge.portal import availability, holds
from slotbridge.portal.models import Hold, Order
from tests.portal.booking import (
    THURSDAY,
    at,
    file_at,
    hear_of_occupancy,
    make_clinic,
    make_resource,
    occupy,
    take,
    wall,
    walls,
    work,
)

pytestmark = pytest.mark.django_db(databases=["portal"])


@pytest.fixture(autouse=True)
def moment(frozen):
    """Thursday 1 July 2010, 6:00 in Moscow (UTC+4 that summer)."""
    frozen.move_to("2010-07-01T02:00:00+00:00")
    return frozen


@pytest.fixture
def doctor():
    return make_resource(make_clinic())


def free(resource, day=THURSDAY, last=None):
    return walls(availability.free_times(resource=resource, first=day, last=last or day))


def test_the_grid_starts_afresh_after_the_break_and_ends_with_the_work(doctor):
    work(doctor, THURSDAY, "8:00-9:45", "10:10-11:30")
    assert free(doctor) == ["08:00", "08:30", "09:00", "10:10", "10:40"]


def test_a_time_less_than_the_lead_time_ahead_is_not_offered(doctor, moment):
    work(doctor, THURSDAY, "6:00-8:00")
    assert free(doctor) == ["07:00", "07:30"]
    moment.shift(timedelta(seconds=1))
    assert free(doctor) == ["07:30"]


def test_appointments_orders_and_holds_each_close_what_they_overlap(doctor):
    work(doctor, THURSDAY, "8:00-12:00")
    occupy(doctor, THURSDAY, "08:15")
    occupy(doctor, THURSDAY, "08:20", 5)  # overlaps: the union counts
    file_at(doctor, THURSDAY, "10:00")
    holds.hold_time(resource=doctor, start=at(doctor, THURSDAY, "11:00"))
    assert free(doctor) == ["09:00", "09:30", "10:30", "11:30"]


def test_one_minute_of_overlap_closes_a_time_and_touching_does_not(doctor):
    work(doctor, THURSDAY, "8:00-9:30")
    occupy(doctor, THURSDAY, "08:30", 31)
    assert free(doctor) == ["08:00"]


def test_an_appointment_of_31_days_closes_its_last_day_and_nothing_behind(doctor):
    occupy(doctor, THURSDAY, "09:00", 44_640)
    end = THURSDAY + timedelta(days=31)
    work(doctor, end, "8:00-10:00")
    work(doctor, end - timedelta(days=1), "8:00-10:00")
    assert free(doctor, end - timedelta(days=1)) == []
    assert free(doctor, end) == ["09:00", "09:30"]


def test_an_appointment_past_midnight_closes_the_morning_too(doctor):
    occupy(doctor, THURSDAY, "23:00", 9 * 60 + 30)
    work(doctor, THURSDAY + timedelta(days=1), "8:00-9:30")
    assert free(doctor, THURSDAY + timedelta(days=1)) == ["08:30", "09:00"]


def test_an_appointment_without_a_length_takes_the_resources_step(doctor):
    work(doctor, THURSDAY, "8:00-10:00")
    occupy(doctor, THURSDAY, "08:30", None)
    assert free(doctor) == ["08:00", "09:00", "09:30"]


def test_a_parked_appointment_is_in_nobodys_way_until_its_resource_comes(doctor):
    work(doctor, THURSDAY, "8:00-9:00")
    parked = make_resource(doctor.clinic, mis_id=777_777)
    parked_appointment = occupy(parked, THURSDAY, "08:00")
    parked_hours = work(parked, THURSDAY, "8:00-9:00")
    parked.delete()
    assert free(doctor) == ["08:00", "08:30"]

    came = make_resource(doctor.clinic, mis_id=parked_hours.resource_mis_id)
    assert came.mis_id == parked_appointment.resource_mis_id
    assert free(came) == ["08:30"]


def test_another_clinics_doctor_of_the_same_number_is_another_doctor(doctor):
    other = make_resource(make_clinic())
    for each in (doctor, other):
        work(each, THURSDAY, "8:00-9:00")
    occupy(other, THURSDAY, "08:00")
    file_at(other, THURSDAY, "08:30")
    assert (free(doctor), free(other)) == (["08:00", "08:30"], [])


def test_a_rejected_order_frees_its_time_and_an_overbooked_one_holds_it(doctor):
    work(doctor, THURSDAY, "8:00-10:00")
    first, second = file_at(doctor, THURSDAY, "08:00"), file_at(doctor, THURSDAY, "09:00")
    take(second, 1, start=wall(THURSDAY, "08:00"))
    assert Order.objects.get(pk=second.pk).is_overbooked
    assert free(doctor) == ["08:30", "09:00", "09:30"]

    take(first, 3)
    assert free(doctor) == ["08:30", "09:00", "09:30"]
    take(second, 3)
    assert free(doctor) == ["08:00", "08:30", "09:00", "09:30"]


def test_an_expired_hold_is_in_nobodys_way(doctor, moment):
    work(doctor, THURSDAY, "8:00-9:00")
    start = at(doctor, THURSDAY, "08:00")
    first = holds.hold_time(resource=doctor, start=start)
    with pytest.raises(availability.JustTaken) as taken:
        holds.hold_time(resource=doctor, start=start)
    assert walls(taken.value.nearest) == ["08:30"]

    moment.shift(holds.KEPT_FOR)
    assert holds.find(str(first.token)) is None
    second = holds.hold_time(resource=doctor, start=start)
    assert list(Hold.objects.all()) == [second]
    assert holds.find(str(second.token)) == second
    assert holds.find("no uuid") is None
    holds.hold_time(resource=doctor, start=at(doctor, THURSDAY, "08:30"), instead=second)
    assert free(doctor) == ["08:00"]


def test_a_hidden_resource_and_a_closed_clinic_offer_nothing(doctor):
    work(doctor, THURSDAY, "8:00-9:00")
    doctor.hidden_at = clock.now()
    assert free(doctor) == []
    doctor.hidden_at = None
    doctor.clinic.is_open = False
    assert free(doctor) == []


def test_unknown_and_stale_occupancy_offer_nothing_but_the_portals_own_resources():
    clinic = make_clinic(fresh=False)
    doctor, own = make_resource(clinic), make_resource(clinic, mis_id=None)
    for each in (doctor, own):
        work(each, THURSDAY, "8:00-9:00")
    assert (free(doctor), free(own)) == ([], ["08:00", "08:30"])

    hear_of_occupancy(clinic, clock.now() - timedelta(hours=24) + timedelta(seconds=1))
    assert free(doctor) == ["08:00", "08:30"]
    hear_of_occupancy(clinic, clock.now() - timedelta(hours=24))
    assert (free(doctor), free(own)) == ([], ["08:00", "08:30"])


@pytest.mark.parametrize(
    ("zone", "day", "hours", "step", "expected"),
    [
        # Moscow, 28.03.2010: 2:00 becomes 3:00. Two hours of work on the wall are one.
        ("Europe/Moscow", date(2010, 3, 28), "1:00-4:00", 30, ["01:00", "01:30", "03:00", "03:30"]),
        # 31.10.2010: 3:00 becomes 2:00. The second 2:00 and 2:30 cannot be said.
        (
            "Europe/Moscow", date(2010, 10, 31), "1:00-4:00", 30,
            ["01:00", "01:30", "02:00", "02:30", "03:00", "03:30"],
        ),
        # Hours that are not there at all, and hours half of which are not.
        ("Europe/Warsaw", date(2026, 3, 29), "2:00-3:00", 30, []),
        ("Europe/Warsaw", date(2026, 3, 29), "2:30-4:00", 30, ["03:00", "03:30"]),
        ("Europe/Warsaw", date(2026, 3, 29), "1:00-2:30", 30, ["01:00", "01:30"]),
        # The grid counts elapsed minutes through the jump.
        (
            "Europe/Warsaw", date(2026, 3, 29), "1:00-5:00", 45,
            ["01:00", "01:45", "03:30", "04:15"],
        ),
        # Kaliningrad moved by an hour and changed its rules on 26.10.2014, from 2:00 back to 1:00.
        (
            "Europe/Kaliningrad", date(2014, 10, 26), "0:00-3:00", 30,
            ["00:00", "00:30", "01:00", "01:30", "02:00", "02:30"],
        ),
        # Midnight itself is skipped in Santiago: the day begins at 1:00.
        ("America/Santiago", date(2025, 9, 7), "0:00-2:00", 30, ["01:00", "01:30"]),
        # St John's is half an hour off, and clocks go back over midnight's neighbours.
        (
            "America/St_Johns", date(2026, 11, 1), "0:30-2:30", 30,
            ["00:30", "01:00", "01:30", "02:00"],
        ),
    ],
)  # fmt: skip
def test_a_day_on_which_clocks_jump(moment, zone, day, hours, *, step, expected):
    moment.move_to("2009-01-01T00:00:00+00:00")
    doctor = make_resource(make_clinic(zone), time_step=step)
    work(doctor, day, hours)
    found = availability.free_times(resource=doctor, first=day, last=day)
    assert walls(found) == expected
    assert all(clock.at(each.day, each.time, doctor.clinic.tz) == each.start for each in found)


def queries(act):
    with CaptureQueriesContext(connections["portal"]) as found:
        act()
    return [each["sql"] for each in found]


def test_a_month_of_one_resource_and_of_a_whole_clinic_take_few_queries_and_no_title(doctor):
    clinic = doctor.clinic
    doctors = [doctor, *(make_resource(clinic, mis_id=n) for n in range(20))]
    for each in doctors:
        for n in range(10):
            work(each, THURSDAY + timedelta(days=n), "8:00-9:00")
        occupy(each, THURSDAY, "08:00")
    last = THURSDAY + timedelta(days=30)

    def ask_all():
        days = availability.free_days(clinic=clinic, resources=doctors, first=THURSDAY, last=last)
        assert set(days) == {each.pk for each in doctors}
        assert f"{days[doctor.pk].first.time:%H:%M}" == "08:30"
        assert days[doctor.pk].counts[THURSDAY] == 1
        assert sum(days[doctor.pk].counts.values()) == 19

    one = queries(lambda: availability.free_times(resource=doctor, first=THURSDAY, last=last))
    every = queries(ask_all)

    assert (len(one), len(every)) == (5, 5)
    assert not [each for each in one + every if "title" in each.lower()]


def test_the_first_free_time_of_each_that_has_one(doctor):
    off = make_resource(doctor.clinic, mis_id=-90)
    work(doctor, THURSDAY, "8:00-9:00")
    found = availability.next_free(
        clinic=doctor.clinic, resources=[doctor, off], first=THURSDAY, last=THURSDAY
    )
    assert {pk: f"{each.time:%H:%M}" for pk, each in found.items()} == {doctor.pk: "08:00"}
