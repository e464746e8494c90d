"""Account.kind -> the connector that speaks to such a portal, by dotted path."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from slotbridge.sync.contract import Connector


@cache
def connector_class(kind: str) -> type[Connector]:
    """The class for an account's kind; KeyError if no portal of this kind is installed."""
    found: type[Connector] = import_string(settings.CONNECTORS[kind])
    return found


def kind_of_channel(channel: str) -> str:
    """The kind of connector that serves a channel; KeyError if none does."""
    for kind in settings.CONNECTORS:
        if connector_class(kind).channel == channel:
            return str(kind)
    raise KeyError(channel)
