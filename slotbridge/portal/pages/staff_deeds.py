"""The log in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from slotbridge.portal.models import Deed

_SENTENCES: dict[str, Promise] = {
    "deletions-released": _("released withheld deletions"),
    "deletions-withheld": _("would have deleted so much that it was withheld"),
    "clinic.add": _("added the clinic"),
    "clinic.change": _("changed the clinic's settings"),
    "document.read": _("read a received document"),
    "document.download": _("downloaded a received document"),
    "key.issue": _("issued a client key"),
    "key.revoke": _("revoked a client key"),
    "member.add": _("added a person who may log in"),
    "member.change": _("changed a person's details"),
    "member.log-in": _("logged in"),
    "member.off": _("switched a person off"),
    "member.on": _("switched a person on again"),
    "member.password": _("set a password"),
    "order.accept": _("accepted an order"),
    "order.change": _("changed an order"),
    "order.file": _("filed an order"),
    "order.reject": _("rejected an order"),
    "order.remind": _("reminded the staff of an order"),
    "order.withdraw": _("withdrew an order"),
    "resource.add": _("added a resource of the portal's own"),
    "resource.change": _("changed a resource of the portal's own"),
    "resource.hide": _("hid a resource of the portal's own"),
    "resource.hours": _("set the hours of a resource of the portal's own"),
    "resource.show": _("showed a resource of the portal's own again"),
}

# Whoever is none of the staff; the staff's logins stand for themselves.
_ACTORS: dict[str, Promise] = {
    "mis": _("the clinic’s program"),
    "patient": _("the patient"),
    "system": _("the portal"),
}

# What of a deed's data people can make use of; the rest are keys of rows.
_DETAILS: dict[str, Promise] = {
    "count": _("rows"),
    "days": _("days"),
    "document": _("import no."),
    "fields": _("changed:"),
    "login": _("login"),
    "number": _("no."),
    "section": _("section"),
}


@dataclass(frozen=True, slots=True)
class Told:
    deed: Deed
    actor: str
    sentence: str
    details: str


def sentences(deeds: Iterable[Deed]) -> list[Told]:
    """Each deed with what it was, in the page's language; one that has no words yet by its code."""
    return [
        Told(
            deed,
            str(_ACTORS.get(deed.actor, deed.actor)),
            str(_SENTENCES.get(deed.action, deed.action)),
            _details(deed),
        )
        for deed in deeds
    ]


def _details(deed: Deed) -> str:
    known = [(label, deed.data[name]) for name, label in _DETAILS.items() if name in deed.data]
    return "; ".join(
        f"{label} {', '.join(map(str, value)) if isinstance(value, list) else value}"
        for label, value in known
    )
