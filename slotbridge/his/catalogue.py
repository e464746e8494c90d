"""Services and dated price lists; which list is used on which channel, at what prices.

The rules between lists are the database's (price_rules). Changes of one organisation's prices
come one after the other: two that breach a rule together would else wait for each other inside
the constraint, until one is ended as a deadlock instead of being told why.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import connection, transaction
from psycopg.types.range import Range

from slotbridge.his import audit, outbox
from slotbridge.his.breaches import NameTaken, unique
from slotbridge.his.models import (
    Clinic,
    OfferedPrice,
    Organisation,
    Price,
    PriceList,
    PriceListUse,
    Service,
)
from slotbridge.his.organisation import UnknownChannel, known_channel
from slotbridge.his.price_rules import Plan, PriceConflict, SecondPriceList, UnequalPrices, judged
from slotbridge.kit import clock

__all__ = [
    "EmptyValidity",
    "NameTaken",
    "PriceConflict",
    "PricedService",
    "SecondPriceList",
    "UnequalPrices",
    "UnknownChannel",
    "add_price_list",
    "add_service",
    "change_price_list",
    "change_service",
    "prices_between",
    "prices_on",
    "remove_price",
    "set_price",
    "set_price_everywhere",
    "stop_using_price_list",
    "use_price_list",
]


class EmptyValidity(ValueError):
    """The list would be valid on no day: `valid_to` is the first day after its last."""


def _lock(organisation_id: int) -> None:
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation_id)


def _channels(price_list: PriceList) -> list[str]:
    return list(price_list.uses.order_by("channel").values_list("channel", flat=True))


def _amounts(price_list: PriceList) -> dict[int, int]:
    return dict(price_list.prices.values_list("service_id", "amount_minor"))


@transaction.atomic
def add_service(
    *,
    organisation: Organisation,
    name: str,
    duration_minutes: int,
    public_name: str = "",
    min_age: int | None = None,
    max_age: int | None = None,
    by: str,
) -> Service:
    """`duration_minutes` is the usual one, 1 to 1440. `public_name` is what portals call it, ""
    for their own name; ages are in years, both included. Raises NameTaken.
    """
    with unique("service_name"):
        service = Service.objects.create(
            organisation=organisation,
            name=name,
            duration_minutes=duration_minutes,
            public_name=public_name,
            min_age=min_age,
            max_age=max_age,
        )
    audit.record(organisation=organisation, actor=by, action="service.add", target=service)
    return service


@transaction.atomic
def change_service(*, service: Service, by: str, **fields: object) -> Service:
    """Sets the given columns (name, duration_minutes, public_name, min_age, max_age, is_active).
    Raises NameTaken.
    """
    service = Service.objects.select_for_update(no_key=True).get(pk=service.pk)
    for name, value in fields.items():
        setattr(service, name, value)
    with unique("service_name"):
        service.save(update_fields=fields)
    for clinic in Clinic.objects.filter(price_lists__prices__service=service).distinct():
        outbox.record_clinic(clinic)
    audit.record(
        organisation=service.organisation,
        actor=by,
        action="service.change",
        target=service,
        columns=sorted(fields),
    )
    return service


def _validity(valid_from: date | None, valid_to: date | None) -> Range[date]:
    if valid_from is not None and valid_to is not None and valid_from >= valid_to:
        raise EmptyValidity(f"{valid_from} to {valid_to}")
    return Range(valid_from, valid_to)


@transaction.atomic
def add_price_list(
    *,
    clinic: Clinic,
    name: str,
    valid_from: date | None,
    valid_to: date | None,
    currency: str = "PLN",
    by: str,
) -> PriceList:
    """Valid on the days [valid_from, valid_to); None leaves that end open. Used nowhere yet."""
    price_list = PriceList.objects.create(
        organisation_id=clinic.organisation_id,
        clinic=clinic,
        name=name,
        valid=_validity(valid_from, valid_to),
        currency=currency,
    )
    audit.record(
        organisation=clinic.organisation, actor=by, action="price-list.add", target=price_list
    )
    return price_list


@transaction.atomic
def change_price_list(
    *,
    price_list: PriceList,
    name: str,
    valid_from: date | None,
    valid_to: date | None,
    by: str,
) -> PriceList:
    """The form's three fields, all of them. Raises SecondPriceList or UnequalPrices if other
    days would breach a rule where the list is used; EmptyValidity.
    """
    valid = _validity(valid_from, valid_to)
    _lock(price_list.organisation_id)
    price_list = PriceList.objects.select_related("clinic").get(pk=price_list.pk)
    plan = Plan(price_list, valid, _channels(price_list), _amounts(price_list))
    with judged([plan]):
        PriceList.objects.filter(pk=price_list.pk).update(name=name, valid=valid)
    price_list.refresh_from_db()
    outbox.record_clinic(price_list.clinic)
    audit.record(
        organisation=price_list.organisation,
        actor=by,
        action="price-list.change",
        target=price_list,
        valid_from=str(valid_from),
        valid_to=str(valid_to),
    )
    return price_list


@transaction.atomic
def set_price(
    *,
    price_list: PriceList,
    service: Service,
    amount_minor: int,
    is_from: bool = False,
    by: str,
) -> Price:
    """Adds the service to the list, or changes its price: gross, in minor units of the list's
    currency; `is_from`: the lower bound of a range (A28). Raises UnequalPrices (A26).
    """
    _lock(price_list.organisation_id)
    plan = Plan(price_list, price_list.valid, _channels(price_list), {service.pk: amount_minor})
    with judged([plan]):
        price, _ = Price.objects.update_or_create(
            organisation_id=price_list.organisation_id,
            price_list=price_list,
            service=service,
            defaults={"amount_minor": amount_minor, "is_from": is_from},
        )
    outbox.record_clinic(price_list.clinic)
    audit.record(
        organisation=price_list.organisation,
        actor=by,
        action="price.set",
        target=price_list,
        service=service.pk,
        amount_minor=amount_minor,
    )
    return price


@transaction.atomic
def remove_price(*, price_list: PriceList, service: Service, by: str) -> None:
    """Takes the service off the list: no longer offered in the clinic (A28). Nothing happens if
    it is not on it.
    """
    _lock(price_list.organisation_id)
    Price.objects.filter(price_list=price_list, service=service).delete()
    outbox.record_clinic(price_list.clinic)
    audit.record(
        organisation=price_list.organisation,
        actor=by,
        action="price.remove",
        target=price_list,
        service=service.pk,
    )


def _bound_together(lists: list[PriceList], first: PriceList) -> list[PriceList]:
    """`first` and those of the lists that R16b ties to it: valid on a common day with it, or
    with one that is.
    """
    found, waiting = [first], [each for each in lists if each.pk != first.pk]
    for known in found:
        tied = [each for each in waiting if _have_common_day(known.valid, each.valid)]
        found.extend(tied)
        waiting = [each for each in waiting if each not in tied]
    return found


def _have_common_day(a: Range[date], b: Range[date]) -> bool:
    return (a.lower is None or b.upper is None or a.lower < b.upper) and (
        b.lower is None or a.upper is None or b.lower < a.upper
    )


def _is_over(price_list: PriceList) -> bool:
    today = clock.today(price_list.clinic.unit.tz)
    return price_list.valid.upper is not None and price_list.valid.upper <= today


@transaction.atomic
def set_price_everywhere(
    *,
    organisation: Organisation,
    channel: str,
    service: Service,
    amount_minor: int,
    currency: str = "PLN",
    starting_from: PriceList | None = None,
    by: str,
) -> list[PriceList]:
    """Changes the price of a service in all lists used on the channel that have it, at once: no
    list could be first (A26). Returns those lists.

    With `starting_from`, the list being edited, only those that R16b ties to it: next year's
    prices stay as they were prepared. Without, all lists of this currency that are not over.
    Raises UnequalPrices if a list is used on another channel too, and differs from one there.
    """
    _lock(organisation.pk)
    used = PriceList.objects.filter(
        organisation=organisation,
        uses__channel=channel,
        prices__service=service,
        currency=currency if starting_from is None else starting_from.currency,
    )
    lists = [
        each
        for each in used.select_related("clinic__unit").order_by("pk")
        if starting_from is not None or not _is_over(each)
    ]
    if starting_from is not None:
        lists = _bound_together(lists, starting_from)
    amounts = {service.pk: amount_minor}
    plans = [Plan(each, each.valid, _channels(each), amounts) for each in lists]
    with judged(plans), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS same_price_on_a_channel_and_day DEFERRED")
        Price.objects.filter(price_list__in=lists, service=service).update(
            amount_minor=amount_minor
        )
        cursor.execute("SET CONSTRAINTS same_price_on_a_channel_and_day IMMEDIATE")
    for clinic in {each.clinic for each in lists}:
        outbox.record_clinic(clinic)
    audit.record(
        organisation=organisation,
        actor=by,
        action="price.set-everywhere",
        target=service,
        channel=channel,
        amount_minor=amount_minor,
        price_lists=[each.pk for each in lists],
    )
    return lists


@transaction.atomic
def use_price_list(*, price_list: PriceList, channel: str, by: str) -> PriceListUse:
    """Ticks „Cennik używany w serwisie …” (R16); nothing happens if it is ticked.

    Raises SecondPriceList (A24), UnequalPrices (A26), UnknownChannel.
    """
    known_channel(price_list.organisation_id, channel)
    _lock(price_list.organisation_id)
    price_list = PriceList.objects.select_related("clinic").get(pk=price_list.pk)
    if present := price_list.uses.filter(channel=channel).first():
        return present
    plan = Plan(price_list, price_list.valid, [channel], _amounts(price_list))
    with judged([plan]):
        use = PriceListUse.objects.create(
            organisation_id=price_list.organisation_id,
            price_list=price_list,
            channel=channel,
            clinic=price_list.clinic,
            valid=price_list.valid,
            currency=price_list.currency,
        )
    outbox.record_clinic(price_list.clinic)
    audit.record(
        organisation=price_list.organisation,
        actor=by,
        action="price-list.use",
        target=price_list,
        channel=channel,
    )
    return use


@transaction.atomic
def stop_using_price_list(*, price_list: PriceList, channel: str, by: str) -> None:
    """Takes the tick off (A29). Visits keep the price they were booked at."""
    _lock(price_list.organisation_id)
    PriceListUse.objects.filter(price_list=price_list, channel=channel).delete()
    outbox.record_clinic(price_list.clinic)
    audit.record(
        organisation=price_list.organisation,
        actor=by,
        action="price-list.stop-using",
        target=price_list,
        channel=channel,
    )


@dataclass(frozen=True)
class PricedService:
    """A service's price in a clinic on the days of `valid`, and no others: `day in priced`."""

    clinic_id: int
    service_id: int
    valid: Range[date]
    amount_minor: int
    currency: str
    is_from: bool

    def __contains__(self, day: date) -> bool:
        return day in self.valid


def prices_on(clinic: Clinic, channel: str, day: date) -> dict[int, Price]:
    """Prices by service, of the list that the clinic uses on the channel that day."""
    # One filter: its conditions are of one and the same use.
    prices = Price.objects.filter(
        price_list__uses__clinic=clinic,
        price_list__uses__channel=channel,
        price_list__uses__valid__contains=day,
    )
    return {price.service_id: price for price in prices.select_related("price_list")}


def prices_between(
    *, clinics: Collection[int], channel: str, first: date, last: date
) -> list[PricedService]:
    """Prices of active services on the days from `first` to `last`, both included, as they are
    on each of them. One query, however many clinics.
    """
    rows = OfferedPrice.objects.filter(
        use__clinic__in=clinics,
        channel=channel,
        valid__overlap=Range(first, last + timedelta(days=1)),
        service__is_active=True,
    ).order_by("use__clinic", "service", "valid")
    return [
        PricedService(*row)
        for row in rows.values_list(
            "use__clinic_id", "service_id", "valid", "amount_minor", "currency", "price__is_from"
        )
    ]
