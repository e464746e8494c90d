"""What an import does to a clinic's world, told by what the reader finds (section 7)."""

from datetime import date, time, timedelta

import pytest

from slotbridge.kit import clock
from slotbridge.portal.models import (
    Appointment,
    Clinic,
    Resource,
    ResourceGroup,
    SectionImport,
    WorkingDay,
)
from slotbridge.portal.replace import apply_document, explain
from slotbridge.wire.medihost.model import Group, Section
from slotbridge.wire.medihost.problems import DocumentRefused, Problem
from slotbridge.wire.medihost.result import Outcome, SectionCounts
from tests.portal.imports import (
    DAY,
    DIFF,
    FULL,
    appointments,
    codes,
    doctor,
    groups,
    import_,
    resources,
    schedules,
    state,
    tables,
    versions,
    visit,
    works,
)

pytestmark = [pytest.mark.django_db(databases=["portal"]), pytest.mark.usefixtures("frozen")]

NINE_TO_FIVE = [540, 1020]


def counts(section, **numbers):
    return SectionCounts(name=section, **numbers)


def a_clinic(name="Клиника «Липа»", **how):
    return Clinic.objects.create(name=name, created_at=clock.now(), **how)


def test_sections_count_in_their_own_order_whatever_order_they_come_in(clinic):
    done, applied = import_(
        clinic,
        appointments(visit(1, resource=500)),
        schedules(works(500, DAY, NINE_TO_FIVE)),
        resources(doctor(500, group=11)),
        groups(Group(11, "Врач-невролог")),
    )

    assert list(done) == ["ResourceGroups", "Resources", "Schedules", "Appointments"]
    assert all((one.received, one.added) == (1, 1) for one in done.values())
    assert (applied.outcome, applied.problems) == (Outcome.OK, [])


def test_a_section_that_is_not_there_is_left_alone(clinic):
    import_(
        clinic,
        groups(Group(1, "Терапия")),
        resources(doctor(1)),
        schedules(works(1, DAY, NINE_TO_FIVE)),
        appointments(visit(1)),
    )
    before = state(clinic)

    import_(clinic)
    assert state(clinic) == before

    import_(clinic, appointments())
    assert state(clinic) == before | {"appointments": {}}


def test_a_section_that_is_there_and_empty_means_none(clinic):
    import_(clinic, groups(Group(1, "Терапия"), Group(2, "Хирургия")))

    done, _ = import_(clinic, groups())

    assert done["ResourceGroups"] == counts("ResourceGroups", removed=2)
    assert state(clinic)["groups"] == set()


def test_what_is_the_same_is_not_written(clinic):
    def document():
        return (
            groups(Group(1, "Терапия")),
            resources(doctor(1), doctor(2)),
            schedules(works(1, DAY, NINE_TO_FIVE), works(2, DAY)),
            appointments(visit(1), visit(2, minutes=None, title="")),
        )

    import_(clinic, *document())
    kinds = (ResourceGroup, Resource, WorkingDay, Appointment)
    before = [versions(kind, clinic) for kind in kinds]

    done, _ = import_(clinic, *document())

    assert [versions(kind, clinic) for kind in kinds] == before
    assert {name: one.unchanged for name, one in done.items()} == {
        "ResourceGroups": 1,
        "Resources": 2,
        "Schedules": 2,
        "Appointments": 2,
    }


def test_only_what_differs_is_written(clinic):
    import_(clinic, appointments(visit(1), visit(2), visit(3)))
    before = versions(Appointment, clinic)

    done, _ = import_(clinic, resources(doctor(1)), appointments(visit(1), visit(2, time(10))))

    assert done["Appointments"] == counts(
        "Appointments", mode=FULL, received=2, updated=1, unchanged=1, removed=1
    )
    after = versions(Appointment, clinic)
    first = Appointment.objects.get(mis_id=1).pk
    assert after[first] == before[first]


@pytest.mark.parametrize(
    "changed",
    [
        {"at": time(9, 30)},
        {"day": DAY + timedelta(days=1)},
        {"resource": 2},
        {"minutes": 45},
        {"minutes": None},
        {"title": "совещание"},
    ],
)
def test_every_field_of_an_appointment_counts(clinic, changed):
    import_(clinic, resources(doctor(1), doctor(2)), appointments(visit(1)))

    done, _ = import_(clinic, appointments(visit(1, **changed), mode=DIFF))

    assert done["Appointments"].updated == 1
    fresh = a_clinic()
    import_(fresh, appointments(visit(1, **changed)))
    assert state(clinic)["appointments"] == state(fresh)["appointments"]


def test_a_diff_adds_updates_and_deletes_nothing(clinic):
    import_(clinic, resources(doctor(1)), appointments(visit(1), visit(2)))

    done, _ = import_(clinic, appointments(visit(2, time(15)), visit(3), mode=DIFF))

    assert done["Appointments"] == counts("Appointments", mode=DIFF, received=2, added=1, updated=1)
    assert sorted(mis_id for _table, mis_id in state(clinic)["appointments"]) == [1, 2, 3]


def test_a_full_deletes_whatever_its_table_or_date(clinic):
    long_ago = date(2010, 6, 30)
    import_(clinic, appointments(visit(1), visit(1, table="Absence"), visit(2, day=long_ago)))

    done, _ = import_(clinic, appointments(visit(1)))

    assert done["Appointments"].removed == 2
    assert list(state(clinic)["appointments"]) == [("Visit", 1)]


def test_one_id_in_two_tables_is_two_rows(clinic):
    done, _ = import_(
        clinic,
        resources(doctor(1)),
        appointments(visit(1), visit(1, table=""), visit(1, table="v")),
    )

    assert done["Appointments"].added == 3


def test_a_removed_resource_is_hidden_and_comes_back_as_it_was(clinic):
    import_(
        clinic,
        resources(doctor(1), doctor(2)),
        schedules(works(2, DAY, NINE_TO_FIVE)),
        appointments(visit(1, resource=2)),
    )
    before = Resource.objects.get(mis_id=2)

    done, _ = import_(clinic, resources(doctor(1)))

    hidden = Resource.objects.get(mis_id=2)
    assert done["Resources"] == counts("Resources", received=1, unchanged=1, removed=1)
    assert hidden.hidden_at == clock.now()
    assert (2, DAY) in state(clinic)["days"]
    assert len(state(clinic)["appointments"]) == 1

    # Once hidden it is not there to be removed again.
    done, _ = import_(clinic, resources(doctor(1)))
    assert done["Resources"].removed == 0

    done, _ = import_(clinic, resources(doctor(1), doctor(2, "Белова-Ильина")))
    back = Resource.objects.get(mis_id=2)
    assert done["Resources"] == counts("Resources", received=2, unchanged=1, added=1)
    assert (back.pk, back.number, back.public_id) == (before.pk, before.number, before.public_id)
    assert (back.hidden_at, back.name) == (None, "Белова-Ильина")


def test_rows_of_a_hidden_resource_are_parked(clinic):
    import_(clinic, resources(doctor(1), doctor(2)))

    done, applied = import_(clinic, resources(doctor(1)), appointments(visit(1, resource=2)))

    assert (done["Appointments"].parked, done["Appointments"].added) == (1, 0)
    assert codes(applied) == ["W_RESOURCE"]


def test_resources_get_the_clinics_next_numbers_in_the_documents_order(clinic):
    import_(clinic, resources(doctor(30), doctor(-2), doctor(0)))
    import_(clinic, resources(doctor(7), doctor(30), doctor(-2), doctor(0)))

    numbers = Resource.objects.order_by("number").values_list("mis_id", "number")
    assert list(numbers) == [(30, 1), (-2, 2), (0, 3), (7, 4)]
    clinic.refresh_from_db()
    assert clinic.last_resource == 4


def test_what_is_the_portals_own_is_never_touched(clinic):
    own = Resource.objects.create(clinic=clinic, number=1, name="Наш кабинет")
    Clinic.objects.filter(pk=clinic.pk).update(last_resource=1)
    WorkingDay.objects.create(clinic=clinic, own_resource=own, day=DAY, periods=NINE_TO_FIVE)

    import_(clinic, resources(doctor(1)), schedules(works(1, DAY, NINE_TO_FIVE)))
    import_(clinic, resources(), schedules())

    own.refresh_from_db()
    assert (own.hidden_at, own.name) == (None, "Наш кабинет")
    assert WorkingDay.objects.get().own_resource == own
    assert Resource.objects.get(mis_id=1).number == 2


def test_one_clinics_import_leaves_the_others_world_alone(clinic):
    neighbour = a_clinic()
    document = (groups, Group(1, "Терапия")), (resources, doctor(1)), (appointments, visit(1))
    for each in (clinic, neighbour):
        import_(each, *(section(row) for section, row in document))
    before = state(neighbour)

    import_(clinic, groups(), resources(), appointments())
    import_(clinic, appointments(visit(1, title="чужое"), mode=DIFF))

    assert state(neighbour) == before


def test_resources_of_a_vanished_group_stay_and_rejoin(clinic):
    import_(clinic, groups(Group(7, "Хирургия")), resources(doctor(1, group=7)))
    import_(clinic, groups())

    _, applied = import_(clinic, resources(doctor(1, group=7)))
    assert Resource.objects.get().group_mis_id == 7
    told = [(one.code, one.key, one.attribute, str(one)) for one in applied.problems]
    assert told == [
        ("W_GROUP", "1", "group_id", "Group 7 is not known; the resource is shown without a group.")
    ]
    assert applied.outcome is Outcome.OK

    _, applied = import_(clinic, groups(Group(7, "Хирургия")), resources(doctor(1, group=7)))
    assert applied.problems == []


@pytest.mark.parametrize(
    ("rows", "hours"),
    [
        ([[(480, 720), (960, 1200)]], [480, 720, 960, 1200]),
        ([[(960, 1200)], [(480, 720)]], [480, 720, 960, 1200]),
        ([[(480, 720)], [(720, 1200)]], [480, 1200]),  # touching
        ([[(480, 720)], [(480, 720)]], [480, 720]),
        ([[(480, 720)], []], [480, 720]),
        ([[], []], []),
        ([[(0, 1440)], [(0, 1440)]], [0, 1440]),
        ([[(480, 480)]], []),
    ],
)
def test_a_days_working_time_is_the_union_of_its_rows(clinic, rows, hours):
    done, _ = import_(
        clinic, resources(doctor(1)), schedules(*(works(1, DAY, *row) for row in rows))
    )

    assert state(clinic)["days"] == {(1, DAY): hours}
    assert (done["Schedules"].received, done["Schedules"].added) == (len(rows), 1)
    done, _ = import_(clinic, schedules(*(works(1, DAY, *row) for row in rows)))
    assert done["Schedules"].unchanged == 1


def test_a_break_splits_the_day(clinic):
    import_(clinic, schedules(works(1, DAY, (420, 1080), breaks=(780, 840))))

    assert state(clinic)["days"] == {(1, DAY): [420, 780, 840, 1080]}


def test_rows_without_a_resource_wait_for_it(clinic):
    import_(clinic, resources(doctor(1)))

    done, applied = import_(
        clinic,
        schedules(works(777777, DAY, NINE_TO_FIVE)),
        appointments(visit(101), visit(102, resource=777777), mode=DIFF),
    )

    assert done["Schedules"] == counts("Schedules", received=1, parked=1)
    assert done["Appointments"] == counts("Appointments", mode=DIFF, received=2, added=1, parked=1)
    assert [(one.section, one.line, one.key, str(one)) for one in applied.problems] == [
        (
            section, line, key,
            "Resource 777777 is not known; the row is kept and takes effect once it is imported.",
        )
        for section, line, key in (
            (Section.SCHEDULES, 1, "777777/02.03.2026"),
            (Section.APPOINTMENTS, 2, "Visit/102"),
        )
    ]  # fmt: skip
    assert applied.outcome is Outcome.OK
    assert len(state(clinic)["appointments"]) == 2

    done, applied = import_(
        clinic,
        resources(doctor(1), doctor(777777)),
        appointments(visit(102, resource=777777), mode=DIFF),
    )
    assert (done["Appointments"].unchanged, done["Appointments"].parked) == (1, 0)
    assert applied.problems == []


def test_a_parked_row_that_changes_is_counted_as_parked_alone(clinic):
    import_(clinic, appointments(visit(1, resource=9), visit(2, resource=9)))

    done, _ = import_(
        clinic, appointments(visit(1, time(12), resource=9), visit(2, resource=9), visit(3))
    )

    assert done["Appointments"] == counts("Appointments", mode=FULL, received=3, parked=3)
    assert state(clinic)["appointments"]["Visit", 1][2] == time(12)


def test_thousands_of_parked_rows_are_counted_and_some_hundred_told(clinic):
    done, applied = import_(clinic, appointments(*(visit(n) for n in range(2000)), by=500))

    assert done["Appointments"].parked == 2000
    assert codes(applied) == ["W_RESOURCE"] * 301
    assert "The same in 1700 more places of this section." in map(str, applied.problems)


def test_a_section_with_a_row_error_deletes_nothing(clinic):
    import_(clinic, resources(doctor(1)), appointments(visit(1), visit(2)))

    done, applied = import_(
        clinic, resources(doctor(2)), appointments(visit(3, resource=2), errors=["Visit/2"])
    )

    assert done["Appointments"] == counts("Appointments", mode=FULL, received=2, added=1, skipped=1)
    assert len(state(clinic)["appointments"]) == 3
    assert applied.outcome is Outcome.PARTIAL
    # An error is its own section's: the resources are replaced.
    assert done["Resources"].removed == 1


def test_rows_that_contradict_each_other_leave_the_last_good_version(clinic):
    import_(clinic, resources(doctor(1), doctor(2)), schedules(works(1, DAY, (480, 720))))

    done, _ = import_(
        clinic,
        resources(doctor(1, "Иная"), doctor(2), doctor(1, "Третья"), refused=[(1,)]),
        schedules(
            works(1, DAY, (480, 900)),
            works(2, DAY, NINE_TO_FIVE),
            works(1, DAY, (600, 960)),
            refused=[(1, DAY)],
        ),
        appointments(visit(5), visit(6), visit(5, time(20)), refused=[("Visit", 5)]),
    )

    assert state(clinic)["days"] == {(1, DAY): [480, 720], (2, DAY): NINE_TO_FIVE}
    assert {name for _, name, *_ in state(clinic)["resources"]} == {"Белова"}
    assert list(state(clinic)["appointments"]) == [("Visit", 6)]
    assert (done["Resources"].skipped, done["Resources"].unchanged) == (2, 1)
    assert (done["Schedules"].skipped, done["Schedules"].added) == (2, 1)
    assert (done["Appointments"].skipped, done["Appointments"].added) == (2, 1)


def test_identical_rows_are_one(clinic):
    def document():
        return (
            groups(Group(1, "A"), Group(1, "A"), repeated=[(1,)]),
            resources(doctor(1), doctor(1), doctor(1), repeated=[(1,)]),
            schedules(works(1, DAY, (1, 2)), works(1, DAY, (1, 2)), repeated=[(1, DAY)]),
            appointments(visit(1), visit(2), visit(1), repeated=[("Visit", 1)]),
        )

    done, _ = import_(clinic, *document())
    assert [(one.received, one.added, one.skipped) for one in done.values()] == [
        (2, 1, 0), (3, 1, 0), (2, 1, 0), (3, 2, 0),
    ]  # fmt: skip

    done, _ = import_(clinic, *document())
    assert [one.unchanged for one in done.values()] == [1, 1, 1, 2]


def test_a_time_that_the_clocks_skip_is_a_row_error():
    warsaw = a_clinic(time_zone="Europe/Warsaw")
    spring, autumn = date(2026, 3, 29), date(2026, 10, 25)
    import_(warsaw, resources(doctor(1), doctor(2)), schedules(works(2, spring, (60, 600))))

    done, applied = import_(
        warsaw,
        schedules(
            works(1, spring, (60, 120)),  # until the clocks jump
            works(2, spring, (480, 600)),
            works(2, spring, (150, 240)),  # from a time that does not exist: the day stays
            works(1, autumn, (150, 240)),
        ),
        appointments(
            visit(1, time(1, 59), spring),
            visit(2, time(2, 30), spring),
            visit(3, time(3), spring),
            visit(4, time(2, 30), autumn),  # occurs twice: the first
        ),
    )

    assert [(one.code, one.line, one.key, one.attribute) for one in applied.problems] == [
        ("E_TIME_SKIPPED", 2, "Visit/2", "ReceptionDateTime"),
        ("E_TIME_SKIPPED", 3, "2/29.03.2026", "w_startTime"),
    ]
    assert sorted(mis_id for _table, mis_id in state(warsaw)["appointments"]) == [1, 3, 4]
    assert state(warsaw)["days"] == {
        (1, spring): [60, 120],
        (2, spring): [60, 600],
        (1, autumn): [150, 240],
    }
    assert (done["Schedules"].added, done["Schedules"].skipped) == (2, 2)
    assert (done["Appointments"].added, done["Appointments"].skipped) == (3, 1)


def test_text_is_kept_letter_by_letter(clinic):
    odd = ["\\N", "a\\tb", "x\ty", "конец\n", "\r", "", " ", "'; --", "%s {}", "𝄞", "\\"]

    import_(
        clinic,
        resources(doctor(1, "\\N")),
        appointments(*(visit(n, title=title) for n, title in enumerate(odd)), by=100),
        groups(Group(1, "\t\\")),
    )

    kept = Appointment.objects.order_by("mis_id").values_list("title", flat=True)
    assert list(kept) == odd
    assert (Resource.objects.get().name, ResourceGroup.objects.get().name) == ("\\N", "\t\\")


def test_the_widest_values_fit(clinic):
    most = 2**63 - 1
    wide = visit(-most - 1, time(23, 59, 59), date(9999, 12, 31), resource=most, minutes=44_640)

    import_(clinic, resources(doctor(most, "ы" * 250, 1440, -most, -most)), appointments(wide))
    done, _ = import_(clinic, appointments(wide, visit(1, time(), date(1, 1, 2))))

    assert (done["Appointments"].unchanged, done["Appointments"].parked) == (1, 1)


def test_an_explanation_changes_nothing(clinic):
    import_(clinic, resources(doctor(1), doctor(2)), appointments(visit(1)))
    before = tables()

    def document():
        for each in (resources(doctor(1), doctor(3)), appointments(visit(1, time(8)))):
            yield from each

    explained = explain(clinic=clinic, found=document())

    assert tables() == before
    assert explained == apply_document(clinic=clinic, found=document())
    assert tables() != before


def test_a_document_that_is_refused_at_its_very_end_changes_nothing(clinic):
    import_(clinic, appointments(visit(1)))
    before = tables()

    def cut_off():
        yield from resources(doctor(1))
        yield from list(appointments(visit(2), visit(3)))[:-1]
        raise DocumentRefused(Problem("E_NOT_WELL_FORMED", "cut off"))

    with pytest.raises(DocumentRefused):
        apply_document(clinic=clinic, found=cut_off())

    assert tables() == before


def test_at_most_a_thousand_messages_errors_first(clinic):
    warnings = [Problem("W_FORMAT", "odd", section=Section.GROUPS, line=n) for n in range(1500)]
    errors = [Problem("E_DATE", "no date", section=Section.SCHEDULES, line=9)] * 600

    applied = apply_document(clinic=clinic, found=iter([*warnings, *errors]))

    assert codes(applied).count("E_DATE") == 600
    assert codes(applied).count("W_FORMAT") == 400


def test_a_sections_last_success_is_noted(clinic, frozen):
    import_(clinic, resources(doctor(1)), appointments(visit(1)))
    first = clock.now()
    frozen.shift(timedelta(minutes=30))

    import_(clinic, appointments(visit(2), errors=["Visit/1"], mode=DIFF))

    assert {
        one.section: (one.mode, one.at) for one in SectionImport.objects.filter(clinic=clinic)
    } == {"Resources": ("", first), "Appointments": ("diff", clock.now())}


def test_a_section_of_which_no_row_could_be_used_is_no_success(clinic):
    import_(clinic, appointments(errors=["Visit/1", "Visit/2"]))

    assert not SectionImport.objects.exists()


def test_past_rows_are_taken(clinic):
    done, applied = import_(
        clinic, resources(doctor(1)), appointments(visit(1, day=date(2010, 6, 30)))
    )

    assert (done["Appointments"].added, applied.problems) == (1, [])


def test_a_start_keeps_its_seconds(clinic):
    import_(clinic, appointments(visit(1, time(9, 0, 7))))

    assert state(clinic)["appointments"]["Visit", 1][:3] == (1, DAY, time(9, 0, 7))
