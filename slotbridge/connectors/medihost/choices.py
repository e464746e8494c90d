"""What the account form asks, and its meaning: address, zone, cadence, what titles show."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from django.utils.translation import gettext_noop

from slotbridge.sync.contract import Refused, SettingField
from slotbridge.sync.exchange.contract import Cadence

_YES_NO = (("no", gettext_noop("no")), ("yes", gettext_noop("yes")))
FIELDS = (
    SettingField(
        "base_url",
        gettext_noop("Address of the portal"),
        default="https://www.medihost.ru",
        help=gettext_noop("Where /services/import.php and /services/export.php are."),
    ),
    SettingField(
        "plain_http",
        gettext_noop("Send patients' data to a portal without encryption"),
        default="no",
        choices=_YES_NO,
        help=gettext_noop(
            "Needed only where the portal's address begins with http:// and it has no other."
        ),
    ),
    SettingField(
        "time_zone",
        gettext_noop("Time zone"),
        default="Europe/Moscow",
        help=gettext_noop(
            "The one that the portal's administrator set for your clinic: all times are told in it."
        ),
    ),
    SettingField(
        "titles",
        gettext_noop("What the portal's staff see of occupied times"),
        default="neutral",
        choices=(
            ("neutral", gettext_noop("only that they are taken")),
            ("names", gettext_noop("the patient's surname and initials")),
        ),
        help=gettext_noop("Patients of other portals are never named."),
    ),
    SettingField(
        "offer_at",
        gettext_noop("When groups, resources and working hours are sent each day"),
        default="03:00",
    ),
    SettingField(
        "busy_all_minutes",
        gettext_noop("Minutes between two complete lists of occupied times"),
        default="60",
    ),
    SettingField(
        "busy_changes_minutes",
        gettext_noop("Minutes between two lists of changed occupied times"),
        default="30",
        help=gettext_noop("Beside this, every change is sent at once."),
    ),
    SettingField(
        "orders_seconds",
        gettext_noop("Seconds between two fetches of orders"),
        default="300",
    ),
    SettingField(
        "longest_step",
        gettext_noop("Longest step of the portal's grid, in minutes"),
        default="120",
        help=gettext_noop("Whoever has only longer slots is offered in steps of 30 minutes."),
    ),
)
# Least and most. A portal that applies each import in one go is not to be hammered.
RANGES: Mapping[str, tuple[int, int]] = {
    "busy_all_minutes": (15, 1440),
    "busy_changes_minutes": (5, 1440),
    "orders_seconds": (5, 3600),
    "longest_step": (5, 1440),
}
# People copy the whole address out of the portal's letter.
_SERVICES = re.compile(r"/services/?(?:(?:import|export)(?:\.php)?)?$")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")

_NOT_AN_ADDRESS = gettext_noop("Write a web address: https://, the name of the portal, no more.")
_PLAIN = gettext_noop(
    "Over http:// patients' data travel readable by anybody. Write https://, or say below that"
    " you want this."
)
_NOT_A_ZONE = gettext_noop("Write the name of a time zone, such as Europe/Moscow.")
_NOT_A_TIME = gettext_noop("Write a time of the day, such as 03:00.")
_OUT_OF_RANGE = {
    (15, 1440): gettext_noop("Write a whole number from 15 to 1440."),
    (5, 1440): gettext_noop("Write a whole number from 5 to 1440."),
    (5, 3600): gettext_noop("Write a whole number from 5 to 3600."),
}
_NO_CHOICE = gettext_noop("Choose one of the values offered.")


@dataclass(frozen=True, slots=True)
class Choices:
    """An account's settings, read."""

    base_url: str  # scheme, host and perhaps a path, without a slash at the end
    zone: ZoneInfo
    cadence: Cadence
    longest_step: int
    shows_names: bool


def read(settings: Mapping[str, str]) -> Choices:
    """Empty means the default. Raises Refused for what `wrong` names."""
    if names := ", ".join(wrong(settings)):
        raise Refused(f"settings: {names} cannot be used")
    chosen = _chosen(settings)
    hour, minute = chosen["offer_at"].split(":")
    numbers = {name: int(chosen[name]) for name in RANGES}
    return Choices(
        base_url=_address(chosen["base_url"]),
        zone=ZoneInfo(chosen["time_zone"]),
        cadence=Cadence(
            offer_at=time(int(hour), int(minute)),
            busy_all=timedelta(minutes=numbers["busy_all_minutes"]),
            busy_changes=timedelta(minutes=numbers["busy_changes_minutes"]),
            orders=timedelta(seconds=numbers["orders_seconds"]),
        ),
        longest_step=numbers["longest_step"],
        shows_names=chosen["titles"] == "names",
    )


def wrong(settings: Mapping[str, str]) -> dict[str, str]:
    """A field's name -> why its value cannot be used, an English source sentence."""
    chosen = _chosen(settings)
    found = {
        field.name: _NO_CHOICE
        for field in FIELDS
        if field.choices and chosen[field.name] not in dict(field.choices)
    }
    address = _address(chosen["base_url"])
    if not _is_web_address(address):
        found["base_url"] = _NOT_AN_ADDRESS
    elif is_plain(address) and chosen["plain_http"] != "yes":
        found["base_url"] = _PLAIN
    if chosen["time_zone"] not in available_timezones():
        found["time_zone"] = _NOT_A_ZONE
    if not _CLOCK.fullmatch(chosen["offer_at"]):
        found["offer_at"] = _NOT_A_TIME
    for name, (least, most) in RANGES.items():
        if not _is_within(chosen[name], least, most):
            found[name] = _OUT_OF_RANGE[least, most]
    return found


def is_plain(address: str) -> bool:
    """Whether what is sent there can be read on its way (U-6): http to another machine."""
    parts = urlsplit(address)
    return parts.scheme == "http" and not _is_this_machine(parts.hostname or "")


def _chosen(settings: Mapping[str, str]) -> dict[str, str]:
    return {field.name: settings.get(field.name, "").strip() or field.default for field in FIELDS}


def _address(text: str) -> str:
    return _SERVICES.sub("", text.rstrip("/")).rstrip("/")


def _is_within(text: str, least: int, most: int) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 4 and least <= int(text) <= most


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_web_address(address: str) -> bool:
    """No user, query or fragment: a key or password typed there would end in logs."""
    if not (address.isascii() and address.isprintable()) or set(address) & set(' ?#@\\"<>'):
        return False
    try:
        parts = urlsplit(address)
        port_is_whole = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return port_is_whole and parts.scheme in {"http", "https"} and bool(parts.hostname)
