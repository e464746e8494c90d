"""Clinics, their keys, and who may do what on the portal."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from slotbridge.portal.models.base import Row, random_id


class Clinic(models.Model):
    """A clinic and its world: every id it imports is unique only within it (2.3).

    All its clock values are local to `time_zone` (U-15). `last_order` and `last_resource` count
    the numbers that its orders and resources have on the portal.
    """

    class Language(models.TextChoices):
        RUSSIAN = "ru", "русский"
        ENGLISH = "en", "English"

    public_id = models.UUIDField(default=random_id, unique=True, editable=False)
    name = models.CharField(max_length=250)
    address = models.CharField(max_length=300, blank=True)
    phone = models.CharField(max_length=50, blank=True)
    time_zone = models.CharField(max_length=60, default="Europe/Moscow")
    language = models.CharField(max_length=2, choices=Language, default=Language.RUSSIAN)
    lead_minutes = models.PositiveIntegerField(default=60)  # U-21
    is_open = models.BooleanField(default=True)  # whether patients see it
    allows_plain_http = models.BooleanField(default=False)  # U-6
    allowed_addresses = ArrayField(models.CharField(max_length=43), default=list, blank=True)
    most_bytes = models.PositiveIntegerField(default=32 * 1024 * 1024)  # U-29
    most_elements = models.PositiveIntegerField(default=300_000)
    last_order = models.PositiveIntegerField(default=0)
    last_resource = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class ClientKey(Row):
    """A key, as its digest: it is shown once. At most two are valid, so that one can be exchanged
    for another without a gap (U-6). Data belong to the clinic, not to the key.
    """

    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="keys")
    digest = models.CharField(max_length=64, unique=True)  # SHA-256: the keys are random
    hint = models.CharField(max_length=4)  # its first characters, to tell two apart
    place = models.PositiveSmallIntegerField()  # 1 or 2
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=150)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "place"],
                condition=Q(revoked_at__isnull=True),
                name="two_valid_keys_a_clinic",
            ),
            models.CheckConstraint(condition=Q(place__in=[1, 2]), name="key_in_place_1_or_2"),
        ]


class FailedTry(Row):
    """A request with a wrong key: ten from one address in ten minutes slow it down (U-6)."""

    address = models.GenericIPAddressField()
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["address", "at"], name="failed_tries_of_an_address")]


class StaffMember(models.Model):
    """Somebody who may log in: of a clinic, or without one the portal's operator."""

    public_id = models.UUIDField(default=random_id, unique=True, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, null=True, related_name="staff")
    login = models.CharField(max_length=150, unique=True)
    name = models.CharField(max_length=200)
    email = models.EmailField(blank=True)  # told of withheld deletions and unanswered orders
    password = models.CharField(max_length=200)  # django.contrib.auth.hashers
    language = models.CharField(
        max_length=2, choices=Clinic.Language, default=Clinic.Language.RUSSIAN
    )
    is_active = models.BooleanField(default=True)
    sessions_ended = models.PositiveIntegerField(default=0)  # counts log-outs: sessions hold it
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.login

    @property
    def is_operator(self) -> bool:
        return self.clinic_id is None


class LoginTry(Row):
    """A log-in that is being judged, or that failed: too many of a login or of an address slow
    both down. `login_digest` is keyed, as people type passwords into the wrong field.
    """

    login_digest = models.CharField(max_length=64)
    address = models.GenericIPAddressField()
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["login_digest", "at"], name="tries_of_a_login"),
            models.Index(fields=["address", "at"], name="tries_of_an_address"),
        ]


class Deed(Row):
    """Who of the staff did what; numbers and codes only, never a person's data. Append-only."""

    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, null=True, related_name="deeds")
    at = models.DateTimeField()
    actor = models.CharField(max_length=150)  # a login, "patient", "mis" or "system"
    action = models.CharField(max_length=60)
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["clinic", "at"], name="deeds_of_a_clinic"),
            models.Index(fields=["at"], name="deeds_of_all_clinics"),
        ]
