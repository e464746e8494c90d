from __future__ import annotations

from django.db import models
from django.db.models import Q

from slotbridge.his.models.base import Owned
from slotbridge.his.models.schedule import Schedule
from slotbridge.his.models.visit import Visit


class OutboxEntry(Owned):
    """The name of something that changed, written in the transaction that changed it (ADR 1).

    A schedule-day, all days of a schedule (`day` null), or a visit. No payload: whoever drains
    this reads the present state.
    """

    id = models.BigAutoField(primary_key=True)
    schedule = models.ForeignKey(
        Schedule, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    day = models.DateField(null=True, blank=True)
    visit = models.ForeignKey(
        Visit, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(schedule__isnull=False, visit__isnull=True)
                | Q(schedule__isnull=True, visit__isnull=False, day__isnull=True),
                name="outbox_names_a_schedule_or_a_visit",
            )
        ]
