"""What operators settle for a clinic: its name and zone, its way in, its limits."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from ipaddress import ip_network
from zoneinfo import available_timezones

from django.db import transaction

from slotbridge.kit import clock
from slotbridge.portal import deeds, orders
from slotbridge.portal.models import Clinic
from slotbridge.portal.router import DATABASE


class NoSuchZone(Exception):
    """Not a name of the IANA time zone database, such as Asia/Yekaterinburg."""


class NotANetwork(Exception):
    """`text` is neither an address nor a network, such as 192.0.2.0/24."""

    def __init__(self, text: str) -> None:
        super().__init__("not a network")
        self.text = text


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything about a clinic that an operator writes. `lead_minutes`: U-21; `most_…`: U-29.

    Making one raises NoSuchZone, NotANetwork.
    """

    name: str
    address: str = ""
    phone: str = ""
    time_zone: str = "Europe/Moscow"
    language: str = Clinic.Language.RUSSIAN.value
    lead_minutes: int = 60
    is_open: bool = True
    allows_plain_http: bool = False
    allowed_addresses: tuple[str, ...] = ()
    most_bytes: int = 32 * 1024 * 1024
    most_elements: int = 300_000

    def __post_init__(self) -> None:
        if self.time_zone not in available_timezones():
            raise NoSuchZone
        for each in self.allowed_addresses:
            read_networks(each)


def add_clinic(*, facts: Facts, by: str) -> Clinic:
    with transaction.atomic(using=DATABASE):
        clinic = Clinic.objects.create(**_columns(facts), created_at=clock.now())
        deeds.record(by=by, action="clinic.add", clinic=clinic)
    return clinic


def change_clinic(*, clinic: Clinic, facts: Facts, by: str) -> Clinic:
    """A new zone moves the instants of live orders; what clocks at the clinic show stays (U-15)."""
    with transaction.atomic(using=DATABASE):
        locked = Clinic.objects.select_for_update().get(pk=clinic.pk)
        wanted = _columns(facts)
        changed = sorted(name for name, value in wanted.items() if getattr(locked, name) != value)
        if not changed:
            return locked
        for name in changed:
            setattr(locked, name, wanted[name])
        locked.save(update_fields=changed)
        if "time_zone" in changed:
            orders.place_again(clinic=locked)
        deeds.record(by=by, action="clinic.change", clinic=locked, fields=changed)
    return locked


def facts_of(clinic: Clinic) -> Facts:
    found = {each.name: getattr(clinic, each.name) for each in fields(Facts)}
    return Facts(**found | {"allowed_addresses": tuple(clinic.allowed_addresses)})


def read_networks(text: str) -> tuple[str, ...]:
    """Addresses and networks, one a line or with commas, each once, in CIDR form.

    Raises NotANetwork. Host bits are cleared: 192.0.2.7/24 is the network 192.0.2.0/24.
    """
    found: dict[str, None] = {}
    for word in text.replace(",", " ").split():
        try:
            found[str(ip_network(word, strict=False))] = None
        except ValueError:
            raise NotANetwork(word) from None
    return tuple(found)


def _columns(facts: Facts) -> dict[str, object]:
    return asdict(facts) | {"allowed_addresses": list(facts.allowed_addresses)}
