"""The account that was meant, and what it stands for in the report."""

import os
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from slotbridge.his.names import search_key
from slotbridge.sync.models import Account
from slotbridge.sync.registry import connector_class, keeps_calendars

_VARIABLE = "SLOTBRIDGE_SANDBOX_CONTROL_TOKEN"
_IDLE = {Account.State.UNCONFIGURED, Account.State.OFF, Account.State.SWITCHING_OFF}


class Unclear(Exception):
    """It cannot be run: the text says what to do, for a person."""


def account_named(text: str) -> Account:
    """Of a channel, or of an organisation's: “name/channel”. Raises Unclear."""
    organisation, _slash, channel = text.rpartition("/")
    found = [
        each
        for each in Account.objects.filter(channel=channel).select_related("organisation")
        if search_key(organisation) in search_key(each.organisation.name)
    ]
    if not found:
        raise Unclear(_("There is no such account. There are: %(names)s.") % {"names": _names()})
    if len(found) > 1:
        raise Unclear(
            _("Several organisations have it: write ORGANISATION/CHANNEL, one of %(names)s.")
            % {"names": _names()}
        )
    account = found[0]
    if not keeps_calendars(account.kind):
        raise Unclear(_("This portal takes documents, not calendars: there is nothing to certify."))
    if account.state in _IDLE:
        raise Unclear(
            _("The account is not connected: enter its login under Administration, Configuration.")
        )
    return account


def base_url(account: Account) -> str:
    """Where it was told to speak to, if not to the portal itself."""
    return str(account.settings.get("base_url") or "").rstrip("/")


def site_of(account: Account) -> str:
    """The host, for the report: no login, no path."""
    given = urlsplit(base_url(account)).netloc
    return given or str(account.settings.get("domain") or account.channel)


def portal_of(account: Account) -> str:
    return connector_class(account.kind).portal


def control_token() -> str:
    """The sandbox's, as its own program finds it; "" if it is not on this machine."""
    given = os.environ.get(_VARIABLE, "").strip()
    file: Path = settings.DATA / "sandbox_control_token.secret"
    if given or not file.exists():
        return given
    return file.read_text().strip()


def software() -> str:
    return f"Slotbridge {version('slotbridge')}"


def _names() -> str:
    rows = Account.objects.select_related("organisation").order_by("organisation__name", "channel")
    return ", ".join(f"{each.organisation.name}/{each.channel}" for each in rows) or "–"
