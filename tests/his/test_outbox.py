import threading
from datetime import date, timedelta

import pytest
from django.db import transaction
from django.db.models import Q

from slotbridge.his import outbox
from slotbridge.his.models import OutboxEntry
from tests.factories import (
    ClinicFactory,
    PractitionerFactory,
    ScheduleFactory,
    UnitFactory,
    VisitFactory,
    a_monday,
    at_wall,
)
from tests.his.races.together import together

DAY = date(2026, 3, 2)
NEXT = DAY + timedelta(days=1)


@pytest.mark.django_db
def test_each_name_is_drained_once_oldest_first():
    schedule = ScheduleFactory()
    outbox.record_days(schedule, [NEXT, DAY, DAY])
    outbox.record_days(schedule, [DAY])

    drained = outbox.drain()

    assert drained == outbox.Drained(days=[(schedule.pk, DAY), (schedule.pk, NEXT)], visits=[])
    assert outbox.drain() == outbox.Drained(days=[], visits=[])


@pytest.mark.django_db
def test_every_day_of_a_schedule_includes_each_of_them():
    one, other = ScheduleFactory(), ScheduleFactory()
    outbox.record_days(one, [DAY])
    outbox.record_days(one, None)
    outbox.record_days(other, [DAY])

    assert outbox.drain().days == [(one.pk, None), (other.pk, DAY)]


@pytest.mark.django_db
def test_very_many_days_are_named_as_the_whole_schedule():
    schedule = ScheduleFactory()
    outbox.record_days(schedule, (DAY + timedelta(days=n) for n in range(366)))

    assert outbox.drain().days == [(schedule.pk, None)]


@pytest.mark.django_db
def test_a_visit_is_named_with_the_days_it_lies_on():
    schedule = ScheduleFactory()
    monday = a_monday(schedule.clinic.unit.tz)
    start = at_wall(schedule, 0, "23:30")
    visit = VisitFactory(schedule=schedule, start=start, minutes=60)
    outbox.record_visit(visit)

    drained = outbox.drain()

    assert drained.visits == [visit.pk]
    assert drained.days == [(schedule.pk, monday), (schedule.pk, monday + timedelta(days=1))]


@pytest.mark.django_db
def test_a_clinic_names_its_schedules_and_a_practitioner_theirs():
    practitioner, clinic = PractitionerFactory(), ClinicFactory()
    here = ScheduleFactory(practitioner=practitioner, clinic=clinic)
    there = ScheduleFactory(practitioner=practitioner)
    colleague = ScheduleFactory(clinic=clinic)

    outbox.record_clinic(clinic)
    assert set(outbox.drain().days) == {(here.pk, None), (colleague.pk, None)}

    outbox.record_practitioner(practitioner, [DAY])
    assert set(outbox.drain().days) == {(here.pk, DAY), (there.pk, DAY)}


@pytest.mark.django_db
def test_one_span_of_time_is_other_days_in_other_zones():
    kamchatka = UnitFactory(name="Поликлиника", time_zone="Asia/Kamchatka")
    far = ScheduleFactory(clinic=ClinicFactory(unit=kamchatka))
    near = ScheduleFactory()
    start = at_wall(near, 0, "14:00")
    monday = a_monday(near.clinic.unit.tz)

    outbox.record_span(Q(pk__in=[near.pk, far.pk]), start, start + timedelta(hours=1))

    assert set(outbox.drain().days) == {
        (near.pk, monday),
        (far.pk, monday + timedelta(days=1)),
    }


@pytest.mark.django_db
def test_a_drain_takes_no_more_than_it_is_asked_for():
    schedule = ScheduleFactory()
    outbox.record_days(schedule, [DAY, NEXT])

    assert outbox.drain(limit=1).days == [(schedule.pk, DAY)]
    assert outbox.drain(limit=1).days == [(schedule.pk, NEXT)]


@pytest.mark.django_db(transaction=True)
def test_names_are_refused_outside_the_transaction_that_makes_the_change():
    schedule = ScheduleFactory()

    with pytest.raises(transaction.TransactionManagementError):
        outbox.record_days(schedule, [DAY])
    with pytest.raises(transaction.TransactionManagementError):
        outbox.drain()
    assert not OutboxEntry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_rolled_back_leaves_no_name_and_a_failed_drain_loses_none():
    schedule = ScheduleFactory()
    with transaction.atomic():
        outbox.record_days(schedule, [DAY])
        transaction.set_rollback(True)
    assert not OutboxEntry.objects.exists()

    with transaction.atomic():
        outbox.record_days(schedule, [DAY])
    with transaction.atomic():
        assert outbox.drain().days
        transaction.set_rollback(True)
    with transaction.atomic():
        assert outbox.drain().days == [(schedule.pk, DAY)]


@pytest.mark.django_db(transaction=True)
def test_two_drains_at_once_share_the_names_between_them():
    schedule = ScheduleFactory()
    with transaction.atomic():
        outbox.record_days(schedule, [DAY, NEXT])
    both_hold_theirs = threading.Barrier(2)

    def drain_one():
        with transaction.atomic():
            days = outbox.drain(limit=1).days
            both_hold_theirs.wait(timeout=30)
            return days

    outcomes = together(drain_one, drain_one)

    assert sorted(outcomes) == [[(schedule.pk, DAY)], [(schedule.pk, NEXT)]]
    assert not OutboxEntry.objects.exists()
