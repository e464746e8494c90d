"""Calendars at portals, and what each of their days was told."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Q

from slotbridge.his.models import Practitioner, Schedule
from slotbridge.his.models.base import Owned
from slotbridge.sync.contract import ListingRef
from slotbridge.sync.models.accounts import Account


class Listing(Owned):
    """One calendar of the portal that we fill: a doctor's address there (ADR 7).

    It may show several schedules: a practitioner's clinics in one house share one address at the
    portal, and a date is replaced whole, so they are told together.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="listings")
    practitioner = models.ForeignKey(
        Practitioner, on_delete=models.PROTECT, related_name="listings"
    )
    facility = models.CharField(max_length=100)
    doctor = models.CharField(max_length=100)
    address = models.CharField(max_length=100)
    time_zone = models.CharField(max_length=60)
    is_active = models.BooleanField(default=True)  # False: being emptied, or empty for good
    # Digests of requests the portal took lately, with times: equal ones would be ignored.
    recent = models.JSONField(default=dict, blank=True)
    patrol_due_at = models.DateTimeField()
    patrolled_at = models.DateTimeField(null=True)
    last_told_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)  # failures in a row
    failing_since = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True)
    # Full is told, empty is held: days that all vanished at once wait for a person.
    held_since = models.DateTimeField(null=True)
    release_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="listing_of_organisation"),
            models.UniqueConstraint(
                fields=["organisation", "account", "address"], name="listing_of_an_address"
            ),
        ]

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def ref(self) -> ListingRef:
        return ListingRef(self.facility, self.doctor, self.address, self.tz)


class ListingSchedule(Owned):
    """A schedule shown on a listing."""

    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="shown")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="listings")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "account", "schedule"],
                name="schedule_on_one_listing_an_account",
            )
        ]


class ListingService(Owned):
    """A service at a listing's address there, and what it was told: the row is the work (A16-A31).

    Services that the portal has and we did not make are here too, with `is_ours` false: they are
    left alone until staff say otherwise.
    """

    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="services")
    service = models.CharField(max_length=100)  # of the portal's dictionary
    external_id = models.CharField(max_length=100, blank=True)  # address service; "": not there
    is_ours = models.BooleanField(default=False)  # made by us, or given to us by staff
    given_by = models.CharField(max_length=150, blank=True)  # who said that it may be changed
    asked = models.BigIntegerField(default=1)
    answered = models.BigIntegerField(default=0)
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()
    # contract.ServiceAtAddress as told; null: not known what it is there.
    told = models.JSONField(null=True)
    told_at = models.DateTimeField(null=True)
    doubt_since = models.DateTimeField(null=True)  # an addition whose outcome is not known
    attempts = models.PositiveIntegerField(default=0)
    drifts = models.PositiveSmallIntegerField(default=0)  # found changed there, in a row
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["listing", "due_at"],
                condition=Q(asked__gt=models.F("answered")),
                name="listing_service_due",
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "listing", "service"], name="listing_service"
            ),
            models.CheckConstraint(
                condition=Q(asked__gte=models.F("answered")), name="listing_service_not_ahead"
            ),
        ]


class ListingDay(Owned):
    """One day of a listing: the row is the work. Due while `asked` is ahead of `answered`."""

    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    asked = models.BigIntegerField(default=1)
    answered = models.BigIntegerField(default=0)
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()
    # Periods as told, as periods.to_json writes them; null: not known what it shows.
    told = models.JSONField(null=True)
    told_at = models.DateTimeField(null=True)
    drifts = models.PositiveSmallIntegerField(default=0)  # found changed there, in a row
    problem = models.CharField(max_length=300, blank=True)  # parked with this reason

    class Meta:
        indexes = [
            models.Index(
                fields=["listing", "due_at"],
                condition=Q(asked__gt=models.F("answered")),
                name="listing_day_due",
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "listing", "day"], name="listing_day"),
            models.CheckConstraint(
                condition=Q(asked__gte=models.F("answered")), name="listing_day_not_ahead"
            ),
        ]
