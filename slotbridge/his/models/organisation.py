from __future__ import annotations

from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from slotbridge.his.models.base import Owned, random_id


def check_time_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(_("Use a name like Europe/Warsaw."), code="unknown-time-zone")


class Organisation(models.Model):
    """The legal body behind one or more units (podmiot leczniczy): a tenant."""

    public_id = models.UUIDField(default=random_id, unique=True, editable=False)
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Channel(Owned):
    """A named place where slots may be offered. `his` knows no more of a portal than this."""

    code = models.SlugField(max_length=30)
    name = models.CharField(max_length=60)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "code"], name="channel_code")
        ]

    def __str__(self) -> str:
        return self.name


class Unit(Owned):
    """An outpatient unit at one site (przychodnia); its zone is the zone of all times in it."""

    public_id = models.UUIDField(default=random_id, unique=True, editable=False)
    name = models.CharField(max_length=200)
    time_zone = models.CharField(
        max_length=60, default="Europe/Warsaw", validators=[check_time_zone]
    )
    street = models.CharField(max_length=200, blank=True)
    post_code = models.CharField(max_length=20, blank=True)
    city = models.CharField(max_length=100, blank=True)
    phone = models.CharField(max_length=20, blank=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="unit_of_organisation"),
            models.UniqueConstraint(fields=["organisation", "name"], name="unit_name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class Clinic(Owned):
    """A specialised section of a unit (poradnia), or a ward: has schedules and price lists."""

    class Kind(models.TextChoices):
        CLINIC = "clinic", _("clinic")
        WARD = "ward", _("ward")

    public_id = models.UUIDField(default=random_id, unique=True, editable=False)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="clinics")
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.CLINIC)
    specialty = models.CharField(max_length=100, blank=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="clinic_of_organisation"),
            models.UniqueConstraint(fields=["organisation", "unit", "name"], name="clinic_name"),
        ]

    def __str__(self) -> str:
        return self.name
