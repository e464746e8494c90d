"""Builds the invented clinic with the HIS's own functions. Needs django.setup()."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from slotbridge.cli import clinic
from slotbridge.his import catalogue, organisation, patients, slots, staff, templates
from slotbridge.his.models import Clinic, Organisation, Practitioner, Schedule, Service, User
from slotbridge.kit import clock

BY = "seed"
# No letter or digit that looks like another: a password is read off a screen.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Login:
    role: str
    username: str
    password: str


@dataclass(frozen=True)
class Planted:
    """What was built. The passwords are nowhere else in the clear."""

    organisation: Organisation
    logins: list[Login]
    slots: int
    patients: int


def plant() -> Planted:
    """One more organisation with everything in it; slots from today on."""
    number = Organisation.objects.count() + 1
    suffix = "" if number == 1 else f" {number}"
    made = organisation.create_organisation(name=clinic.ORGANISATION + suffix, by=BY)
    for code, name in clinic.CHANNELS:
        organisation.add_channel(organisation=made, code=code, name=name, by=BY)
    services = {
        each.name: catalogue.add_service(
            organisation=made, name=each.name, duration_minutes=each.minutes, by=BY
        )
        for each in clinic.services()
    }
    clinics = _clinics(made, services)
    people = [_person(made, each, clinics) for each in clinic.PEOPLE]
    for known in clinic.PATIENTS:
        _patient(made, known)
    return Planted(
        organisation=made,
        logins=_logins(made, people[0], suffix.strip()),
        slots=sum(_slots(schedule) for schedule in Schedule.objects.filter(organisation=made)),
        patients=len(clinic.PATIENTS),
    )


def _clinics(made: Organisation, services: Mapping[str, Service]) -> dict[str, Clinic]:
    clinics: dict[str, Clinic] = {}
    for site in clinic.SITES:
        unit = organisation.add_unit(
            organisation=made,
            name=site.name,
            street=site.street,
            post_code=site.post_code,
            city=site.city,
            phone=site.phone,
            by=BY,
        )
        for section in site.sections:
            added = organisation.add_clinic(
                unit=unit, name=section.name, specialty=section.specialty, by=BY
            )
            _price_list(added, section, services)
            clinics[section.name] = added
    return clinics


def _price_list(added: Clinic, section: clinic.Section, services: Mapping[str, Service]) -> None:
    prices = catalogue.add_price_list(
        clinic=added, name=f"Cennik: {section.name}", valid_from=None, valid_to=None, by=BY
    )
    for each in section.services:
        catalogue.set_price(
            price_list=prices, service=services[each.name], amount_minor=each.price, by=BY
        )
    catalogue.use_price_list(price_list=prices, channel=clinic.CHANNEL, by=BY)


def _person(
    made: Organisation, person: clinic.Person, clinics: Mapping[str, Clinic]
) -> Practitioner:
    practitioner = staff.add_practitioner(
        organisation=made,
        title=person.title,
        given_name=person.given,
        family_name=person.family,
        licence_number=person.licence,
        by=BY,
    )
    for hours in person.hours:
        schedule = slots.add_schedule(
            clinic=clinics[hours.section], practitioner=practitioner, by=BY
        )
        templates.save_template(
            schedule=schedule,
            periods=[
                templates.PeriodSpec(
                    weekday=day,
                    start=hours.start,
                    end=hours.end,
                    slot_minutes=clinic.section_named(hours.section).slot_minutes,
                    channels=[code for code, _name in clinic.CHANNELS],
                )
                for day in hours.days
            ],
            by=BY,
        )
    return practitioner


def _slots(schedule: Schedule) -> int:
    today = clock.today(schedule.clinic.unit.tz)
    last = today + timedelta(weeks=clinic.WEEKS) - timedelta(days=1)
    return templates.generate_slots(schedule=schedule, first=today, last=last, by=BY).added


def _patient(made: Organisation, known: clinic.Known) -> None:
    patients.register(
        organisation=made,
        data=patients.PatientData(
            given_name=known.given,
            family_name=known.family,
            email=known.email,
            phone=known.phone,
            birth_date=known.born,
            sex=known.sex,
        ),
        by=BY,
    )


def _logins(made: Organisation, practitioner: Practitioner, suffix: str) -> list[Login]:
    logins = []
    for role, username in (
        (User.Role.ADMINISTRATOR, "administrator"),
        (User.Role.RECEPTIONIST, "recepcja"),
        (User.Role.PRACTITIONER, "lekarz"),
    ):
        login = Login(str(role), username + suffix, _password())
        staff.add_user(
            organisation=made,
            username=login.username,
            password=login.password,
            role=role,
            practitioner=practitioner if role == User.Role.PRACTITIONER else None,
            by=BY,
        )
        logins.append(login)
    return logins


def _password() -> str:
    """Random: a clinic that was seeded on a public machine is open to nobody. 60 bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(3))
