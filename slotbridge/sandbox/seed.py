"""Makes a facility with its people, places, services and a client, in one go."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import transaction

from slotbridge.sandbox import tokens
from slotbridge.sandbox.models import (
    Address,
    AddressService,
    Client,
    Doctor,
    Facility,
    InsurancePlan,
    InsuranceProvider,
    Service,
)
from slotbridge.sandbox.router import DATABASE

# Invented private insurers with their plans; NFZ has none.
PRIVATE_INSURERS = {
    "Zdrowie Plus": ("Podstawowy", "Rodzinny"),
    "Medica Polska": ("Standard", "Komfort", "Premium"),
}


@dataclass(frozen=True, slots=True)
class ServiceSeed:
    name: str
    price_minor: int | None = None  # grosze
    minutes: int = 30


@dataclass(frozen=True, slots=True)
class AddressSeed:
    name: str = ""
    street: str = ""
    post_code: str = ""
    city_name: str = ""
    is_online_only: bool = False
    commercial_type: str = "premium"
    services: Sequence[ServiceSeed] = ()


@dataclass(frozen=True, slots=True)
class DoctorSeed:
    name: str
    surname: str
    specialization: str = ""
    license_number: str = ""
    addresses: Sequence[AddressSeed] = (AddressSeed(),)


@dataclass(frozen=True, slots=True)
class Credentials:
    """The only time the secret is seen: its hash is kept."""

    client: Client
    client_id: str
    client_secret: str


@dataclass(frozen=True, slots=True)
class Seeded:
    facility: Facility
    credentials: Credentials
    doctors: list[Doctor] = field(default_factory=list)
    addresses: list[Address] = field(default_factory=list)  # in the order they were named


def hand_out_credentials(facilities: Sequence[Facility], name: str) -> Credentials:
    """A new client for these facilities, with defaults everywhere."""
    secret = secrets.token_urlsafe(32)
    client = Client.objects.create(
        name=name,
        client_id=secrets.token_hex(16),
        secret_hash=tokens.digest(secret),
    )
    client.facilities.set(facilities)
    return Credentials(client, client.client_id, secret)


@transaction.atomic(using=DATABASE)
def seed(
    facility_name: str, doctors: Sequence[DoctorSeed], *, client_name: str = "Integration"
) -> Seeded:
    """One facility with everything in it, and credentials for it."""
    lay_insurers()
    facility = Facility.objects.create(name=facility_name)
    made = Seeded(facility, hand_out_credentials([facility], client_name))
    for wanted in doctors:
        doctor = Doctor.objects.create(
            name=wanted.name,
            surname=wanted.surname,
            specialization=wanted.specialization,
            license_number=wanted.license_number,
        )
        doctor.facilities.add(facility)
        made.doctors.append(doctor)
        made.addresses.extend(add_address(facility, doctor, each) for each in wanted.addresses)
    return made


def add_address(facility: Facility, doctor: Doctor, wanted: AddressSeed) -> Address:
    address = Address.objects.create(
        facility=facility,
        doctor=doctor,
        name=wanted.name or facility.name,
        street=wanted.street,
        post_code=wanted.post_code,
        city_name=wanted.city_name,
        is_online_only=wanted.is_online_only,
        commercial_type=wanted.commercial_type,
    )
    for number, each in enumerate(wanted.services):
        service, _made = Service.objects.get_or_create(name=each.name)
        AddressService.objects.create(
            address=address,
            service=service,
            price_minor=each.price_minor,
            default_duration=each.minutes,
            is_default=number == 0,
        )
    return address


def lay_insurers() -> None:
    """The dictionary of insurers, where it is not there yet."""
    InsuranceProvider.objects.get_or_create(pk=InsuranceProvider.NFZ, defaults={"name": "NFZ"})
    for name, plans in PRIVATE_INSURERS.items():
        insurer, _made = InsuranceProvider.objects.get_or_create(name=name)
        for plan in plans:
            InsurancePlan.objects.get_or_create(provider=insurer, name=plan)
