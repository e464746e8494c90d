"""Services and dated price lists. R16a, R16b, A24-A27 are constraints here, for every day.

A price list used on a channel is a PriceListUse; each of its prices then stands once more as an
OfferedPrice, so that one exclusion constraint sees the prices of all lists used on a channel. The
copies cannot drift: they are made by triggers and follow their originals by foreign keys with
ON UPDATE CASCADE (migration `offered_prices`).
"""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import Deferrable, F, Q

from slotbridge.his.models.base import Owned, random_id
from slotbridge.his.models.organisation import Clinic


class Service(Owned):
    """A commercial service of the dictionary (usługa komercyjna)."""

    public_id = models.UUIDField(default=random_id, unique=True, editable=False)
    name = models.CharField(max_length=200)
    duration_minutes = models.PositiveSmallIntegerField()  # usual
    public_name = models.CharField(max_length=200, blank=True)  # on portals; "": their own name
    min_age = models.PositiveSmallIntegerField(null=True, blank=True)  # years, both included
    max_age = models.PositiveSmallIntegerField(null=True, blank=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="service_of_organisation"),
            models.UniqueConstraint(fields=["organisation", "name"], name="service_name"),
            models.CheckConstraint(
                condition=Q(duration_minutes__gte=1, duration_minutes__lte=1440),
                name="service_lasts_1_to_1440_minutes",
            ),
            models.CheckConstraint(
                condition=Q(min_age__isnull=True)
                | Q(max_age__isnull=True)
                | Q(min_age__lte=F("max_age")),
                name="service_ages_in_order",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PriceList(Owned):
    """Prices of a clinic, valid on the days of `valid` ([from, to), either end may be open)."""

    public_id = models.UUIDField(default=random_id, unique=True, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="price_lists")
    name = models.CharField(max_length=200)
    valid = DateRangeField()
    currency = models.CharField(max_length=3, default="PLN")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "id"], name="price_list_of_organisation"
            ),
            models.UniqueConstraint(
                fields=["id", "clinic", "valid", "currency"], name="price_list_copied_columns"
            ),
            models.CheckConstraint(
                condition=~Q(valid__isempty=True), name="price_list_valid_some_day"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Price(Owned):
    """What a service costs in a price list: gross, in minor units (grosze). Zero is a price."""

    price_list = models.ForeignKey(PriceList, on_delete=models.CASCADE, related_name="prices")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="prices")
    amount_minor = models.PositiveIntegerField()
    is_from = models.BooleanField(default=False)  # the lower bound of a range (A28)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="price_of_organisation"),
            models.UniqueConstraint(
                fields=["organisation", "price_list", "service"], name="price_once_in_a_list"
            ),
            models.UniqueConstraint(
                fields=["id", "service", "amount_minor"], name="price_copied_columns"
            ),
        ]


class PriceListUse(Owned):
    """A price list is used on a channel: the box „Cennik używany w serwisie …” (R16)."""

    price_list = models.ForeignKey(PriceList, on_delete=models.CASCADE, related_name="uses")
    channel = models.SlugField(max_length=30)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    valid = DateRangeField()
    currency = models.CharField(max_length=3)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "id"], name="price_list_use_of_organisation"
            ),
            models.UniqueConstraint(
                fields=["organisation", "price_list", "channel"], name="price_list_used_once"
            ),
            models.UniqueConstraint(
                fields=["id", "channel", "valid", "currency"], name="price_list_use_copied_columns"
            ),
            ExclusionConstraint(
                # R16a, A24, A25; catalogue.use_price_list turns a breach into SecondPriceList
                name="one_price_list_per_clinic_channel_day",
                expressions=[
                    ("organisation", RangeOperators.EQUAL),
                    ("clinic", RangeOperators.EQUAL),
                    ("channel", RangeOperators.EQUAL),
                    ("valid", RangeOperators.OVERLAPS),
                ],
            ),
        ]


class OfferedPrice(Owned):
    """One price of one use: written by triggers, never by code."""

    use = models.ForeignKey(PriceListUse, on_delete=models.CASCADE, related_name="offered")
    price = models.ForeignKey(Price, on_delete=models.CASCADE, related_name="offered")
    channel = models.SlugField(max_length=30)
    valid = DateRangeField()
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="+")
    amount_minor = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "use", "price"], name="offered_price_once"
            ),
            ExclusionConstraint(
                # R16b, A25-A27; catalogue turns a breach into UnequalPrices. Deferrable, so that
                # set_price_everywhere can raise a price in all lists at once (A26).
                name="same_price_on_a_channel_and_day",
                expressions=[
                    ("organisation", RangeOperators.EQUAL),
                    ("channel", RangeOperators.EQUAL),
                    ("service", RangeOperators.EQUAL),
                    ("currency", RangeOperators.EQUAL),
                    ("valid", RangeOperators.OVERLAPS),
                    ("amount_minor", RangeOperators.NOT_EQUAL),
                ],
                deferrable=Deferrable.IMMEDIATE,
            ),
        ]
