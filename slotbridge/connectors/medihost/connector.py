"""Medihost: documents to import.php, orders of patients from export.php."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import ClassVar
from zoneinfo import ZoneInfo

import httpx

from slotbridge.connectors.medihost import choices, documents, orders, results
from slotbridge.connectors.medihost.client import EXPORT, Answer, Client
from slotbridge.kit import clock
from slotbridge.sync.contract import Access, PortalError, SettingField, TryLater
from slotbridge.sync.exchange.contract import (
    Cadence,
    ExchangeConnector,
    Fetched,
    Telling,
    Told,
)
from slotbridge.wire.medihost import writer
from slotbridge.wire.medihost.problems import DocumentRefused
from slotbridge.wire.medihost.result import Outcome


class MedihostConnector(ExchangeConnector):
    """One clinic's key at one portal. See README.md for what the portal leaves open, and why each
    quirk is handled as it is.
    """

    kind: ClassVar[str] = "medihost"
    portal: ClassVar[str] = "Medihost"
    channel: ClassVar[str] = "medihost"
    has_login: ClassVar[bool] = False
    settings_fields: ClassVar[tuple[SettingField, ...]] = choices.FIELDS
    horizon: ClassVar[timedelta] = timedelta(days=31)
    overlap: ClassVar[timedelta] = timedelta(seconds=600)
    look_back: ClassVar[timedelta] = timedelta(days=90)

    def __init__(self, access: Access, *, transport: httpx.BaseTransport | None = None) -> None:
        """Raises Refused for settings that `wrong_settings` names."""
        self._choices = choices.read(access.settings)
        self._client = Client(access.password, self._choices.base_url, transport=transport)

    @classmethod
    def wrong_settings(cls, settings: Mapping[str, str]) -> dict[str, str]:
        return choices.wrong(settings)

    @property
    def zone(self) -> ZoneInfo:
        return self._choices.zone

    @property
    def cadence(self) -> Cadence:
        return self._choices.cadence

    @property
    def longest_step(self) -> int:
        return self._choices.longest_step

    @property
    def shows_names(self) -> bool:
        return self._choices.shows_names

    def close(self) -> None:
        self._client.close()

    def check(self) -> None:
        self.orders(clock.now())

    def tell(self, telling: Telling) -> Told:
        document = documents.document(telling, key=self._client.key, zone=self.zone)
        return results.told(self._client.send(writer.write(document)).content)

    def orders(self, since: datetime) -> Fetched:
        answer = self._client.fetch(since)
        try:
            found = orders.orders_in(answer.content, self.zone)
        except DocumentRefused as refused:
            raise _no_orders(answer, refused) from None
        return Fetched(found.orders, answer.date, found.unreadable)


def _no_orders(answer: Answer, refused: DocumentRefused) -> PortalError:
    """Of a success without orders in it: a result that says why not, or what was cut off on its
    way, or a web page. Taken for "nothing new" it would lose orders.
    """
    result = results.result_in(answer.content)
    if result is not None and result.outcome is Outcome.ERROR:
        return results.failure(EXPORT, HTTPStatus.OK, result)
    return TryLater(f"{EXPORT}: an answer that cannot be read, {refused.problem.code}")
