"""What should stand among the services of an address, at what price (A16-A19, A26-A31).

It follows from the links of services and from the price lists that the clinics shown there use
(R15, R16). What is there already and was not made by us is used as it is; only its price follows
ours (A31), and only we ourselves or staff take anything away.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from slotbridge.his import catalogue
from slotbridge.his.models import Service
from slotbridge.kit import clock
from slotbridge.sync import fanout
from slotbridge.sync.contract import ItemKind, ServiceAtAddress
from slotbridge.sync.models import (
    Account,
    CatalogueItem,
    Link,
    Listing,
    ListingSchedule,
    ListingService,
)
from slotbridge.sync.registry import calendar_class

# The portal works asynchronously: what was told a moment ago is not compared yet.
SETTLES_IN = timedelta(seconds=30)
# Prices are read back without decimals (A31).
DECIMALS = 100
# What is told of a service that we made; of another's, only the first two.
PRICE = ("price_minor", "is_price_from")
OURS = (*PRICE, "custom_name", "is_visible", "min_age", "max_age", "minutes")


class StepKind(StrEnum):
    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class ServiceStep:
    """One write: what is to stand at the address afterwards, or (REMOVE) what is to go.

    `again`: it was so once, and somebody changed it there.
    """

    kind: StepKind
    service: ServiceAtAddress
    again: bool = False


# --- What the clinic wants ------------------------------------------------------------------


def are_ours(account: Account) -> bool:
    """Whether the account's address services follow our price lists."""
    return calendar_class(account.kind).keeps_services(account.settings)


def wanted_services(listing: Listing) -> dict[str, ServiceAtAddress]:
    """What should stand at the listing's address, by the portal's dictionary.

    The price is today's; for a service whose price list begins later, the first one within the
    portal's reach: days ahead can name only what stands there. Services of several clinics with
    one counterpart share it if they agree; else neither is offered (see `contested`).
    """
    if not are_ours(listing.account) or not listing.is_active:
        return {}
    return {
        item: _shared(claims.values())
        for item, claims in _claims(listing).items()
        if _agree(claims.values())
    }


def contested(listing: Listing, counterparts: Mapping[int, str]) -> dict[str, set[int]]:
    """Dictionary services that stand for services of ours which differ in price, name or ages.

    The portal keeps one price and one name a service, and no patient may read another's (A16): so
    none of them is offered at this address until they are made equal or linked apart.
    """
    if len(set(counterparts.values())) == len(counterparts) or not are_ours(listing.account):
        return {}
    return {
        item: set(claims)
        for item, claims in _claims(listing).items()
        if not _agree(claims.values())
    }


def priced(
    account: Account, rows: Iterable[catalogue.PricedService]
) -> list[catalogue.PricedService]:
    """Those in the currency of the account's site: a price in another is none there."""
    connector = calendar_class(account.kind)
    if not connector.keeps_services(account.settings):
        return list(rows)
    currency = connector.currency_of(account.settings)
    return [row for row in rows if row.currency == currency]


def service_links(account_id: int) -> dict[int, str]:
    """Service -> dictionary service at the portal, of links that are not broken."""
    return {
        service: item
        for service, item in Link.objects.filter(
            account_id=account_id,
            ended_at__isnull=True,
            service__isnull=False,
            item__gone_at__isnull=True,
        ).values_list("service_id", "item__external_id")
        if service is not None
    }


def _claims(listing: Listing) -> dict[str, dict[int, ServiceAtAddress]]:
    """What each of our services would have stand for its counterpart: item -> service -> it."""
    first = clock.today(listing.tz)
    last = fanout.horizon(listing.account, clock.now())[1]
    rows = catalogue.prices_between(
        clinics=set(
            ListingSchedule.objects.filter(listing=listing).values_list(
                "schedule__clinic_id", flat=True
            )
        ),
        channel=listing.account.channel,
        first=first,
        last=last,
    )
    found: dict[int, list[catalogue.PricedService]] = defaultdict(list)
    links = service_links(listing.account_id)
    for row in priced(listing.account, rows):
        if row.service_id in links:
            found[row.service_id].append(row)
    claims: dict[str, dict[int, ServiceAtAddress]] = defaultdict(dict)
    for service in Service.objects.filter(pk__in=found, is_active=True):
        claims[links[service.pk]][service.pk] = _claim(
            links[service.pk], service, found[service.pk], first
        )
    return claims


def _claim(
    item: str, service: Service, prices: list[catalogue.PricedService], first: date
) -> ServiceAtAddress:
    def begins(row: catalogue.PricedService) -> date:
        return max(row.valid.lower or first, first)

    earliest = min(begins(row) for row in prices)
    # R16b: equal in all lists of one day. "From" where one says so: it must be true of all.
    now = [row for row in prices if begins(row) == earliest]
    return ServiceAtAddress(
        service=item,
        custom_name=service.public_name,
        price_minor=now[0].amount_minor,
        is_price_from=any(row.is_from for row in now),
        minutes=service.duration_minutes,
        min_age=service.min_age,
        max_age=service.max_age,
    )


def _agree(claims: Collection[ServiceAtAddress]) -> bool:
    """Their usual durations may differ: each day tells its own."""
    return len({replace(claim, minutes=None) for claim in claims}) == 1


def _shared(claims: Collection[ServiceAtAddress]) -> ServiceAtAddress:
    return min(claims, key=lambda claim: claim.minutes or 0)


# --- What is there --------------------------------------------------------------------------


def items_at(listing: Listing) -> list[CatalogueItem]:
    """The address's services as last seen, those of the portal's own making among them."""
    return list(
        CatalogueItem.objects.filter(
            account_id=listing.account_id,
            kind=ItemKind.ADDRESS_SERVICE,
            address=listing.address,
            gone_at__isnull=True,
        ).order_by("pk")
    )


def address_services(listing: Listing) -> dict[str, str]:
    """Dictionary service -> address service, of those that the listing's address still has."""
    return {item.service: item.external_id for item in items_at(listing) if item.service}


def seen_of(item: CatalogueItem) -> ServiceAtAddress:
    """An address service as it was last seen."""
    known = {name: item.data[name] for name in OURS if name in item.data}
    return ServiceAtAddress(service=item.service, id=item.external_id, **known)


def known_there(
    listing: Listing, rows: Mapping[str, ListingService]
) -> dict[str, ServiceAtAddress]:
    """What stands at the address, by dictionary service, as last seen; what was not looked at
    is taken to be as told.
    """
    found = {}
    for item in items_at(listing):
        if item.service:
            row = rows.get(item.service)
            told = row.told or {} if row and row.external_id == item.external_id else {}
            item.data = told | item.data
            found[item.service] = seen_of(item)
    return found


def to_json(service: ServiceAtAddress) -> dict[str, Any]:
    """As ListingService.told and an address service's item keep it."""
    return {name: value for name, value in asdict(service).items() if name in OURS}


_KNOWN = {field.name for field in fields(ServiceAtAddress)}


def from_json(row: ListingService) -> ServiceAtAddress | None:
    """What is known to stand there; None if that is not known."""
    if row.told is None:
        return None
    known = {name: value for name, value in row.told.items() if name in _KNOWN}
    return ServiceAtAddress(service=row.service, id=row.external_id, **known)


# --- What is to be done ---------------------------------------------------------------------


def services_to_tell(listing: Listing) -> list[ServiceStep]:
    """The writes that would make the address as wanted, by what was last seen of it. Parked ones
    are left out; in the order in which they are made, removals last.
    """
    if not are_ours(listing.account):
        return []
    rows = {row.service: row for row in listing.services.all()}
    return list(steps(wanted_services(listing), known_there(listing, rows), rows).values())


def steps(
    wanted: Mapping[str, ServiceAtAddress],
    there: Mapping[str, ServiceAtAddress],
    rows: Mapping[str, ListingService],
) -> dict[str, ServiceStep]:
    """By dictionary service; nothing for what is as it should be, is parked, or is not ours."""
    now = clock.now()
    found = {}
    for service in sorted(wanted.keys() | rows.keys()):
        row = rows.get(service)
        if row is None or not row.problem:
            step = _step(row, wanted.get(service), there.get(service), now)
            if step is not None:
                found[service] = step
    return dict(sorted(found.items(), key=lambda each: each[1].kind == StepKind.REMOVE))


def _step(
    row: ListingService | None,
    want: ServiceAtAddress | None,
    there: ServiceAtAddress | None,
    now: datetime,
) -> ServiceStep | None:
    if want is None:
        ours = row is not None and row.is_ours and there is not None
        return ServiceStep(StepKind.REMOVE, there) if ours and there else None
    if there is None:
        stood = row is not None and row.external_id != ""
        if stood and row is not None and is_fresh(row, now):
            return None
        return ServiceStep(StepKind.ADD, want, again=stood)
    goal = goal_of(row, want, there)
    if _untold(row, goal):
        return ServiceStep(StepKind.CHANGE, goal)
    if alike(row, goal, there) or (row is not None and is_fresh(row, now)):
        return None
    return ServiceStep(StepKind.CHANGE, goal, again=row is not None and row.told_at is not None)


def goal_of(
    row: ListingService | None, want: ServiceAtAddress, there: ServiceAtAddress
) -> ServiceAtAddress:
    """What one that is there is to become: all as wanted if it is ours, else only its price."""
    if row is not None and row.is_ours:
        return replace(want, id=there.id)
    return replace(
        there, price_minor=want.price_minor, is_price_from=want.is_price_from, minutes=None
    )


def alike(row: ListingService | None, goal: ServiceAtAddress, there: ServiceAtAddress) -> bool:
    """Whether the portal has of `goal` what is ours to say."""
    return reads_alike(goal, there, OURS if row is not None and row.is_ours else PRICE)


def reads_alike(
    goal: ServiceAtAddress, there: ServiceAtAddress, names: Collection[str] = OURS
) -> bool:
    """Whether a reader of the portal sees `goal`: prices in whole units, durations unread."""
    return all(
        getattr(goal, name) == getattr(there, name)
        or (name == "price_minor" and _has_lost_decimals(goal, there))
        for name in names
        if name != "minutes"
    )


def is_fresh(row: ListingService, now: datetime) -> bool:
    """Whether it was told so lately that the portal may still show what was before."""
    return row.told_at is not None and row.told_at + SETTLES_IN > now


def _untold(row: ListingService | None, goal: ServiceAtAddress) -> bool:
    """Whether something else was told than `goal`, or nobody knows what."""
    if row is None or (row.told_at is None and (row.told is not None or not row.is_ours)):
        return False  # only seen there, or an addition whose answer was lost: compared as read
    told = from_json(row)
    names = OURS if row.is_ours else PRICE
    return told is None or any(getattr(told, name) != getattr(goal, name) for name in names)


def _has_lost_decimals(goal: ServiceAtAddress, there: ServiceAtAddress) -> bool:
    """Whether what is read there is our price without its decimals. All else is compared exactly:
    some currencies have none.
    """
    ours, theirs = goal.price_minor, there.price_minor
    if ours is None or theirs is None:
        return False
    return theirs % DECIMALS == 0 and ours - ours % DECIMALS == theirs
