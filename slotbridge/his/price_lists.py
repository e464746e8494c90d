"""A price list as its form has it: name, days, and where it is used, saved as one change."""

from collections.abc import Mapping
from datetime import date

from django.db import transaction

from slotbridge.his import catalogue
from slotbridge.his.models import Clinic, PriceList


@transaction.atomic
def save_price_list(
    *,
    clinic: Clinic,
    price_list: PriceList | None,
    name: str,
    valid_from: date | None,
    valid_to: date | None,
    used_on: Mapping[str, bool],
    by: str,
) -> PriceList:
    """A new list of the clinic, or the given one changed; `used_on` says of channels whether the
    list is used there, and leaves others as they are. All of it or nothing.

    Raises SecondPriceList, UnequalPrices, EmptyValidity.
    """
    unticked = [channel for channel, used in used_on.items() if not used]
    if price_list is None:
        price_list = catalogue.add_price_list(
            clinic=clinic, name=name, valid_from=valid_from, valid_to=valid_to, by=by
        )
    else:
        for channel in unticked:
            if price_list.uses.filter(channel=channel).exists():
                catalogue.stop_using_price_list(price_list=price_list, channel=channel, by=by)
        price_list = catalogue.change_price_list(
            price_list=price_list, name=name, valid_from=valid_from, valid_to=valid_to, by=by
        )
    for channel in used_on.keys() - set(unticked):
        catalogue.use_price_list(price_list=price_list, channel=channel, by=by)
    return price_list
