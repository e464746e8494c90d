"""Which of the portal's sites an account speaks to: what the account form asks, and its meaning.

Source: docs/reference/docplanner/behaviour.md section 1 (domains). The zones are inference: the
portal converts to "the time zone of the locale" and names none (section 2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_noop

from slotbridge.sync.contract import Refused, SettingField

POLAND = "znanylekarz.pl"
ZONES: Mapping[str, ZoneInfo] = {
    POLAND: ZoneInfo("Europe/Warsaw"),
    "doctoraliar.com": ZoneInfo("America/Argentina/Buenos_Aires"),
    "doctoralia.com.br": ZoneInfo("America/Sao_Paulo"),
    "doctoralia.cl": ZoneInfo("America/Santiago"),
    "doctoralia.co": ZoneInfo("America/Bogota"),
    "znamylekar.cz": ZoneInfo("Europe/Prague"),
    "doctoralia.es": ZoneInfo("Europe/Madrid"),
    "miodottore.it": ZoneInfo("Europe/Rome"),
    "doctoralia.mx": ZoneInfo("America/Mexico_City"),
    "doctoralia.pe": ZoneInfo("America/Lima"),
    "doctoralia.com.pt": ZoneInfo("Europe/Lisbon"),
    "doktortakvimi.com": ZoneInfo("Europe/Istanbul"),
    "jameda.de": ZoneInfo("Europe/Berlin"),
}
CURRENCIES: Mapping[str, str] = {
    POLAND: "PLN",
    "doctoraliar.com": "ARS",
    "doctoralia.com.br": "BRL",
    "doctoralia.cl": "CLP",
    "doctoralia.co": "COP",
    "znamylekar.cz": "CZK",
    "doctoralia.es": "EUR",
    "miodottore.it": "EUR",
    "doctoralia.mx": "MXN",
    "doctoralia.pe": "PEN",
    "doctoralia.com.pt": "EUR",
    "doktortakvimi.com": "TRY",
    "jameda.de": "EUR",
}

DECIMALS: Mapping[str, int] = {"CLP": 0}  # of a price; two in every other currency (ISO 4217)
# The public insurer among a site's insurance providers, where the sources name one: NFZ, the same
# on staging and production (behaviour.md section 5). Elsewhere that number is another insurer's.
PUBLIC_INSURERS: Mapping[str, int] = {POLAND: 13}


class Delivery(StrEnum):
    """How notifications reach us; the portal allows either or both."""

    PUSH = "push"
    PULL = "pull"
    BOTH = "both"


FIELDS = (
    SettingField(
        "domain",
        gettext_noop("Site of the portal"),
        default=POLAND,
        choices=tuple((domain, domain) for domain in ZONES),
    ),
    SettingField(
        "delivery",
        gettext_noop("How notifications arrive"),
        default=Delivery.PUSH,
        choices=(
            (Delivery.PUSH, gettext_noop("the portal sends them to the notification address")),
            (Delivery.PULL, gettext_noop("we fetch them from the portal's queue")),
            (Delivery.BOTH, gettext_noop("both")),
        ),
    ),
    SettingField(
        "identity",
        gettext_noop("Send names and phones of patients booked by the clinic"),
        default="no",
        choices=(("no", gettext_noop("no, a neutral name")), ("yes", gettext_noop("yes"))),
        help=gettext_noop(
            "Without it the portal learns only that the time is taken, and by which service."
        ),
    ),
    SettingField(
        "services",
        gettext_noop("Services and prices at each address"),
        default="ours",
        choices=(
            ("ours", gettext_noop("follow the price lists that are used there")),
            ("portal", gettext_noop("are kept on the portal; nothing of them is changed")),
        ),
        help=gettext_noop("What the portal’s own people added there is never removed by itself."),
    ),
    SettingField(
        "base_url",
        gettext_noop("Address of a sandbox"),
        help=gettext_noop("Empty for the real portal."),
    ),
)


@dataclass(frozen=True, slots=True)
class Site:
    """An account's settings, read."""

    base_url: str  # scheme and host, without a slash at the end
    zone: ZoneInfo
    currency: str  # ISO 4217
    decimals: int  # of a price in it
    public_insurer: int | None  # an insurance provider's id; None where the site has none
    delivery: Delivery
    sends_identity: bool
    keeps_services: bool  # address services follow our price lists


def read(settings: Mapping[str, str]) -> Site:
    """Raises Refused for a value that the form does not offer. Empty means the default."""
    chosen = {field.name: settings.get(field.name, "") or field.default for field in FIELDS}
    for field in FIELDS:
        if field.choices and chosen[field.name] not in dict(field.choices):
            raise Refused(f"settings: {field.name} is none of the choices")
    # Keep the www.: the bare host answers with a redirect (quirk "www").
    base_url = (chosen["base_url"] or f"https://www.{chosen['domain']}").strip().rstrip("/")
    if not _is_web_address(base_url):
        raise Refused("settings: base_url is not a web address")
    return Site(
        base_url=base_url,
        zone=ZONES[chosen["domain"]],
        currency=CURRENCIES[chosen["domain"]],
        decimals=DECIMALS.get(CURRENCIES[chosen["domain"]], 2),
        public_insurer=PUBLIC_INSURERS.get(chosen["domain"]),
        delivery=Delivery(chosen["delivery"]),
        sends_identity=chosen["identity"] == "yes",
        keeps_services=chosen["services"] == "ours",
    )


def _is_web_address(address: str) -> bool:
    try:
        parts = urlsplit(address)
        port_is_whole = parts.port is None or parts.port > 0
    except ValueError:
        return False
    plain = address.isascii() and address.isprintable() and " " not in address
    return plain and port_is_whole and parts.scheme in {"http", "https"} and bool(parts.hostname)
