from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from slotbridge.his.models.base import Owned, exactly_one, random_id, time_range
from slotbridge.his.models.catalogue import Service
from slotbridge.his.models.organisation import Clinic
from slotbridge.his.models.staff import Device, Practitioner, Room


class Funding(models.TextChoices):
    """Who pays for what is done in a slot; public is the NFZ in Poland (A66)."""

    PRIVATE = "private", _("private")
    PUBLIC = "public", _("public insurance")
    BOTH = "both", _("private or public insurance")


class Schedule(Owned):
    """When one practitioner, room or device works in one clinic (grafik)."""

    public_id = models.UUIDField(default=random_id, unique=True, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="schedules")
    practitioner = models.ForeignKey(
        Practitioner, on_delete=models.PROTECT, null=True, blank=True, related_name="schedules"
    )
    room = models.ForeignKey(
        Room, on_delete=models.PROTECT, null=True, blank=True, related_name="schedules"
    )
    device = models.ForeignKey(
        Device, on_delete=models.PROTECT, null=True, blank=True, related_name="schedules"
    )
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="schedule_of_organisation"),
            models.CheckConstraint(
                condition=exactly_one("practitioner", "room", "device"),
                name="schedule_of_one_practitioner_room_or_device",
            ),
            models.UniqueConstraint(
                fields=["organisation", "clinic", "practitioner"],
                name="one_schedule_of_a_practitioner_in_a_clinic",
            ),
            models.UniqueConstraint(
                fields=["organisation", "clinic", "room"],
                name="one_schedule_of_a_room_in_a_clinic",
            ),
            models.UniqueConstraint(
                fields=["organisation", "clinic", "device"],
                name="one_schedule_of_a_device_in_a_clinic",
            ),
        ]


class WeeklyTemplate(Owned):
    """The weekly pattern a schedule's slots are generated from (grafik wzorcowy)."""

    schedule = models.OneToOneField(Schedule, on_delete=models.CASCADE, related_name="template")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="template_of_organisation"),
        ]


class TemplateVersion(Owned):
    """A snapshot of a template. Never changed once slots were generated from it: a change of the
    pattern is the next version.
    """

    template = models.ForeignKey(WeeklyTemplate, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "id"], name="template_version_of_organisation"
            ),
            models.UniqueConstraint(
                fields=["organisation", "template", "number"], name="template_version_number"
            ),
        ]


class TemplatePeriod(Owned):
    """One stretch of a weekday, cut into slots of `slot_minutes`. Wall times of the unit."""

    version = models.ForeignKey(TemplateVersion, on_delete=models.CASCADE, related_name="periods")
    weekday = models.PositiveSmallIntegerField()  # 0 is Monday
    start = models.TimeField()
    end = models.TimeField()
    slot_minutes = models.PositiveSmallIntegerField()
    channels = ArrayField(models.SlugField(max_length=30), default=list, blank=True)  # A32
    funding = models.CharField(max_length=10, choices=Funding, default=Funding.PRIVATE)
    room = models.ForeignKey(
        Room, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    services = models.ManyToManyField(Service, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(start__lt=F("end")), name="template_period_starts_before_it_ends"
            ),
            models.CheckConstraint(
                condition=Q(weekday__gte=0, weekday__lte=6), name="template_period_weekday"
            ),
            models.CheckConstraint(
                condition=Q(slot_minutes__gte=1, slot_minutes__lte=1440),
                name="template_slots_last_1_to_1440_minutes",
            ),
        ]


class Slot(Owned):
    """One bookable stretch of time, [start, end). What of it is free is computed, never stored.

    `practitioner`, `room` and `device` are copies: a slot of a practitioner's schedule may also
    take a room. `day` is the unit's date at `start`.
    """

    public_id = models.UUIDField(default=random_id, unique=True, editable=False)
    schedule = models.ForeignKey(Schedule, on_delete=models.PROTECT, related_name="slots")
    practitioner = models.ForeignKey(
        Practitioner, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    room = models.ForeignKey(
        Room, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    device = models.ForeignKey(
        Device, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    day = models.DateField()
    start = models.DateTimeField()
    end = models.DateTimeField()
    channels = ArrayField(models.SlugField(max_length=30), default=list, blank=True)  # R21
    services = models.ManyToManyField(Service, blank=True, related_name="+")  # none: all (A18)
    funding = models.CharField(max_length=10, choices=Funding, default=Funding.PRIVATE)
    note = models.CharField(max_length=200, blank=True)
    template_version = models.ForeignKey(
        TemplateVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="slots"
    )  # null: made by hand

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "schedule", "day"], name="slot_schedule_day"),
            models.Index(
                fields=["organisation", "practitioner", "start"], name="slot_person_start"
            ),
            GinIndex(fields=["channels"], name="slot_channels"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="slot_of_organisation"),
            models.CheckConstraint(
                condition=Q(start__lt=F("end")), name="slot_starts_before_it_ends"
            ),
            models.CheckConstraint(
                condition=Q(practitioner__isnull=False)
                | Q(room__isnull=False)
                | Q(device__isnull=False),
                name="slot_of_somebody_or_something",
            ),
            *[
                ExclusionConstraint(
                    # slots.open_slots turns a breach into SlotOverlaps
                    name=f"slot_no_overlap_{who}",
                    expressions=[
                        ("organisation", RangeOperators.EQUAL),
                        (who, RangeOperators.EQUAL),
                        (time_range(), RangeOperators.OVERLAPS),
                    ],
                )
                for who in ("practitioner", "room", "device")
            ],
        ]


class Absence(Owned):
    """Somebody or something is not there, [start, end): everywhere, or in one clinic only."""

    class Reason(models.TextChoices):
        LEAVE = "leave", _("leave")
        ILLNESS = "illness", _("illness")
        TRAINING = "training", _("training")
        OTHER = "other", _("other")

    practitioner = models.ForeignKey(
        Practitioner, on_delete=models.PROTECT, null=True, blank=True, related_name="absences"
    )
    room = models.ForeignKey(
        Room, on_delete=models.PROTECT, null=True, blank=True, related_name="absences"
    )
    device = models.ForeignKey(
        Device, on_delete=models.PROTECT, null=True, blank=True, related_name="absences"
    )
    clinic = models.ForeignKey(
        Clinic, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    start = models.DateTimeField()
    end = models.DateTimeField()
    reason = models.CharField(max_length=20, choices=Reason, default=Reason.OTHER)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "practitioner", "start"], name="absence_person"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(start__lt=F("end")), name="absence_starts_before_it_ends"
            ),
            models.CheckConstraint(
                condition=exactly_one("practitioner", "room", "device"),
                name="absence_of_one_practitioner_room_or_device",
            ),
        ]
