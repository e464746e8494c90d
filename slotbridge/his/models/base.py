"""What every table of a tenant has."""

from __future__ import annotations

import secrets
import uuid

from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.lookups import Exact


def random_id() -> uuid.UUID:
    """128 random bits: what stands for a row in a URL, since a key could be counted up."""
    return uuid.UUID(bytes=secrets.token_bytes(16))


class Owned(models.Model):
    """A row of one organisation. The database refuses rows that join two organisations:
    migration `same_organisation` gives the foreign keys between tenants' tables the
    organisation as their first column.
    """

    organisation = models.ForeignKey("his.Organisation", on_delete=models.PROTECT, related_name="+")

    class Meta:
        abstract = True


class TsTzRange(Func):
    """`tstzrange(start, end)`: half-open, for exclusion constraints and overlap queries."""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


def time_range(start: str = "start", end: str = "end") -> TsTzRange:
    return TsTzRange(F(start), F(end), RangeBoundary())


def exactly_one(*fields: str) -> Q:
    """A check that just one of these nullable columns is set."""
    return Q(
        Exact(
            Func(
                *(F(field) for field in fields),
                function="num_nonnulls",
                output_field=models.IntegerField(),
            ),
            Value(1),
        )
    )
