"""The brake on mass deletions (U-19)."""

from datetime import date, time, timedelta

import pytest

from slotbridge.portal import withheld
from slotbridge.portal.models import (
    Appointment,
    Deed,
    Letter,
    Resource,
    SectionImport,
    WithheldDeletion,
)
from slotbridge.wire.medihost.model import Group
from slotbridge.wire.medihost.result import Outcome
from tests.portal.imports import (
    DAY,
    DIFF,
    appointments,
    codes,
    doctor,
    groups,
    import_,
    resources,
    schedules,
    state,
    visit,
    works,
)

pytestmark = [pytest.mark.django_db(databases=["portal"]), pytest.mark.usefixtures("frozen")]


def doctors(count, first=1):
    return resources(*(doctor(n) for n in range(first, first + count)), by=1000)


def visits(count, first=1, **how):
    return appointments(*(visit(n) for n in range(first, first + count)), by=1000, **how)


@pytest.mark.parametrize(
    ("before", "after", "removed", "held"),
    [
        (10, 0, 10, 0),  # no more than ten may always go
        (11, 0, 0, 11),
        (20, 10, 10, 0),
        (20, 9, 0, 11),
        (22, 11, 11, 0),  # half is not more than half
        (21, 10, 0, 11),
        (300, 100, 0, 200),
        (300, 200, 100, 0),
    ],
)
def test_more_than_ten_and_more_than_half_is_withheld(clinic, before, after, removed, held):
    import_(clinic, doctors(before))

    done, applied = import_(clinic, doctors(after))

    assert (done["Resources"].removed, done["Resources"].withheld) == (removed, held)
    assert len(state(clinic)["resources"]) == before - removed
    assert codes(applied) == (["W_WITHHELD"] if held else [])
    assert applied.outcome is (Outcome.PARTIAL if held else Outcome.OK)
    assert [one.count for one in withheld.open_for(clinic)] == ([held] if held else [])


def test_additions_and_updates_are_applied_all_the_same(clinic):
    import_(clinic, doctors(20))

    done, applied = import_(clinic, resources(doctor(1, "Новая фамилия"), doctor(21)))

    counted = done["Resources"]
    assert (counted.updated, counted.added, counted.withheld) == (1, 1, 19)
    assert len(state(clinic)["resources"]) == 21
    assert str(applied.problems[0]).startswith("19 rows are missing from this section")
    assert not Resource.objects.exclude(hidden_at=None).exists()


def test_every_section_has_a_brake_of_its_own(clinic):
    import_(
        clinic,
        groups(*(Group(n, "Группа") for n in range(11))),
        doctors(11),
        schedules(*(works(n, DAY, (540, 600)) for n in range(11))),
        visits(11),
    )
    before = state(clinic)

    done, applied = import_(clinic, groups(), resources(), schedules(), appointments())

    assert {name: one.withheld for name, one in done.items()} == {
        "ResourceGroups": 11, "Resources": 11, "Schedules": 11, "Appointments": 11,
    }  # fmt: skip
    assert codes(applied) == ["W_WITHHELD"] * 4
    assert state(clinic) == before


def test_staff_are_told_once_and_the_number_stays_current(clinic):
    import_(clinic, visits(40))
    import_(clinic, visits(5))
    import_(clinic, visits(5))
    import_(clinic, visits(3))

    [waiting] = withheld.open_for(clinic)
    assert (waiting.section, waiting.count) == ("Appointments", 37)
    assert [letter.kind for letter in Letter.objects.all()] == ["withheld"]
    deeds = Deed.objects.filter(clinic=clinic, actor="mis").order_by("pk")
    assert [(one.action, one.data) for one in deeds] == [
        ("deletions-withheld", {"section": "Appointments", "count": 35}),
        ("deletions-withheld", {"section": "Appointments", "count": 37}),
    ]


def test_what_was_released_is_deleted_by_the_next_import(clinic):
    import_(clinic, visits(40))
    import_(clinic, visits(5))
    [waiting] = withheld.open_for(clinic)

    withheld.release(withheld=waiting, by="olga")
    assert len(state(clinic)["appointments"]) == 40

    done, applied = import_(clinic, visits(5))
    assert (done["Appointments"].removed, applied.outcome) == (35, Outcome.OK)
    assert len(state(clinic)["appointments"]) == 5
    assert withheld.open_for(clinic) == []
    assert Deed.objects.filter(action="deletions-released", actor="olga").count() == 1

    # It was for one import only.
    import_(clinic, visits(40))
    done, _ = import_(clinic, visits(5))
    assert done["Appointments"].withheld == 35


def test_more_than_was_released_is_withheld_again(clinic):
    import_(clinic, visits(40))
    import_(clinic, visits(5))
    withheld.release(withheld=withheld.open_for(clinic)[0], by="olga")

    done, _ = import_(clinic, visits(4))

    assert (done["Appointments"].removed, done["Appointments"].withheld) == (0, 36)
    [waiting] = withheld.open_for(clinic)
    assert (waiting.count, waiting.released_at) == (36, None)
    assert Letter.objects.count() == 2


def test_a_released_number_may_be_used_in_part(clinic):
    import_(clinic, visits(40))
    import_(clinic, visits(5))
    withheld.release(withheld=withheld.open_for(clinic)[0], by="olga")

    done, _ = import_(clinic, visits(10))

    assert done["Appointments"].removed == 30


def test_it_ends_when_an_import_needs_none_withheld(clinic):
    import_(clinic, visits(40))
    import_(clinic, appointments())

    done, applied = import_(clinic, visits(39))

    assert (done["Appointments"].removed, applied.outcome) == (1, Outcome.OK)
    assert withheld.open_for(clinic) == []
    assert WithheldDeletion.objects.get().ended_at is not None


def test_an_import_that_could_delete_nothing_anyway_leaves_it_waiting(clinic):
    import_(clinic, visits(40))
    import_(clinic, visits(5))
    withheld.release(withheld=withheld.open_for(clinic)[0], by="olga")

    import_(clinic, visits(40, mode=DIFF))
    import_(clinic, visits(5, errors=["Visit/9"]))

    [waiting] = withheld.open_for(clinic)
    assert waiting.released_at is not None
    done, _ = import_(clinic, visits(5))
    assert done["Appointments"].removed == 35


def test_past_rows_go_without_counting(clinic):
    past = [visit(n, day=DAY - timedelta(days=30)) for n in range(100)]
    import_(clinic, appointments(*past, visit(100), visit(101), by=1000))

    done, _ = import_(clinic, appointments(visit(100)))

    assert (done["Appointments"].removed, done["Appointments"].withheld) == (101, 0)


def test_past_days_of_work_go_without_counting(clinic):
    past = [works(n, DAY - timedelta(days=1), (540, 600)) for n in range(100)]
    today = [works(n, DAY, (540, 600)) for n in range(12)]
    import_(clinic, schedules(*past, *today, by=1000))

    done, _ = import_(clinic, schedules(*past, by=1000))
    assert done["Schedules"].withheld == 12

    done, _ = import_(clinic, schedules(*today, by=1000))
    assert (done["Schedules"].removed, done["Schedules"].withheld) == (100, 0)


def test_while_deletions_are_withheld_past_rows_stay_too(clinic):
    past = [visit(n, day=date(2025, 6, 1)) for n in range(100, 105)]
    import_(clinic, appointments(*past, *(visit(n) for n in range(20)), by=1000))

    done, _ = import_(clinic, appointments())

    assert done["Appointments"].withheld == 20
    assert Appointment.objects.count() == 25


def test_what_began_before_today_and_lasts_is_not_past(clinic):
    yesterday = DAY - timedelta(days=1)
    leave = [visit(n, time(9), DAY - timedelta(days=7), minutes=14 * 1440) for n in range(6)]
    night = [visit(n, time(23), yesterday, minutes=61) for n in range(6, 12)]
    over = [visit(n, time(23), yesterday, minutes=60) for n in range(12, 50)]
    import_(clinic, appointments(*leave, *night, *over, by=1000))

    done, _ = import_(clinic, appointments())

    assert done["Appointments"].withheld == 12


def test_today_is_the_clinics(clinic):
    # At 07:00 UTC on 2 March it is still the evening of the 1st there.
    clinic.time_zone = "Pacific/Midway"
    clinic.save()
    import_(clinic, schedules(*(works(n, date(2026, 3, 1), (1, 2)) for n in range(11)), by=100))

    done, _ = import_(clinic, schedules())

    assert done["Schedules"].withheld == 11


def test_a_section_that_looks_like_a_fault_is_no_success(clinic, frozen):
    import_(clinic, visits(40))
    before = SectionImport.objects.get().at
    frozen.shift(timedelta(hours=1))

    import_(clinic, appointments())

    assert SectionImport.objects.get().at == before


def test_only_the_number_that_was_shown_is_released(clinic):
    import_(clinic, visits(40))
    import_(clinic, visits(5))
    [shown] = withheld.open_for(clinic)
    import_(clinic, appointments())

    with pytest.raises(withheld.NumberChanged):
        withheld.release(withheld=shown, by="olga")
    assert withheld.open_for(clinic)[0].released_at is None

    [shown] = withheld.open_for(clinic)
    withheld.release(withheld=shown, by="olga")
    with pytest.raises(withheld.NumberChanged):
        withheld.release(withheld=shown, by="igor")
    assert withheld.open_for(clinic)[0].released_by == "olga"
