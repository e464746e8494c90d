"""Letters to patients and to clinics' staff: rows that are due, written with what they tell of."""

from __future__ import annotations

from slotbridge.kit import clock
from slotbridge.portal.models import Letter, Order


def to_patient(order: Order, kind: Letter.Kind) -> None:
    """In the transaction of what it tells of. Who gave no address is told on the order's page."""
    if order.email:
        _write(order, kind)


def to_staff(order: Order, kind: Letter.Kind) -> None:
    _write(order, kind)


def _write(order: Order, kind: Letter.Kind) -> None:
    now = clock.now()
    Letter.objects.create(
        clinic_id=order.clinic_id, order=order, kind=kind, created_at=now, due_at=now
    )
