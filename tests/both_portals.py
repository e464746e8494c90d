"""One clinic on two portals in one process: the sandbox's ZnanyLekarz and our Medihost."""

from datetime import timedelta

import httpx

from slotbridge.his import organisation
from slotbridge.his import slots as his_slots
from slotbridge.kit import clock, http
from slotbridge.portal import availability, keys, orders
from slotbridge.portal.models import Clinic, Order, Resource
from slotbridge.portal.orders import Person
from slotbridge.portal.wsgi import portal_app
from slotbridge.sync import accounts
from slotbridge.sync.exchange import plan
from tests.world import CHANNEL, Wires, World

MEDIHOST = "http://localhost:8200"


class TwoWires(Wires):
    """To the sandbox, to the hub, and to Medihost."""

    def __init__(self):
        super().__init__()
        self.medihost = httpx.WSGITransport(app=portal_app)

    def handle_request(self, request):
        if request.url.port == 8200:
            return self.medihost.handle_request(request)
        return super().handle_request(request)


class BothPortals(World):
    """A practitioner of one clinic, connected to both; slots are opened visible on both."""

    gathering = plan.GATHERING

    def __init__(self, frozen, **how):
        super().__init__(frozen, **how)
        self.wires = TwoWires()
        self._both = http.through(self.wires)
        self._both.__enter__()
        self.engine.close()
        organisation.add_channel(
            organisation=self.organisation, code="medihost", name="Medihost", by="tests"
        )
        self.medihost = Clinic.objects.create(
            name="Lecznica Pod Lipą", time_zone="Europe/Warsaw", created_at=clock.now()
        )
        self.medihost_account = accounts.account_for(
            organisation=self.organisation, channel="medihost"
        )
        accounts.configure(
            account=self.medihost_account,
            login="",
            password=keys.issue_key(clinic=self.medihost, by="operator"),
            settings={"base_url": MEDIHOST, "time_zone": "Europe/Warsaw"},
            by="tests",
        )
        self.settle()

    def close(self):
        self._both.__exit__(None, None, None)
        super().close()

    def open(self, days=1, wall="09:00", count=4, *, minutes=30, visible=True, schedule=None):
        first = self.at(days, wall)
        step = timedelta(minutes=minutes)
        return his_slots.open_slots(
            schedule=schedule or self.schedule,
            ranges=[(first + n * step, first + (n + 1) * step) for n in range(count)],
            channels=[CHANNEL, "medihost"] if visible else [],
            by="tests",
        )

    def resource(self):
        return Resource.objects.get(clinic=self.medihost, mis_id=self.schedule.practitioner_id)

    def medihost_shows(self, days=30):
        today = clock.today(self.unit.tz)
        found = availability.free_times(
            resource=self.resource(), first=today, last=today + timedelta(days=days)
        )
        return [free.start for free in found]

    def patient_orders(self, start, name="Anna"):
        return orders.file_order(
            resource=self.resource(),
            start=start,
            person=Person(
                name1="Zimorodek", name2=name, phone="+48 600 100 198", email="anna@example.org"
            ),
            language="en",
        )

    def orders(self):
        return [
            (order.number, order.status, order.start)
            for order in Order.objects.filter(clinic=self.medihost).order_by("number")
        ]
