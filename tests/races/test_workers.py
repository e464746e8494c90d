"""Several workers on one account: one voice, nothing twice, nothing lost."""

import threading
import time
from contextlib import contextmanager

import pytest
from django.db import connections
from django.db.models import F

from slotbridge.his.models import OutboxEntry
from slotbridge.sandbox.models import ApiCall
from slotbridge.sandbox.models import Booking as AtPortal
from slotbridge.sync import queue
from slotbridge.sync.engine import Engine
from slotbridge.sync.models import Account, ListingDay, VisitTarget
from tests.factories import PatientFactory
from tests.world import World

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"], transaction=True)


class RealTime:
    """A clock that moves by waiting."""

    def shift(self, span):
        time.sleep(span.total_seconds())


@pytest.fixture
def world():
    made = World(RealTime())
    yield made
    made.close()


@contextmanager
def workers(count, seconds=20):
    """Engines in threads with connections of their own, until the block has what it waits for."""
    stop = threading.Event()
    failed = []

    def work(number):
        engine = Engine(f"thread/{number}")
        try:
            while not stop.is_set():
                if not engine.run_once():
                    time.sleep(0.01)
        except Exception as error:  # noqa: BLE001 - told by the test
            failed.append(error)
        finally:
            engine.close()
            connections.close_all()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(seconds)
    assert failed == []


def wait_for(condition, seconds=30):
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def all_told():
    return not (
        OutboxEntry.objects.exists()
        or ListingDay.objects.filter(problem="").exclude(asked=F("answered")).exists()
        or VisitTarget.objects.filter(problem="").exclude(asked=F("answered")).exists()
    )


class Voices:
    """Watches the wire: how many requests of the account were under way at once."""

    def __init__(self, wires):
        self.now = self.most = 0
        self._lock = threading.Lock()
        self._handle = wires.handle_request
        wires.handle_request = self.handle

    def handle(self, request):
        if request.url.port != 8100:
            return self._handle(request)
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            time.sleep(0.002)  # so that two voices would meet
            return self._handle(request)
        finally:
            with self._lock:
                self.now -= 1


def plan_a_lot(world):
    made = world.open(days=2, count=12, minutes=30)
    with_portal = Voices(world.wires)
    with workers(4):
        wait_for(all_told)
        for slot in made:
            world.plan(slot, PatientFactory(organisation=world.organisation))
        wait_for(all_told)
    return made, with_portal


def test_an_account_speaks_with_one_voice_and_tells_each_visit_once(world):
    Account.objects.update(writes_limit=0)
    world.client.is_limited = False
    world.client.save()
    made, voices = plan_a_lot(world)
    assert voices.most == 1
    assert AtPortal.objects.count() == len(made)
    assert sorted(AtPortal.objects.values_list("start", flat=True)) == [s.start for s in made]
    assert ApiCall.objects.filter(operation="bookSlot").count() == len(made)


def test_without_the_lease_several_voices_speak_at_once(world, monkeypatch):
    """The race that the lease prevents, shown by taking the lease away."""
    world.client.is_limited = False
    world.client.save()
    without = queue._DUE.replace(
        "(a.lease_until IS NULL OR a.lease_until <= %(now)s)", "true"
    ).replace("FOR NO KEY UPDATE SKIP LOCKED", "")
    assert without != queue._DUE
    monkeypatch.setattr(queue, "_DUE", without)
    monkeypatch.setattr(
        queue.Lease, "confirm", lambda lease: Account.objects.get(pk=lease.account_id)
    )
    voices = Voices(world.wires)
    world.open(days=2, count=12)
    with workers(4):
        for slot in world.open(days=3, count=12):
            world.plan(slot, PatientFactory(organisation=world.organisation))
        time.sleep(2)
    assert voices.most > 1


def test_whoever_waits_longest_comes_next(world):
    """One busy account must not keep a worker from the others."""
    other = World(RealTime())
    for each in (world, other):
        each.engine.run_until_idle()
    Account.objects.update(pull_due_at="2026-01-01T00:00:00Z")
    order = []
    for _ in range(4):
        lease = queue.claim("tests")
        order.append(lease.account_id)
        lease.give_back()
    assert order[:2] == order[2:]
    assert len(set(order)) == 2
    other.close()
