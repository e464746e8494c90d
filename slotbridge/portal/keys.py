"""Client keys: a clinic's identity and the only proof of it (2.3, U-6)."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable
from datetime import datetime, timedelta

import psycopg
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop as _

from slotbridge.kit import clock
from slotbridge.kit.callers import Caller, is_within
from slotbridge.portal import deeds
from slotbridge.portal.models import ClientKey, Clinic, FailedTry
from slotbridge.portal.models.base import random_id
from slotbridge.portal.router import DATABASE
from slotbridge.wire.medihost.problems import (
    KEY_MISSING,
    KEY_REFUSED,
    KEYS_DIFFER,
    DocumentRefused,
    Kind,
)

PLACES = (1, 2)
MOST_FAILURES = 10
WINDOW = timedelta(minutes=10)

_PLACE = "two_valid_keys_a_clinic"
_GUID = re.compile(r"[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}")


_PLAIN = Kind("E_KEY", _("This key is accepted only over HTTPS."))
_SLOW = Kind(
    "E_KEY", _("Too many requests with a wrong key came from this address. Try again later.")
)


class TooManyKeys(Exception):
    """The clinic has two valid keys: revoke one first."""


class SlowDown(DocumentRefused):
    """Nothing was looked at: come back in `seconds`."""

    def __init__(self, seconds: int) -> None:
        super().__init__(_SLOW())
        self.seconds = seconds


def issue_key(*, clinic: Clinic, by: str, key: str | None = None) -> str:
    """A new key, upper case with hyphens: kept as a digest only, so this is the one time it is
    seen. Raises TooManyKeys at a third one. `key`: a given one, for demonstrations and tests.
    """
    text = normal(key) if key else str(random_id()).upper()
    for place in PLACES:
        try:
            with transaction.atomic(using=DATABASE):
                made = ClientKey.objects.create(
                    clinic=clinic,
                    digest=_digest(text),
                    hint=text[:4],
                    place=place,
                    created_at=clock.now(),
                    created_by=by,
                )
                deeds.record(by=by, action="key.issue", clinic=clinic, key=made.pk)
        except IntegrityError as error:
            # Two operators at once: the database lets one of them have the place.
            if not _is_breach_of(error, _PLACE):
                raise
        else:
            return text
    raise TooManyKeys


@transaction.atomic(using=DATABASE)
def revoke_key(*, key: ClientKey, by: str) -> None:
    """From now on the key opens nothing. What was imported under it stays the clinic's."""
    if ClientKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=clock.now()):
        deeds.record(by=by, action="key.revoke", clinic=key.clinic, key=key.pk)
    key.refresh_from_db(fields=["revoked_at"])


def find(key: str) -> ClientKey | None:
    """The valid key of this text, with its clinic. It is looked up by digest, so the time taken
    says nothing about how much of a wrong key is right.
    """
    text = normal(key)
    if not _GUID.fullmatch(text):
        return None
    return (
        ClientKey.objects.select_related("clinic")
        .filter(digest=_digest(text), revoked_at=None)
        .first()
    )


def admit(*, caller: Caller, key: str | None, others: Iterable[str] = ()) -> ClientKey:
    """The valid key that this caller may use now; `others` are given beside it, in other places.

    Raises DocumentRefused (E_KEY_MISSING, E_KEY), SlowDown. Every E_KEY counts as a failure of
    the address: a thief's try with a stolen key is one as well.
    """
    if not key or not normal(key):
        raise DocumentRefused(KEY_MISSING())
    _slow_down(caller)
    if any(normal(each) != normal(key) for each in others):
        raise _failure(caller, KEYS_DIFFER)
    found = find(key)
    if found is None:
        raise _failure(caller, KEY_REFUSED)
    allowed = found.clinic.allowed_addresses
    if allowed and not is_within(caller.address, allowed):
        raise _failure(caller, KEY_REFUSED)
    if not caller.is_private and not found.clinic.allows_plain_http:
        raise _failure(caller, _PLAIN)
    ClientKey.objects.filter(pk=found.pk).update(last_used_at=clock.now())
    return found


def normal(key: str) -> str:
    """Upper case, without white space around it and without braces (section 6, GUID)."""
    return key.strip().removeprefix("{").removesuffix("}").strip().upper()


def _slow_down(caller: Caller) -> None:
    now = clock.now()
    latest: list[datetime] = list(
        FailedTry.objects.filter(address=str(caller.address), at__gt=now - WINDOW)
        .order_by("-at")
        .values_list("at", flat=True)[:MOST_FAILURES]
    )
    if len(latest) == MOST_FAILURES:
        # A request that is slowed down is no failure: who keeps asking is not shut out for ever.
        raise SlowDown(max(1, math.ceil((latest[-1] + WINDOW - now).total_seconds())))


def _failure(caller: Caller, why: Kind) -> DocumentRefused:
    FailedTry.objects.create(address=str(caller.address), at=clock.now())
    return DocumentRefused(why())


def _digest(text: str) -> str:
    # The keys are 128 random bits, so a fast digest is enough.
    return hashlib.sha256(text.encode()).hexdigest()


def _is_breach_of(error: IntegrityError, constraint: str) -> bool:
    cause = error.__cause__
    return isinstance(cause, psycopg.Error) and cause.diag.constraint_name == constraint
