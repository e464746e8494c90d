"""Orders as export.php gives them out (U-3, U-4, U-38, U-39)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from slotbridge.portal.changes import TYPE
from slotbridge.portal.models import Clinic, Order
from slotbridge.wire.medihost import model

_AT_ONCE = 1000


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
    rows = found.select_related("resource").order_by("changed_at", "number")
    zone = clinic.tz
    for row in rows.iterator(chunk_size=_AT_ONCE):
        yield model.Order(
            id=row.number,
            status=row.status,
            user_id=row.user_id,
            user_name=row.user_name or None,
            order_date=row.order_date,
            mis_resource_id=row.resource.mis_id,
            resource_name=row.resource.name,
            resource_id=row.resource.number,
            start=datetime.combine(row.day, row.time),
            duration=row.duration,
            type=TYPE,
            name1=row.name1,
            name2=row.name2,
            name3=row.name3 or None,
            aim=row.aim or None,
            phone=row.phone or None,
            city=row.city or None,
            address=row.address or None,
            email=row.email or None,
            comment=row.comment or None,
            changed_on=row.changed_at.astimezone(zone).replace(tzinfo=None),
        )
