"""Letters: each leaves once, none is lost, none tells what is nobody's business."""

import smtplib
from datetime import timedelta
from typing import ClassVar

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend

from slotbridge.kit import clock
from slotbridge.portal import letters, orders
from slotbridge.portal.models import Clinic, Letter
from tests.portal.booking import (
    PERSON,
    THURSDAY,
    file_at,
    make_clinic,
    make_resource,
    member_of,
    take,
    wall,
    work,
)

pytestmark = pytest.mark.django_db(databases=["portal"])


class Server(EmailBackend):
    """A mail server that answers as told: an error for each message, or None."""

    answers: ClassVar[list] = []

    def send_messages(self, messages):
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer
        return super().send_messages(messages)


@pytest.fixture
def server(settings):
    settings.EMAIL_BACKEND = f"{__name__}.{Server.__name__}"
    Server.answers.clear()
    return Server.answers


@pytest.fixture(autouse=True)
def moment(frozen):
    frozen.move_to("2010-07-01T02:00:00+00:00")
    return frozen


@pytest.fixture
def doctor():
    clinic = make_clinic(address="ул. Лесная, 1", phone="+7 495 000", language="en")
    found = make_resource(clinic)
    work(found, THURSDAY, "8:00-20:00")
    return found


def order_in_english(doctor, wall="10:00", **person):
    typed = {"name1": "Vorobyova", "name2": "Anna", "aim": "headache", "phone": "+7 999 1"}
    order = file_at(
        doctor,
        THURSDAY,
        wall,
        person=orders.Person(**typed | {"email": "anna@example.com"} | person),
    )
    order.language = "en"
    order.save(update_fields=["language"])
    return order


def sent():
    letters.send_due()
    found, mail.outbox[:] = list(mail.outbox), []
    return found


def test_the_patient_gets_the_link_and_nothing_of_what_they_typed(doctor, settings):
    order = order_in_english(doctor)
    (letter,) = sent()

    assert (letter.to, letter.bcc) == (["anna@example.com"], [])
    assert letter.subject == "Your order for an appointment was received"
    assert f"{settings.PORTAL_URL}/orders/{order.token}/" in letter.body
    assert "1 July 2010 at 10:00" in letter.body
    assert "ул. Лесная, 1" in letter.body
    for typed in ("Vorobyova", "Anna", "headache", "+7 999 1"):
        assert typed not in letter.body
    assert letter.from_email == settings.DEFAULT_FROM_EMAIL


def test_staff_learn_the_number_and_where_to_log_in_and_nothing_of_the_patient(doctor, settings):
    one, other = member_of(doctor.clinic), member_of(doctor.clinic)
    off = member_of(doctor.clinic)
    off.is_active = False
    off.save()
    stranger = member_of(make_clinic())
    order = order_in_english(doctor, email="")
    (letter,) = sent()

    assert (letter.to, letter.bcc) == ([], [one.email, other.email])
    assert stranger.email not in letter.recipients()
    assert letter.subject == "New order no. 1"
    assert f"{settings.PORTAL_URL}/staff/orders/" in letter.body
    for secret in (str(order.token), "Vorobyova", "Anna", "headache", "+7 999 1"):
        assert secret not in letter.body + letter.subject


def test_each_step_of_an_order_is_told_once(doctor):
    order = order_in_english(doctor)
    sent()
    take(order, 1, start=wall(THURSDAY, "15:30"), comment="Bring <your> X-rays & tests")
    accepted, moved = sent()
    orders.withdraw_order(order=order)
    (withdrawn,) = sent()

    assert accepted.subject == "Your appointment is confirmed"
    assert moved.subject == "Your appointment was moved"
    assert "15:30" in moved.body
    assert "The clinic writes: Bring <your> X-rays & tests" in moved.body
    assert withdrawn.subject == "Your order was withdrawn"
    assert sent() == []


def test_a_rejection_carries_the_clinics_words(doctor):
    order = order_in_english(doctor)
    sent()
    take(order, 3, comment="The doctor is ill")
    (letter,) = sent()
    assert letter.subject == "Your appointment will not take place"
    assert "The doctor is ill" in letter.body


def test_letters_are_in_the_language_the_order_was_filed_in(doctor):
    order = file_at(doctor, THURSDAY, "10:00", person=PERSON)
    assert order.language == "ru"
    (letter,) = sent()
    assert "1 июля 2010" in letter.body


def test_what_is_no_longer_true_is_not_sent(doctor):
    order = order_in_english(doctor)
    take(order, 1)
    take(order, 3)
    assert [letter.subject for letter in sent()] == ["Your appointment will not take place"]
    left = Letter.objects.filter(problem="no-longer-true").values_list("kind", flat=True)
    assert set(left) == {"filed", "accepted", "new-order"}


@pytest.mark.parametrize("email", ["счастье@ru", "a@b", "x", "a@example.com\nBcc: b@example.com"])
def test_what_is_no_address_breaks_nothing(doctor, email):
    order_in_english(doctor, email=email)
    assert sent() == []
    assert set(Letter.objects.values_list("problem", flat=True)) == {"no-valid-address"}
    assert not Letter.objects.filter(sent_at=None).exists()


def test_a_mail_servers_bad_hour_loses_no_letter(doctor, server, moment):
    order_in_english(doctor)
    server += [ConnectionRefusedError(), smtplib.SMTPServerDisconnected(), TimeoutError()]
    tried = 0
    while not mail.outbox:
        letters.send_due()
        tried += 1
        moment.shift(timedelta(minutes=16))
    assert (len(mail.outbox), tried) == (1, 4)
    letter = Letter.objects.get(kind="filed")
    assert (letter.attempts, letter.problem) == (4, "")
    assert letter.sent_at


def test_a_failed_letter_waits_and_others_go_on(doctor, server):
    order_in_english(doctor)
    order_in_english(doctor, "11:00", email="olga@example.com")
    server += [ConnectionRefusedError()]
    letters.send_due()
    assert [letter.to for letter in mail.outbox] == [["olga@example.com"]]
    letters.send_due()
    assert len(mail.outbox) == 1


@pytest.mark.parametrize(
    ("answer", "problem", "is_over"),
    [
        (smtplib.SMTPRecipientsRefused({"a": (550, b"no such user")}), "recipients-refused", True),
        (smtplib.SMTPRecipientsRefused({"a": (450, b"later")}), "recipients-refused", False),
        (smtplib.SMTPDataError(554, b"spam"), "smtp-554", True),
        (smtplib.SMTPDataError(451, b"later"), "smtp-451", False),
        (smtplib.SMTPAuthenticationError(535, b"who"), "SMTPAuthenticationError", False),
    ],
)
def test_only_what_would_be_in_vain_is_given_up(
    doctor, server, caplog, *, answer, problem, is_over
):
    order_in_english(doctor)
    server.append(answer)
    letters.send_due()
    letter = Letter.objects.get(kind="filed")
    assert (letter.problem, letter.sent_at is not None) == (problem, is_over)
    assert "anna@" not in caplog.text + letter.problem


def test_a_letter_is_tried_for_five_days(doctor, server, moment):
    order_in_english(doctor)
    server += [ConnectionRefusedError()] * 2
    letters.send_due()
    moment.shift(letters.TRIED_FOR + timedelta(minutes=1))
    letters.send_due()
    letter = Letter.objects.get(kind="filed")
    assert (letter.problem, letter.sent_at) == ("ConnectionRefusedError", clock.now())


def test_a_letter_that_somebody_else_is_sending_is_left_to_them(doctor, moment):
    order_in_english(doctor)
    Letter.objects.filter(kind="filed").update(due_at=clock.now() + letters.LEASE)
    assert sent() == []
    moment.shift(letters.LEASE)
    assert len(sent()) == 1


def test_withheld_deletions_are_told_to_staff_in_the_clinics_language(doctor):
    member = member_of(doctor.clinic)
    Letter.objects.create(
        clinic=doctor.clinic, kind="withheld", created_at=clock.now(), due_at=clock.now()
    )
    (letter,) = sent()
    assert (letter.bcc, letter.subject) == (
        [member.email],
        "An import would have deleted much: please look",
    )
    assert Clinic.objects.get(pk=doctor.clinic_id).name in letter.body
