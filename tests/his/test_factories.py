"""The factories themselves: each makes a row that the database accepts, of one organisation."""

import inspect

import factory
import pytest
from django.db import connection

from slotbridge.his.models import Organisation
from tests import factories

pytestmark = pytest.mark.django_db

ALL = [
    made
    for _, made in inspect.getmembers(factories, inspect.isclass)
    if issubclass(made, factory.django.DjangoModelFactory) and not made._meta.abstract
]


@pytest.mark.parametrize("made", ALL, ids=lambda made: made.__name__)
def test_every_factory_makes_rows_of_one_organisation(made):
    made()
    made()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    assert Organisation.objects.count() == 1


def test_rows_of_another_organisation_are_made_by_naming_it():
    other = factories.OrganisationFactory(name="Inna lecznica")

    schedule = factories.ScheduleFactory(organisation=other)
    slot = factories.SlotFactory(schedule=schedule)
    visit = factories.VisitFactory(slot=slot)

    owners = {row.organisation for row in (schedule.clinic.unit, slot, visit, visit.patient)}
    assert owners == {other}
