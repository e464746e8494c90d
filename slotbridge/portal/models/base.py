from __future__ import annotations

import secrets
import uuid

from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary
from django.db import models
from django.db.models import F, Func


def random_id() -> uuid.UUID:
    """128 random bits: what stands for a row in a URL, since a key could be counted up."""
    return uuid.UUID(bytes=secrets.token_bytes(16))


def time_range() -> Func:
    """`tstzrange("start", "end")`: half-open, for exclusion constraints."""
    return Func(
        F("start"),
        F("end"),
        RangeBoundary(),
        function="TSTZRANGE",
        output_field=DateTimeRangeField(),
    )


class Row(models.Model):
    """A table whose rows have no name of their own."""

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"
