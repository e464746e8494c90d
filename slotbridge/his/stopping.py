"""What taking the tick off a price list would withdraw: asked before it is done (A29)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, Min

from slotbridge.his.free import FreeSlot, free_slots
from slotbridge.his.models import PriceList, Slot
from slotbridge.kit import clock


@dataclass(frozen=True)
class StopEffect:
    """How many services the clinic no longer offers on the channel, and how many free future
    slots lose their last service by that.
    """

    services: int
    slots: int


def _has_room(slot: FreeSlot, now: datetime, minutes: dict[int, int]) -> bool:
    """Whether one of these services can still be booked on the slot (A18)."""
    longest = max((end - max(start, now) for start, end in slot.free), default=timedelta())
    return any(
        timedelta(minutes=duration) <= longest
        for service, duration in minutes.items()
        if not slot.service_ids or service in slot.service_ids
    )


def effect_of_stopping(*, price_list: PriceList, channel: str) -> StopEffect:
    """Zeros if the list is not used on the channel.

    A clinic uses one list on a day, so a slot that has a service of this list has none of
    another: each that can be booked by one of its services counts.
    """
    if not price_list.uses.filter(channel=channel).exists():
        return StopEffect(services=0, slots=0)
    minutes = dict(
        price_list.prices.filter(service__is_active=True).values_list(
            "service_id", "service__duration_minutes"
        )
    )
    now = clock.now()
    days = price_list.valid
    slots = Slot.objects.filter(
        schedule__clinic=price_list.clinic_id, channels__contains=[channel], end__gt=now
    )
    if days.lower is not None:
        slots = slots.filter(day__gte=days.lower)
    if days.upper is not None:
        slots = slots.filter(day__lt=days.upper)
    span = slots.aggregate(first=Min("start"), last=Max("end"))
    if span["first"] is None:
        return StopEffect(services=len(minutes), slots=0)
    counted = set(slots.values_list("pk", flat=True))
    free = free_slots(
        schedules=set(slots.values_list("schedule", flat=True)),
        start=span["first"],
        end=span["last"],
        channel=channel,
    )
    lost = [slot for slot in free if slot.slot_id in counted and _has_room(slot, now, minutes)]
    return StopEffect(services=len(minutes), slots=len(lost))
