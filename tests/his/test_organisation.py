import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, transaction

from slotbridge.his import audit, breaches, organisation, outbox, staff
from slotbridge.his.models import AuditEntry, Channel, Clinic, Organisation, User
from tests.factories import (
    CHANNEL,
    PASSWORD,
    ClinicFactory,
    OrganisationFactory,
    PractitionerFactory,
    ScheduleFactory,
    SlotFactory,
    UnitFactory,
)

pytestmark = pytest.mark.django_db
BY = "administrator"


def test_an_organisation_is_built_from_the_top_and_each_step_is_audited():
    top = organisation.create_organisation(name="Lecznica", by=BY)
    channel = organisation.add_channel(organisation=top, code=CHANNEL, name="ZnanyLekarz", by=BY)
    unit = organisation.add_unit(organisation=top, name="Przychodnia", city="Lipowo", by=BY)
    clinic = organisation.add_clinic(unit=unit, name="Chirurgia", kind="ward", by=BY)
    room = staff.add_room(unit=unit, name="12", by=BY)
    device = staff.add_device(unit=unit, name="USG", by=BY)

    owners = {row.organisation for row in (channel, unit, clinic, room, device)}
    assert owners == {top}
    assert (unit.time_zone, clinic.kind) == ("Europe/Warsaw", Clinic.Kind.WARD)
    assert list(AuditEntry.objects.order_by("pk").values_list("action", "object_kind")) == [
        ("organisation.add", "organisation"),
        ("channel.add", "channel"),
        ("unit.add", "unit"),
        ("clinic.add", "clinic"),
        ("room.add", "room"),
        ("device.add", "device"),
    ]
    assert set(AuditEntry.objects.values_list("actor", "organisation")) == {(BY, top.pk)}


def test_a_second_of_one_name_is_refused_by_the_rule_it_breaks():
    unit = UnitFactory()
    top = unit.organisation
    organisation.add_clinic(unit=unit, name="Chirurgia", by=BY)
    staff.add_room(unit=unit, name="12", by=BY)
    staff.add_device(unit=unit, name="USG", by=BY)
    other_unit = UnitFactory(name="Filia")
    other_clinic = ClinicFactory(unit=unit)

    repeats = {
        "channel_code": lambda: organisation.add_channel(
            organisation=top, code=CHANNEL, name="ZL", by=BY
        ),
        "unit_name": lambda: organisation.add_unit(organisation=top, name=unit.name, by=BY),
        "clinic_name": lambda: organisation.add_clinic(unit=unit, name="Chirurgia", by=BY),
        "room_name": lambda: staff.add_room(unit=unit, name="12", by=BY),
        "device_name": lambda: staff.add_device(unit=unit, name="USG", by=BY),
    }
    for constraint, repeat in repeats.items():
        with pytest.raises(breaches.NameTaken) as refused:
            repeat()
        assert refused.value.constraint == constraint
    with pytest.raises(breaches.NameTaken):
        organisation.change_unit(unit=other_unit, name=unit.name, by=BY)
    with pytest.raises(breaches.NameTaken):
        organisation.change_clinic(clinic=other_clinic, name="Chirurgia", by=BY)


def test_a_changed_unit_or_clinic_names_its_schedules():
    schedule, elsewhere = ScheduleFactory(), ScheduleFactory()
    unit = schedule.clinic.unit

    changed = organisation.change_unit(unit=unit, city="Sosnowo", is_active=False, by=BY)
    assert (changed.city, changed.is_active) == ("Sosnowo", False)
    assert set(outbox.drain().days) == {(schedule.pk, None), (elsewhere.pk, None)}

    organisation.change_clinic(clinic=schedule.clinic, specialty="chirurgia", by=BY)
    assert outbox.drain().days == [(schedule.pk, None)]
    schedule.clinic.refresh_from_db()
    assert schedule.clinic.specialty == "chirurgia"
    assert AuditEntry.objects.last().data == {"columns": ["specialty"]}


def test_a_zone_is_one_that_exists_and_stays_while_there_are_slots():
    unit = UnitFactory()
    with pytest.raises(ValidationError):
        organisation.add_unit(
            organisation=unit.organisation, name="Filia", time_zone="Europe/Warszawa", by=BY
        )
    with pytest.raises(ValidationError):
        organisation.change_unit(unit=unit, time_zone="CEST", by=BY)
    assert organisation.change_unit(unit=unit, time_zone="Europe/Moscow", by=BY).tz.key == (
        "Europe/Moscow"
    )
    SlotFactory(schedule=ScheduleFactory(clinic=ClinicFactory(unit=unit)))

    with pytest.raises(organisation.ZoneInUse):
        organisation.change_unit(unit=unit, time_zone="Europe/Warsaw", by=BY)


def test_a_practitioner_is_kept_in_order_of_names():
    top = OrganisationFactory()
    changed = staff.add_practitioner(
        organisation=top, given_name="Jan", family_name="Lis", licence_number="1234567", by=BY
    )
    before = changed.sort_key
    schedule = ScheduleFactory(practitioner=changed)

    changed = staff.change_practitioner(practitioner=changed, family_name="Łoś", by=BY)

    assert before < changed.sort_key
    assert outbox.drain().days == [(schedule.pk, None)]
    other = PractitionerFactory()
    with pytest.raises(breaches.NameTaken):
        staff.change_practitioner(practitioner=other, licence_number="1234567", by=BY)
    with pytest.raises(breaches.NameTaken):
        staff.add_practitioner(
            organisation=top, given_name="A", family_name="B", licence_number="1234567", by=BY
        )


def test_a_user_logs_in_with_a_password_that_is_not_kept():
    practitioner = PractitionerFactory()
    user = {
        "organisation": practitioner.organisation,
        "password": PASSWORD,
        "role": "practitioner",
        "by": BY,
    }
    made = staff.add_user(**user, username="doktor", practitioner=practitioner)

    assert made.check_password(PASSWORD)
    assert PASSWORD not in made.password
    assert made.role == User.Role.PRACTITIONER
    assert PASSWORD not in str(AuditEntry.objects.values())
    with pytest.raises(breaches.NameTaken):
        staff.add_user(**user, username="doktor")
    with pytest.raises(breaches.NameTaken):
        staff.add_user(**user, username="inny", practitioner=practitioner)


def test_the_audit_is_appended_to_and_never_changed():
    top = OrganisationFactory()
    audit.record(organisation=top, actor=BY, action="patients.search", target=None, found=3)

    entry = AuditEntry.objects.get()
    assert (entry.object_kind, entry.object_id, entry.data) == ("", None, {"found": 3})
    for change in (entry.delete, entry.save):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_a_breach_of_another_rule_is_not_taken_for_a_name():
    with pytest.raises(IntegrityError), breaches.unique("unit_name"):
        Channel.objects.create(organisation=OrganisationFactory(), code=CHANNEL, name="x")


def test_an_error_that_names_no_rule_is_of_none():
    assert breaches.breach_of(IntegrityError("made by hand")) == ""
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Organisation.objects.create(name="x", created_at=None)
    assert breaches.breach_of(refused.value) == ""
