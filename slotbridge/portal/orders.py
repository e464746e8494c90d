"""Patients' orders: filed, answered, withdrawn; the status only climbs 0 -> 1 -> 3 (8.2, U-24).

Whoever changes orders of a clinic holds the clinic's row first (`lock`). So orders of one clinic
change one after the other, two of them never wait for each other crosswise, and what was looked
up about free time still stands when the row is written. Should that ever fail, the database's
exclusion constraint refuses the second order (U-41).

What the clinic's program changes comes by `take_change`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import psycopg
from django.db import IntegrityError, transaction
from django.utils import formats, translation
from django.utils.translation import gettext_noop as _

from slotbridge.kit import clock
from slotbridge.portal import availability, changes, deeds, letters, limits
from slotbridge.portal.availability import JustTaken
from slotbridge.portal.changes import LIVE, take_change
from slotbridge.portal.models import Clinic, Hold, Letter, Order, Resource, StaffMember
from slotbridge.portal.models.base import random_id
from slotbridge.portal.router import DATABASE

__all__ = [
    "LIVE",
    "Closed",
    "JustTaken",
    "NotYours",
    "Person",
    "TooLate",
    "answer_order",
    "clashing",
    "file_order",
    "lock",
    "place_again",
    "take_change",
    "withdraw_order",
]

PATIENT = "patient"
GUEST = 0  # no account's id (U-39)
_MOST_NAME, _MOST_COMMENT = 250, 2000
_CONSTRAINT = "no_two_orders_at_one_time"
_WITHDRAWN = _("Withdrawn by the patient")
_REJECTED = _("Rejected by the clinic on the portal")


class TooLate(Exception):
    """The appointment's time has come: call the clinic."""


class Closed(Exception):
    """The order is rejected or withdrawn, which is final (8.2): show it again."""


class NotYours(Exception):
    """Only staff of the clinic answer its orders; an operator of the portal may not (8.2)."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who is booked, as typed: `name1` surname, `name2` first name, `name3` patronymic.

    `user_name` is who filed the order, if somebody else (U-39).
    """

    name1: str
    name2: str
    name3: str = ""
    phone: str = ""
    email: str = ""
    city: str = ""
    address: str = ""
    aim: str = ""
    user_name: str = ""

    def __repr__(self) -> str:
        return "Person(…)"


def lock(clinic_id: int) -> Clinic:
    """The clinic, its row held until the transaction ends. Before any lock on an order."""
    return Clinic.objects.select_for_update(no_key=True).get(pk=clinic_id)


def file_order(
    *,
    resource: Resource,
    start: datetime,
    person: Person,
    language: str,
    hold: Hold | None = None,
    token: UUID | None = None,
    caller: str = "",
    by: str = PATIENT,
) -> Order:
    """A new order, status 0, for the free time of `resource` that begins at `start` (U-41).

    Whoever files it has consented to the use of what they typed: their page asks. `hold` is their
    own and ends here. `token` is a random one of their form, which becomes the order's: a form
    that is sent again gets the order it made. `caller` is the visitor who files it
    (limits.caller_at), if it is one.

    Raises JustTaken, with free times near it; limits.TooMuch.
    """
    try:
        with transaction.atomic(using=DATABASE):
            clinic = lock(resource.clinic_id)
            made = Order.objects.filter(token=token).first() if token else None
            if made is not None:
                return made
            if caller:
                limits.count_order(clinic=clinic, caller=caller)
            order = _insert(
                clinic, resource, start, person, language=language, hold=hold, token=token
            )
            letters.to_patient(order, Letter.Kind.FILED)
            letters.to_staff(order, Letter.Kind.NEW_ORDER)
            deeds.record(by=by, action="order.file", clinic=order.clinic, number=order.number)
    except IntegrityError as error:
        if _breached(error) != _CONSTRAINT:
            raise
        # `from None`: the text of an IntegrityError may quote the row.
        raise JustTaken(availability.nearest(resource=resource, start=start)) from None
    return order


def withdraw_order(*, order: Order, by: str = PATIENT) -> Order:
    """The patient's: 0 -> 3 and 1 -> 3, until the appointment begins. A closed one stays as it is.

    Raises TooLate.
    """
    with transaction.atomic(using=DATABASE):
        locked = _locked(order)
        if locked.status == Order.Status.REJECTED:
            return locked
        if locked.start <= clock.now():
            raise TooLate
        _close(locked, Order.Closer.PATIENT, _words(locked.clinic, _WITHDRAWN))
        letters.to_patient(locked, Letter.Kind.WITHDRAWN)
        deeds.record(by=by, action="order.withdraw", clinic=locked.clinic, number=locked.number)
    return locked


def answer_order(*, order: Order, accept: bool, by: StaffMember, comment: str = "") -> Order:
    """What the clinic's staff decide on the portal's pages, as its program would: 0 -> 1, or
    0 -> 3 and 1 -> 3. The same answer twice changes nothing.

    Raises NotYours, Closed.
    """
    if by.clinic_id is None or by.clinic_id != order.clinic_id:
        raise NotYours
    with transaction.atomic(using=DATABASE):
        locked = _locked(order)
        wanted = Order.Status.ACCEPTED if accept else Order.Status.REJECTED
        if locked.status == wanted:
            return locked
        if locked.status == Order.Status.REJECTED:
            raise Closed
        if accept:
            _accept(locked, comment)
        else:
            _close(locked, Order.Closer.STAFF, comment or _words(locked.clinic, _REJECTED))
            letters.to_patient(locked, Letter.Kind.REJECTED)
        action = "order.accept" if accept else "order.reject"
        deeds.record(by=by.login, action=action, clinic=locked.clinic, number=locked.number)
    return locked


def clashing(*, clinic: Clinic, first: date, last: date) -> set[int]:
    """Primary keys of unanswered orders on these days whose time the clinic's program has filled
    (U-42): accepting one overbooks.

    Accepted ones are not asked: each has a visit of its own among the appointments (8.4).
    """
    rows = list(
        Order.objects.filter(
            clinic=clinic, status=Order.Status.RECEIVED, day__range=(first, last)
        ).select_related("resource")
    )
    resources = {row.resource_id: row.resource for row in rows}.values()
    busy = availability.occupied(clinic=clinic, resources=resources, first=first, last=last)
    return {
        row.pk
        for row in rows
        if any(start < row.end and row.start < end for start, end in busy.get(row.resource_id, ()))
    }


def place_again(*, clinic: Clinic) -> None:
    """After the clinic's zone was changed: orders keep what its clocks show (U-15), so their
    instants move. Within the transaction that holds the clinic's row.
    """
    Hold.objects.filter(clinic=clinic).delete()
    rows = list(Order.objects.select_for_update().filter(clinic=clinic).order_by("number"))
    for row in rows:
        row.clinic = clinic
        changes.place(row)
    live = [row for row in rows if row.status in LIVE]
    beside = {row.pk for row in live if row.is_overbooked}
    for row in live:
        row.is_overbooked = True  # none in the way of another one while they move
    Order.objects.bulk_update(rows, ["start", "end", "is_overbooked"], batch_size=1000)
    for row in sorted(live, key=lambda each: each.pk in beside):
        # Two that the new zone's daylight saving lays on one time stand beside each other.
        row.is_overbooked = changes.is_in_the_way(row)
        row.save(update_fields=["is_overbooked"])


def _insert(
    clinic: Clinic,
    shown: Resource,
    start: datetime,
    person: Person,
    *,
    language: str,
    hold: Hold | None,
    token: UUID | None,
) -> Order:
    resource = Resource.objects.get(pk=shown.pk)
    resource.clinic = clinic  # as it is now that its row is held
    free = availability.find(resource=resource, start=start, own=hold)
    if hold is not None:
        Hold.objects.filter(pk=hold.pk).delete()
    clinic.last_order += 1
    clinic.save(update_fields=["last_order"])
    now = clock.now()
    names = (person.name1, person.name2, person.name3)
    order = Order(
        token=token or random_id(),
        clinic=clinic,
        number=clinic.last_order,
        resource=resource,
        user_id=GUEST,
        user_name=(person.user_name or " ".join(filter(None, names)))[:_MOST_NAME],
        order_date=clock.today(clinic.tz),
        day=free.day,
        time=free.time,
        duration=free.duration,
        name1=person.name1,
        name2=person.name2,
        name3=person.name3,
        aim=person.aim,
        phone=person.phone,
        city=person.city,
        address=person.address,
        email=person.email,
        language=language,
        consented_at=now,
        filed_at=now,
        changed_at=changes.this_second(),
    )
    changes.place(order)
    order.save(force_insert=True)
    return order


def _locked(order: Order) -> Order:
    clinic = lock(order.clinic_id)
    found: Order = (
        Order.objects.select_for_update(of=("self",)).select_related("resource").get(pk=order.pk)
    )
    found.clinic = clinic
    return found


def _accept(order: Order, comment: str) -> None:
    order.status = Order.Status.ACCEPTED
    order.comment = comment or order.comment
    changes.save(order)
    letters.to_patient(order, Letter.Kind.ACCEPTED)


def _close(order: Order, by: Order.Closer, comment: str) -> None:
    """Who did it stands in the comment, since the exchange has no other place for it (8.2)."""
    order.status = Order.Status.REJECTED
    order.closed_by = by
    order.comment = "; ".join(filter(None, (order.comment, comment)))[-_MOST_COMMENT:]
    changes.save(order)


def _words(clinic: Clinic, sentence: str) -> str:
    """In the language of the clinic, which reads it, with the moment on its clocks."""
    wall = clock.now().astimezone(clinic.tz)
    with translation.override(clinic.language):
        return (
            f"{translation.gettext(sentence)} {formats.date_format(wall, 'SHORT_DATETIME_FORMAT')}"
        )


def _breached(error: IntegrityError) -> str:
    """The constraint that refused a row; "" if the database named none."""
    cause = error.__cause__
    return (cause.diag.constraint_name or "") if isinstance(cause, psycopg.Error) else ""
