"""Orders as export.php gives them out (U-3, U-4, U-38, U-39)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from slotbridge.portal.changes import TYPE
from slotbridge.portal.models import Clinic, Order
from slotbridge.wire.medihost import model

_AT_ONCE = 1000
# Fields of the exchange's row, and where they are kept; the clock values are made of three more.
_KEPT = {
    "id": "number",
    "status": "status",
    "user_id": "user_id",
    "user_name": "user_name",
    "order_date": "order_date",
    "mis_resource_id": "resource__mis_id",
    "resource_name": "resource__name",
    "resource_id": "resource__number",
    "duration": "duration",
    "name1": "name1",
    "name2": "name2",
    "name3": "name3",
    "aim": "aim",
    "phone": "phone",
    "city": "city",
    "address": "address",
    "email": "email",
    "comment": "comment",
}


def orders_between(
    *, clinic: Clinic, start: datetime, end: datetime | None = None
) -> Iterator[model.Order]:
    """Orders with start <= LastChangedOn <= end, by LastChangedOn, then ID; None: no end.

    One statement through a cursor of the server: a consistent snapshot however long the reader
    takes, in little memory. Texts that are empty are None, so that they are left out.
    """
    found = Order.objects.filter(clinic=clinic, changed_at__gte=start)
    if end is not None:
        found = found.filter(changed_at__lte=end)
    rows = found.order_by("changed_at", "number").values_list(
        *_KEPT.values(), "day", "time", "changed_at"
    )
    zone = clinic.tz
    for *told, day, wall, changed_at in rows.iterator(chunk_size=_AT_ONCE):
        fields: dict[str, Any] = {
            name: None if value == "" else value for name, value in zip(_KEPT, told, strict=True)
        }
        yield model.Order(
            **fields,
            start=datetime.combine(day, wall),
            type=TYPE,
            changed_on=changed_at.astimezone(zone).replace(tzinfo=None),
        )
