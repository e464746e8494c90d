"""Connecting an organisation to a portal: settings, states, and the life of an account."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import timedelta

from django.conf import settings as django_settings
from django.db import transaction

from slotbridge.his import audit
from slotbridge.his.models import Organisation
from slotbridge.kit import clock, http
from slotbridge.sync import wakeups
from slotbridge.sync.contract import Access, Connector, Token
from slotbridge.sync.models import Account
from slotbridge.sync.registry import connector_class, kind_of_channel
from slotbridge.sync.seals import box

# A3: a first synchronisation that takes longer has failed, whatever it is still doing.
LONGEST_SYNCHRONISATION = timedelta(minutes=30)
# A4: after refused credentials, so that a corrected account at the portal is noticed.
RETRY_REJECTED = timedelta(minutes=15)

# The header whose value may be agreed with the portal (A61, behaviour.md section 4).
KEY_HEADER = "X-Api-Key"

State = Account.State


@transaction.atomic
def account_for(*, organisation: Organisation, channel: str) -> Account:
    """The organisation's account on a channel; made, with its notification address, at first use.

    R8: the address must be there before any credentials are. KeyError if no portal serves the
    channel.
    """
    kind = kind_of_channel(channel)
    found = Account.objects.filter(organisation=organisation, channel=channel).first()
    if found is None:
        token = _new_hook_token()
        found, _ = Account.objects.get_or_create(
            organisation=organisation,
            channel=channel,
            defaults={
                "kind": kind,
                "state_since": clock.now(),
                "hook_digest": hook_digest(token),
                "sealed_hook": box().seal(token),
            },
        )
    return found


def notification_address(account: Account) -> str:
    """Where the portal is to send notifications (R8): a secret of 256 random bits (A7)."""
    return f"{django_settings.PUBLIC_URL}/hooks/{box().open_text(account.sealed_hook)}"


@transaction.atomic
def renew_notification_address(*, account: Account, by: str) -> None:
    """A new address; the old one stops working at once, and the portal must be told (A7)."""
    account = locked(account)
    token = _new_hook_token()
    account.hook_digest = hook_digest(token)
    account.sealed_hook = box().seal(token)
    account.save(update_fields=["hook_digest", "sealed_hook"])
    record(account, by, "renew-notification-address")


@transaction.atomic
def guard_notifications(
    *, account: Account, key: str | None = None, only_published: bool = False, by: str
) -> None:
    """What proves a notification genuine beside the secret address (A61).

    `key`: from now on only notifications with it in their header are taken; "" ends that, None
    leaves what was agreed. `only_published`: only from addresses that the portal publishes.
    """
    account = locked(account)
    if key is not None:
        account.sealed_header_key = box().seal(key) if key else None
    account.only_published = only_published
    account.save(update_fields=["sealed_header_key", "only_published"])
    record(
        account,
        by,
        "guard-notifications",
        key=account.sealed_header_key is not None,
        only_published=only_published,
    )


def account_of_hook(token: str) -> Account | None:
    """Whose notification address ends in `token`; found by digest, so time tells nothing."""
    return Account.objects.filter(hook_digest=hook_digest(token)).first()


@transaction.atomic
def configure(
    *,
    account: Account,
    login: str,
    password: str | None,
    remove_password: bool = False,
    settings: Mapping[str, str] | None = None,
    by: str,
) -> Account:
    """Saves login and password (R9-R11); `password=None` leaves the saved one (A6).

    Saving always succeeds; with both set and one of them changed, the first synchronisation
    starts by itself (R12, A1). Raises http.PrivateAddress for a portal inside our own network.
    """
    account = locked(account)
    if settings and settings.get("base_url") and not django_settings.PRIVATE_PORTALS:
        http.refuse_private(settings["base_url"])
    before = (account.login, account.password_set_at, dict(account.settings))
    account.login = login.strip()
    if settings is not None:
        account.settings = dict(settings)
    if remove_password:
        account.sealed_password, account.password_set_at = None, None
    elif password:
        account.sealed_password = box().seal(password)
        account.password_set_at = clock.now()
    changed = before != (account.login, account.password_set_at, account.settings)
    account.save()
    record(account, by, "configure", changed=changed)
    if not _has_credentials(account):
        enter(account, State.UNCONFIGURED)
    elif changed or account.state in {State.UNCONFIGURED, State.OFF}:
        _start_synchronising(account)
    return account


@transaction.atomic
def try_again(*, account: Account, by: str) -> None:
    """Starts the synchronisation anew after a failure (A3, A4)."""
    account = locked(account)
    record(account, by, "try-again")
    if _has_credentials(account):
        _start_synchronising(account)


@transaction.atomic
def refresh_catalogue(*, account: Account, by: str) -> None:
    """Reads the portal's catalogue soon: the button "refresh lists" (A10)."""
    account = locked(account)
    account.catalogue_due_at = clock.now()
    account.save(update_fields=["catalogue_due_at"])
    record(account, by, "refresh-catalogue")
    wakeups.wake()


@transaction.atomic
def pause(*, account: Account, by: str) -> None:
    """Nothing is sent or taken over until resumed; what happens meanwhile waits."""
    account = locked(account)
    if account.state in {State.READY, State.REJECTED}:
        enter(account, State.PAUSED)
        record(account, by, "pause")


@transaction.atomic
def resume(*, account: Account, by: str) -> None:
    """Goes on where it was paused, and compares everything (A38)."""
    account = locked(account)
    if account.state == State.PAUSED:
        enter(account, State.READY)
        account.listings.update(patrol_due_at=clock.now())
        record(account, by, "resume")
        wakeups.wake()


def connect(account: Account) -> Connector:
    """The connector of this account, with its opened credentials. Close it after use."""
    password = box().open_text(account.sealed_password) if account.sealed_password else ""
    return connector_class(account.kind)(
        Access(
            login=account.login,
            password=password,
            settings=account.settings,
            tokens=SealedTokens(account.pk),
        )
    )


class SealedTokens:
    """Keeps an account's token sealed in its row, so that every machine uses the same one."""

    def __init__(self, account_id: int) -> None:
        self._account_id = account_id

    def load(self) -> Token | None:
        sealed, expires_at = Account.objects.values_list("sealed_token", "token_expires_at").get(
            pk=self._account_id
        )
        if sealed is None or expires_at is None:
            return None
        return Token(box().open_text(sealed), expires_at)

    def save(self, token: Token | None) -> None:
        Account.objects.filter(pk=self._account_id).update(
            sealed_token=box().seal(token.value) if token else None,
            token_expires_at=token.expires_at if token else None,
        )


def hook_digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def enter(account: Account, state: State, reason: str = "") -> None:
    """Writes a state and why; the caller has locked the account or holds its lease."""
    if account.state != state:
        account.state_since = clock.now()
    account.state, account.reason = state, reason
    account.save(update_fields=["state", "state_since", "reason"])


def _start_synchronising(account: Account) -> None:
    enter(account, State.SYNCHRONISING)
    account.state_since = account.catalogue_due_at = clock.now()
    account.not_before, account.failures, account.failing_since = None, 0, None
    account.problem, account.sealed_token, account.token_expires_at = "", None, None
    account.save()
    wakeups.wake()


def _has_credentials(account: Account) -> bool:
    has_login = bool(account.login) or not connector_class(account.kind).has_login
    return has_login and account.sealed_password is not None


def locked(account: Account) -> Account:
    """The present row, for whoever changes it."""
    return Account.objects.select_for_update(no_key=True).get(pk=account.pk)


def _new_hook_token() -> str:
    return secrets.token_urlsafe(32)


def record(account: Account, by: str, action: str, **data: object) -> None:
    """An audit entry of what was done with an account."""
    audit.record(
        organisation=account.organisation,
        actor=by,
        action=f"account.{action}",
        target=account,
        **data,
    )
