"""The price that a visit is agreed at (A30, A60)."""

from dataclasses import dataclass

from slotbridge.his import catalogue
from slotbridge.his.models import Visit
from slotbridge.kit import clock

_CURRENCY = "PLN"  # where neither the portal nor a price list names one


@dataclass(frozen=True)
class Agreed:
    """In minor units; `differs` from our list price, which the patient did not see (A60)."""

    minor: int | None
    currency: str
    differs: bool = False


def agreed_price(visit: Visit, given: int | None = None, currency: str = "") -> Agreed:
    """The given price, else the list price of the visit's service in its clinic, on the channel
    it came from and the day it lies on; of neither, none. Reception has no list of its own.
    """
    listed = _list_price(visit)
    if given is None:
        return listed
    chosen = currency or listed.currency or _CURRENCY
    differs = listed.minor is not None and (given, chosen) != (listed.minor, listed.currency)
    return Agreed(given, chosen, differs)


def _list_price(visit: Visit) -> Agreed:
    if visit.service_id is None or not visit.origin_channel:
        return Agreed(None, "")
    day = clock.day_of(visit.start, visit.clinic.unit.tz)
    price = catalogue.prices_on(visit.clinic, visit.origin_channel, day).get(visit.service_id)
    if price is None:
        return Agreed(None, "")
    return Agreed(price.amount_minor, price.price_list.currency)
