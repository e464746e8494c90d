"""A clinic for the pages' tests: two units, three clinics, four people, services with prices.

The portal's catalogue is stored as a synchronisation would; no portal is spoken to.
"""

from datetime import date, time, timedelta

from django.db import transaction

from slotbridge.his import catalogue, organisation, patients, slots, staff, visits
from slotbridge.his.models import Channel
from slotbridge.his.patients import PatientData
from slotbridge.kit import clock
from slotbridge.sync import accounts, links
from slotbridge.sync import catalogue as portal_catalogue
from slotbridge.sync.contract import CatalogueRecord, ItemKind
from slotbridge.sync.models import Account, CatalogueItem
from tests.factories import PASSWORD, UserFactory

CHANNEL = "znanylekarz"
PORTAL = "ZnanyLekarz"
MEDIHOST = "medihost"
PEOPLE = [
    ("dr n. med.", "Gniewko", "Źrebiec", "9000001"),
    ("lek.", "Żaneta", "Ćwikła-Nowak", "9000002"),
    ("lek.", "Bożydar", "Ździebło", "9000003"),
    ("mgr", "Hazel", "O’Brackett", ""),
]
RECORDS = [
    CatalogueRecord(ItemKind.FACILITY, "f1", "Lecznica Pod Lipą"),
    CatalogueRecord(ItemKind.FACILITY, "f2", "Lecznica Pod Lipą, filia"),
    CatalogueRecord(
        ItemKind.PLACE, "p1", "Lecznica Pod Lipą", facility="f1",
        data={"detail": "ul. Wymyślona 7, Lipowo"},
    ),
    CatalogueRecord(
        ItemKind.PLACE, "p2", "Filia", facility="f2", data={"detail": "ul. Zmyślona 2, Lipowo"}
    ),
    CatalogueRecord(ItemKind.DOCTOR, "d1", "dr n. med. Gniewko Źrebiec", facility="f1"),
    CatalogueRecord(ItemKind.DOCTOR, "d2", "lek. Żaneta Ćwikła-Nowak", facility="f1"),
    CatalogueRecord(
        ItemKind.ADDRESS, "a1", "Lecznica Pod Lipą", facility="f1", doctor="d1", place="p1"
    ),
    CatalogueRecord(
        ItemKind.ADDRESS, "a2", "Lecznica Pod Lipą", facility="f1", doctor="d2", place="p1"
    ),
    CatalogueRecord(ItemKind.SERVICE, "s1", "Konsultacja kardiologiczna"),
    CatalogueRecord(ItemKind.SERVICE, "s2", "Echo serca"),
    CatalogueRecord(
        ItemKind.ADDRESS_SERVICE, "as1", "Konsultacja kardiologiczna", facility="f1",
        doctor="d1", address="a1", service="s1",
    ),
    CatalogueRecord(
        ItemKind.ADDRESS_SERVICE, "as2", "Konsultacja kardiologiczna", facility="f1",
        doctor="d2", address="a2", service="s1",
    ),
]  # fmt: skip


class House:
    def __init__(self, name="Lecznica Pod Lipą"):
        self.by = "tests"
        self.organisation = organisation.create_organisation(name=name, by="tests")
        self.channel = organisation.add_channel(
            organisation=self.organisation, code=CHANNEL, name=PORTAL, by="tests"
        )
        self.units = [
            organisation.add_unit(
                organisation=self.organisation,
                name=unit,
                street=street,
                post_code="00-000",
                city="Lipowo",
                by="tests",
            )
            for unit, street in [
                ("Przychodnia przy Rynku", "ul. Wymyślona 7"),
                ("Przychodnia Zarzecze", "ul. Zmyślona 2"),
            ]
        ]
        self.unit = self.units[0]
        self.clinics = [
            organisation.add_clinic(unit=unit, name=clinic, specialty=specialty, by="tests")
            for unit, clinic, specialty in [
                (self.units[0], "Poradnia kardiologiczna", "kardiologia"),
                (self.units[0], "Poradnia dermatologiczna", "dermatologia"),
                (self.units[1], "Poradnia kardiologiczna Zarzecze", "kardiologia"),
            ]
        ]
        self.clinic = self.clinics[0]
        self.rooms = [
            staff.add_room(unit=self.unit, name=f"Gabinet {n}", by="tests") for n in (1, 2)
        ]
        self.people = [
            staff.add_practitioner(
                organisation=self.organisation,
                title=title,
                given_name=given,
                family_name=family,
                licence_number=licence,
                by="tests",
            )
            for title, given, family, licence in PEOPLE
        ]
        self.services = [
            catalogue.add_service(
                organisation=self.organisation, name=service, duration_minutes=minutes, by="tests"
            )
            for service, minutes in [
                ("Konsultacja kardiologiczna", 30),
                ("Echo serca", 20),
                ("Konsultacja dermatologiczna", 20),
            ]
        ]
        self.service = self.services[0]
        self.schedules = [
            slots.add_schedule(clinic=clinic, practitioner=person, by="tests")
            for clinic, person in [
                (self.clinics[0], self.people[0]),
                (self.clinics[0], self.people[1]),
                (self.clinics[1], self.people[2]),
                (self.clinics[2], self.people[0]),
            ]
        ]
        self.schedule = self.schedules[0]

    # --- people ---

    def user(self, role="administrator", **more):
        found = self.organisation.users.filter(role=role, **more).first()
        return found or UserFactory(
            organisation=self.organisation,
            role=role,
            username=f"{role}-{self.organisation.pk}",
            **more,
        )

    def patient(self, given="Jagna", family="Borówka", **more):
        return patients.register(
            organisation=self.organisation,
            data=PatientData(given_name=given, family_name=family, **more),
            by="tests",
        )

    # --- the portal ---

    @property
    def account(self):
        return accounts.account_for(organisation=self.organisation, channel=CHANNEL)

    def configure(self):
        """Login and password are there; the first synchronisation has begun."""
        accounts.configure(
            account=self.account, login="lecznica", password="tajne-haslo-portalu", by="tests"
        )

    def synchronise(self, records=RECORDS):
        if self.account.state == Account.State.UNCONFIGURED:
            self.configure()
        with transaction.atomic():
            portal_catalogue.store(self.account, records)

    def item(self, external_id):
        return CatalogueItem.objects.get(account=self.account, external_id=external_id)

    def link(self, record, external_id):
        links.link(
            account=self.account, record=record, item_id=self.item(external_id).pk, by="tests"
        )

    def connect(self):
        """All that a slot of the first two people needs to be shown."""
        self.synchronise()
        self.link(self.unit, "f1")
        self.link(self.clinic, "p1")
        self.link(self.people[0], "d1")
        self.link(self.people[1], "d2")
        self.link(self.service, "s1")
        self.price_list()

    def price_list(self, clinic=None, name="Cennik 2026", amount=20000, *, used=True, **days):
        made = catalogue.add_price_list(
            clinic=clinic or self.clinic,
            name=name,
            valid_from=days.get("valid_from"),
            valid_to=days.get("valid_to"),
            by="tests",
        )
        catalogue.set_price(price_list=made, service=self.service, amount_minor=amount, by="tests")
        if used:
            catalogue.use_price_list(price_list=made, channel=CHANNEL, by="tests")
        return made

    # --- time ---

    @property
    def today(self) -> date:
        return clock.today(self.unit.tz)

    def at(self, wall, days=0):
        return clock.at(self.today + timedelta(days=days), time.fromisoformat(wall), self.unit.tz)

    def open(
        self, wall="09:00", count=4, minutes=30, days=0, *, schedule=None, visible=False, on=CHANNEL
    ):
        first, step = self.at(wall, days), timedelta(minutes=minutes)
        return slots.open_slots(
            schedule=schedule or self.schedule,
            ranges=[(first + n * step, first + (n + 1) * step) for n in range(count)],
            channels=[on] if visible else [],
            by="tests",
        )

    def book(self, slot, patient=None, **more):
        return visits.book_visit(
            schedule=slot.schedule,
            start=slot.start,
            end=slot.end,
            patient=patient or self.patient(),
            service=self.service,
            by=more.pop("by", "tests"),
            **more,
        )

    def medihost(self):
        """A second channel, of the family that exchanges documents."""
        rows = Channel.objects.filter(organisation=self.organisation, code=MEDIHOST)
        return rows.first() or organisation.add_channel(
            organisation=self.organisation, code=MEDIHOST, name="Medihost", by="tests"
        )

    def orders(self, count=1, *, wall="09:00", schedule=None):
        """Free times that patients of Medihost may order."""
        self.medihost()
        return self.open(wall, count, schedule=schedule, visible=True, on=MEDIHOST)

    def order(self, slot, patient=None):
        """What a patient of Medihost ordered; it clashes where the time is not free any more."""
        return self.book(
            slot, patient, channel=MEDIHOST, proposed=True, keep_clash=True, by=MEDIHOST
        )

    def clash(self, slot):
        """A visit, and one that the portal has confirmed on the same time."""
        first = self.book(slot)
        second = self.book(
            slot, self.patient("Zbigniew", "Pędzel"), channel=CHANNEL, keep_clash=True, by=CHANNEL
        )
        return first, second


__all__ = ["CHANNEL", "MEDIHOST", "PASSWORD", "PORTAL", "RECORDS", "House"]
