"""Orders as the portal exports them (4.8), in our words."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_noop

from slotbridge.kit import clock
from slotbridge.sync.contract import PortalPatient
from slotbridge.sync.exchange.contract import OrderState, PortalOrder
from slotbridge.wire.medihost.document import read_document
from slotbridge.wire.medihost.model import Order, Status
from slotbridge.wire.medihost.problems import Problem

log = logging.getLogger(__name__)

APPOINTMENT = 3  # Type: the only kind that is exported at present (4.8)
_STATES = {
    Status.RECEIVED: OrderState.WAITING,
    Status.ACCEPTED: OrderState.ACCEPTED,
    Status.REJECTED: OrderState.ENDED,
}
# Both are free text here: the sample has the word "телефон" and the address "счастье@ru".
_PHONE = re.compile(r"\+?[\d\s().\-–/]{5,30}")
_FEWEST_DIGITS = 6
_EMAIL = re.compile(r"[^\s@<>\"]+@[^\s@<>\"]+\.[^\s@<>\".]{2,}")
_UNREADABLE = gettext_noop("An order of the portal could not be read.")


@dataclass
class Read:
    """The orders of an export, and sentences about those that could not be read."""

    orders: list[PortalOrder] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


def orders_in(body: bytes, zone: ZoneInfo) -> Read:
    """Raises DocumentRefused for what is no export, or one that was cut off."""
    document, problems = read_document(body, export=True)
    found = Read(unreadable=[_sentence(problem) for problem in problems if problem.is_error])
    for row in document.orders or ():
        if row.type not in {None, APPOINTMENT}:
            log.info("order of another type", extra={"order": row.id, "type": row.type})
        elif row.start is None or row.duration is None:
            found.unreadable.append(f"{_UNREADABLE} [{row.id}]")
        else:
            found.orders.append(_order(row, row.start, row.duration, zone))
    return found


def _sentence(problem: Problem) -> str:
    """Which row, and what is wrong with it: no value, for it could be a person's."""
    said = (problem.key, problem.code, problem.attribute)
    return f"{_UNREADABLE} [{', '.join(part for part in said if part)}]"


def _order(row: Order, local: datetime, minutes: int, zone: ZoneInfo) -> PortalOrder:
    start = _instant(local, zone)
    phone, email = (row.phone or "").strip(), (row.email or "").strip()
    has_phone, has_email = _is_phone(phone), bool(_EMAIL.fullmatch(email))
    kept = [
        ("Phone", "" if has_phone else phone),
        ("Email", "" if has_email else email),
        ("City", row.city),
        ("Address", row.address),
    ]
    return PortalOrder(
        id=str(row.id),
        state=_STATES[Status(row.status)],
        resource=row.mis_resource_id,
        resource_name=row.resource_name or "",
        start=start,
        end=start + timedelta(minutes=minutes),
        patient=PortalPatient(
            given_name=" ".join(name for name in (row.name2, row.name3) if name),
            family_name=row.name1 or "",
            email=email if has_email else "",
            phone=phone if has_phone else "",
        ),
        comment="\n".join(_lines(row, kept)),
        changed_at=_instant(row.changed_on, zone) if row.changed_on else None,
    )


def _lines(row: Order, kept: Iterable[tuple[str, str | None]]) -> Iterator[str]:
    """What the patient wrote, then what fits no field of ours, by the protocol's names."""
    yield from (text for text in (row.aim, row.comment) if text)
    yield from (f"{name}: {text}" for name, text in kept if text)


def _is_phone(text: str) -> bool:
    return bool(_PHONE.fullmatch(text)) and sum(map(str.isdigit, text)) >= _FEWEST_DIGITS


def _instant(local: datetime, zone: ZoneInfo) -> datetime:
    """U-15: one that occurs twice is the first of the two."""
    return clock.at(local.date(), local.time(), zone)
