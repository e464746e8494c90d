"""What the terminal of the portal's machine can do: `slotbridge portal …`, `medihost explain`.

Reached by the dotted path in settings.PORTAL_COMMANDS, as commands may not import the portal.
"""

from __future__ import annotations

from itertools import chain
from typing import BinaryIO

from slotbridge.portal import clinics, deeds, keys, replace, staff
from slotbridge.portal.models import Clinic, StaffMember
from slotbridge.portal.replace import Applied
from slotbridge.wire.medihost.problems import BUSY, KEY_MISSING, KEY_REFUSED, DocumentRefused
from slotbridge.wire.medihost.reader import Found, Limits, Opened, read

LONGEST_NAME = 250


class Unwilling(Exception):
    """It was not done; the text says why, and what to do."""


def has_operator() -> bool:
    """Whether anybody can run the portal by its pages."""
    return StaffMember.objects.filter(clinic=None, is_active=True).exists()


def add_operator(*, login: str, name: str, password: str | None) -> str:
    """Returns the password: without one, a random one. Raises Unwilling."""
    if not login.strip():
        raise Unwilling("An operator needs a login.")
    chosen = password or staff.random_password()
    try:
        staff.add_operator(login=login, name=name, password=chosen)
    except staff.LoginTaken:
        raise Unwilling("Somebody has this login: choose another one.") from None
    except staff.WeakPassword as weak:
        raise Unwilling(str(weak.reason)) from None
    return chosen


def add_clinic(*, name: str, time_zone: str, language: str) -> str:
    """Returns the clinic's key, which is shown once. Raises Unwilling."""
    if not 1 <= len(name.strip()) <= LONGEST_NAME:
        raise Unwilling(f"A clinic needs a name of at most {LONGEST_NAME} characters.")
    if language not in Clinic.Language.values:
        raise Unwilling(f"The portal speaks {' and '.join(Clinic.Language.values)}.")
    try:
        facts = clinics.Facts(name.strip(), time_zone=time_zone, language=language)
    except clinics.NoSuchZone:
        raise Unwilling("Write the name of a time zone, such as Europe/Moscow.") from None
    clinic = clinics.add_clinic(facts=facts, by=deeds.SYSTEM)
    return keys.issue_key(clinic=clinic, by=deeds.SYSTEM)


def explain_file(stream: BinaryIO) -> Applied:
    """What importing this document now would do to the clinic whose key it bears; nothing is
    changed, and the try is not counted. Raises DocumentRefused.
    """
    limits = Limits()
    opened, found = _open(stream, limits)
    if not opened.client_key:
        raise DocumentRefused(KEY_MISSING())
    key = keys.find(opened.client_key)
    if key is None:
        raise DocumentRefused(KEY_REFUSED())
    own = Limits(size=key.clinic.most_bytes, elements=key.clinic.most_elements)
    if own != limits:
        _, found = _open(stream, own)
    try:
        return replace.explain(clinic=key.clinic, found=found)
    except replace.Busy:
        raise DocumentRefused(BUSY()) from None


def _open(stream: BinaryIO, limits: Limits) -> tuple[Opened, chain[Found]]:
    """The root's start tag, and everything but it."""
    stream.seek(0)
    early: list[Found] = []
    found = read(stream, limits)
    for each in found:
        if isinstance(each, Opened):
            return each, chain(early, found)
        early.append(each)
    raise AssertionError("the reader gives out Opened, or raises")
