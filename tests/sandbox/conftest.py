from datetime import datetime, timedelta

import httpx
import pytest

from slotbridge.kit import clock
from slotbridge.sandbox import rules, seed
from slotbridge.sandbox.models import Address, AddressService, Booking, Client
from slotbridge.sandbox.patients import PatientData
from slotbridge.sandbox.wsgi import sandbox_app
from tests.contract_checker import Contract

CONTRACT = Contract()
BASE = "http://sandbox.test/api/v3/integration"
PATIENT = PatientData("Abelard", "Giza", phone="+48123123123", email="abelard@example.com")


@pytest.fixture(scope="session")
def contract():
    return CONTRACT


class Api:
    """A client of the portal's API; every answer it gets is checked against the contract."""

    def __init__(self, credentials: seed.Credentials):
        self.client = credentials.client
        self.http = httpx.Client(
            transport=httpx.WSGITransport(app=sandbox_app), base_url="http://sandbox.test"
        )
        self.credentials = (credentials.client_id, credentials.client_secret)
        self.renew()

    def renew(self):
        self.headers = {"Authorization": f"Bearer {self.token()}"}

    def token(self):
        answer = self.http.post(
            "/oauth/v2/token",
            auth=self.credentials,
            data={"grant_type": "client_credentials", "scope": "integration"},
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["access_token"]

    def __call__(self, method, path, *, check=True, headers=None, **kwargs):
        answer = self.http.request(
            method, f"{BASE}{path}", headers=self.headers | (headers or {}), **kwargs
        )
        if check:
            CONTRACT.check(answer)
        return answer

    def set(self, **fields):
        Client.objects.filter(pk=self.client.pk).update(**fields)
        self.client.refresh_from_db()

    def quirk(self, **switches):
        self.set(quirks=self.client.quirks | switches)


class Clinic:
    """A facility with one doctor at one address, offering a visit (30) and a check (20)."""

    def __init__(self, name="Przychodnia Dębowa"):
        self.seeded = seed.seed(
            name,
            [
                seed.DoctorSeed(
                    "Zofia",
                    "Wzorcowa",
                    specialization="kardiolog",
                    license_number="1234567",
                    addresses=[
                        seed.AddressSeed(
                            street="ul. Dębowa 1",
                            post_code="00-001",
                            city_name="Warszawa",
                            services=[
                                seed.ServiceSeed("konsultacja", 25_000, 30),
                                seed.ServiceSeed("badanie", 12_050, 20),
                            ],
                        )
                    ],
                )
            ],
        )
        self.facility = self.seeded.facility
        self.doctor = self.seeded.doctors[0]
        self.address: Address = self.seeded.addresses[0]
        self.visit, self.check = AddressService.objects.filter(address=self.address)
        self.api = Api(self.seeded.credentials)

    @property
    def path(self):
        return (
            f"/facilities/{self.facility.pk}/doctors/{self.doctor.pk}/addresses/{self.address.pk}"
        )

    def period(self, start: datetime, end: datetime, *services: tuple[AddressService, int]):
        listed = [
            {"address_service_id": str(service.pk), "duration": minutes}
            for service, minutes in services
        ]
        return {"start": iso(start), "end": iso(end), "address_services": listed}

    def put(self, *periods, **kwargs):
        return self.api("PUT", f"{self.path}/slots", json={"slots": list(periods)}, **kwargs)

    def tell_day(self, day: datetime, first=9, last=12, services=None):
        """One period on the date of `day`, from `first` to `last` o'clock."""
        told = services or ((self.visit, 30),)
        answer = self.put(self.period(hour(day, first), hour(day, last), *told))
        assert answer.status_code == 201, answer.text
        self.address.refresh_from_db()

    def slots(self, start: datetime, end: datetime, **params):
        answer = self.api(
            "GET", f"{self.path}/slots", params={"start": iso(start), "end": iso(end)} | params
        )
        assert answer.status_code in {200, 404}, answer.text
        return answer.json().get("_items", [])

    def starts(self, day: datetime):
        """Free starts of a date, as "09:00"."""
        start, end = clock.day_bounds(rules.day_of(day), rules.LOCALE_ZONE)
        return [slot["start"][11:16] for slot in self.slots(start, end)]

    def book(self, start: datetime, service=None, minutes=30, **more):
        body = {
            "address_service_id": str((service or self.visit).pk),
            "duration": minutes,
            "patient": {"name": "Abelard", "surname": "Giza", "phone": "+48123123123"},
        }
        return self.api("POST", f"{self.path}/slots/{iso(start)}/book", json=body | more)


def past_visit(clinic, *, ago=timedelta(days=1), **more):
    """A booked visit that has begun, of the patient of `Clinic.book`."""
    start = clock.now() - ago
    fields = {
        "service": clinic.visit,
        "patient": PATIENT.as_dict(),
        "booked_by": Booking.Actor.INTEGRATION,
        "booked_at": start - timedelta(days=1),
    }
    return Booking.objects.create(
        address=clinic.address, start=start, end=start + timedelta(minutes=30), **fields | more
    )


def iso(instant: datetime) -> str:
    return rules.local(instant).isoformat()


def hour(day: datetime, wall: float) -> datetime:
    """`wall` o'clock on the date of `day` in the locale's zone."""
    midnight = rules.local(day).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(hours=wall)


@pytest.fixture
def clinic(db_of_sandbox):
    return Clinic()


@pytest.fixture
def db_of_sandbox(request):
    """The test names its database by mark; this fixture only comes after it."""
    request.getfixturevalue("db" if not _is_transactional(request) else "transactional_db")


def _is_transactional(request):
    mark = request.node.get_closest_marker("django_db")
    return bool(mark and mark.kwargs.get("transaction"))


@pytest.fixture
def tomorrow():
    """Noon of the next day in the locale's zone."""
    return hour(clock.now() + timedelta(days=1), 12)


@pytest.fixture(autouse=True)
def _failure_page_of_its_own(settings):
    """In its own process the sandbox keeps Django's page; the hub's knows the hub's addresses."""
    settings.CSRF_FAILURE_VIEW = "django.views.csrf.csrf_failure"
