"""R16a and R16b, told: what stands in the way when the database refuses a price or a price list.

The rules themselves are constraints: one list per clinic, channel and day; one price of a service
in all lists used on a channel on a day. A breach becomes SecondPriceList or UnequalPrices.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from django.db import IntegrityError, transaction
from psycopg.types.range import Range

from slotbridge.his.breaches import breach_of
from slotbridge.his.models import Clinic, OfferedPrice, PriceList, PriceListUse, Service


class SecondPriceList(Exception):
    """The clinic uses another list on this channel on some of these days (R16a, A24).

    Nothing is saved and nothing switched over: take the tick off `other` first, or change days.
    """

    def __init__(self, other: PriceList, channel: str) -> None:
        super().__init__(f"price list {other.pk} is used on {channel}")
        self.other = other
        self.channel = channel


@dataclass(frozen=True)
class PriceConflict:
    """One service at two prices on one channel; amounts in minor units of `currency`."""

    service: Service
    channel: str
    currency: str
    price_list: PriceList
    clinic: Clinic
    amount_minor: int
    other_list: PriceList
    other_clinic: Clinic
    other_amount_minor: int


class UnequalPrices(Exception):
    """A service would have two prices on one channel on one day (R16b, A26); nothing is saved.

    `set_price_everywhere` changes a price in all lists at once.
    """

    def __init__(self, conflicts: list[PriceConflict]) -> None:
        super().__init__(
            "; ".join(
                f"service {conflict.service.pk}: {conflict.amount_minor}"
                f" in price list {conflict.price_list.pk}, {conflict.other_amount_minor}"
                f" in price list {conflict.other_list.pk}"
                for conflict in conflicts
            )
        )
        self.conflicts = conflicts


@dataclass(frozen=True)
class Plan:
    """A price list as it is about to be: what may stand in its way is looked up by this."""

    price_list: PriceList
    valid: Range[date]
    channels: Collection[str]
    amounts: Mapping[int, int]  # service -> minor units


def _second_list(plan: Plan) -> SecondPriceList | None:
    uses = (
        PriceListUse.objects.filter(
            clinic=plan.price_list.clinic_id,
            channel__in=plan.channels,
            valid__overlap=plan.valid,
        )
        .exclude(price_list=plan.price_list)
        .select_related("price_list__clinic")
    )
    use = uses.order_by("valid").first()
    return None if use is None else SecondPriceList(use.price_list, use.channel)


def _conflicts(plans: Collection[Plan]) -> list[PriceConflict]:
    planned = [plan.price_list.pk for plan in plans]
    return [
        PriceConflict(
            service=offered.service,
            channel=offered.channel,
            currency=offered.currency,
            price_list=plan.price_list,
            clinic=plan.price_list.clinic,
            amount_minor=plan.amounts[offered.service_id],
            other_list=offered.use.price_list,
            other_clinic=offered.use.price_list.clinic,
            other_amount_minor=offered.amount_minor,
        )
        for plan in plans
        for offered in OfferedPrice.objects.filter(
            organisation=plan.price_list.organisation_id,
            channel__in=plan.channels,
            currency=plan.price_list.currency,
            valid__overlap=plan.valid,
            service__in=plan.amounts,
        )
        .exclude(use__price_list__in=planned)
        .select_related("service", "use__price_list__clinic")
        .order_by("service__name", "channel", "use__price_list__name", "pk")
        if offered.amount_minor != plan.amounts[offered.service_id]
    ]


@contextmanager
def judged(plans: Collection[Plan]) -> Iterator[None]:
    """Runs the block in a savepoint; says what stands in the way if the database refuses it."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        rule = breach_of(error)
        if rule == "one_price_list_per_clinic_channel_day":
            raise next(filter(None, map(_second_list, plans)), error) from None
        if rule == "same_price_on_a_channel_and_day":
            raise UnequalPrices(_conflicts(plans)) from None
        raise
