"""The portal's queue of notifications, and where it pushes them from.

The 44th operation, `Push Notifications`, is the portal's call to us: messages.py reads it.
"""

from __future__ import annotations

import json
from ipaddress import ip_network

from slotbridge.connectors.docplanner import fields, operations
from slotbridge.connectors.docplanner.answers import Answer
from slotbridge.connectors.docplanner.client import Client
from slotbridge.sync.contract import TryLater

ADDRESSES = "/public/docs/public-ips"  # .json and .txt, outside the API and without a token


class Notifications:
    """Reading takes notifications off the queue; what cannot be taken apart is handed on whole, for
    parked with its reason it can still be read by a person.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def pull_notification(self) -> bytes | None:
        """The oldest one; None when the queue is empty."""
        answer = self._client.call(operations.PULL_ONE)
        return None if answer.is_empty else answer.content

    def pull_multiple_notification(self, limit: int) -> list[bytes]:
        """At most `limit` (1 to 100), oldest first, each as a body of its own; [] when empty."""
        answer = self._client.call(operations.PULL, query=[("limit", str(limit))])
        return [] if answer.is_empty else _taken_apart(answer)

    def release_notifications(self) -> None:
        """Queues again what could not be delivered: once an hour (TryLater says how long to wait),
        and Refused where notifications are not pushed.
        """
        self._client.call(operations.RELEASE)

    def published_addresses(self) -> frozenset[str]:
        """Where notifications come from, as text. Raises TryLater for an answer that is empty or is
        not wholly a list of addresses: with half a list the other half would be shut out.
        """
        try:
            content = self._client.published(f"{ADDRESSES}.json")
            listed = fields.mapping(fields.json_or_none(content)).get("API")
            found = _addresses(listed)
        except TryLater:
            found = frozenset()
        if not found:
            content = self._client.published(f"{ADDRESSES}.txt")
            found = _addresses(content.decode("utf-8", "replace").split())
        if not found:
            raise TryLater("public-ips: no list of addresses")
        return found


def _addresses(listed: object) -> frozenset[str]:
    """Each in its shortest form; none of them if one is none."""
    if not isinstance(listed, list):
        return frozenset()
    try:
        # A range would be an address to whoever compares: "192.0.2.0/24" holds 192.0.2.7.
        read = {ip_network(each, strict=False) for each in listed if isinstance(each, str)}
    except ValueError:
        return frozenset()
    if len(read) == 0 or not all(isinstance(each, str) for each in listed):
        return frozenset()
    return frozenset(
        str(each.network_address) if each.num_addresses == 1 else str(each) for each in read
    )


def _taken_apart(answer: Answer) -> list[bytes]:
    found = fields.mapping(answer.data).get("notifications")
    if isinstance(found, list):
        return [json.dumps(each).encode() for each in found]
    return [answer.content] if answer.content.strip() else []
