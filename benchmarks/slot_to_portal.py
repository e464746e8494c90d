"""From saving a slot to the portal showing it, when hub and portal have nothing else to do.

Real processes on this machine: a worker, a sandbox, HTTP between them. The floor is the same
request made by hand: one PUT of the whole date with one slot more, read until it is shown. The
two are taken in turns, so that what else the machine does strikes both alike.
"""

import os
import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import httpx
from django.db.models import F

from benchmarks import houses, programs
from benchmarks.houses import House
from benchmarks.results import Result, percentile
from benchmarks.sizes import Size
from slotbridge.his import slots
from slotbridge.his.models import Schedule, Slot
from slotbridge.kit import clock, http
from slotbridge.sandbox.models import Address
from slotbridge.sandbox.seed import Seeded
from slotbridge.sync import accounts
from slotbridge.sync.models import Account, ListingDay

AIM = 1.0  # seconds, p99
DOCTORS = 4
PAUSE = 0.1  # seconds between two samples: worker and portal come to rest
_LOOK_EVERY = 0.004
_PATIENCE = 30.0
# Far above what is made here: the time that gathering adds is that of an ample budget.
_WRITES_PER_MINUTE = 1_000_000
_READS_PER_HOUR = 10_000_000


@dataclass
class Portal:
    """The sandbox over HTTP: as a patient reads it, and as an integration writes to it."""

    url: str
    seeded: Seeded

    def __post_init__(self) -> None:
        token = os.environ["SLOTBRIDGE_SANDBOX_CONTROL_TOKEN"]
        self._reader = http.client(f"{self.url}/_sandbox/")
        self._reader.headers["Authorization"] = f"Bearer {token}"
        self._writer = http.client(self.url)
        credentials = self.seeded.credentials
        answer = self._writer.post(
            "/oauth/v2/token",
            data={"grant_type": "client_credentials", "scope": "integration"},
            auth=httpx.BasicAuth(credentials.client_id, credentials.client_secret),
        ).raise_for_status()
        self._writer.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def shows(self, address: Address, start: datetime) -> bool:
        answer = self._reader.get(
            f"addresses/{address.pk}/offers",
            params={
                "start": start.isoformat(),
                "end": (start + timedelta(minutes=houses.SLOT_MINUTES)).isoformat(),
            },
        ).raise_for_status()
        return any(
            datetime.fromisoformat(each["start"]) == start for each in answer.json()["offers"]
        )

    def put(self, address: Address, starts: list[datetime]) -> None:
        service = address.services.get().pk
        length = timedelta(minutes=houses.SLOT_MINUTES)
        body = {
            "slots": [
                {
                    "start": start.isoformat(),
                    "end": (start + length).isoformat(),
                    "address_services": [
                        {"address_service_id": str(service), "duration": houses.SLOT_MINUTES}
                    ],
                }
                for start in starts
            ]
        }
        path = (
            f"/api/v3/integration/facilities/{address.facility_id}"
            f"/doctors/{address.doctor_id}/addresses/{address.pk}/slots"
        )
        self._writer.put(path, json=body).raise_for_status()


def measure(size: Size) -> list[Result]:
    house = houses.build("Lecznica Pod Lipą", DOCTORS)
    days = -(-size.samples // DOCTORS)
    houses.open_slots(house, days=days, a_day=size.a_day)
    houses.analyse()
    seeded = _register(house)
    url = f"http://127.0.0.1:{programs.free_port()}"
    with programs.running("sandbox", "--port", url.rsplit(":", 1)[1]):
        programs.until(lambda: programs.is_up(url), "the sandbox did not come up")
        portal = Portal(url, seeded)
        with programs.running("worker"):
            _connect(house, portal)
            ours, by_hand = _sample(house, portal, size.samples)
    return [_result(ours, by_hand, percent) for percent in (50, 99)]


def _result(ours: list[float], by_hand: list[float], percent: int) -> Result:
    measured = percentile(ours, percent)
    return Result(
        f"a slot saved until the portal shows it, p{percent}",
        measured * 1000,
        percentile(by_hand, percent) * 1000,
        "ms",
        aim=f"under {AIM * 1000:,.0f} ms" if percent == 99 else "",
        met=measured < AIM if percent == 99 else None,
    )


def _register(house: House) -> Seeded:
    seeded = houses.register_at_portal(house)
    client = seeded.credentials.client
    client.delivery = "push"
    client.writes_per_minute, client.reads_per_hour = _WRITES_PER_MINUTE, _READS_PER_HOUR
    client.save()
    return seeded


def _connect(house: House, portal: Portal) -> None:
    """The documented procedure, then the first load."""
    account = accounts.account_for(organisation=house.organisation, channel=houses.CHANNEL)
    credentials = portal.seeded.credentials
    accounts.configure(
        account=account,
        login=credentials.client_id,
        password=credentials.client_secret,
        settings={"base_url": portal.url, "delivery": "push"},
        by=houses.BY,
    )
    ready = Account.objects.filter(pk=account.pk, state=Account.State.READY)
    programs.until(ready.exists, "the first synchronisation did not end")
    houses.link_by_name(account, house)
    days = ListingDay.objects.filter(listing__account=account)
    programs.until(
        lambda: (
            not days.filter(asked__gt=F("answered")).exists()
            and not account.listings.filter(patrolled_at=None).exists()
        ),
        "the first load did not end",
    )


def _sample(house: House, portal: Portal, number: int) -> tuple[list[float], list[float]]:
    """Seconds of each sample: by the hub, and by hand."""
    first = clock.today(house.unit.tz) + timedelta(days=1)
    # By hand on dates that the hub has told to be empty and does not touch again.
    apart = timedelta(days=-(-number // DOCTORS))
    ours, by_hand = [], []
    for n in range(number):
        schedule = house.schedules[n % DOCTORS]
        address = portal.seeded.addresses[n % DOCTORS]
        day = first + timedelta(days=n // DOCTORS)
        ours.append(_by_the_hub(portal, address, schedule, day))
        starts = Slot.objects.filter(schedule=schedule, day=day).order_by("start")
        later = [start + apart for start in starts.values_list("start", flat=True)]
        by_hand.append(_by_hand(portal, address, later))
    return ours, by_hand


def _by_the_hub(portal: Portal, address: Address, schedule: Schedule, day: date) -> float:
    """One slot more, after the last of the day. The clock runs from the click on "save"."""
    start = Slot.objects.filter(schedule=schedule, day=day).latest("start").end
    time.sleep(PAUSE)
    begun = time.perf_counter()
    slots.open_slots(
        schedule=schedule,
        ranges=[(start, start + timedelta(minutes=houses.SLOT_MINUTES))],
        channels=[houses.CHANNEL],
        by=houses.BY,
    )
    return _shown(portal, address, start, begun)


def _by_hand(portal: Portal, address: Address, starts: list[datetime]) -> float:
    portal.put(address, starts[:-1])  # the date as it was before
    time.sleep(PAUSE)
    begun = time.perf_counter()
    portal.put(address, starts)
    return _shown(portal, address, starts[-1], begun)


def _shown(portal: Portal, address: Address, start: datetime, begun: float) -> float:
    while not portal.shows(address, start):
        if time.perf_counter() - begun > _PATIENCE:
            raise TimeoutError("the portal does not show the slot")
        time.sleep(_LOOK_EVERY)
    return time.perf_counter() - begun
