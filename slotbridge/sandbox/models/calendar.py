"""What a calendar holds: days of work periods, breaks, bookings."""

from uuid import uuid4

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from slotbridge.sandbox.models.directory import Address, AddressService, Doctor
from slotbridge.sandbox.models.insurance import InsurancePlan, InsuranceProvider


class TsTzRange(Func):
    """[start, end): the bounds PostgreSQL gives by default."""

    function = "TSTZRANGE"


class CalendarDay(models.Model):
    """The work periods of one date. Replaced as a whole, because the portal replaces dates.

    `periods` is [[start, end, [[address service id, minutes], …], insurance_accepted,
    [provider id, …]], …], instants as Unix seconds: single slots are computed from it
    (slotbridge.sandbox.rules) and never stored.
    """

    address = models.ForeignKey(Address, models.CASCADE, related_name="days")
    day = models.DateField()  # in the locale's zone
    periods = models.JSONField()

    class Meta:
        ordering = ("day",)
        constraints = (
            models.UniqueConstraint(fields=("address", "day"), name="sandbox_one_row_per_day"),
        )

    def __str__(self) -> str:
        return f"{self.address_id} {self.day}"


class SlotRequest(models.Model):
    """One accepted PUT slots: being processed until `finished_at`, remembered after it."""

    address = models.ForeignKey(Address, models.CASCADE, related_name="slot_requests")
    digest = models.CharField(max_length=64)  # of the payload, SHA-256
    days = models.JSONField()  # {date: periods as in CalendarDay}; emptied once processed
    due_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("pk",)
        indexes = (models.Index(fields=("address", "digest"), name="sandbox_request_digest"),)
        constraints = (
            models.UniqueConstraint(
                fields=("address", "digest"),
                condition=Q(finished_at=None),
                name="sandbox_request_in_progress",
            ),
        )

    def __str__(self) -> str:
        return f"{self.address_id} {self.digest[:8]}"


class Break(models.Model):
    """Time at an address without patients. Breaks may overlap; an equal one is refused (409)."""

    address = models.ForeignKey(Address, models.CASCADE, related_name="breaks")
    since = models.DateTimeField()
    till = models.DateTimeField()
    description = models.TextField(blank=True)
    # Made together with another break on a coupled address: follows it (contract 1.14.0).
    copy_of = models.ForeignKey("self", models.CASCADE, null=True, related_name="copies")

    class Meta:
        ordering = ("since", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("address", "since", "till", "description"),
                name="sandbox_break_once",  # calendars.add_break: BreakExists
            ),
            models.CheckConstraint(
                condition=Q(till__gt=F("since")), name="sandbox_break_has_length"
            ),
        )

    def __str__(self) -> str:
        return f"{self.since} – {self.till}"


class Booking(models.Model):
    class Status(models.TextChoices):
        BOOKED = "booked"
        CANCELED = "canceled"

    class Actor(models.TextChoices):
        USER = "user"
        DOCTOR = "doctor"
        INTEGRATION = "integration"

    class Presence(models.TextChoices):
        UNKNOWN = ""
        PRESENT = "present"
        ABSENT = "absent"

    key = models.UUIDField(default=uuid4, unique=True, editable=False)  # the patient's link
    address = models.ForeignKey(Address, models.CASCADE, related_name="bookings")
    service = models.ForeignKey(AddressService, models.SET_NULL, null=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.BOOKED)
    start = models.DateTimeField()
    end = models.DateTimeField()
    patient = models.JSONField()  # slotbridge.sandbox.patients.PatientData
    comment = models.TextField(blank=True)
    label = models.TextField(blank=True)
    booked_by = models.CharField(max_length=12, choices=Actor)
    booked_at = models.DateTimeField()
    canceled_by = models.CharField(max_length=12, choices=Actor, blank=True)
    canceled_at = models.DateTimeField(null=True)
    cancel_reason = models.TextField(blank=True)
    is_recurring = models.BooleanField(default=False)  # the patient gets no message of it
    is_confirmed = models.BooleanField(default=False)
    confirmed_by = models.CharField(max_length=5, blank=True)  # user, admin
    presence = models.CharField(
        max_length=7, choices=Presence, default=Presence.UNKNOWN, blank=True
    )
    insurance_provider = models.ForeignKey(InsuranceProvider, models.SET_NULL, null=True)
    insurance_plan = models.ForeignKey(InsurancePlan, models.SET_NULL, null=True)
    # Open text (behaviour.md section 11); empty: nothing is to be paid online.
    payment_status = models.CharField(max_length=40, blank=True)
    payment_due_at = models.DateTimeField(null=True)  # unpaid by then: canceled
    # The chain of moves: the first booking of it (null for the first itself), and the last.
    origin = models.ForeignKey("self", models.CASCADE, null=True, related_name="later")
    moved_from = models.OneToOneField("self", models.CASCADE, null=True, related_name="moved_to")

    class Meta:
        ordering = ("start", "pk")
        indexes = (models.Index(fields=("address", "start"), name="sandbox_booking_start"),)
        constraints = (
            ExclusionConstraint(
                name="sandbox_no_double_booking",  # bookings.create: SlotNotFound
                expressions=[
                    ("address", RangeOperators.EQUAL),
                    (TsTzRange("start", "end"), RangeOperators.OVERLAPS),
                ],
                condition=Q(status="booked"),
            ),
            models.CheckConstraint(
                condition=Q(end__gt=F("start")), name="sandbox_booking_has_length"
            ),
        )

    def __str__(self) -> str:
        return f"{self.pk} {self.start}"

    @property
    def is_active(self) -> bool:
        return self.status == self.Status.BOOKED

    @property
    def minutes(self) -> int:
        return int((self.end - self.start).total_seconds()) // 60


class OpinionRequest(models.Model):
    """A patient asked by SMS to write an opinion. One for a visit (requestOpinion: 409)."""

    doctor = models.ForeignKey(Doctor, models.CASCADE, related_name="opinion_requests")
    booking = models.OneToOneField(Booking, models.CASCADE, related_name="opinion_request")
    phone = models.CharField(max_length=40)
    at = models.DateTimeField()

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.booking_id} at {self.at}"
