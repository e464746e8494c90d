"""A portal in this process with two doctors in one house, and our connector to it."""

from datetime import date, datetime, time, timedelta

import httpx

from slotbridge.connectors.docplanner.connector import DocplannerConnector
from slotbridge.kit import clock
from slotbridge.sandbox import seed
from slotbridge.sandbox.models import Address, AddressService, Client
from slotbridge.sandbox.patients import PatientData
from slotbridge.sandbox.wsgi import sandbox_app
from slotbridge.sync.contract import (
    Access,
    ListingRef,
    Offer,
    OpenPeriod,
    VisitToTell,
)
from tests.contract_requests import CheckedTransport

TZ = DocplannerConnector.zone_of({})
PATIENT = PatientData("Abelard", "Giza", phone="+48123123123", email="abelard@example.com")
DAY = date(2026, 3, 9)


class Tokens:
    kept = None

    def load(self):
        return self.kept

    def save(self, token):
        self.kept = token


class World:
    """A facility at the portal with two doctors in one house, and our connector to it."""

    def __init__(self):
        services = [seed.ServiceSeed("konsultacja", 25_000), seed.ServiceSeed("badanie", 12_050)]
        house = seed.AddressSeed(street="ul. Dębowa 1", city_name="Warszawa", services=services)
        doctors = [
            seed.DoctorSeed("Zofia", "Wzorcowa", addresses=[house]),
            seed.DoctorSeed("Jan", "Przykładny", addresses=[house]),
        ]
        self.seeded = seed.seed("Przychodnia Dębowa", doctors)
        self.client: Client = self.seeded.credentials.client
        self.address, self.other = self.seeded.addresses
        self.here, self.there = self.listing(self.address), self.listing(self.other)
        self.visit, self.check = self.services(self.address)
        self.transport = CheckedTransport(httpx.WSGITransport(app=sandbox_app))
        self.connector = self.connect()

    def connect(self, secret=None, **settings):
        given = self.seeded.credentials
        password = secret or given.client_secret
        settings = {"base_url": "http://sandbox.test", "delivery": "pull"} | settings
        access = Access(given.client_id, password, settings, Tokens())
        return DocplannerConnector(access, transport=self.transport)

    def listing(self, address):
        return ListingRef(str(self.seeded.facility.pk), str(address.doctor_id), str(address.pk), TZ)

    @staticmethod
    def services(address: Address):
        return AddressService.objects.filter(address=address).order_by("pk")

    def quirk(self, **values):
        Client.objects.filter(pk=self.client.pk).update(quirks=values)

    def period(self, start="09:00", end="12:00", services=None, day=DAY):
        offers = tuple(Offer(str(each.pk), 30) for each in services or [self.visit])
        return OpenPeriod(at(start, day), at(end, day), offers)

    def opens(self, *periods, listing=None, avoid=frozenset()):
        days = {}
        for period in periods:
            days.setdefault(clock.day_of(period.start, TZ), []).append(period)
        return self.connector.tell_days(listing or self.here, days, avoid=avoid)

    def shown(self, listing=None, day=DAY):
        return self.connector.offered(listing or self.here, *clock.day_bounds(day, TZ))

    def wants(self, start="09:00", service=None, marker="m4rk"):
        begins = at(start)
        ends = begins + timedelta(minutes=30)
        return VisitToTell(begins, ends, str((service or self.visit).pk), marker)

    def heard(self):
        """Everything that the portal has to tell, as (event, message key)."""
        found = []
        while bodies := self.connector.pull():
            for body in bodies:
                event = self.connector.read_message(body)
                found.append((event, self.connector.message_key(body)))
        return found


def at(wall: str, day: date = DAY) -> datetime:
    return clock.at(day, time.fromisoformat(wall), TZ)
