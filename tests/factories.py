"""Rows of the scheduling core, invented, all in one organisation unless told otherwise.

They write rows, past the functions of `his`: a test of a rule calls the function and uses these
for what stands around it. Times lie on the Monday after next of the present clock, 09:00 in the
unit's zone.

    schedule = ScheduleFactory()
    slot = SlotFactory(schedule=schedule, start=at_wall(schedule, 0, "10:00"), minutes=20)
    visit = VisitFactory(slot=slot)
    elsewhere = ScheduleFactory(organisation=OrganisationFactory(name="Inna"))
"""

from datetime import date, datetime, time, timedelta

import factory
from django.contrib.auth.hashers import make_password
from django.db.backends.postgresql.psycopg_any import DateRange

from slotbridge.his import models, names
from slotbridge.kit import clock

CHANNEL = "znanylekarz"
OTHER_CHANNEL = "medihost"
PASSWORD = "kasztany-w-parku"

PEOPLE = [
    ("Łucja", "Świerczyńska"),
    ("Żaneta", "Ćwikła-Nowak"),
    ("Bożydar", "Ździebło"),
    ("Oleg", "Королёв"),
    ("Анна", "Чайкина"),
    ("Hazel", "O’Brackett"),
    ("Gniewko", "Źrebiec"),
    ("Мирон", "Подъёмов"),
    ("Ślązak", "Łąka"),
    ("Perpetua", "Thistlewood"),
]


def a_monday(tz) -> date:
    """The Monday after next, on the present clock."""
    today = clock.today(tz)
    return today + timedelta(days=14 - today.weekday())


def at_wall(schedule, days: int, wall: str) -> datetime:
    """`wall` ("09:30") on the day `days` after `a_monday`, in the zone of the schedule's unit."""
    tz = schedule.clinic.unit.tz
    return clock.at(a_monday(tz) + timedelta(days=days), time.fromisoformat(wall), tz)


class OrganisationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.Organisation
        django_get_or_create = ("name",)
        skip_postgeneration_save = True

    name = "Lecznica Pod Lipą sp. z o.o."
    created_at = factory.LazyFunction(clock.now)

    @factory.post_generation
    def channels(self, _create, extracted, **_):
        for code in extracted or (CHANNEL, OTHER_CHANNEL):
            models.Channel.objects.get_or_create(
                organisation=self, code=code, defaults={"name": code.capitalize()}
            )


class OwnedFactory(factory.django.DjangoModelFactory):
    class Meta:
        abstract = True

    organisation = factory.SubFactory(OrganisationFactory)


def own(related):
    """A related row of the same organisation."""
    return factory.SubFactory(related, organisation=factory.SelfAttribute("..organisation"))


class ChannelFactory(OwnedFactory):
    class Meta:
        model = models.Channel
        django_get_or_create = ("organisation", "code")

    code = CHANNEL
    name = factory.LazyAttribute(lambda o: o.code.capitalize())


class UnitFactory(OwnedFactory):
    class Meta:
        model = models.Unit
        django_get_or_create = ("organisation", "name")

    name = "Przychodnia przy Rynku"
    time_zone = "Europe/Warsaw"
    street = "ul. Wymyślona 7"
    post_code = "00-000"
    city = "Lipowo"


class ClinicFactory(OwnedFactory):
    class Meta:
        model = models.Clinic

    unit = own(UnitFactory)
    name = factory.Sequence(lambda n: f"Poradnia kardiologiczna {n}")
    specialty = "kardiologia"


class PractitionerFactory(OwnedFactory):
    class Meta:
        model = models.Practitioner

    title = "lek."
    given_name = factory.Sequence(lambda n: PEOPLE[n % len(PEOPLE)][0])
    family_name = factory.Sequence(lambda n: PEOPLE[n % len(PEOPLE)][1])
    licence_number = factory.Sequence(lambda n: f"9{n:06d}")
    sort_key = factory.LazyAttribute(lambda o: names.sort_key(o.family_name, o.given_name))


class RoomFactory(OwnedFactory):
    class Meta:
        model = models.Room

    unit = own(UnitFactory)
    name = factory.Sequence(lambda n: f"Gabinet {n}")


class DeviceFactory(OwnedFactory):
    class Meta:
        model = models.Device

    unit = own(UnitFactory)
    name = factory.Sequence(lambda n: f"USG {n}")


class UserFactory(OwnedFactory):
    class Meta:
        model = models.User

    username = factory.Sequence(lambda n: f"rejestracja{n}")
    password = factory.LazyFunction(lambda: make_password(PASSWORD))
    role = models.User.Role.RECEPTIONIST


class ServiceFactory(OwnedFactory):
    class Meta:
        model = models.Service

    name = factory.Sequence(lambda n: f"Konsultacja {n}")
    duration_minutes = 30


class PriceListFactory(OwnedFactory):
    class Meta:
        model = models.PriceList

    clinic = own(ClinicFactory)
    name = factory.Sequence(lambda n: f"Cennik {n}")
    valid = DateRange(date(2020, 1, 1), None)
    currency = "PLN"


class PriceFactory(OwnedFactory):
    class Meta:
        model = models.Price

    price_list = own(PriceListFactory)
    service = own(ServiceFactory)
    amount_minor = 200_00


class PriceListUseFactory(OwnedFactory):
    """The database makes the offered prices."""

    class Meta:
        model = models.PriceListUse

    price_list = own(PriceListFactory)
    channel = CHANNEL
    clinic = factory.SelfAttribute("price_list.clinic")
    valid = factory.SelfAttribute("price_list.valid")
    currency = factory.SelfAttribute("price_list.currency")


class ScheduleFactory(OwnedFactory):
    """Of a practitioner; `ScheduleFactory(practitioner=None, room=RoomFactory())` of a room."""

    class Meta:
        model = models.Schedule

    clinic = own(ClinicFactory)
    practitioner = own(PractitionerFactory)


class WeeklyTemplateFactory(OwnedFactory):
    class Meta:
        model = models.WeeklyTemplate

    schedule = own(ScheduleFactory)


class TemplateVersionFactory(OwnedFactory):
    class Meta:
        model = models.TemplateVersion

    template = own(WeeklyTemplateFactory)
    number = 1
    created_at = factory.LazyFunction(clock.now)


class TemplatePeriodFactory(OwnedFactory):
    class Meta:
        model = models.TemplatePeriod

    version = own(TemplateVersionFactory)
    weekday = 0
    start = time(9)
    end = time(12)
    slot_minutes = 30


class _TimedFactory(OwnedFactory):
    class Meta:
        abstract = True

    class Params:
        minutes = 30

    start = factory.LazyAttribute(lambda o: at_wall(o.schedule, 0, "09:00"))
    end = factory.LazyAttribute(lambda o: o.start + timedelta(minutes=o.minutes))


class SlotFactory(_TimedFactory):
    class Meta:
        model = models.Slot
        skip_postgeneration_save = True

    organisation = factory.SelfAttribute("schedule.organisation")
    schedule = factory.SubFactory(ScheduleFactory)
    practitioner = factory.SelfAttribute("schedule.practitioner")
    room = factory.SelfAttribute("schedule.room")
    device = factory.SelfAttribute("schedule.device")
    day = factory.LazyAttribute(lambda o: clock.day_of(o.start, o.schedule.clinic.unit.tz))

    @factory.post_generation
    def services(self, _create, extracted, **_):
        if extracted:
            self.services.set(extracted)


class AbsenceFactory(OwnedFactory):
    class Meta:
        model = models.Absence

    class Params:
        minutes = 60

    practitioner = own(PractitionerFactory)
    start = factory.LazyFunction(lambda: clock.now() + timedelta(days=1))
    end = factory.LazyAttribute(lambda o: o.start + timedelta(minutes=o.minutes))


class PatientFactory(OwnedFactory):
    class Meta:
        model = models.Patient

    given_name = factory.Sequence(lambda n: PEOPLE[(n + 3) % len(PEOPLE)][0])
    family_name = factory.Sequence(lambda n: PEOPLE[(n + 7) % len(PEOPLE)][1])
    name_key = factory.LazyAttribute(lambda o: names.search_key(o.given_name, o.family_name))
    email = factory.Sequence(lambda n: f"pacjent{n}@poczta.example")
    email_key = factory.LazyAttribute(lambda o: names.email_key(o.email))
    phone = factory.Sequence(lambda n: f"+4860{n:07d}")
    created_at = factory.LazyFunction(clock.now)


class PatientCandidateFactory(OwnedFactory):
    class Meta:
        model = models.PatientCandidate

    patient = own(PatientFactory)
    candidate = own(PatientFactory)
    reason = "email"


class ConsentFactory(OwnedFactory):
    class Meta:
        model = models.Consent

    patient = own(PatientFactory)
    kind = "data-privacy"
    is_given = True
    at = factory.LazyFunction(clock.now)
    source = "reception"


class VisitFactory(_TimedFactory):
    """On `slot`, all of it; or, without a slot, on `schedule` at `start`."""

    class Meta:
        model = models.Visit

    slot = None
    organisation = factory.SelfAttribute("schedule.organisation")
    schedule = factory.LazyAttribute(lambda o: o.slot.schedule if o.slot else ScheduleFactory())
    start = factory.LazyAttribute(
        lambda o: o.slot.start if o.slot else at_wall(o.schedule, 0, "09:00")
    )
    end = factory.LazyAttribute(
        lambda o: o.slot.end if o.slot else o.start + timedelta(minutes=o.minutes)
    )
    clinic = factory.SelfAttribute("schedule.clinic")
    practitioner = factory.SelfAttribute("schedule.practitioner")
    room = factory.LazyAttribute(lambda o: o.slot.room if o.slot else o.schedule.room)
    device = factory.LazyAttribute(lambda o: o.slot.device if o.slot else o.schedule.device)
    patient = own(PatientFactory)
    channels = factory.LazyAttribute(lambda o: list(o.slot.channels) if o.slot else [])
    created_at = factory.LazyFunction(clock.now)
    changed_at = factory.LazyFunction(clock.now)


class HoldFactory(VisitFactory):
    """A `proposed` visit that expires in ten minutes."""

    patient = None
    status = models.Visit.Status.PROPOSED
    expires_at = factory.LazyFunction(lambda: clock.now() + timedelta(minutes=10))


class VisitEventFactory(OwnedFactory):
    class Meta:
        model = models.VisitEvent

    organisation = factory.SelfAttribute("visit.organisation")
    visit = factory.SubFactory(VisitFactory)
    at = factory.LazyFunction(clock.now)
    kind = "booked"
    actor = "rejestracja"
