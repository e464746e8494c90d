"""A clinic and a Medihost portal in one process: the hub's engine, and our portal in its database.

world = ExchangeWorld(frozen)   # one practitioner, connected, slots tomorrow
world.settle()                  # everything that is due is done
world.portal_shows()            # what a patient can choose there
"""

from datetime import timedelta
from urllib.parse import parse_qs

import httpx

from slotbridge.his import organisation, slots, staff, visits
from slotbridge.kit import clock, http
from slotbridge.portal import availability, keys, orders
from slotbridge.portal.models import Appointment, Clinic, Order, Resource
from slotbridge.portal.orders import Person
from slotbridge.portal.wsgi import portal_app
from slotbridge.sync import accounts
from slotbridge.sync.engine import Engine
from slotbridge.sync.exchange import plan
from slotbridge.sync.models import Account
from tests.world import House

CHANNEL = "medihost"
PORTAL = "http://localhost:8200"
CANARY = "Зимородкова"


class Wires(httpx.BaseTransport):
    """What lies between hub and portal; it can be cut before a request or after it."""

    def __init__(self):
        self.portal = httpx.WSGITransport(app=portal_app)
        self.requests = []
        self.cut = None  # "before", "after" or None: the next request is lost there

    def handle_request(self, request):
        body = request.read()
        self.requests.append((request.method, request.url.path, _sections(body)))
        cut, self.cut = self.cut, None
        if cut == "before":
            raise httpx.ConnectError("cut")
        answer = self.portal.handle_request(request)
        if cut == "after":
            raise httpx.ReadTimeout("cut")
        return answer

    def documents(self):
        """The sections of each document sent, in order."""
        return [sections for method, _path, sections in self.requests if method == "POST"]


class ExchangeWorld(House):
    """One organisation in one zone, one account, `doctors` practitioners of one clinic."""

    def __init__(self, frozen, doctors=1, *, zone="Europe/Moscow", connected=True, **settings):
        self.clock = frozen
        self.wires = Wires()
        self._through = http.through(self.wires)
        self._through.__enter__()
        self.engine = Engine("tests/1")
        self.portal = Clinic.objects.create(
            name="Клиника «Берёза»", time_zone=zone, created_at=clock.now()
        )
        self.key = keys.issue_key(clinic=self.portal, by="operator")
        self._open_clinic(doctors, zone)
        self.account = accounts.account_for(organisation=self.organisation, channel=CHANNEL)
        self.settings = {"base_url": PORTAL, "time_zone": zone, **settings}
        if connected:
            self.connect()

    def close(self):
        self.engine.close()
        self._through.__exit__(None, None, None)

    # --- the clinic ---

    def _open_clinic(self, doctors, zone):
        self.organisation = organisation.create_organisation(name="Клиника «Берёза»", by="tests")
        organisation.add_channel(
            organisation=self.organisation, code=CHANNEL, name="Medihost", by="tests"
        )
        self.unit = organisation.add_unit(
            organisation=self.organisation, name="На Садовой", time_zone=zone, by="tests"
        )
        self.clinic = organisation.add_clinic(unit=self.unit, name="Кардиология", by="tests")
        people = [("Мирон", "Подъёмов"), ("Анна", "Чайкина"), ("Олег", "Королёв")]
        self.schedules = [
            slots.add_schedule(
                clinic=self.clinic,
                practitioner=staff.add_practitioner(
                    organisation=self.organisation,
                    given_name=given,
                    family_name=family,
                    by="tests",
                ),
                by="tests",
            )
            for given, family in people[:doctors]
        ]
        self.schedule = self.schedules[0]

    def connect(self):
        accounts.configure(
            account=self.account, login="", password=self.key, settings=self.settings, by="tests"
        )
        self.settle()

    def open(self, days=1, wall="09:00", count=4, *, minutes=30, visible=True, schedule=None):
        first = self.at(days, wall)
        step = timedelta(minutes=minutes)
        return slots.open_slots(
            schedule=schedule or self.schedule,
            ranges=[(first + n * step, first + (n + 1) * step) for n in range(count)],
            channels=[CHANNEL] if visible else [],
            by="tests",
        )

    def plan(self, slot, patient, **more):
        return visits.book_visit(
            schedule=slot.schedule,
            start=slot.start,
            end=slot.end,
            patient=patient,
            by="reception",
            **more,
        )

    # --- the portal ---

    def resource(self, schedule=None):
        return Resource.objects.get(
            clinic=self.portal, mis_id=(schedule or self.schedule).practitioner_id
        )

    def portal_shows(self, schedule=None, days=40):
        """Starts that a patient can choose, in order."""
        today = clock.today(self.portal.tz)
        found = availability.free_times(
            resource=self.resource(schedule), first=today, last=today + timedelta(days=days)
        )
        return [free.start for free in found]

    def patient_orders(self, start, *, schedule=None, email="anna@example.org", name="Анна"):
        return orders.file_order(
            resource=self.resource(schedule),
            start=start,
            person=Person(name1=CANARY, name2=name, phone="+7 900 000-00-00", email=email),
            language="ru",
        )

    def orders(self):
        """(number, status, local start) of every order, in order."""
        return [
            (order.number, order.status, order.start)
            for order in Order.objects.filter(clinic=self.portal).order_by("number")
        ]

    def busy(self):
        """(tablename, start) of what the portal holds as occupied, in order."""
        return [
            (row.tablename, clock.at(row.day, row.time, self.portal.tz))
            for row in Appointment.objects.filter(clinic=self.portal).order_by(
                "day", "time", "tablename"
            )
        ]

    # --- time ---

    def settle(self):
        """Works until there is nothing to do now, gathered changes included."""
        for _ in range(100):
            if not self.engine.run_once():
                self.clock.shift(plan.GATHERING)
                if not self.engine.run_once():
                    return
        raise AssertionError("the hub never came to rest")

    def state(self):
        return Account.objects.get(pk=self.account.pk)


def _sections(body):
    """Names of the sections in a posted document, with the mode of its appointments."""
    text = parse_qs(body.decode()).get("xml", [""])[0]
    names = [
        name
        for name in ("ResourceGroups", "Resources", "Schedules", "Appointments", "Orders")
        if f"<{name}" in text
    ]
    mode = text.partition('SyncMode="')[2].partition('"')[0]
    return [f"{name} {mode}" if name == "Appointments" else name for name in names]
