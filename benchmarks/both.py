"""Hub and sandbox in this one process, with a clock that stands still unless it is moved.

So what falls inside a gathering window or a minute of the portal's budget is no matter of luck, nor
of this machine.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import time_machine
from django.core.wsgi import get_wsgi_application
from django.db.models import F

from benchmarks import houses
from benchmarks.houses import House
from slotbridge.kit import clock, http
from slotbridge.sandbox.models import ApiCall
from slotbridge.sandbox.seed import Seeded
from slotbridge.sandbox.wsgi import sandbox_app
from slotbridge.sync import accounts
from slotbridge.sync.engine import Engine
from slotbridge.sync.models import Account, InboxMessage, ListingDay, VisitTarget

PORTAL = "http://localhost:8100"
A_MINUTE = timedelta(seconds=61)  # a new write budget
_PATIENCE = 600  # seconds of the standing clock in which nothing at all is done


class Wires(httpx.BaseTransport):
    """To the sandbox, and what went over: real seconds spent beyond it, and answers' bodies."""

    def __init__(self) -> None:
        self._portal = httpx.WSGITransport(app=sandbox_app)
        self._hub = httpx.WSGITransport(app=get_wsgi_application())
        self.away = 0.0
        self.keeps = False
        self.read: list[bytes] = []
        self.heard: list[tuple[str, str]] = []  # method and path of each request

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.port != urlsplit(PORTAL).port:
            return self._hub.handle_request(request)
        begun = time.perf_counter()
        answer = self._portal.handle_request(request)
        answer.read()
        self.away += time.perf_counter() - begun
        if self.keeps:
            self.heard.append((request.method, request.url.path))
            self.read.append(answer.content)
        return answer


@dataclass
class Both:
    """Hub and portal, joined."""

    house: House
    seeded: Seeded
    engine: Engine
    clock: time_machine.Traveller
    wires: Wires = field(default_factory=Wires)

    def settle(self) -> None:
        """Works until neither has anything to do, however long its budget makes it wait."""
        quiet = 0
        while quiet < _PATIENCE:
            if self.engine.run_once():
                quiet = 0
                continue
            if not self._waits():
                return
            quiet += 1
            self.clock.shift(timedelta(seconds=1))
        raise AssertionError("hub and portal never came to rest")

    def _waits(self) -> bool:
        days, targets = ListingDay.objects, VisitTarget.objects
        return (
            days.filter(asked__gt=F("answered")).exists()
            or targets.filter(asked__gt=F("answered")).exists()
            or InboxMessage.objects.filter(state=InboxMessage.State.NEW).exists()
        )

    def connect(self, delivery: str = "pull") -> Account:
        """The account after its first synchronisation: nothing is linked, nothing told. With
        "push" the portal's notifications come to this process, when they are delivered.
        """
        credentials = self.seeded.credentials
        account = accounts.account_for(
            organisation=self.house.organisation, channel=houses.CHANNEL
        )  # fmt: skip
        accounts.configure(
            account=account,
            login=credentials.client_id,
            password=credentials.client_secret,
            settings={"base_url": PORTAL, "delivery": delivery},
            by=houses.BY,
        )
        client = credentials.client
        client.delivery = delivery
        client.notification_url = accounts.notification_address(account)
        client.save()
        self.settle()
        return account

    def after(self, span: timedelta) -> None:
        self.clock.shift(span)
        self.settle()

    def writes_of(self, work: Callable[[], object]) -> int:
        """How many writes the portal received because of this work."""
        self.after(A_MINUTE)
        before = writes()
        work()
        self.after(A_MINUTE)
        return writes() - before


def writes() -> int:
    """All that the portal received so far, taken or refused; but not the hourly question whether
    it has given up on notifications, which changes nothing there.
    """
    calls = ApiCall.objects.exclude(method="GET").exclude(path__startswith="/oauth/")
    return calls.exclude(operation="Release Notifications").count()


@contextmanager
def both_of(practitioners: int, *, weeks: int, a_day: int) -> Iterator[Both]:
    """Noon: a day of slots is open, and no date changes during the run."""
    wires = Wires()
    noon = clock.now().replace(hour=11, minute=0, second=0, microsecond=0)
    with (
        time_machine.travel(noon, tick=False) as standing,
        http.through(wires),
    ):
        house = houses.build("Lecznica Pod Lipą", practitioners)
        houses.open_slots(house, days=houses.days_of(weeks), a_day=a_day)
        seeded = houses.register_at_portal(house)
        engine = Engine("benchmark/both")
        try:
            yield Both(house, seeded, engine, standing, wires)
        finally:
            engine.close()
