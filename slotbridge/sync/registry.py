"""Account.kind -> the connector that speaks to such a portal, by dotted path."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from slotbridge.sync.contract import CalendarConnector, Connector


@cache
def connector_class(kind: str) -> type[Connector]:
    """The class for an account's kind; KeyError if no portal of this kind is installed."""
    found: type[Connector] = import_string(settings.CONNECTORS[kind])
    return found


def calendar_class(kind: str) -> type[CalendarConnector]:
    """The class for an account that is told by calendars; TypeError for any other."""
    found = connector_class(kind)
    if not issubclass(found, CalendarConnector):
        raise TypeError(f"{kind} keeps no calendars")
    return found


def keeps_calendars(kind: str) -> bool:
    """Whether accounts of this kind are told by calendars; else they exchange documents."""
    return issubclass(connector_class(kind), CalendarConnector)


def kind_of_channel(channel: str) -> str:
    """The kind of connector that serves a channel; KeyError if none does."""
    for kind in settings.CONNECTORS:
        if connector_class(kind).channel == channel:
            return str(kind)
    raise KeyError(channel)
