"""What the clinic's program changes in an order: 8.2, who owns the status; 8.3, the other fields.

Result codes of section 11.3. A value that a patient typed is never quoted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from django.utils.translation import gettext_noop as _

from slotbridge.kit import clock
from slotbridge.portal import deeds, letters
from slotbridge.portal.models import Letter, Order, Resource
from slotbridge.portal.skipped import SkippedTimes
from slotbridge.wire.medihost import model, problems, spelling
from slotbridge.wire.medihost.problems import Kind, Problem

LIVE = (Order.Status.RECEIVED, Order.Status.ACCEPTED)
TYPE = 3  # an order for an appointment: the only kind there is (4.8)

# Fields of the patient's own that the exchange never changes.
_TYPED = ("name1", "name2", "name3", "aim", "phone", "city", "address", "email")
_NO_TARGET = Kind(
    "E_RANGE",
    _("Resource %(resource)s is not known. The row was skipped; the order stays where it is."),
)
_Place = tuple[int, date, time, int]  # resource, day, time, minutes


class _Span(NamedTuple):
    """The time of a resource that an order takes; [start, end)."""

    resource: int
    start: datetime
    end: datetime


def take_change(
    order: Order, change: model.Order, resources: Mapping[int, Resource]
) -> tuple[list[Problem], bool]:
    """Applies a row of an import's `Orders`; returns what is to be told, and whether anything of
    the order changed. With an error among the problems nothing did.

    `order` is locked, and its clinic's row before it (orders.lock); `resources` are those of the
    clinic that can be moved to, by their ids in the MIS.
    """
    refusal = _refusal(order, change, resources)
    if refusal is not None:
        return [refusal], False
    told = [*_stale(order, change), *_read_only(order, change)]
    before = _state(order)
    was_live, had, left = order.status in LIVE, order.status, _span(order)
    if was_live:
        _move(order, change, resources)
    if change.comment and (was_live or change.status == order.status):
        # On a closed order only an echo that knows it is closed is newer than what stands there.
        order.comment = change.comment
    order.status = max(order.status, change.status)  # the higher one wins (U-24)
    if _state(order) == before:
        return told, False
    if had != order.status == Order.Status.REJECTED:
        order.closed_by = Order.Closer.CLINIC
    if order.start != left.start:
        order.moved_from = left.start
    _write_letters(order, had, is_moved=place_of(order) != before[0])
    save(order, left=left)
    deeds.record(
        by="mis", action="order.change", clinic=order.clinic, number=order.number,
        status=int(order.status),
    )  # fmt: skip
    return told, True


def place_of(order: Order) -> _Place:
    return order.resource_id, order.day, order.time, order.duration


def place(order: Order) -> None:
    """Sets `start` and `end` by the clock values, the duration and the clinic's zone (U-15)."""
    order.start = clock.at(order.day, order.time, order.clinic.tz)
    order.end = order.start + timedelta(minutes=order.duration)


def save(order: Order, *, left: _Span | None = None) -> None:
    """Writes a changed order, which `left` another time than it has now if it was moved.
    LastChangedOn never goes back, so no poll's overlap misses it.

    An order that the clinic moved onto another one stands beside it (8.3), until the other one is
    gone.
    """
    order.changed_at = max(order.changed_at, this_second())
    if order.status in LIVE:
        order.is_overbooked = is_in_the_way(order)
    order.save()
    here = _span(order)
    if order.status not in LIVE:
        _make_regular(here if left is None else left)
    elif left not in (None, here):
        _make_regular(left)


def this_second() -> datetime:
    """Whole seconds, as the exchange writes them; cut off, so never later than a poll's `start`."""
    return clock.now().astimezone(UTC).replace(microsecond=0)


def is_in_the_way(order: Order) -> bool:
    """Whether another live order that counts overlaps this one."""
    others = Order.objects.filter(
        resource=order.resource_id,
        status__in=LIVE,
        is_overbooked=False,
        start__lt=order.end,
        end__gt=order.start,
    )
    return others.exclude(pk=order.pk).exists()


def _make_regular(freed: _Span) -> None:
    """Orders that stood beside the one that had this time: the earlier one of two has it now.

    Whoever changes orders holds the clinic's row, so none of them is being changed elsewhere. What
    a patient or the clinic knows of them stays the same, and with it LastChangedOn.
    """
    beside = Order.objects.filter(
        resource=freed.resource,
        status__in=LIVE,
        is_overbooked=True,
        start__lt=freed.end,
        end__gt=freed.start,
    )
    for each in beside.order_by("number"):
        if not is_in_the_way(each):
            each.is_overbooked = False
            each.save(update_fields=["is_overbooked"])


def _span(order: Order) -> _Span:
    return _Span(order.resource_id, order.start, order.end)


def _state(order: Order) -> tuple[_Place, int, str]:
    return place_of(order), order.status, order.comment


def _refusal(
    order: Order, change: model.Order, resources: Mapping[int, Resource]
) -> Problem | None:
    if order.status == Order.Status.REJECTED:
        if change.status == Order.Status.ACCEPTED:
            return problems.ORDER_FINAL(attribute=spelling.ORDER["status"])
        return None
    if change.start is not None and SkippedTimes(order.clinic.tz).at(change.start):
        return problems.TIME_SKIPPED(
            attribute=spelling.ORDER["start"], value=f"{change.start:%H:%M:%S}"
        )
    target = change.mis_resource_id
    if target not in (None, order.resource.mis_id) and target not in resources:
        return _NO_TARGET(attribute=spelling.ORDER["mis_resource_id"], resource=target)
    return None


def _stale(order: Order, change: model.Order) -> Iterator[Problem]:
    if change.status < order.status:
        yield problems.STATUS_STALE(attribute=spelling.ORDER["status"])


def _move(order: Order, change: model.Order, resources: Mapping[int, Resource]) -> None:
    if change.start is not None:
        order.day, order.time = change.start.date(), change.start.time()
    if change.duration is not None:
        order.duration = change.duration
    if change.mis_resource_id not in (None, order.resource.mis_id):
        order.resource = resources[change.mis_resource_id]
    place(order)


def _read_only(order: Order, change: model.Order) -> Iterator[Problem]:
    """A warning for each field that is not the sender's and differs (8.3)."""
    ours: dict[str, object] = {name: getattr(order, name) for name in _TYPED}
    ours |= {
        "user_id": order.user_id,
        "user_name": order.user_name,
        "order_date": order.order_date,
        "type": TYPE,
        "resource_name": order.resource.name,
        "resource_id": order.resource.number,
    }
    if order.status not in LIVE:
        wall = datetime.combine(order.day, order.time)
        ours |= {"start": wall, "duration": order.duration}
        ours["mis_resource_id"] = order.resource.mis_id
    for name, value in ours.items():
        sent = getattr(change, name)
        if sent is not None and sent != value:
            yield problems.READ_ONLY(attribute=spelling.ORDER[name])


def _write_letters(order: Order, had: int, *, is_moved: bool) -> None:
    if order.status != had:
        is_accepted = order.status == Order.Status.ACCEPTED
        kind = Letter.Kind.ACCEPTED if is_accepted else Letter.Kind.REJECTED
        letters.to_patient(order, kind)
    if is_moved and order.status in LIVE:
        letters.to_patient(order, Letter.Kind.MOVED)
