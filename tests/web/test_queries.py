"""A list asks the database as often for three rows as for one."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from slotbridge.his import catalogue, organisation, staff
from slotbridge.his import slots as his_slots
from slotbridge.kit import clock
from slotbridge.sync.models import Account, Listing, ListingDay
from tests.web.house import CHANNEL


def more_units(house, n):
    organisation.add_unit(organisation=house.organisation, name=f"Filia {n}", by="tests")


def more_clinics(house, n):
    organisation.add_clinic(unit=house.unit, name=f"Poradnia {n}", by="tests")


def more_people(house, n):
    staff.add_practitioner(
        organisation=house.organisation, given_name="Jan", family_name=f"Nowy {n}", by="tests"
    )


def more_services(house, n):
    catalogue.add_service(
        organisation=house.organisation, name=f"Usługa {n}", duration_minutes=20, by="tests"
    )


def more_lists(house, n):
    house.price_list(name=f"Cennik {n}", used=False)


def more_visits(house, n):
    house.book(house.open("09:00", 1, days=0, schedule=_schedule(house, n))[0])


def more_orders(house, n):
    house.order(house.orders(wall=f"{9 + n}:00")[0])


def more_patients(house, n):
    patient = house.patient("Jagna", f"Borówka {n}")
    patient.verify = ["no-email"]
    patient.save()


def more_slots(house, n):
    house.open(f"{9 + n}:00", 1, visible=True)


def more_schedules(house, n):
    _schedule(house, n)


def more_calendars(house, n):
    """Another doctor's address that is filled, with changes that wait to be told."""
    account = Account.objects.get()
    known = Listing.objects.filter(account=account).first()
    listing = Listing.objects.create(
        organisation=house.organisation, account=account, patrol_due_at=clock.now(),
        practitioner=known.practitioner if known else house.schedule.practitioner,
        facility="1", doctor=str(n), address=f"calendar-{n}", time_zone="Europe/Warsaw",
    )  # fmt: skip
    ListingDay.objects.create(
        organisation=house.organisation, listing=listing, day=clock.now().date(),
        asked_at=clock.now(), due_at=clock.now(),
    )  # fmt: skip


def more_free_time(house, n):
    house.open("09:00", 1, schedule=_schedule(house, n))


def _schedule(house, n):
    person = staff.add_practitioner(
        organisation=house.organisation, given_name="Jan", family_name=f"Nowy {n}", by="tests"
    )
    return his_slots.add_schedule(clinic=house.clinic, practitioner=person, by="tests")


PAGES = [
    ("units", more_units),
    ("clinics", more_clinics),
    ("staff", more_people),
    ("services", more_services),
    ("price-lists", more_lists),
    ("visits", more_visits),
    ("home", more_visits),
    ("patients", more_patients),
    ("schedules", more_schedules),
    ("visit-free", more_free_time),
    ("schedule", more_slots),
    ("portal", more_slots),
    ("portal", more_calendars),
    ("portal-mapping", more_clinics),
    ("home", more_orders),
    ("visits", more_orders),
]


@pytest.mark.parametrize(("name", "add"), PAGES)
def test_three_rows_take_as_many_queries_as_one(house, admin, name, add):
    house.connect()
    arguments = {
        "schedule": [house.schedule.public_id],
        "portal": [CHANNEL],
        "portal-mapping": [CHANNEL],
    }
    address = reverse(name, args=arguments.get(name, []))

    add(house, 1)
    admin.get(address)
    with CaptureQueriesContext(
        connection,
    ) as one:
        admin.get(address)
    add(house, 2)
    add(house, 3)
    with CaptureQueriesContext(connection) as three:
        admin.get(address)

    assert len(three) == len(one)
    assert len(three) < 60
