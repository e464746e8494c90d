"""Resources that a clinic keeps on the portal by hand."""

from datetime import date, timedelta

import pytest

from slotbridge.portal import availability, own
from slotbridge.portal.models import Deed, Resource, WorkingDay
from slotbridge.portal.own import Period
from tests.portal import imports
from tests.portal.booking import hear_of_occupancy

pytestmark = pytest.mark.django_db(databases=["portal"])
MONDAY = date(2026, 3, 2)  # today, on the frozen clock
WEEK = MONDAY + timedelta(days=6)


@pytest.fixture
def room(clinic, frozen):
    return own.add_own_resource(clinic=clinic, name="Психолог", time_step=60, by="anna")


def set_hours(resource, *periods, first=MONDAY, last=WEEK, weekdays=range(7)):
    return own.set_hours(
        resource=resource, first=first, last=last, weekdays=weekdays, periods=periods, by="anna"
    )


def days(resource):
    return dict(WorkingDay.objects.filter(own_resource=resource).values_list("day", "periods"))


def test_own_and_imported_resources_share_one_row_of_numbers(clinic, room):
    imports.import_(clinic, imports.resources(imports.doctor(391), imports.doctor(392)))
    second = own.add_own_resource(clinic=clinic, name="Логопед", time_step=30, by="anna")

    numbers = Resource.objects.filter(clinic=clinic).order_by("number")
    assert [each.number for each in numbers] == [1, 2, 3, 4]
    assert (room.number, second.number) == (1, 4)


def test_no_import_touches_them(clinic, room):
    set_hours(room, Period(540, 780))
    before = days(room)

    imports.import_(
        clinic, imports.resources(), imports.schedules(), imports.appointments(mode=imports.FULL)
    )

    room.refresh_from_db()
    assert (room.hidden_at, room.name) == (None, "Психолог")
    assert days(room) == before


def test_hours_are_set_on_the_chosen_weekdays_only(room):
    set_hours(room, Period(600, 660), last=WEEK)

    changed = set_hours(room, Period(540, 780), Period(840, 1080), weekdays=[0, 2])

    assert changed == 2
    assert days(room)[MONDAY] == days(room)[MONDAY + timedelta(days=2)] == [540, 780, 840, 1080]
    assert days(room)[MONDAY + timedelta(days=1)] == [600, 660]


def test_patients_are_offered_them_whatever_the_clinics_program_does(clinic, room):
    """No occupancy was ever imported: that stops the program's resources only (U-21)."""
    set_hours(room, Period(14 * 60, 16 * 60))

    free = availability.free_times(resource=room, first=MONDAY, last=MONDAY)

    assert [f"{each.time:%H:%M}" for each in free] == ["14:00", "15:00"]


def test_no_periods_end_the_hours_of_those_days(room):
    set_hours(room, Period(540, 780))

    set_hours(room, first=MONDAY + timedelta(days=1))

    assert list(days(room)) == [MONDAY]


def test_periods_that_touch_become_one(room):
    set_hours(room, Period(600, 660), Period(540, 600), last=MONDAY)

    assert days(room)[MONDAY] == [540, 660]


@pytest.mark.parametrize(
    "periods",
    [
        [Period(600, 540)],
        [Period(600, 600)],
        [Period(-30, 60)],
        [Period(600, 1441)],
        [Period(540, 660), Period(600, 720)],
    ],
)
def test_hours_that_no_day_has_are_refused(room, periods):
    with pytest.raises(own.BadHours):
        set_hours(room, *periods)


@pytest.mark.parametrize("last", [MONDAY - timedelta(days=1), MONDAY + timedelta(days=367)])
def test_a_range_is_forward_and_at_most_a_year(room, last):
    with pytest.raises(own.BadHours):
        set_hours(room, Period(540, 600), last=last)


def test_a_hidden_one_is_offered_to_nobody_and_keeps_its_hours(clinic, room):
    set_hours(room, Period(540, 780))

    own.hide_own_resource(resource=room, is_hidden=True, by="anna")
    room.refresh_from_db()
    assert availability.free_times(resource=room, first=MONDAY, last=WEEK) == []

    own.hide_own_resource(resource=room, is_hidden=False, by="anna")
    room.refresh_from_db()
    assert availability.free_times(resource=room, first=MONDAY, last=WEEK) != []


def test_imported_ones_are_changed_by_imports_only(clinic, frozen):
    hear_of_occupancy(clinic)
    imports.import_(clinic, imports.resources(imports.doctor(391)))
    doctor = Resource.objects.get()

    for change in (
        lambda: set_hours(doctor, Period(540, 600)),
        lambda: own.hide_own_resource(resource=doctor, is_hidden=True, by="anna"),
        lambda: own.change_own_resource(
            resource=doctor, name="Другой", time_step=5, group=None, pos=0, by="anna"
        ),
    ):
        with pytest.raises(own.NotOwn):
            change()

    doctor.refresh_from_db()
    assert (doctor.name, doctor.time_step, doctor.hidden_at) == ("Белова", 30, None)
    assert not Deed.objects.filter(action__startswith="resource.").exists()
