from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from slotbridge.his.models.base import Owned, random_id
from slotbridge.his.models.organisation import Organisation, Unit


class Practitioner(Owned):
    """A person who has schedules; may work in several clinics, but is in one place at a time."""

    public_id = models.UUIDField(default=random_id, unique=True, editable=False)
    title = models.CharField(max_length=60, blank=True)
    given_name = models.CharField(max_length=100)
    family_name = models.CharField(max_length=100)
    licence_number = models.CharField(max_length=20, blank=True)
    # No ICU in the embedded PostgreSQL, so the order of names is a stored key (names.sort_key).
    sort_key = models.CharField(max_length=250, editable=False)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "id"], name="practitioner_of_organisation"
            ),
            models.UniqueConstraint(
                fields=["organisation", "licence_number"],
                condition=~models.Q(licence_number=""),
                name="practitioner_licence_number",
            ),
        ]

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        return " ".join(part for part in (self.title, self.given_name, self.family_name) if part)


class Room(Owned):
    public_id = models.UUIDField(default=random_id, unique=True, editable=False)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="rooms")
    name = models.CharField(max_length=100)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="room_of_organisation"),
            models.UniqueConstraint(fields=["organisation", "unit", "name"], name="room_name"),
        ]

    def __str__(self) -> str:
        return self.name


class Device(Owned):
    public_id = models.UUIDField(default=random_id, unique=True, editable=False)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="devices")
    name = models.CharField(max_length=100)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="device_of_organisation"),
            models.UniqueConstraint(fields=["organisation", "unit", "name"], name="device_name"),
        ]

    def __str__(self) -> str:
        return self.name


class User(AbstractUser):
    """Somebody who logs in. Without an organisation: the administrator of the server."""

    class Role(models.TextChoices):
        ADMINISTRATOR = "administrator", _("administrator")
        RECEPTIONIST = "receptionist", _("receptionist")
        PRACTITIONER = "practitioner", _("practitioner")
        AUDITOR = "auditor", _("auditor")

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="users"
    )
    role = models.CharField(max_length=20, choices=Role, default=Role.RECEPTIONIST)
    practitioner = models.OneToOneField(
        Practitioner, on_delete=models.SET_NULL, null=True, blank=True, related_name="user"
    )
