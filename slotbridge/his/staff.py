"""People who work and log in here, and the rooms and devices they use."""

from django.db import transaction

from slotbridge.his import audit, names, outbox
from slotbridge.his.breaches import unique
from slotbridge.his.models import Device, Organisation, Practitioner, Room, Unit, User


@transaction.atomic
def add_practitioner(
    *,
    organisation: Organisation,
    given_name: str,
    family_name: str,
    title: str = "",
    licence_number: str = "",
    by: str,
) -> Practitioner:
    """Raises NameTaken if somebody here has this licence number."""
    with unique("practitioner_licence_number"):
        practitioner = Practitioner.objects.create(
            organisation=organisation,
            title=title,
            given_name=given_name,
            family_name=family_name,
            licence_number=licence_number,
            sort_key=names.sort_key(family_name, given_name),
        )
    audit.record(
        organisation=organisation, actor=by, action="practitioner.add", target=practitioner
    )
    return practitioner


@transaction.atomic
def change_practitioner(*, practitioner: Practitioner, by: str, **fields: object) -> Practitioner:
    """Sets the given columns. Raises NameTaken if somebody here has this licence number."""
    practitioner = Practitioner.objects.select_for_update(no_key=True).get(pk=practitioner.pk)
    for name, value in fields.items():
        setattr(practitioner, name, value)
    practitioner.sort_key = names.sort_key(practitioner.family_name, practitioner.given_name)
    with unique("practitioner_licence_number"):
        practitioner.save(update_fields=[*fields, "sort_key"])
    outbox.record_practitioner(practitioner, None)
    audit.record(
        organisation=practitioner.organisation,
        actor=by,
        action="practitioner.change",
        target=practitioner,
        columns=sorted(fields),
    )
    return practitioner


@transaction.atomic
def add_room(*, unit: Unit, name: str, by: str) -> Room:
    """Raises NameTaken if the unit has a room of this name."""
    with unique("room_name"):
        room = Room.objects.create(organisation_id=unit.organisation_id, unit=unit, name=name)
    audit.record(organisation=room.organisation, actor=by, action="room.add", target=room)
    return room


@transaction.atomic
def add_device(*, unit: Unit, name: str, by: str) -> Device:
    """Raises NameTaken if the unit has a device of this name."""
    with unique("device_name"):
        device = Device.objects.create(organisation_id=unit.organisation_id, unit=unit, name=name)
    audit.record(organisation=device.organisation, actor=by, action="device.add", target=device)
    return device


@transaction.atomic
def add_user(
    *,
    organisation: Organisation,
    username: str,
    password: str,
    role: str,
    practitioner: Practitioner | None = None,
    by: str,
) -> User:
    """`role` is a User.Role. The form judges the password. Raises NameTaken for a user name that
    is in use (in whatever organisation: people log in without naming theirs), or for a
    practitioner who logs in as somebody already.
    """
    with unique("his_user_username_key", "his_user_practitioner_id_key"):
        user = User.objects.create_user(
            username,
            password=password,
            organisation=organisation,
            role=User.Role(role),
            practitioner=practitioner,
        )
    audit.record(organisation=organisation, actor=by, action="user.add", target=user, role=role)
    return user
