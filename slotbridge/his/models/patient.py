from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from slotbridge.his.models.base import Owned, random_id


class Patient(Owned):
    """The person who is treated. Merged records lead to the surviving one by `merged_into`."""

    class Sex(models.TextChoices):
        UNKNOWN = "", _("unknown")
        FEMALE = "female", _("female")
        MALE = "male", _("male")

    class NationalIdKind(models.TextChoices):
        NONE = "", _("none")
        PESEL = "pesel", "PESEL"
        OTHER = "other", _("other document")

    class Verify(models.TextChoices):
        """Why somebody has to look (R26b); the words are chosen on the page."""

        NEW_FROM_PORTAL = "new-from-portal", _("registered by a portal")
        NO_EMAIL = "no-email", _("came without a usable e-mail address")
        SEVERAL_WITH_EMAIL = "several-with-email", _("several patients have this e-mail address")
        NAME_DIFFERS = "name-differs", _("split off: another name under the same e-mail address")

    public_id = models.UUIDField(default=random_id, unique=True, editable=False)
    given_name = models.CharField(max_length=100, blank=True)
    family_name = models.CharField(max_length=100, blank=True)
    name_key = models.CharField(max_length=250, editable=False)  # names.search_key: no diacritics
    email = models.CharField(max_length=254, blank=True)  # as first typed
    email_key = models.CharField(max_length=254, blank=True, editable=False)  # as compared, A49
    phone = models.CharField(max_length=20, blank=True)  # E.164, or as typed if not a number
    birth_date = models.DateField(null=True, blank=True)
    national_id = models.CharField(max_length=40, blank=True)
    national_id_kind = models.CharField(
        max_length=10, choices=NationalIdKind, blank=True, default=NationalIdKind.NONE
    )
    sex = models.CharField(max_length=10, choices=Sex, blank=True, default=Sex.UNKNOWN)
    street = models.CharField(max_length=200, blank=True)
    post_code = models.CharField(max_length=20, blank=True)
    city = models.CharField(max_length=100, blank=True)
    origin_channel = models.SlugField(max_length=30, blank=True)  # R26a; "" is our reception
    verify = ArrayField(
        models.CharField(max_length=30, choices=Verify), default=list, blank=True
    )  # R26b; [] is verified
    verified_at = models.DateTimeField(null=True, blank=True)
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged_from"
    )
    is_active = models.BooleanField(default=True)
    is_deceased = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["organisation", "email_key"],
                condition=~Q(email_key=""),
                name="patient_email",
            ),
            models.Index(
                fields=["organisation", "phone"], condition=~Q(phone=""), name="patient_phone"
            ),
            models.Index(
                fields=["organisation", "national_id"],
                condition=~Q(national_id=""),
                name="patient_national_id",
            ),
            models.Index(fields=["organisation", "name_key"], name="patient_name"),
            GinIndex(OpClass("name_key", name="gin_trgm_ops"), name="patient_name_parts"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="patient_of_organisation"),
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("id")),
                name="patient_not_merged_into_itself",
            ),
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | Q(is_active=False),
                name="merged_patient_is_not_active",
            ),
            models.CheckConstraint(
                condition=(Q(national_id="") & Q(national_id_kind=""))
                | (~Q(national_id="") & ~Q(national_id_kind="")),
                name="national_id_has_a_kind",
            ),
        ]

    def __str__(self) -> str:
        # Never the name: this text reaches error reports and logs.
        return f"patient {self.pk}"

    @property
    def lacking(self) -> list[str]:
        """Columns that an insurance check or an invoice needs, and that are still empty (A55)."""
        needed = ("national_id", "birth_date", "street", "post_code", "city")
        return [column for column in needed if not getattr(self, column)]

    @property
    def full_name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()


class PatientCandidate(Owned):
    """A record that may be the same person, for whoever verifies `patient` (A50, A51)."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="candidates")
    candidate = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=30)  # email, phone, name-and-birth-date, national-id

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "patient", "candidate", "reason"],
                name="patient_candidate_once",
            )
        ]


class PatientMerge(Owned):
    """What a merge did, so that it can be undone."""

    survivor = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="merges")
    absorbed = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    visits = ArrayField(models.BigIntegerField(), default=list)  # moved to the survivor
    filled = ArrayField(models.CharField(max_length=30), default=list)  # survivor's, were empty
    at = models.DateTimeField()
    by = models.CharField(max_length=150)
    undone_at = models.DateTimeField(null=True, blank=True)


class Consent(Owned):
    """What a patient agreed to, or not, and where it was said (A64). Append-only."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="consents")
    kind = models.CharField(max_length=30)  # data-privacy, marketing
    is_given = models.BooleanField()
    at = models.DateTimeField()
    source = models.CharField(max_length=30)  # a channel's code, or "reception"
