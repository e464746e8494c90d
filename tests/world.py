"""A clinic and its portal in one process: the hub's engine, and the sandbox in its own database.

world = World(frozen)           # one practitioner, connected and linked, slots tomorrow
world.settle()                  # everything that is due on either side is done
world.portal_shows()            # what a patient can choose there
"""

from datetime import timedelta

import httpx
from django.test import Client

from slotbridge.his import catalogue, organisation, slots, staff, visits
from slotbridge.his.models import Slot, Visit
from slotbridge.kit import clock, http
from slotbridge.sandbox import actors, delivery, faults
from slotbridge.sandbox.models import Booking as PortalBooking
from slotbridge.sandbox.patients import PatientData
from slotbridge.sandbox.seed import AddressSeed, DoctorSeed, ServiceSeed, seed
from slotbridge.sandbox.wsgi import sandbox_app
from slotbridge.sync import accounts, fanout, links
from slotbridge.sync.engine import Engine
from slotbridge.sync.models import Account, CatalogueItem
from slotbridge.sync.queue import LEASE
from tests import kept
from tests.contract_requests import CheckedTransport

CHANNEL = "znanylekarz"
PORTAL = "http://localhost:8100"
HUB = "http://localhost:8000"
STREET = "ul. Wymyślona 7"

PERSONS = [
    ("Gniewko", "Źrebiec"),
    ("Żaneta", "Ćwikła-Nowak"),
    ("Hazel", "O’Brackett"),
    ("Bożydar", "Ździebło"),
]


# What a world knows of its rows.
KEPT = (
    "portal",
    "client",
    "organisation",
    "unit",
    "clinic",
    "service",
    "price_list",
    "schedules",
    "schedule",
    "account",
)


class Wires(httpx.BaseTransport):
    """What lies between hub and portal: the portal's WSGI application, and the hub's views. All
    that passes is held to the portal's contract, either way.
    """

    def __init__(self):
        self.portal = CheckedTransport(httpx.WSGITransport(app=sandbox_app))
        self.requests = []

    def handle_request(self, request):
        if request.url.port == 8100:
            self.requests.append((request.method, request.url.path))
            return self.portal.handle_request(request)
        self.portal.notified(request.read())
        answer = Client().generic(
            request.method,
            request.url.path,
            request.read(),
            content_type=request.headers.get("content-type", ""),
        )
        return httpx.Response(answer.status_code, content=answer.content)

    def writes(self):
        return [r for r in self.requests if r[0] != "GET" and "/oauth/" not in r[1]]


class House:
    """What worlds share: a clinic in a unit's zone, seen by the tests' clock."""

    def at(self, days, wall="09:00"):
        """`wall` on the day `days` from today, in the unit's zone."""
        day = clock.today(self.unit.tz) + timedelta(days=days)
        hours, minutes = map(int, wall.split(":"))
        return clock.day_bounds(day, self.unit.tz)[0] + timedelta(hours=hours, minutes=minutes)

    def visits(self):
        """(start, status, clash) of every visit that is not a hold, in order."""
        return [
            (visit.start, visit.status, visit.clash)
            for visit in Visit.objects.filter(expires_at__isnull=True, patient__isnull=False)
            .order_by("start", "pk")
        ]  # fmt: skip

    def after(self, **span):
        """Moves the frozen clock on and settles."""
        self.clock.shift(timedelta(**span))
        self.settle()

    def lose_lease(self):
        Account.objects.update(lease_until=clock.now() - LEASE)


class World(House):
    """One organisation, one account, `doctors` practitioners of one clinic at one place."""

    gathering = fanout.SHORTEST_GATHERING

    def __init__(self, frozen, doctors=1, *, push=True, minutes=30, linked=True):
        self.clock = frozen
        self.wires = Wires()
        self._through = http.through(self.wires)
        self._through.__enter__()
        self.engine = Engine("tests/1")
        key = (type(self), clock.now(), doctors, push, minutes, linked)
        if not self._put_back(key):
            self._build(doctors, push=push, minutes=minutes, linked=linked)
            kept.keep(key, {name: getattr(self, name) for name in KEPT})

    def _put_back(self, key):
        """Whether such a world was kept, and is here again."""
        found = kept.put_back(key)
        if found is None:
            return False
        state, at = found
        self.__dict__.update(state)
        self.clock.move_to(at)
        return True

    def _build(self, doctors, *, push, minutes, linked):
        self.portal = seed(
            "Lecznica Pod Lipą",
            [
                DoctorSeed(
                    name=given,
                    surname=family,
                    addresses=(
                        AddressSeed(
                            name="Przy Rynku",
                            street=STREET,
                            city_name="Lipowo",
                            services=(ServiceSeed("Konsultacja", 20000, minutes),),
                        ),
                    ),
                )
                for given, family in PERSONS[:doctors]
            ],
        )
        self.client = self.portal.credentials.client
        self._open_clinic(doctors, minutes)
        self.account = accounts.account_for(organisation=self.organisation, channel=CHANNEL)
        self.client.delivery = "both" if push else "pull"
        self.client.notification_url = accounts.notification_address(self.account)
        self.client.save()
        if linked:
            self.connect()
            self.link_all()

    def close(self):
        self.engine.close()
        self._through.__exit__(None, None, None)
        assert self.wires.portal.breaches == [], "hub and portal keep to the contract"

    # --- the clinic ---

    def _open_clinic(self, doctors, minutes):
        self.organisation = organisation.create_organisation(name="Lecznica Pod Lipą", by="tests")
        organisation.add_channel(
            organisation=self.organisation, code=CHANNEL, name="ZnanyLekarz", by="tests"
        )
        self.unit = organisation.add_unit(
            organisation=self.organisation,
            name="Przychodnia przy Rynku",
            time_zone="Europe/Warsaw",
            by="tests",
        )
        self.clinic = organisation.add_clinic(
            unit=self.unit, name="Poradnia kardiologiczna", by="tests"
        )
        self.service = catalogue.add_service(
            organisation=self.organisation,
            name="Konsultacja kardiologiczna",
            duration_minutes=minutes,
            by="tests",
        )
        self.price_list = catalogue.add_price_list(
            clinic=self.clinic, name="Cennik", valid_from=None, valid_to=None, by="tests"
        )
        catalogue.set_price(
            price_list=self.price_list, service=self.service, amount_minor=20000, by="tests"
        )
        catalogue.use_price_list(price_list=self.price_list, channel=CHANNEL, by="tests")
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
            for given, family in PERSONS[:doctors]
        ]
        self.schedule = self.schedules[0]

    def connect(self):
        accounts.configure(
            account=self.account,
            login=self.portal.credentials.client_id,
            password=self.portal.credentials.client_secret,
            settings={"base_url": PORTAL, "delivery": self.client.delivery},
            by="tests",
        )
        self.settle()

    def link_all(self):
        records = [self.unit, self.clinic, self.service]
        records += [schedule.practitioner for schedule in self.schedules]
        for record in records:
            kind = links.COUNTERPART[type(record)]
            items = CatalogueItem.objects.filter(account=self.account, kind=kind)
            if kind == "doctor":
                items = items.filter(name__contains=record.family_name)
            links.link(account=self.account, record=record, item_id=items.get().pk, by="tests")
        self.settle()

    def open(self, days=1, wall="09:00", count=4, *, minutes=30, visible=True, schedule=None):
        """Slots one after the other; tests of daylight saving choose their own times."""
        first = self.at(days, wall)
        step = timedelta(minutes=minutes)
        return slots.open_slots(
            schedule=schedule or self.schedule,
            ranges=[(first + n * step, first + (n + 1) * step) for n in range(count)],
            channels=[CHANNEL] if visible else [],
            by="tests",
        )

    def plan(self, slot: Slot, patient, **more):
        return visits.book_visit(
            schedule=slot.schedule,
            start=slot.start,
            end=slot.end,
            patient=patient,
            service=self.service,
            by="reception",
            **more,
        )

    # --- the portal ---

    @property
    def address(self):
        return self.portal.addresses[0]

    @property
    def portal_service(self):
        return self.address.services.get()

    def portal_shows(self, address=None, days=84):
        """Starts that a patient can choose, in order."""
        now = clock.now()
        offers = actors.offered(address or self.address, now, now + timedelta(days=days))
        return sorted(start for start, _ in offers)

    def portal_bookings(self):
        """(start, status) of every booking at the portal, in order."""
        return sorted((b.start, b.status) for b in PortalBooking.objects.filter(status="booked"))

    def patient_books(self, start, *, email="lucja@example.org", name="Łucja", **more):
        return actors.patient_books(
            self.address,
            start,
            self.portal_service,
            PatientData(
                name=name, surname="Świerczyńska", phone="+48600700800", email=email, **more
            ),
        )

    def fault(self, target, effect, **more):
        if effect == "unknown":  # an event by a name that the contract lacks, on purpose
            self.wires.portal.is_held_to_contract = False
        faults.script(target, effect, client=self.client, **more)

    # --- time ---

    def settle(self):
        """Delivers and works until neither side has anything to do now."""
        for _ in range(100):
            if not self.work():
                # What is gathered is due a moment later.
                self.clock.shift(self.gathering)
                if not self.work():
                    return
        raise AssertionError("hub and portal never came to rest")

    def work(self):
        """One round on both sides; whether there was anything to do."""
        delivered = delivery.deliver_due()
        return bool(self.engine.run_once() or delivered)
