"""Letters to patients and to clinics' staff: rows that are due, written with what they tell of and
sent until the mail server takes them.

A letter's text is made from the order as it is sent; one that is no longer true (accepted, and
withdrawn since) is not sent at all. A patient's letter repeats nothing they typed. One to staff
names the order's number: who may read more follows the link and logs in.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import validate_email
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from slotbridge.kit import backoff, clock
from slotbridge.portal.models import Letter, Order
from slotbridge.portal.router import DATABASE

log = logging.getLogger(__name__)

# While a mail server is spoken to, nobody else takes the letter: longer than any time-out of it.
LEASE = timedelta(minutes=5)
TRIED_FOR = timedelta(days=5)  # as long as mail servers try
KEPT = timedelta(days=30)
_URLS = "slotbridge.portal.urls"
_TO_STAFF = {Letter.Kind.NEW_ORDER, Letter.Kind.UNANSWERED, Letter.Kind.WITHHELD}
_LIVE = {Order.Status.RECEIVED, Order.Status.ACCEPTED}
# A letter is true while its order has one of these statuses.
_TRUE_WHILE: dict[str, set[Order.Status]] = {
    Letter.Kind.FILED: _LIVE,
    Letter.Kind.ACCEPTED: {Order.Status.ACCEPTED},
    Letter.Kind.MOVED: _LIVE,
    Letter.Kind.NEW_ORDER: {Order.Status.RECEIVED},
    Letter.Kind.UNANSWERED: {Order.Status.RECEIVED},
}


class Undeliverable(Exception):
    """Trying again is in vain; the text is a code for `Letter.problem`, never an address."""


@dataclass(frozen=True, slots=True)
class _Addressed:
    to: list[str]  # the patient
    bcc: list[str]  # staff, who need not learn of each other's addresses
    language: str

    def __repr__(self) -> str:
        return "_Addressed(…)"


def to_patient(order: Order, kind: Letter.Kind) -> None:
    """In the transaction of what it tells of. Who gave no address is told on the order's page."""
    if order.email:
        _write(order, kind)


def to_staff(order: Order, kind: Letter.Kind) -> None:
    """To everybody of the order's clinic who can log in and has an address."""
    _write(order, kind)


def send_due(*, most: int = 1000) -> int:
    """Sends what is due, the longest due first; how many the mail server took.

    Any number of processes may do so at once. A letter is leased before the mail server is spoken
    to, so it leaves once unless a process dies between the two.
    """
    latest = clock.now()
    sent = 0
    for _n in range(most):
        letter = _lease(latest)
        if letter is None:
            break
        sent += _send(letter)
    return sent


def forget_sent() -> int:
    """Removes letters that left, or were given up, 30 days ago; returns how many."""
    count, _by_model = Letter.objects.filter(sent_at__lt=clock.now() - KEPT).delete()
    return count


def _write(order: Order, kind: Letter.Kind) -> None:
    now = clock.now()
    Letter.objects.create(
        clinic_id=order.clinic_id, order=order, kind=kind, created_at=now, due_at=now
    )


@transaction.atomic(using=DATABASE)
def _lease(latest: datetime) -> Letter | None:
    due = Letter.objects.filter(sent_at=None, due_at__lte=latest).order_by("due_at", "pk")
    letter = (
        due.select_for_update(skip_locked=True, of=("self",), no_key=True)
        .select_related("clinic", "order__resource")
        .first()
    )
    if letter is not None:
        letter.attempts += 1
        letter.due_at = clock.now() + LEASE
        letter.save(update_fields=["attempts", "due_at"])
    return letter


def _send(letter: Letter) -> bool:
    try:
        _message(letter).send()
    except Undeliverable as why:
        return _settle(letter, str(why), is_over=True)
    except SMTPRecipientsRefused as refused:
        codes = [code for code, _text in refused.recipients.values()]
        is_final = all(500 <= code < 600 for code in codes)
        return _settle(letter, "recipients-refused", is_over=is_final)
    except SMTPDataError as error:
        return _settle(letter, f"smtp-{error.smtp_code}", is_over=error.smtp_code >= 500)
    except OSError as error:  # no server, no answer, wrong password: smtplib's errors are these
        return _settle(letter, type(error).__name__, is_over=False)
    return _settle(letter, "", is_over=True)


def _settle(letter: Letter, problem: str, *, is_over: bool) -> bool:
    now = clock.now()
    letter.problem = problem
    if is_over or now - letter.created_at > TRIED_FOR:
        letter.sent_at = now
    else:
        letter.due_at = now + backoff.wait(letter.attempts)
    letter.save(update_fields=["problem", "sent_at", "due_at"])
    if problem:
        log.warning("letter not sent", extra={"letter": letter.pk, "problem": problem})
    return not problem


def _message(letter: Letter) -> EmailMessage:
    """Raises Undeliverable."""
    order = letter.order
    true_while = _TRUE_WHILE.get(letter.kind)
    if order is not None and true_while is not None and order.status not in true_while:
        raise Undeliverable("no-longer-true")
    addressed = _addressed(letter)
    with translation.override(addressed.language):
        text = render_to_string(f"portal/letters/{letter.kind}.txt", _told(letter))
    subject, _newline, body = text.strip().partition("\n")
    return EmailMessage(
        subject=" ".join(subject.split()),
        body=body.strip() + "\n",
        to=addressed.to,
        bcc=addressed.bcc,
        # No answer, and no note that somebody is away, is to come back to the portal.
        headers={"Auto-Submitted": "auto-generated"},
    )


def _addressed(letter: Letter) -> _Addressed:
    order = letter.order
    if letter.kind not in _TO_STAFF and order is not None:
        found = _Addressed(_valid([order.email]), [], order.language)
    else:
        staff = letter.clinic.staff.filter(is_active=True).exclude(email="").order_by("pk")
        emails = dict.fromkeys(staff.values_list("email", flat=True))
        found = _Addressed([], _valid(emails), letter.clinic.language)
    if not (found.to or found.bcc):
        raise Undeliverable("no-valid-address")
    return found


def _valid(emails: Iterable[str]) -> list[str]:
    """Clinics send, and patients type, what is no address: the sample has one (4.8)."""
    return [each for each in emails if _is_address(each)]


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def _told(letter: Letter) -> dict[str, object]:
    """What templates may say: of the patient nothing but when, where and the link."""
    told: dict[str, object] = {"portal_name": settings.PORTAL_NAME, "clinic": letter.clinic}
    order = letter.order
    if order is None or letter.kind in _TO_STAFF:
        # The order's token stays out of the staff's mail: it opens the order without a log-in.
        name = "portal-my-orders" if order else "portal-staff"
        number = order.number if order else None
        return told | {"number": number, "link": _link(name)}
    return told | {
        "resource": order.resource.name,
        "day": order.day,
        "time": order.time,
        "comment": order.comment,
        "link": _link("portal-order", token=order.token),
    }


def _link(name: str, **ids: object) -> str:
    return f"{settings.PORTAL_URL}{reverse(name, urlconf=_URLS, kwargs=ids)}"
