"""„Administracja” → „Konfiguracja”: a portal's access, and the first synchronisation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from slotbridge.kit import clock
from slotbridge.kit.http import PrivateAddress
from slotbridge.sync import accounts, leaving, writing
from slotbridge.sync.exchange import plan
from slotbridge.sync.models import Account
from slotbridge.web import mapping
from slotbridge.web.access import ADMINISTRATORS, OVERSEERS, StaffRequest, page
from slotbridge.web.forms.base import add_error
from slotbridge.web.forms.configuration import AccountForm, GuardForm
from slotbridge.web.zones import house_zone

State = Account.State

# What a button on the page does. `configure` has a form of its own, the others need no input.
ACTIONS: dict[str, Callable[..., None]] = {
    "try-again": accounts.try_again,
    "refresh-lists": accounts.refresh_catalogue,
    "new-address": accounts.renew_notification_address,
    "pause": accounts.pause,
    "resume": accounts.resume,
    "switch-off": leaving.switch_off,
    "switch-off-and-forget": partial(leaving.switch_off, forget=True),
    "stop-waiting": leaving.stop_waiting,
    "send-all": plan.send_all,
}
RESTING = {State.UNCONFIGURED, State.OFF}
RUNNING = {State.SYNCHRONISING, State.SWITCHING_OFF}


@page(see=OVERSEERS, change=ADMINISTRATORS)
def configuration(request: StaffRequest, channel: str = "") -> HttpResponse:
    found = mapping.portals(request.organisation)
    if not found:
        return render(request, "web/configuration_none.html")
    portal = _portal(found, channel) if channel else found[0]
    form = AccountForm(
        request.POST or None,
        account=portal.account,
        portal=portal.name,
        disabled=not request.may_change,
    )
    asks_to_switch_off = False
    if request.method == "POST" and form.is_valid():
        asks_to_switch_off = form.empties_all and portal.account.state not in {
            State.UNCONFIGURED,
            State.OFF,
        }
        if not asks_to_switch_off and _save(request, form, portal):
            return redirect("configuration-of", portal.channel.code)
    return render(
        request,
        "web/configuration.html",
        {
            "form": form,
            "portal": portal,
            "portals": found,
            "account": portal.account,
            "address": accounts.notification_address(portal.account),
            "refreshes": request.method == "GET" and portal.account.state in RUNNING,
            "is_overdue": _is_overdue(portal.account),
            "asks_to_switch_off": asks_to_switch_off,
            "still_shown": leaving.still_shown(portal.account) if _leaves(portal.account) else [],
            # A portal without a login has no adviser who knows its address: people look at it.
            "asks_for_settings": portal.account.state in RESTING and not portal.has_login,
            # How the first load begins is chosen before it, and at any time on the portal's page.
            "may_begin": portal.has_mapping and portal.account.state in RESTING,
            "days": range(1, writing.MOST_SHADOW_DAYS + 1),
            "usual_days": writing.SHADOW_DAYS,
            "can_act": portal.has_mapping or portal.account.state not in RESTING,
            "zone": house_zone(request.organisation),
        },
    )


@page(see=OVERSEERS, change=ADMINISTRATORS)
def notifications(request: StaffRequest, channel: str) -> HttpResponse:
    """What proves that a notification is the portal's (A61)."""
    portal = _portal(mapping.portals(request.organisation), channel)
    if not portal.has_mapping:
        raise Http404
    account = portal.account
    form = GuardForm(request.POST or None, account=account, disabled=not request.may_change)
    if request.method == "POST" and form.is_valid():
        accounts.guard_notifications(
            account=account,
            key=form.new_key,
            only_published=form.cleaned_data["only_published"],
            by=request.by,
        )
        messages.success(request, _("Saved."))
        return redirect("configuration-notifications", channel)
    context = {
        "form": form,
        "portal": portal,
        "account": account,
        "header": accounts.KEY_HEADER,
        "last": account.messages.filter(way="push").order_by("-received_at").first(),
        "zone": house_zone(request.organisation),
    }
    return render(request, "web/notifications.html", context)


@page(see=(), change=ADMINISTRATORS)
def act(request: StaffRequest, channel: str, action: str) -> HttpResponse:
    """One of the page's buttons."""
    portal = _portal(mapping.portals(request.organisation), channel)
    if action not in ACTIONS:
        raise Http404
    ACTIONS[action](account=portal.account, by=request.by)
    if action == "new-address":
        messages.warning(
            request,
            _("There is a new address. Tell %(portal)s: the old one works no more.")
            % {"portal": portal.name},
        )
    elif action == "send-all":
        messages.success(request, _("Everything is sent anew."))
    return redirect("configuration-of", portal.channel.code)


def _portal(found: list[mapping.Portal], channel: str) -> mapping.Portal:
    for portal in found:
        if portal.channel.code == channel:
            return portal
    raise Http404


def _save(request: StaffRequest, form: AccountForm, portal: mapping.Portal) -> bool:
    try:
        accounts.configure(
            account=portal.account,
            login=form.new_login,
            password=form.new_password,
            remove_password=form.removes_password,
            settings=form.settings,
            by=request.by,
        )
    except PrivateAddress:
        field = "setting_base_url"
        add_error(form, field, _("This address lies inside our own network."), "private")
        return False
    messages.success(request, _("Saved."))
    return True


def _leaves(account: Account) -> bool:
    """It is switched off, or cannot be because the portal does not answer."""
    is_stuck = account.state == State.SWITCHING_OFF and account.failing_since is not None
    return is_stuck or account.state == State.OFF


def _is_overdue(account: Account) -> bool:
    """A3: the engine fails it at this age; seen here if no worker is there to do so."""
    age: timedelta = clock.now() - account.state_since
    return account.state == State.SYNCHRONISING and age > accounts.LONGEST_SYNCHRONISATION
