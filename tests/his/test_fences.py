"""Promise 9 in the database, and rows that cannot be rewritten."""

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from slotbridge.his import story
from slotbridge.his.models import AuditEntry, Clinic, Organisation, Visit, VisitEvent
from slotbridge.his.models.base import Owned
from tests.factories import ClinicFactory, OrganisationFactory, UnitFactory, VisitFactory

pytestmark = pytest.mark.django_db


def tenants():
    return [
        model
        for app in ("his", "sync")
        for model in apps.get_app_config(app).get_models(include_auto_created=False)
        if issubclass(model, Owned)
    ]


def links_between_tenants():
    """(table, column, target table) of every foreign key between tables of a tenant."""
    return sorted(
        (model._meta.db_table, field.column, field.related_model._meta.db_table)
        for model in tenants()
        for field in model._meta.local_fields
        if field.is_relation
        and field.related_model is not Organisation
        and issubclass(field.related_model, Owned)
    )


def fences():
    """The same, of every foreign key whose first column is the organisation."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.conrelid::regclass::text, a.attname, c.confrelid::regclass::text
            FROM pg_constraint c
            JOIN pg_attribute first ON first.attrelid = c.conrelid AND first.attnum = c.conkey[1]
            JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[2]
            WHERE c.contype = 'f' AND first.attname = 'organisation_id'
            """
        )
        return set(cursor.fetchall())


def test_every_link_between_tenants_tables_is_fenced_by_the_organisation():
    assert [link for link in links_between_tenants() if link not in fences()] == []


def test_a_row_cannot_point_into_another_organisation():
    stranger = OrganisationFactory(name="Obca Lecznica")
    unit = UnitFactory(organisation=stranger, name="Obca Przychodnia")
    ours = ClinicFactory()

    @transaction.atomic
    def steal():
        Clinic.objects.filter(pk=ours.pk).update(unit=unit)
        connection.check_constraints()

    with pytest.raises(IntegrityError, match="same_organisation"):
        steal()


def test_the_story_and_the_audit_are_never_rewritten():
    visit = VisitFactory()
    story.tell(visit, "booked", "reception")
    AuditEntry.objects.create(
        organisation=visit.organisation, at=visit.created_at, actor="a", action="b", object_kind="c"
    )
    for rows in (VisitEvent.objects.all(), AuditEntry.objects.all()):
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            rows.update(actor="nobody")
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            rows.delete()
    assert Visit.objects.get().events.get().actor == "reception"
