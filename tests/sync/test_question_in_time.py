"""The portal is answered in time, whatever holds the rows that the answer needs (A46)."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import connections, transaction

from slotbridge.his.models import Schedule, Visit
from slotbridge.sync import questions
from slotbridge.sync.contract import Question
from slotbridge.sync.models import Account
from tests.web.house import House

pytestmark = pytest.mark.django_db(transaction=True)

# Of a machine that does other things besides; the promise is two seconds (A46).
AT_MOST = 5


@pytest.fixture
def asked():
    """A running clinic with a free time, and what the portal asks about it."""
    house = House()
    house.connect()
    Account.objects.update(state=Account.State.READY, writing=Account.Writing.LIVE)
    [slot] = house.open(count=1, days=1, visible=True)
    listing = house.account.listings.get(address="a1")
    return house, Question("f1", "d1", listing.address, slot.start, slot.end)


class Held:
    """The rows of all schedules, locked by somebody else on a connection of their own."""

    def __init__(self):
        self._held, self._end = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._hold)

    def _hold(self):
        try:
            with transaction.atomic():
                list(Schedule.objects.select_for_update())
                self._held.set()
                self._end.wait(timeout=60)
        finally:
            connections.close_all()

    def __enter__(self):
        self._thread.start()
        assert self._held.wait(timeout=30)

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()


def test_a46_rows_that_somebody_holds_make_the_answer_no_in_time(asked):
    """A46: "told no within 2 s": a portal that is not answered may book, or ask nobody again."""
    house, question = asked
    with Held():
        began = time.monotonic()
        assert questions.may_be_taken(house.account, question) is False
        assert time.monotonic() - began < AT_MOST
    assert not Visit.objects.exists()
    assert questions.may_be_taken(house.account, question) is True, "and then it is free"
    assert Visit.objects.get().status == Visit.Status.PROPOSED


def test_a46_it_is_the_patience_that_ends_the_wait(asked, monkeypatch):
    """The guard taken away: whoever asks waits for as long as the rows are held."""
    house, question = asked
    monkeypatch.setattr(questions, "PATIENCE", timedelta())  # in PostgreSQL: no limit
    answers = []

    def ask():
        try:
            answers.append(questions.may_be_taken(house.account, question))
        finally:
            connections.close_all()

    waiting = threading.Thread(target=ask)
    with Held():
        waiting.start()
        waiting.join(timeout=2.5)
        assert answers == [], "still waiting, long after the patience that it would have had"
    waiting.join(timeout=30)
    assert answers == [True]
