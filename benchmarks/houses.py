"""Invented clinics with many slots, connected to a portal or ready to be."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg
from django.db import connection
from psycopg.rows import tuple_row

from slotbridge.his import catalogue, organisation, patients, slots, staff
from slotbridge.his.models import (
    Clinic,
    Organisation,
    Patient,
    Practitioner,
    Schedule,
    Service,
    Unit,
)
from slotbridge.kit import clock
from slotbridge.sandbox.seed import AddressSeed, DoctorSeed, Seeded, ServiceSeed, seed
from slotbridge.sync import accounts, fanout, links, listings
from slotbridge.sync.contract import ItemKind
from slotbridge.sync.models import Account, CatalogueItem, Link, Listing

BY = "benchmark"
CHANNEL = "znanylekarz"
SLOT_MINUTES = 20
STREET = "ul. Wymyślona 7"
# Nobody's, and distinct: a listing is found by the name of its doctor.
_GIVEN = ("Gniewko", "Żaneta", "Bożydar", "Hazel")


@dataclass(frozen=True)
class House:
    """One organisation: a clinic with a price list, its practitioners and the schedule of each."""

    organisation: Organisation
    unit: Unit
    clinic: Clinic
    service: Service
    practitioners: Sequence[Practitioner]
    schedules: Sequence[Schedule]


def build(name: str, practitioners: int) -> House:
    """By the HIS's own functions; without slots."""
    made = organisation.create_organisation(name=name, by=BY)
    organisation.add_channel(organisation=made, code=CHANNEL, name="ZnanyLekarz", by=BY)
    unit = organisation.add_unit(organisation=made, name=name, street=STREET, by=BY)
    clinic = organisation.add_clinic(unit=unit, name="Poradnia kardiologiczna", by=BY)
    service = catalogue.add_service(
        organisation=made, name="Konsultacja", duration_minutes=SLOT_MINUTES, by=BY
    )
    prices = catalogue.add_price_list(
        clinic=clinic, name="Cennik", valid_from=None, valid_to=None, by=BY
    )
    catalogue.set_price(price_list=prices, service=service, amount_minor=200_00, by=BY)
    catalogue.use_price_list(price_list=prices, channel=CHANNEL, by=BY)
    people = [_practitioner(made, number) for number in range(practitioners)]
    schedules = [slots.add_schedule(clinic=clinic, practitioner=each, by=BY) for each in people]
    return House(made, unit, clinic, service, people, schedules)


def _practitioner(made: Organisation, number: int) -> Practitioner:
    return staff.add_practitioner(
        organisation=made,
        given_name=_GIVEN[number % len(_GIVEN)],
        family_name=f"Wymyślony {number:03d}",
        by=BY,
    )


_SLOTS = """
INSERT INTO his_slot (organisation_id, public_id, schedule_id, practitioner_id, day, start, "end",
                      channels, funding, note)
SELECT s.organisation_id, gen_random_uuid(), s.id, s.practitioner_id, d::date, t.start,
       t.start + make_interval(mins => %(minutes)s), ARRAY[%(channel)s], 'private', ''
FROM his_schedule s
CROSS JOIN generate_series(%(first)s::date, %(last)s::date, interval '1 day') d
CROSS JOIN generate_series(0, %(a_day)s - 1) n
CROSS JOIN LATERAL (
    SELECT (d::date + time '08:00' + n * make_interval(mins => %(minutes)s))
           AT TIME ZONE 'Europe/Warsaw' AS start
) t
WHERE s.organisation_id = %(organisation)s
"""


def open_slots(house: House, *, days: int, a_day: int) -> int:
    """Visible slots one after the other from 08:00 on, from tomorrow; how many. Past the outbox:
    nobody is told.
    """
    tomorrow = clock.today(house.unit.tz) + timedelta(days=1)
    with connection.cursor() as cursor:
        cursor.execute(
            _SLOTS,
            {
                "organisation": house.organisation.pk,
                "channel": CHANNEL,
                "minutes": SLOT_MINUTES,
                "first": tomorrow,
                "last": tomorrow + timedelta(days=days - 1),
                "a_day": a_day,
            },
        )
        return int(cursor.rowcount)


def days_of(weeks: int) -> int:
    """From tomorrow to the last date that the portal takes: one less than these weeks have."""
    return 7 * weeks - 1


def register_patients(house: House, number: int) -> list[Patient]:
    return [
        patients.register(
            organisation=house.organisation,
            data=patients.PatientData(
                given_name="Łucja",
                family_name=f"Zmyślona {n:03d}",
                email=f"lucja{n}@example.org",
                phone=f"+48600{n:06d}",
            ),
            by=BY,
        )
        for n in range(number)
    ]


def connect(house: House, base_url: str) -> Account:
    """The account as it is after the first synchronisation and the five mappings, all days of
    every listing due now. Written as rows: the portal is not asked.
    """
    account = accounts.account_for(organisation=house.organisation, channel=CHANNEL)
    accounts.configure(
        account=account,
        login=BY,
        password=BY,
        settings={"base_url": base_url, "delivery": "push", "services": "portal"},
        by=BY,
    )
    Account.objects.filter(pk=account.pk).update(
        state=Account.State.READY, catalogue_due_at=None, pull_due_at=None
    )
    account.refresh_from_db()
    _link(account, house)
    listings.refresh(account)
    while fanout.fan_out():
        pass
    Listing.objects.filter(account=account).update(
        patrol_due_at=clock.now() + timedelta(days=1)
    )  # fmt: skip
    ask_all(account)
    return account


def _link(account: Account, house: House) -> None:
    def item(kind: ItemKind, name: str, **parents: str) -> CatalogueItem:
        return CatalogueItem(
            organisation=house.organisation, account=account, kind=kind, name=name,
            external_id=f"{kind}-{name}", seen_at=clock.now(), **parents,
        )  # fmt: skip

    facility = item(ItemKind.FACILITY, "1")
    place = item(ItemKind.PLACE, "1")
    service = item(ItemKind.SERVICE, "1")
    linked: list[tuple[links.Record, CatalogueItem]]
    linked = [(house.unit, facility), (house.clinic, place), (house.service, service)]
    others = []
    for number, person in enumerate(house.practitioners):
        doctor = item(ItemKind.DOCTOR, str(number), facility=facility.external_id)
        address = item(
            ItemKind.ADDRESS, str(number), facility=facility.external_id,
            doctor=doctor.external_id, place=place.external_id,
        )  # fmt: skip
        offered = item(
            ItemKind.ADDRESS_SERVICE, str(number), facility=facility.external_id,
            doctor=doctor.external_id, address=address.external_id, service=service.external_id,
        )  # fmt: skip
        linked.append((person, doctor))
        others += [address, offered]
    CatalogueItem.objects.bulk_create([*(found for _, found in linked), *others])
    Link.objects.bulk_create(
        Link(
            organisation=house.organisation, account=account, item=found, made_at=clock.now(),
            made_by=BY, **{type(record).__name__.lower(): record},
        )
        for record, found in linked
    )  # fmt: skip


def link_by_name(account: Account, house: House) -> None:
    """The five mappings as a person makes them, from a catalogue that was read."""
    records: list[links.Record] = [house.unit, house.clinic, house.service, *house.practitioners]
    for record in records:
        items = CatalogueItem.objects.filter(
            account=account, kind=links.COUNTERPART[type(record)]
        )  # fmt: skip
        if isinstance(record, Practitioner):
            items = items.filter(name__contains=record.family_name)
        links.link(account=account, record=record, item_id=items.get().pk, by=BY)


def link_at_once(account: Account, house: House) -> None:
    """The same as rows, for a house so large that nobody would do it one by one."""
    named = {item.name: item for item in CatalogueItem.objects.filter(
        account=account, kind=ItemKind.DOCTOR
    )}  # fmt: skip
    pairs: list[tuple[links.Record, CatalogueItem]] = [
        (record, CatalogueItem.objects.get(account=account, kind=links.COUNTERPART[type(record)]))
        for record in (house.unit, house.clinic, house.service)
    ]
    pairs += [(each, named[each.full_name]) for each in house.practitioners]
    Link.objects.bulk_create(
        Link(
            organisation=house.organisation, account=account, item=item, made_at=clock.now(),
            made_by=BY, **{type(record).__name__.lower(): record},
        )
        for record, item in pairs
    )  # fmt: skip
    listings.refresh(account)


def ask_all(account: Account) -> None:
    """Every day of the account is due now, and nobody knows what the portal shows."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE sync_listingday d SET asked = answered + 1, told = NULL, due_at = %s"
            " FROM sync_listing l WHERE l.id = d.listing_id AND l.account_id = %s",
            [clock.now(), account.pk],
        )
    forget_requests(account)


def forget_requests(account: Account) -> None:
    """As if the portal had taken no request lately: a repeated benchmark must not wait for it."""
    Listing.objects.filter(account=account).update(recent={})
    Account.objects.filter(pk=account.pk).update(writes_limit=0, writes_reset_at=None)


def plain_connection(rows: Any = tuple_row) -> psycopg.Connection[Any]:
    """To the hub's database, without Django: what floors are measured by."""
    parameters = connection.get_connection_params()
    for name in ("cursor_factory", "context", "row_factory"):
        parameters.pop(name, None)
    return psycopg.connect(**parameters, row_factory=rows)


def analyse() -> None:
    """Statistics as autovacuum would have made them by and by."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def register_at_portal(house: House) -> Seeded:
    """The clinic's profile in the sandbox: every practitioner at one place, with the service."""
    offered = ServiceSeed(house.service.name, 200_00, SLOT_MINUTES)
    place = AddressSeed(name=house.unit.name, street=STREET, city_name="Lipowo", services=[offered])
    doctors = [
        DoctorSeed(name=each.given_name, surname=each.family_name, addresses=[place])
        for each in house.practitioners
    ]
    return seed(house.organisation.name, doctors)
