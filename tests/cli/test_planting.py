"""The invented clinic: its size and its rules, built by the functions of the core alone."""

from datetime import timedelta

import pytest
from django.contrib.auth import authenticate

from slotbridge.cli import clinic, planting
from slotbridge.his.models import (
    AuditEntry,
    Clinic,
    Practitioner,
    PriceListUse,
    Slot,
    Unit,
)

pytestmark = pytest.mark.django_db


def test_the_clinic_has_what_the_demo_promises(frozen):
    made = planting.plant()

    assert [model.objects.count() for model in (Unit, Clinic, Practitioner)] == [2, 4, 12]
    assert PriceListUse.objects.filter(channel=clinic.CHANNEL).count() == 4
    days = Slot.objects.order_by("day").values_list("day", flat=True)
    assert days.last() - days.first() >= timedelta(weeks=6) - timedelta(days=4)
    assert (made.slots, made.slots > 3000) == (Slot.objects.count(), True)
    assert not AuditEntry.objects.exclude(actor=planting.BY).exists()


def test_two_people_work_in_two_clinics_of_one_house_and_two_in_two_houses(frozen):
    planting.plant()

    houses = {
        person.family_name: set(person.schedules.values_list("clinic__unit", flat=True))
        for person in Practitioner.objects.all()
        if person.schedules.count() == 2
    }

    assert sorted(map(len, houses.values())) == [1, 1, 2, 2]


def test_everybody_can_log_in_with_the_password_that_was_printed(frozen):
    made = planting.plant()

    users = [authenticate(username=each.username, password=each.password) for each in made.logins]

    assert [user.role for user in users] == ["administrator", "receptionist", "practitioner"]
    assert users[2].practitioner.licence_number == clinic.PEOPLE[0].licence
    assert len({each.password for each in made.logins}) == 3


def test_a_second_clinic_stands_beside_the_first(frozen):
    first, second = planting.plant(), planting.plant()

    assert first.organisation.name != second.organisation.name
    assert not {each.username for each in first.logins} & {each.username for each in second.logins}
