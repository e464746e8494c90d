"""The menu, as jHIS has it: who sees which function, and under which heading."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from slotbridge.web.access import EVERYBODY, OFFICE, OVERSEERS


@dataclass(frozen=True)
class Entry:
    """A function of the menu; `owns` are first parts of the names of its pages' addresses."""

    label: str | Promise
    target: str
    owns: tuple[str, ...]
    roles: Collection[str] = OFFICE


@dataclass(frozen=True)
class Heading:
    label: str | Promise
    entries: tuple[Entry | Heading, ...] = field(default=())


MENU: tuple[Entry | Heading, ...] = (
    Entry(_("Today"), "home", ("home",), EVERYBODY),
    Entry(_("Visits"), "visits", ("visit", "visits"), EVERYBODY),
    Entry(_("Schedules"), "schedules", ("schedule", "schedules", "slot"), EVERYBODY),
    Entry(_("Patients"), "patients", ("patient", "patients"), OFFICE),
    Entry(_("Portals"), "portals", ("portal", "portals"), OFFICE),
    Heading(_("Staff"), (Entry(_("Staff"), "staff", ("staff",), OFFICE),)),
    Heading(
        _("Administration"),
        (
            Entry(_("Configuration"), "configuration", ("configuration",), OVERSEERS),
            Heading(
                _("Dictionaries"),
                (Entry(_("Commercial services"), "services", ("service", "services"), OVERSEERS),),
            ),
            Entry(_("Price lists"), "price-lists", ("price",), OVERSEERS),
            Heading(
                _("Organisational structure"),
                (
                    Entry(
                        _("Medical care"),
                        "units",
                        ("unit", "units", "clinic", "clinics"),
                        OVERSEERS,
                    ),
                ),
            ),
        ),
    ),
)


@dataclass(frozen=True)
class Shown:
    """A line of the menu as one person sees it; a heading has no address."""

    label: str | Promise
    url: str = ""
    is_current: bool = False
    below: tuple[Shown, ...] = ()


def menu_for(request: HttpRequest) -> tuple[Shown, ...]:
    role = getattr(request.user, "role", "")
    here = request.resolver_match.url_name if request.resolver_match else ""
    return tuple(_shown(MENU, role, (here or "").split("-")[0]))


def _shown(entries: Collection[Entry | Heading], role: str, here: str) -> Iterator[Shown]:
    for entry in entries:
        if isinstance(entry, Heading):
            below = tuple(_shown(entry.entries, role, here))
            if below:
                yield Shown(entry.label, below=below)
        elif role in entry.roles:
            yield Shown(entry.label, reverse(entry.target), here in entry.owns)
