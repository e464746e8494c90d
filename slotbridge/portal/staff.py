"""Who may log in to the portal: the clinics' staff, and operators, who belong to no clinic."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import (
    CommonPasswordValidator,
    MinimumLengthValidator,
    UserAttributeSimilarityValidator,
)
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.crypto import salted_hmac
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from slotbridge.kit import clock
from slotbridge.portal import deeds
from slotbridge.portal.models import Clinic, LoginTry, StaffMember
from slotbridge.portal.router import DATABASE

TRIES_OF_A_LOGIN = 10
TRIES_OF_AN_ADDRESS = 40  # a clinic's desks often share one
TRIES_WINDOW = timedelta(minutes=15)

# In a fixed order: the first one that objects is told.
_JUDGES: tuple[tuple[object, Promise], ...] = (
    (MinimumLengthValidator(min_length=10), _("The password needs at least 10 characters.")),
    (CommonPasswordValidator(), _("This password is on every attacker's list. Choose another.")),
    (
        UserAttributeSimilarityValidator(user_attributes=("login", "name", "email")),
        _("This password is too much like the login, the name or the e-mail address."),
    ),
)
# Without letters and digits that look like one another on paper and are mixed up on the phone.
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


class WrongLogin(Exception):
    """Ask again. Says neither whether the login exists nor whether it is switched off."""


class TooManyTries(Exception):
    """Ask to come back in `minutes`; nothing was checked."""

    def __init__(self, minutes: int) -> None:
        super().__init__(f"wait {minutes} min")
        self.minutes = minutes


class LoginTaken(Exception):
    """Somebody has this login, perhaps at another clinic: choose another one."""


class WeakPassword(Exception):
    """Choose another password; `reason` says why, for the person who chose it."""

    def __init__(self, reason: Promise) -> None:
        super().__init__("weak password")
        self.reason = reason


class LastOperator(Exception):
    """The portal would be left without anybody who can run it: add another operator first."""


def add_member(
    *,
    clinic: Clinic | None,
    login: str,
    name: str,
    password: str,
    by: str,
    email: str = "",
    language: str | None = None,
) -> StaffMember:
    """Without a clinic it is an operator. Without `language` it is the clinic's own.

    Raises LoginTaken, WeakPassword.
    """
    member = StaffMember(
        clinic=clinic,
        login=normal(login),
        name=name,
        email=email,
        language=language or (clinic.language if clinic else Clinic.Language.RUSSIAN),
        created_at=clock.now(),
    )
    _judge(password, member)
    member.password = make_password(password)
    try:
        with transaction.atomic(using=DATABASE):
            member.save(force_insert=True)
            deeds.record(by=by, action="member.add", clinic=clinic, login=member.login)
    except IntegrityError:
        raise LoginTaken from None
    return member


def add_operator(
    *, login: str, name: str, password: str, email: str = "", by: str = deeds.SYSTEM
) -> StaffMember:
    """Somebody who runs the portal. Raises LoginTaken, WeakPassword."""
    return add_member(clinic=None, login=login, name=name, password=password, email=email, by=by)


@transaction.atomic(using=DATABASE)
def change_member(
    *, member: StaffMember, name: str, email: str, language: str, by: str
) -> StaffMember:
    """The login stays: the log names people by it."""
    member.name, member.email, member.language = name, email, language
    member.save(update_fields=["name", "email", "language"])
    deeds.record(by=by, action="member.change", clinic=member.clinic, login=member.login)
    return member


@transaction.atomic(using=DATABASE)
def set_password(*, member: StaffMember, password: str, by: str) -> None:
    """Ends every session of the member. Raises WeakPassword."""
    _judge(password, member)
    member.password = make_password(password)
    member.save(update_fields=["password"])
    deeds.record(by=by, action="member.password", clinic=member.clinic, login=member.login)


def knows_password(*, member: StaffMember, password: str, address: str) -> bool:
    """Whether whoever sits at the member's session is the member. Tries count as log-ins do.

    Raises TooManyTries.
    """
    digest = _digest(member.login)
    _count_try(digest, address)
    is_right = check_password(password, member.password)
    if is_right:
        LoginTry.objects.filter(login_digest=digest).delete()
    return is_right


@transaction.atomic(using=DATABASE)
def switch_member(*, member: StaffMember, is_active: bool, by: str) -> None:
    """Lets the member log in, or ends the sessions and lets nobody in. Raises LastOperator."""
    if member.is_operator and not is_active:
        # Two operators who switch each other off wait here for one another.
        operators = (
            StaffMember.objects.select_for_update()
            .filter(clinic=None, is_active=True)
            .order_by("pk")
        )
        if not any(each.pk != member.pk for each in operators):
            raise LastOperator
    member.is_active = is_active
    member.save(update_fields=["is_active"])
    action = "member.on" if is_active else "member.off"
    deeds.record(by=by, action=action, clinic=member.clinic, login=member.login)


def log_in(*, login: str, password: str, address: str) -> StaffMember:
    """Whoever has this login and password. An unknown login takes as long as a wrong password.

    Raises WrongLogin, TooManyTries.
    """
    digest = _digest(login)
    _count_try(digest, address)
    member = StaffMember.objects.select_related("clinic").filter(login=normal(login)).first()
    if member is None:
        make_password(password)
        raise WrongLogin
    if not check_password(password, member.password, _renewer(member)) or not member.is_active:
        raise WrongLogin
    LoginTry.objects.filter(login_digest=digest).delete()
    deeds.record(by=member.login, action="member.log-in", clinic=member.clinic)
    return member


def end_sessions(member: StaffMember) -> None:
    """Logs the member out everywhere: a signed cookie cannot be taken back one by one."""
    StaffMember.objects.filter(pk=member.pk).update(sessions_ended=F("sessions_ended") + 1)


def fingerprint(member: StaffMember) -> str:
    """What a session holds to end with the password or a log-out; not reversible."""
    return salted_hmac(
        "slotbridge.portal.session", f"{member.password}\0{member.sessions_ended}"
    ).hexdigest()


def random_password() -> str:
    """A first password for somebody else: 80 random bits, easy to dictate."""
    groups = ("".join(secrets.choice(_ALPHABET) for _n in range(4)) for _g in range(4))
    return "-".join(groups)


def normal(login: str) -> str:
    return login.strip().casefold()


def _judge(password: str, member: StaffMember) -> None:
    for judge, reason in _JUDGES:
        try:
            judge.validate(password, member)  # type: ignore[attr-defined]  # Django's validators share no base
        except ValidationError:
            raise WeakPassword(reason) from None


def _count_try(digest: str, address: str) -> None:
    """Counted before it is judged, so that tries at the same moment see one another."""
    now = clock.now()
    LoginTry.objects.filter(at__lt=now - TRIES_WINDOW).delete()
    this = LoginTry.objects.create(login_digest=digest, address=address, at=now)
    for tries, most in (
        (LoginTry.objects.filter(login_digest=digest), TRIES_OF_A_LOGIN),
        (LoginTry.objects.filter(address=address), TRIES_OF_AN_ADDRESS),
    ):
        # Whoever keeps trying does not put off the end of the wait: this try is not kept.
        earlier = sorted(tries.exclude(pk=this.pk).values_list("at", flat=True))
        if len(earlier) >= most:
            this.delete()
            ends = earlier[-most] + TRIES_WINDOW
            raise TooManyTries(max(1, -int((now - ends).total_seconds() // 60)))


def _digest(login: str) -> str:
    return salted_hmac("slotbridge.portal.login-try", normal(login), algorithm="sha256").hexdigest()


def _renewer(member: StaffMember) -> Callable[[str], None]:
    """Hashes a right password anew where Django's hasher has become stronger since."""

    def renew(password: str) -> None:
        member.password = make_password(password)
        member.save(update_fields=["password"])

    return renew
