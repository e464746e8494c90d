"""Organisations, their units and clinics, and the channels slots may be offered on."""

from django.db import transaction

from slotbridge.his import audit, outbox
from slotbridge.his.breaches import unique
from slotbridge.his.models import Channel, Clinic, Organisation, Unit
from slotbridge.his.models.organisation import check_time_zone
from slotbridge.kit import clock


class UnknownChannel(LookupError):
    """The organisation has no channel of this code: add it first, or correct the code."""


@transaction.atomic
def create_organisation(*, name: str, by: str) -> Organisation:
    organisation = Organisation.objects.create(name=name, created_at=clock.now())
    audit.record(
        organisation=organisation, actor=by, action="organisation.add", target=organisation
    )
    return organisation


@transaction.atomic
def add_channel(*, organisation: Organisation, code: str, name: str, by: str) -> Channel:
    """Raises NameTaken if the organisation has a channel of this code."""
    with unique("channel_code"):
        channel = Channel.objects.create(organisation=organisation, code=code, name=name)
    audit.record(
        organisation=organisation, actor=by, action="channel.add", target=channel, code=code
    )
    return channel


def known_channel(organisation_id: int, code: str) -> str:
    """The code, if the organisation has such a channel; else UnknownChannel: a mistyped code
    would offer slots nowhere, silently.
    """
    if not Channel.objects.filter(organisation_id=organisation_id, code=code).exists():
        raise UnknownChannel(code)
    return code


@transaction.atomic
def add_unit(
    *,
    organisation: Organisation,
    name: str,
    time_zone: str = "Europe/Warsaw",
    street: str = "",
    post_code: str = "",
    city: str = "",
    phone: str = "",
    by: str,
) -> Unit:
    """`time_zone` is an IANA name (ValidationError otherwise). Raises NameTaken."""
    check_time_zone(time_zone)
    with unique("unit_name"):
        unit = Unit.objects.create(
            organisation=organisation,
            name=name,
            time_zone=time_zone,
            street=street,
            post_code=post_code,
            city=city,
            phone=phone,
        )
    audit.record(organisation=organisation, actor=by, action="unit.add", target=unit)
    return unit


class ZoneInUse(Exception):
    """The unit has slots: in another zone they would lie on other days. Remove them first."""


@transaction.atomic
def change_unit(*, unit: Unit, by: str, **fields: object) -> Unit:
    """Sets the given columns. Raises NameTaken, ZoneInUse (a new zone while there are slots)."""
    unit = Unit.objects.select_for_update().get(pk=unit.pk)
    zone = fields.get("time_zone", unit.time_zone)
    if zone != unit.time_zone:
        check_time_zone(str(zone))
        if unit.clinics.filter(schedules__slots__isnull=False).exists():
            raise ZoneInUse(f"unit {unit.pk}")
    for name, value in fields.items():
        setattr(unit, name, value)
    with unique("unit_name"):
        unit.save(update_fields=fields)
    for clinic in unit.clinics.all():
        outbox.record_clinic(clinic)
    audit.record(
        organisation=unit.organisation,
        actor=by,
        action="unit.change",
        target=unit,
        columns=sorted(fields),
    )
    return unit


@transaction.atomic
def add_clinic(
    *, unit: Unit, name: str, kind: str = Clinic.Kind.CLINIC, specialty: str = "", by: str
) -> Clinic:
    """`kind` is a Clinic.Kind. Raises NameTaken if the unit has a clinic of this name."""
    with unique("clinic_name"):
        clinic = Clinic.objects.create(
            organisation_id=unit.organisation_id,
            unit=unit,
            name=name,
            kind=Clinic.Kind(kind),
            specialty=specialty,
        )
    audit.record(organisation=clinic.organisation, actor=by, action="clinic.add", target=clinic)
    return clinic


@transaction.atomic
def change_clinic(*, clinic: Clinic, by: str, **fields: object) -> Clinic:
    """Sets the given columns. Raises NameTaken."""
    clinic = Clinic.objects.select_for_update().get(pk=clinic.pk)
    for name, value in fields.items():
        setattr(clinic, name, value)
    with unique("clinic_name"):
        clinic.save(update_fields=fields)
    outbox.record_clinic(clinic)
    audit.record(
        organisation=clinic.organisation,
        actor=by,
        action="clinic.change",
        target=clinic,
        columns=sorted(fields),
    )
    return clinic
