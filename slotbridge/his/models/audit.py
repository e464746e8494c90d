from __future__ import annotations

from django.db import models

from slotbridge.his.models.base import Owned


class AuditEntry(Owned):
    """Who did or read what. Append-only: a trigger refuses changes. `data` names columns and
    numbers, never a person's data.
    """

    at = models.DateTimeField()
    actor = models.CharField(max_length=150)
    action = models.CharField(max_length=60)  # "patient.merge", "price-list.use", …
    object_kind = models.CharField(max_length=40)
    object_id = models.BigIntegerField(null=True)
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "at"], name="audit_time"),
            models.Index(fields=["organisation", "object_kind", "object_id"], name="audit_object"),
        ]
