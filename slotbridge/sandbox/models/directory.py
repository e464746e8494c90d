"""Who can be booked, where and for what: the portal's directory."""

from uuid import uuid4

from django.db import models
from django.utils.functional import cached_property

from slotbridge.kit import clock

NFZ = 13  # the public insurer's id, the same everywhere (behaviour.md section 5)


class Facility(models.Model):
    """A clinic's profile. It may stand for several places: an address says where."""

    key = models.UUIDField(default=uuid4, unique=True, editable=False)
    name = models.CharField(max_length=200)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.name


class Doctor(models.Model):
    key = models.UUIDField(default=uuid4, unique=True, editable=False)
    name = models.CharField(max_length=100)
    surname = models.CharField(max_length=100)
    specialization = models.CharField(max_length=100, blank=True)
    license_number = models.CharField(max_length=40, blank=True)
    facilities = models.ManyToManyField(Facility, related_name="doctors")

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.name} {self.surname}"


def no_extra_fields() -> dict[str, bool]:
    """What an address demands of a patient besides name and phone: booking_extra_fields."""
    return {"gender": False, "nin": False, "birth_date": False}


class Address(models.Model):
    """One doctor at one place of one facility: the anchor of calendar, services and bookings."""

    class Commercial(models.TextChoices):
        PREMIUM = "premium"
        SAAS_ONLY = "saas-only"
        BASIC = "basic"

    class Calendar(models.TextChoices):
        NONE = ""
        ENABLED = "enabled"
        DISABLED = "disabled"

    key = models.UUIDField(default=uuid4, unique=True, editable=False)
    facility = models.ForeignKey(Facility, models.CASCADE, related_name="addresses")
    doctor = models.ForeignKey(Doctor, models.CASCADE, related_name="addresses")
    name = models.CharField(max_length=200, blank=True)
    street = models.CharField(max_length=200, blank=True)
    post_code = models.CharField(max_length=20, blank=True)
    city_name = models.CharField(max_length=100, blank=True)
    is_online_only = models.BooleanField(default=False)
    insurance_support = models.CharField(max_length=30, default="private")
    commercial_type = models.CharField(
        max_length=10, choices=Commercial, default=Commercial.PREMIUM
    )
    calendar = models.CharField(max_length=10, choices=Calendar, default=Calendar.NONE, blank=True)
    is_disabled = models.BooleanField(default=False)  # no calendar can be enabled: 400
    is_locked = models.BooleanField(default=False)  # the calendar may be read, not changed: 403
    extra_fields = models.JSONField(default=no_extra_fields)
    takes_payment = models.BooleanField(default=False)  # visits here are paid online, beforehand
    # Whose account the money goes to; a visit that is paid for cannot move to another one.
    payment_account = models.CharField(max_length=40, blank=True)
    # Asked for by removeAddressIntegration; from then on the API does not know the address.
    integration_ends_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return ", ".join(part for part in (self.name, self.street, self.city_name) if part)

    @property
    def is_integrated(self) -> bool:
        """False from the moment a removed integration ends: the API knows it no more."""
        return self.integration_ends_at is None or self.integration_ends_at > clock.now()

    @property
    def takes_private(self) -> bool:
        """Patients may come here who pay alone."""
        return self.insurance_support != "insurance"

    @cached_property
    def takes_nfz(self) -> bool:
        """Patients may come here on the public insurer's account."""
        return self.insurance_support != "private" and self.insurances.filter(provider=NFZ).exists()

    @property
    def is_commercial(self) -> bool:
        """Only a premium address can have an active calendar (behaviour.md section 6)."""
        return self.commercial_type == self.Commercial.PREMIUM


class Service(models.Model):
    """A dictionary service, shared by the whole marketplace."""

    name = models.CharField(max_length=200, unique=True)
    specialization_id = models.IntegerField(null=True)
    is_diagnostic = models.BooleanField(default=False)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.name


class AddressService(models.Model):
    """A service at exactly one address; elsewhere its id is an error."""

    address = models.ForeignKey(Address, models.CASCADE, related_name="services")
    service = models.ForeignKey(Service, models.PROTECT, null=True)
    price_minor = models.BigIntegerField(null=True)  # grosze; the API shows whole złoty
    is_price_from = models.BooleanField(default=False)
    is_default = models.BooleanField(default=False)
    is_visible = models.BooleanField(default=True)
    default_duration = models.PositiveIntegerField(default=30)  # minutes
    description = models.TextField(blank=True)
    custom_name = models.CharField(max_length=200, blank=True)
    minimum_age = models.PositiveIntegerField(null=True)
    maximum_age = models.PositiveIntegerField(null=True)

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("address", "service"), name="sandbox_service_once_per_address"
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return self.custom_name or (self.service.name if self.service else "")

    @property
    def price(self) -> int | None:
        """Whole units; decimals are cut off (behaviour.md section 5)."""
        return None if self.price_minor is None else self.price_minor // 100
