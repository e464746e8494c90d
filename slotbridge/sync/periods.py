"""Periods as they are stored in ListingDay.told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from slotbridge.sync.contract import Offer, OpenPeriod


def to_json(periods: Iterable[OpenPeriod]) -> list[list[Any]]:
    """[[start, end, [[service, minutes], …]], …] in UTC, ordered: equal days are equal text."""
    return [
        [
            period.start.astimezone(UTC).isoformat(),
            period.end.astimezone(UTC).isoformat(),
            [[offer.service, offer.minutes] for offer in period.offers],
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
        )
        for start, end, offers in stored
    )
