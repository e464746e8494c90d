"""The fields by which a record gets its counterpart at each portal (R15, R17-R19, A22, A23)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeVar

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from slotbridge.his.breaches import NameTaken
from slotbridge.his.models import Channel, Organisation
from slotbridge.sync import accounts, links, records
from slotbridge.sync.models import Account, Link
from slotbridge.sync.registry import connector_class, keeps_calendars, kind_of_channel
from slotbridge.web.forms.base import Form, add_error

R = TypeVar("R", bound=links.Record)
State = Account.State

# As the portal's integration manual prints them, with the portal's name put in.
LABELS = {
    "unit": gettext_noop("Facility in %(portal)s"),
    "clinic": gettext_noop("Address in %(portal)s"),
    "practitioner": gettext_noop("Person in %(portal)s"),
    "service": gettext_noop("Service from %(portal)s"),
}


@dataclass(frozen=True, slots=True)
class Portal:
    """A channel that a portal serves, and the organisation's account there."""

    channel: Channel
    account: Account

    @property
    def name(self) -> str:
        return self.channel.name

    @property
    def field(self) -> str:
        return f"portal_{self.channel.code}"

    @property
    def has_mapping(self) -> bool:
        """Whether records of ours have counterparts there; else the portal takes ours as told."""
        return keeps_calendars(self.account.kind)

    @property
    def has_login(self) -> bool:
        """Whether there are a login and a password; else one key is both."""
        return connector_class(self.account.kind).has_login

    @property
    def obstacle(self) -> str | Promise:
        """Why nothing can be mapped now (A3, A23); "" if it can."""
        if self.account.state in {State.UNCONFIGURED, State.OFF}:
            return gettext_lazy("Configure the connection first.")
        if self.account.state == State.SYNCHRONISING:
            return gettext_lazy("Synchronisation is running.")
        if self.account.catalogue_read_at is None:
            return gettext_lazy("The first synchronisation has not ended yet.")
        return ""


def portals(organisation: Organisation) -> list[Portal]:
    """The organisation's portals, by name; a channel that no portal serves is none of them."""
    found = []
    for channel in Channel.objects.filter(organisation=organisation).order_by("name", "pk"):
        try:
            kind_of_channel(channel.code)
        except KeyError:
            continue
        account = accounts.account_for(organisation=organisation, channel=channel.code)
        found.append(Portal(channel, account))
    return found


def mapped_portals(organisation: Organisation) -> list[Portal]:
    """Those where records are given a counterpart."""
    return [portal for portal in portals(organisation) if portal.has_mapping]


def label(kind: str, portal: Portal) -> str:
    return _(LABELS[kind]) % {"portal": portal.name}


def linked(
    found: Collection[Portal], rows: Collection[links.Record]
) -> list[tuple[Portal, dict[int, Link]]]:
    """For a list's columns: each portal, and the links of these rows by their keys."""
    return [(portal, links.links_of(account=portal.account, records=rows)) for portal in found]


def add_fields(
    form: Form, found: Collection[Portal], kind: str, record: links.Record | None
) -> None:
    """One choice a portal; disabled with a reason while nothing can be mapped."""
    for portal in found:
        link = links.link_of(account=portal.account, record=record) if record else None
        field = forms.TypedChoiceField(
            label=label(kind, portal),
            required=False,
            choices=_choices(portal, kind, link),
            coerce=int,
            empty_value=None,
            initial=link.item_id if link else "",
            help_text=_hint(portal, link),
            disabled=bool(portal.obstacle) or form.is_disabled,
        )
        field.is_exact = True  # type: ignore[attr-defined]  # its label is a printed one
        form.fields[portal.field] = field


def save(
    form: Form,
    found: Collection[Portal],
    *,
    record: Callable[[], R],
    by: str,
    unique_field: str,
) -> R | None:
    """Saves a record and its mappings; None, with the reason in the form, if that is refused."""
    items = {
        portal.account: form.cleaned_data[portal.field] for portal in found if not portal.obstacle
    }
    field = next((portal.field for portal in found if portal.field in form.changed_data), None)
    try:
        return records.save_linked(save=record, items=items, by=by)
    except NameTaken:
        add_error(form, unique_field, _("This is taken already: choose another."), "taken")
    except links.LinkRefused as why:
        add_error(form, field, *in_words(why))
    return None


def in_words(why: links.LinkRefused) -> tuple[str, str]:
    """Why a link is refused: a sentence for people, and a code."""
    if isinstance(why, links.LinkTaken):
        sentence = _("This person is already linked to %(name)s.")
        return sentence % {"name": why.other.full_name}, "link-taken"
    if isinstance(why, links.ServiceClash):
        sentence = _(
            "In %(clinic)s the service “%(service)s” already has this counterpart; there, a "
            "booking must lead to one service."
        )
        return sentence % {"clinic": why.clinic.name, "service": why.other.name}, "service-clash"
    if isinstance(why, links.LinkedMeanwhile):
        sentence = _("Somebody has linked it to %(name)s meanwhile.")
        return sentence % {"name": why.item.name}, "linked-meanwhile"
    return _("This is not there any more: choose another."), "gone"


def _choices(portal: Portal, kind: str, link: Link | None) -> list[tuple[object, str]]:
    lines: list[tuple[object, str]] = [("", _("— none —"))]
    if portal.obstacle:
        return lines + ([(link.item_id, link.item.name)] if link else [])
    if link is not None and link.item.gone_at is not None:
        lines.append(
            (link.item_id, _("%(name)s (gone from the portal)") % {"name": link.item.name})
        )
    own = link.item_id if link else None
    for choice in links.choices(account=portal.account, kind=kind):
        text = f"{choice.name} — {choice.detail}" if choice.detail else choice.name
        if choice.taken_by and choice.item_id != own:
            text = _("%(choice)s (linked to %(name)s)") % {"choice": text, "name": choice.taken_by}
        lines.append((choice.item_id, text))
    return lines


def _hint(portal: Portal, link: Link | None) -> str:
    if portal.obstacle:
        return str(portal.obstacle)
    if link is not None and link.item.gone_at is not None:
        return _(
            "Broken: this record has gone from %(portal)s, so nothing of it is published. "
            "Choose its counterpart anew."
        ) % {"portal": portal.name}
    return ""
