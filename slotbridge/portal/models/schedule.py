"""What clinics import: who and what can be booked, when they work, when they are busy.

Rows name resources by the clinic's own ids: a row whose resource is not known (yet) is kept
without effect (U-23). Clock values are local to the clinic and converted late (U-15).
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from slotbridge.portal.models.base import Row, random_id
from slotbridge.portal.models.clinics import Clinic


class ResourceGroup(models.Model):
    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="groups")
    mis_id = models.BigIntegerField()
    name = models.CharField(max_length=250)
    pos = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "mis_id"], name="group_of_a_clinic")
        ]

    def __str__(self) -> str:
        return self.name


class Resource(models.Model):
    """A doctor, a nurse, a room. With `mis_id` it is imported and changed only by imports;
    without, the portal's own, which no import touches. Hidden ones are kept: orders point at them
    and `number` must stay (U-17). `group_mis_id` may name a group that is not there (U-18).
    """

    public_id = models.UUIDField(default=random_id, unique=True, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="resources")
    number = models.PositiveIntegerField()  # Resource_ID
    mis_id = models.BigIntegerField(null=True)
    name = models.CharField(max_length=250)
    time_step = models.PositiveSmallIntegerField(default=30)  # minutes
    group_mis_id = models.BigIntegerField(null=True)
    pos = models.BigIntegerField(default=0)
    hidden_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "number"], name="resource_number"),
            models.UniqueConstraint(fields=["clinic", "mis_id"], name="resource_of_a_clinic"),
            models.CheckConstraint(
                condition=Q(time_step__gte=1, time_step__lte=1440), name="step_of_1_to_1440_minutes"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class WorkingDay(Row):
    """The working hours of a resource on a date, breaks taken out; [] is a day without any."""

    clinic = models.ForeignKey(
        Clinic, on_delete=models.CASCADE, related_name="+", db_index=False
    )  # its keys begin with it
    resource_mis_id = models.BigIntegerField(null=True)
    own_resource = models.ForeignKey(
        Resource, on_delete=models.CASCADE, null=True, related_name="own_days"
    )  # one of the portal's own
    day = models.DateField()
    # [start, end, start, end, …] in minutes since midnight, 0 to 1440, sorted, not touching.
    periods = ArrayField(models.PositiveSmallIntegerField(), default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "resource_mis_id", "day"], name="working_day_of_a_resource"
            ),
            models.UniqueConstraint(
                fields=["own_resource", "day"], name="working_day_of_an_own_resource"
            ),
            models.CheckConstraint(
                condition=Q(resource_mis_id__isnull=False, own_resource__isnull=True)
                | Q(resource_mis_id__isnull=True, own_resource__isnull=False),
                name="working_day_of_one_resource",
            ),
        ]


class Appointment(Row):
    """Occupied time. `duration` in elapsed minutes; null: the resource's `time_step` (U-36).

    `title` can hold a patient's name: only the clinic's staff see it (U-12).
    """

    clinic = models.ForeignKey(
        Clinic, on_delete=models.CASCADE, related_name="+", db_index=False
    )  # its keys begin with it
    tablename = models.CharField(max_length=128, blank=True)
    mis_id = models.BigIntegerField()
    resource_mis_id = models.BigIntegerField()
    day = models.DateField()
    time = models.TimeField()
    duration = models.PositiveIntegerField(null=True)
    title = models.CharField(max_length=1000, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["clinic", "resource_mis_id", "day"], name="appointments_of_a_day")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "tablename", "mis_id"], name="appointment_of_a_clinic"
            ),
            models.CheckConstraint(
                condition=Q(duration__isnull=True) | Q(duration__gte=1, duration__lte=44_640),
                name="appointment_of_1_minute_to_31_days",
            ),
        ]
