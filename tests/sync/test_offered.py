"""What a patient can choose on the portal equals what the HIS offers (ADR 10, A18, A33, A39, A66).

The HIS's own offer is computed here a third time, minute by minute, from the four lines of ADR 10:
neither by the hub, which tells ranges, nor by the sandbox, which cuts them.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from math import gcd

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from hypothesis import example, given
from hypothesis import strategies as st

from slotbridge.connectors.docplanner import periods as wire
from slotbridge.connectors.docplanner.site import ZONES
from slotbridge.his.catalogue import PricedService
from slotbridge.his.free import FreeSlot
from slotbridge.kit.clock import day_bounds
from slotbridge.sandbox import rules
from slotbridge.sync import reconcile
from slotbridge.sync.contract import Payer
from slotbridge.sync.wanted import Offering, open_periods

MINUTE = timedelta(minutes=1)
NFZ = 13  # the public insurer
MORNING_CLINIC, EVENING_CLINIC = 1, 2
SCHEDULES = {71: MORNING_CLINIC, 72: EVENING_CLINIC}  # of one person, at one address
MINUTES = {1: 10, 2: 15, 3: 20, 4: 30, 5: 45, 6: 50, 7: 60}  # of services
AT_PORTAL = {service: str(500 + service) for service in MINUTES}
# Every day of the year that is not 24 hours long in one of the portal's zones, and one that is.
DAYS = sorted({
    day
    for day in (date(2026, 1, 1) + timedelta(days=n) for n in range(365))
    for start, end in (day_bounds(day, zone) for zone in ZONES.values())
    if end - start != timedelta(hours=24)
} | {date(2026, 6, 1)})  # fmt: skip
WORKDAY = date(2026, 6, 1)


@dataclass(frozen=True)
class Slot:
    """As the HIS has it; times in minutes from the beginning of the day."""

    schedule: int
    start: int
    end: int
    only: frozenset  # of services; none: all
    funding: str


@dataclass(frozen=True)
class House:
    """One person's day, and what their address on the portal has."""

    day: date
    zone: object
    slots: tuple
    busy: tuple  # (start, end): visits, absences, other clinics
    priced: dict  # clinic -> services in its ticked price list
    mapped: frozenset
    at_address: frozenset
    takes_insurance: bool
    ids: dict = field(default_factory=lambda: AT_PORTAL)  # service -> at the address

    def at(self, minute):
        return day_bounds(self.day, self.zone)[0] + minute * MINUTE

    def offering(self):
        return Offering(
            clinics=SCHEDULES,
            prices={
                clinic: [
                    PricedService(clinic, service, DateRange(None, None), 100, "PLN", is_from=False)
                    for service in services
                ]
                for clinic, services in self.priced.items()
            },
            counterparts={service: f"dictionary-{service}" for service in self.mapped},
            at_address={f"dictionary-{s}": AT_PORTAL[s] for s in self.at_address},
            minutes={service: MINUTES[service] for service in self.mapped},
            takes_insurance=self.takes_insurance,
        )

    def free_slots(self, *, busy=True):
        """As his.free tells them; its own property test is in tests/his/test_free.py."""
        for number, slot in enumerate(self.slots):
            minutes = range(slot.start, slot.end)
            taken = self.taken if busy else set()
            yield FreeSlot(
                slot_id=number,
                schedule_id=slot.schedule,
                start=self.at(slot.start),
                end=self.at(slot.end),
                service_ids=slot.only,
                free=tuple(
                    (self.at(a), self.at(b)) for a, b in runs([m not in taken for m in minutes])
                    for a, b in [(a + slot.start, b + slot.start)]
                ),
                funding=slot.funding,
            )  # fmt: skip

    @property
    def taken(self):
        return {minute for start, end in self.busy for minute in range(start, end)}


def runs(flags):
    """(start, end) of every stretch of true ones."""
    start = None
    for at, flag in enumerate([*flags, False]):
        if flag and start is None:
            start = at
        elif not flag and start is not None:
            yield start, at
            start = None


# --- what the HIS offers, by the document ----------------------------------------------------


def his_offers(house):
    """{(start, service at the portal, minutes, payer)}: the four lines of ADR 10."""
    found = set()
    taken = house.taken
    for slot in house.slots:
        payer = payer_of(slot.funding, takes_insurance=house.takes_insurance)
        services = [
            service
            for service in MINUTES
            if service in house.priced[SCHEDULES[slot.schedule]]  # A16, A19
            and service in house.mapped & house.at_address  # A17
            and (service in slot.only or not slot.only)  # A18
            and MINUTES[service] <= slot.end - slot.start  # A18
        ]
        if not services or payer is None:
            continue
        step = gcd(*(MINUTES[service] for service in services))
        for start in range(slot.start, slot.end, step):
            for service in services:
                whole = range(start, start + MINUTES[service])
                if whole.stop <= slot.end and not taken & set(whole) and is_told(house, whole):
                    found.add((house.at(start), AT_PORTAL[service], MINUTES[service], payer))
    return found


def payer_of(funding, *, takes_insurance):
    """A66; None: shown to nobody."""
    return {
        ("private", True): Payer.PATIENT,
        ("public", True): Payer.INSURANCE,
        ("both", True): Payer.EITHER,
        ("private", False): Payer.PATIENT,
        ("both", False): Payer.PATIENT,
    }.get((funding, takes_insurance))


def is_told(house, minutes):
    """A39: on one date of the portal's, and not in its last minute."""
    dates = {house.at(minute).astimezone(house.zone).date() for minute in minutes}
    following = house.at(minutes.stop).astimezone(house.zone).date()
    return dates == {following}


# --- what the portal offers, by its own arithmetic -------------------------------------------


def portal_offers(house, *, busy=True, hidden=(), repeated=False):
    """{(start, service, minutes)} after a PUT of both days; `repeated`: where the usual words for
    it were used a moment ago.
    """
    following = house.day + timedelta(days=1)
    bounds = {}
    for day in (house.day, following):
        start, end = day_bounds(day, house.zone)
        bounds[day] = (start, end - MINUTE)
    told = open_periods(house.free_slots(busy=busy), house.offering(), bounds, house.zone)
    days = {day: told.get(day, ()) for day in bounds}
    latest = bounds[following][1] + timedelta(days=1)
    request = wire.request(days, house.zone, latest=latest, avoid=set(), insurer=NFZ)
    if repeated:
        again = wire.request(days, house.zone, latest=latest, avoid={request.digest}, insurer=NFZ)
        assert again is not None
        assert again.digest != request.digest
        request = again
    read = [
        rules.Period(
            datetime.fromisoformat(period["start"]),
            datetime.fromisoformat(period["end"]),
            tuple(
                (int(each["address_service_id"]), each["duration"])
                for each in period["address_services"]
            ),
        )
        for period in request.body["slots"]
    ]
    hiding = rules.Busy((house.at(start), house.at(end)) for start, end in hidden)
    begin, end = bounds[house.day][0], latest
    shown = {
        (offer.start.astimezone(UTC), str(offer.service), int((offer.end - offer.start) / MINUTE))
        for offer in rules.free(read, hiding, (begin, end), begin)
    }
    return shown, days


@st.composite
def houses(draw):
    every = draw(st.lists(st.sampled_from(list(MINUTES)), min_size=2, max_size=5, unique=True))
    services = st.frozensets(st.sampled_from(every), min_size=1, max_size=3)
    # Now and then one of them is not mapped, or not among the services of the address.
    most = st.frozensets(st.sampled_from(every), min_size=len(every) - 1)
    slots, at = [], draw(st.integers(0, 1300))
    for _ in range(draw(st.integers(1, 6))):
        at += draw(st.sampled_from([0, 0, 5, 7, 60]))  # touching ones most of all
        length = draw(st.one_of(st.sampled_from([15, 20, 30, 45, 60, 90]), st.integers(5, 200)))
        slots.append(
            Slot(
                schedule=draw(st.sampled_from(list(SCHEDULES))),
                start=at,
                end=at + length,
                only=draw(st.one_of(st.just(frozenset()), services)),
                funding=draw(st.sampled_from(["private", "private", "public", "both"])),
            )
        )
        at += length
    first, last = slots[0].start, slots[-1].end
    busy = st.tuples(st.integers(first, last), st.integers(1, 70))
    return House(
        day=draw(st.sampled_from(DAYS)),
        zone=draw(st.sampled_from(list(ZONES.values()))),
        slots=tuple(slots),
        busy=tuple((a, a + length) for a, length in draw(st.lists(busy, max_size=4))),
        priced={MORNING_CLINIC: draw(services), EVENING_CLINIC: draw(services)},
        mapped=draw(most),
        at_address=draw(most),
        takes_insurance=draw(st.booleans()),
    )


def plain(slots, *services, busy=(), zone="znanylekarz.pl", day=WORKDAY):
    """A house whose services all are priced, mapped and there."""
    every = frozenset(services)
    return House(
        day=day,
        zone=ZONES[zone],
        slots=tuple(Slot(71, start, end, frozenset(), "private") for start, end in slots),
        busy=tuple(busy),
        priced={MORNING_CLINIC: every, EVENING_CLINIC: every},
        mapped=every,
        at_address=every,
        takes_insurance=False,
    )


NINE, MIDNIGHT = 540, 1440
TWENTY, THIRTY, FORTY_FIVE, SIXTY = 3, 4, 5, 7


@given(houses(), st.booleans())
@example(plain([(NINE, NINE + 30)], TWENTY, THIRTY), False)
@example(plain([(NINE, NINE + 30), (NINE + 30, NINE + 60)], THIRTY, SIXTY), True)
@example(plain([(NINE, NINE + 90)], TWENTY, THIRTY, busy=[(NINE + 7, NINE + 23)]), True)
@example(plain([(MIDNIGHT - 30, MIDNIGHT + 60)], THIRTY, FORTY_FIVE), False)
def test_a18_a33_what_the_portal_offers_is_what_the_his_offers(house, repeated):
    shown, days = portal_offers(house, repeated=repeated)
    offers = his_offers(house)
    assert shown == {(start, service, minutes) for start, service, minutes, _ in offers}
    told = [period for periods in days.values() for period in periods]
    assert {
        (start, offer.service, offer.minutes, payer)
        for start, offer, payer in reconcile.choices(told)
    } == offers, "the hub reads what it told as the portal does, and knows who pays"


@given(houses())
def test_what_the_portal_hides_itself_is_what_the_his_would_not_tell(house):
    """A booking made there, and a break, need no write: the starts left over are the HIS's."""
    shown, _ = portal_offers(house, busy=False, hidden=house.busy)
    assert shown == {(start, service, minutes) for start, service, minutes, _ in his_offers(house)}


def walls(house):
    shown, _ = portal_offers(house)
    return sorted((f"{start.astimezone(house.zone):%H:%M}", minutes) for start, _, minutes in shown)


def test_a_shorter_service_may_begin_within_a_slot():
    """ADR 10: 20 and 30 minutes in a slot of 30 make a grid of ten."""
    assert walls(plain([(NINE, NINE + 30)], TWENTY, THIRTY)) == [
        ("09:00", 20), ("09:00", 30), ("09:10", 20),
    ]  # fmt: skip


def test_a_long_service_does_not_run_from_a_slot_into_the_next():
    """ADR 10: slots that touch stay periods of their own, however alike they are."""
    house = plain([(NINE, NINE + 30), (NINE + 30, NINE + 60)], THIRTY, SIXTY)
    assert walls(house) == [("09:00", 30), ("09:30", 30)]
    _, days = portal_offers(house)
    assert [(p.end - p.start) / MINUTE for p in days[house.day]] == [30, 30]


def test_a_part_that_is_not_aligned_begins_on_the_slots_grid():
    """ADR 10: a visit of seven minutes moves no start."""
    house = plain([(NINE, NINE + 60)], TWENTY, busy=[(NINE, NINE + 7)])
    assert walls(house) == [("09:20", 20), ("09:40", 20)]


def test_a39_a_slot_over_midnight_is_two_periods_and_no_service_crosses():
    house = plain([(MIDNIGHT - 60, MIDNIGHT + 60)], THIRTY, FORTY_FIVE)
    assert walls(house) == [
        ("00:00", 30), ("00:00", 45), ("00:15", 30), ("00:15", 45), ("00:30", 30),
        ("23:00", 30), ("23:00", 45), ("23:15", 30),
    ]  # fmt: skip
    _, days = portal_offers(house)
    assert [len(periods) for periods in days.values()] == [1, 1]


@pytest.mark.parametrize(
    ("funding", "takes_insurance", "payer"),
    [
        ("private", True, Payer.PATIENT),
        ("public", True, Payer.INSURANCE),
        ("both", True, Payer.EITHER),
        ("private", False, Payer.PATIENT),
        ("public", False, None),
        ("both", False, Payer.PATIENT),
    ],
)
def test_a66_who_may_pay(funding, takes_insurance, payer):
    house = plain([(NINE, NINE + 30)], THIRTY)
    offering = Offering(
        clinics={}, prices={}, counterparts={}, at_address={}, minutes={},
        takes_insurance=takes_insurance,
    )  # fmt: skip
    assert offering.payer(funding) == payer
    assert payer_of(funding, takes_insurance=takes_insurance) == payer
    assert house.offering().payer("public") is None, "unless the portal says that it is taken"
