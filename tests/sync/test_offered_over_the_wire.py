"""A few random days through a real PUT: patients can choose what the HIS offers (ADR 10, A18, A35).

Two clinics of one person in one house, slots by template and by hand, visits and an absence.
"""

import random
from datetime import time, timedelta
from math import gcd

import pytest

from slotbridge.his import absences, catalogue, organisation, slots, templates, visits
from slotbridge.his.free import active_visits
from slotbridge.his.models import Absence, Service, Slot
from slotbridge.kit import clock
from slotbridge.sandbox import actors
from slotbridge.sandbox.models import AddressService
from slotbridge.sandbox.models import Service as PortalService
from slotbridge.sync import links
from slotbridge.sync.models import CatalogueItem, Difference
from tests.factories import PatientFactory
from tests.world import CHANNEL, World

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])

MINUTE = timedelta(minutes=1)
LENGTHS = {"EKG": 10, "Kontrola": 20, "USG": 45}  # beside the consultation of 30 minutes


@pytest.fixture
def house(frozen):
    world = World(frozen, linked=False)
    second = organisation.add_clinic(unit=world.unit, name="Poradnia hipertensji", by="a")
    other_list = catalogue.add_price_list(
        clinic=second, name="Cennik 2", valid_from=None, valid_to=None, by="a"
    )
    catalogue.use_price_list(price_list=other_list, channel=CHANNEL, by="a")
    for name, minutes in LENGTHS.items():
        AddressService.objects.create(
            address=world.address,
            service=PortalService.objects.create(name=name),
            price_minor=10000,
            default_duration=minutes,
        )
        made = catalogue.add_service(
            organisation=world.organisation, name=name, duration_minutes=minutes, by="a"
        )
        for price_list in (world.price_list, other_list)[: 1 if name == "USG" else 2]:
            catalogue.set_price(price_list=price_list, service=made, amount_minor=10000, by="a")
    world.schedules.append(
        slots.add_schedule(clinic=second, practitioner=world.schedule.practitioner, by="a")
    )
    world.connect()
    place = CatalogueItem.objects.get(kind="place")
    for record in (world.clinic, second):
        links.link(account=world.account, record=record, item_id=place.pk, by="a")
    for record, kind in ((world.unit, "facility"), (world.schedule.practitioner, "doctor")):
        item = CatalogueItem.objects.get(kind=kind)
        links.link(account=world.account, record=record, item_id=item.pk, by="a")
    for service in Service.objects.all():
        name = "Konsultacja" if service == world.service else service.name
        item = CatalogueItem.objects.get(kind="service", name=name)
        links.link(account=world.account, record=service, item_id=item.pk, by="a")
    world.settle()
    yield world
    world.close()


def his_offers(world):
    """{(start, name of the service)}, minute by minute."""
    busy = set()
    for row in [*active_visits(), *Absence.objects.all()]:
        busy |= {row.start + n * MINUTE for n in range(int((row.end - row.start) / MINUTE))}
    found = set()
    for slot in Slot.objects.filter(channels__contains=[CHANNEL]).select_related("schedule"):
        only = {service.pk for service in slot.services.all()}
        length = int((slot.end - slot.start) / MINUTE)
        listed = Service.objects.filter(prices__price_list__clinic=slot.schedule.clinic_id)
        fitting = [
            service
            for service in listed
            if service.duration_minutes <= length and (service.pk in only or not only)
        ]
        step = gcd(*(service.duration_minutes for service in fitting)) or length
        for at in range(0, length, step):
            for service in fitting:
                start = slot.start + at * MINUTE
                whole = {start + n * MINUTE for n in range(service.duration_minutes)}
                if at + service.duration_minutes <= length and not whole & busy:
                    found.add((start, service.name))
    return found


def portal_offers(world):
    names = {service.pk: service.service.name for service in world.address.services.all()}
    names = {
        key: world.service.name if name == "Konsultacja" else name for key, name in names.items()
    }
    now = clock.now()
    offered = actors.offered(world.address, now, now + timedelta(days=84))
    return {(start, names[service]) for start, service in offered}


def make_days(world, chance):
    everything = list(Service.objects.order_by("pk"))
    tomorrow = clock.today(world.unit.tz) + timedelta(days=1)
    templates.save_template(
        schedule=world.schedule,
        periods=[
            templates.PeriodSpec(
                weekday, time(8), time(12), chance.choice([15, 20, 30, 45, 60, 80]), [CHANNEL],
                services=chance.sample(everything, chance.randint(0, 3)),
            )
            for weekday in range(7)
        ],
        by="a",
    )  # fmt: skip
    templates.generate_slots(
        schedule=world.schedule, first=tomorrow, last=tomorrow + timedelta(days=3), by="a"
    )
    for day in range(1, 5):
        at = world.at(day, "13:00")
        for _ in range(4):
            at += chance.choice([0, 0, 5, 20]) * MINUTE
            end = at + chance.choice([10, 25, 30, 50, 60, 95]) * MINUTE
            slots.open_slots(
                schedule=world.schedules[chance.randint(0, 1)],
                ranges=[(at, end)],
                channels=[CHANNEL] if chance.random() < 0.9 else [],
                services=chance.sample(everything, chance.randint(0, 2)),
                by="a",
            )
            at = end
    for slot in chance.sample(list(Slot.objects.order_by("start")), 6):
        start = slot.start + chance.choice([0, 5, 10]) * MINUTE
        visits.book_visit(
            schedule=slot.schedule,
            start=start,
            end=min(slot.end, start + chance.choice([5, 10, 17, 30]) * MINUTE),
            patient=PatientFactory(organisation=world.organisation),
            service=chance.choice(everything),
            by="a",
        )
    start = world.at(2, "10:07")
    absences.add_absence(
        practitioner=world.schedule.practitioner, start=start, end=start + 45 * MINUTE, by="a"
    )


@pytest.mark.parametrize("number", [1, 2])
def test_a18_random_days_are_shown_as_the_his_offers_them(house, number):
    make_days(house, random.Random(number))
    house.settle()
    offers = his_offers(house)
    assert len(offers) > 40
    assert portal_offers(house) == offers
    house.after(minutes=16)
    assert portal_offers(house) == offers
    assert not Difference.objects.exists(), "and the comparison agrees"
