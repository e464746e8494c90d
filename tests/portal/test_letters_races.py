"""Several processes send letters at once: each letter leaves once."""

from functools import partial

import pytest
from django.core import mail

from slotbridge.kit import clock
from slotbridge.portal import letters
from slotbridge.portal.models import Letter
from tests.portal.booking import make_clinic, member_of
from tests.portal.test_orders_races import together

pytestmark = pytest.mark.django_db(databases=["portal"], transaction=True)


def test_many_senders_send_each_letter_once():
    clinic = make_clinic()
    member_of(clinic)
    now = clock.now()
    Letter.objects.bulk_create(
        Letter(clinic=clinic, kind="withheld", created_at=now, due_at=now) for _n in range(40)
    )

    sent = together(*[partial(letters.send_due)] * 6)

    assert sum(sent) == len(mail.outbox) == 40
    assert set(Letter.objects.values_list("attempts", flat=True)) == {1}
