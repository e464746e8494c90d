"""Periods as they are stored in ListingDay.told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from slotbridge.sync.contract import Offer, OpenPeriod, Payer


def to_json(periods: Iterable[OpenPeriod]) -> list[list[Any]]:
    """[[start, end, [[service, minutes], …]], …] in UTC, ordered: equal days are equal text.

    A fourth part says who pays where that is not the patient: days told before it was known are
    read, and compared, as they stand.
    """
    return [
        [
            period.start.astimezone(UTC).isoformat(),
            period.end.astimezone(UTC).isoformat(),
            [[offer.service, offer.minutes] for offer in period.offers],
            *([] if period.payer is Payer.PATIENT else [period.payer.value]),
        ]
        for period in sorted(periods)
    ]


def from_json(stored: list[list[Any]] | None) -> tuple[OpenPeriod, ...] | None:
    if stored is None:
        return None
    return tuple(
        OpenPeriod(
            datetime.fromisoformat(start),
            datetime.fromisoformat(end),
            tuple(Offer(service, minutes) for service, minutes in offers),
            *(Payer(payer) for payer in payers),
        )
        for start, end, offers, *payers in stored
    )
