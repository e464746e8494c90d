"""What portals should show, what they were told, and what they told us."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from slotbridge.his.models import Clinic, Practitioner, Schedule, Service, Unit, Visit
from slotbridge.his.models.base import Owned, exactly_one, random_id
from slotbridge.sync.contract import ListingRef


class Account(Owned):
    """An organisation's access to one portal. The lease on this row is its one voice."""

    class State(models.TextChoices):
        UNCONFIGURED = "unconfigured", _("not configured")
        SYNCHRONISING = "synchronising", _("synchronising")
        READY = "ready", _("running")
        FAILED = "failed", _("failed")
        REJECTED = "rejected", _("login or password refused")
        PAUSED = "paused", _("paused")
        SWITCHING_OFF = "switching-off", _("withdrawing slots")
        OFF = "off", _("switched off")

    public_id = models.UUIDField(default=random_id, unique=True, editable=False)
    channel = models.SlugField(max_length=30)
    kind = models.CharField(max_length=30)  # no choices: a new portal needs no migration
    state = models.CharField(max_length=20, choices=State, default=State.UNCONFIGURED)
    state_since = models.DateTimeField()
    reason = models.CharField(max_length=300, blank=True)  # of FAILED, REJECTED; English source

    login = models.CharField(max_length=200, blank=True)
    sealed_password = models.BinaryField(null=True)
    password_set_at = models.DateTimeField(null=True)
    settings = models.JSONField(default=dict, blank=True)
    # The notification address (R8, A7): found by digest, shown again from the sealed copy.
    hook_digest = models.CharField(max_length=64, unique=True)
    sealed_hook = models.BinaryField()
    sealed_header_key = models.BinaryField(null=True)
    sealed_token = models.BinaryField(null=True)
    token_expires_at = models.DateTimeField(null=True)

    catalogue_due_at = models.DateTimeField(null=True)
    catalogue_read_at = models.DateTimeField(null=True)
    catalogue_counts = models.JSONField(default=dict, blank=True)

    lease_owner = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True)
    lease_number = models.BigIntegerField(default=0)  # grows with each lease: who lost it knows
    pull_due_at = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)  # the portal asked us to wait, or is down
    failures = models.PositiveIntegerField(default=0)  # in a row
    failing_since = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True)

    writes_limit = models.PositiveIntegerField(default=0)  # of the current window
    writes_left = models.IntegerField(default=0)
    writes_reset_at = models.DateTimeField(null=True)
    last_read_at = models.DateTimeField(null=True)  # good ones
    last_write_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="account_of_organisation"),
            models.UniqueConstraint(
                fields=["organisation", "channel"], name="one_account_a_channel"
            ),
        ]

    def __str__(self) -> str:
        return f"account {self.pk}"


class CatalogueItem(Owned):
    """A record that the portal has. Kept when it vanishes: links point here (A22)."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="items")
    kind = models.CharField(max_length=20)  # contract.ItemKind
    external_id = models.CharField(max_length=100)
    name = models.CharField(max_length=300)
    facility = models.CharField(max_length=100, blank=True)
    doctor = models.CharField(max_length=100, blank=True)
    address = models.CharField(max_length=100, blank=True)
    place = models.CharField(max_length=100, blank=True)  # of an address
    service = models.CharField(max_length=100, blank=True)  # of an address service
    data = models.JSONField(default=dict, blank=True)
    seen_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["account", "kind", "doctor", "address"], name="catalogue_parents")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "id"], name="catalogue_item_of_organisation"
            ),
            models.UniqueConstraint(
                fields=["organisation", "account", "kind", "external_id"], name="catalogue_item"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Link(Owned):
    """One record of ours and its counterpart at the portal (R15, R17-R19, A12-A22).

    An ended link stays, as history; an active one whose counterpart is gone is broken.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="links")
    item = models.ForeignKey(CatalogueItem, on_delete=models.PROTECT, related_name="links")
    unit = models.ForeignKey(Unit, on_delete=models.CASCADE, null=True, related_name="links")
    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, null=True, related_name="links")
    practitioner = models.ForeignKey(
        Practitioner, on_delete=models.CASCADE, null=True, related_name="links"
    )
    service = models.ForeignKey(Service, on_delete=models.CASCADE, null=True, related_name="links")
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=150)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=exactly_one("unit", "clinic", "practitioner", "service"),
                name="link_of_one_record",
            ),
            *[
                models.UniqueConstraint(
                    fields=["organisation", "account", field],
                    condition=Q(ended_at__isnull=True),
                    name=f"one_link_a_{field}",
                )
                for field in ("unit", "clinic", "practitioner", "service")
            ],
            models.UniqueConstraint(  # A12: two persons are never one
                fields=["organisation", "account", "item"],
                condition=Q(ended_at__isnull=True, practitioner__isnull=False),
                name="one_practitioner_a_portal_person",
            ),
        ]


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


class ListingDay(Owned):
    """One day of a listing: the row is the work. Due while `asked` is ahead of `answered`."""

    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    asked = models.BigIntegerField(default=1)
    answered = models.BigIntegerField(default=0)
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()
    # Periods as told, [[start, end, [[service, minutes], …]], …]; null: not known what it shows.
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


class VisitTarget(Owned):
    """What an account is to know of one visit, and what it knows. `doubt` is promise 5."""

    class Told(models.TextChoices):
        NOTHING = "", _("nothing")
        BOOKING = "booking", _("as a booking")
        BREAK = "break", _("as a break")

    class Doubt(models.TextChoices):
        NONE = "", _("none")
        BOOK = "book", _("a booking may have been made")
        MOVE = "move", _("a booking may have been moved")
        CANCEL = "cancel", _("a booking may have been cancelled")
        BREAK = "break", _("a break may have been made")

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="targets")
    visit = models.ForeignKey(Visit, on_delete=models.CASCADE, related_name="targets")
    asked = models.BigIntegerField(default=1)
    answered = models.BigIntegerField(default=0)
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()
    told = models.CharField(max_length=10, choices=Told, blank=True, default=Told.NOTHING)
    told_listing = models.ForeignKey(Listing, on_delete=models.PROTECT, null=True, related_name="+")
    told_start = models.DateTimeField(null=True)
    told_end = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)
    break_id = models.CharField(max_length=100, blank=True)
    doubt = models.CharField(max_length=10, choices=Doubt, blank=True, default=Doubt.NONE)
    doubt_since = models.DateTimeField(null=True)
    # What was attempted when the doubt arose: listing, start, end.
    tried_listing = models.ForeignKey(
        Listing, on_delete=models.PROTECT, null=True, related_name="+"
    )
    tried_start = models.DateTimeField(null=True)
    tried_end = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=300, blank=True)
    # A42: moved where the portal cannot show it, so its booking was cancelled there.
    call_patient = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(
                fields=["account", "due_at"],
                condition=Q(asked__gt=models.F("answered")),
                name="visit_target_due",
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "account", "visit"], name="visit_target"
            ),
            models.CheckConstraint(
                condition=Q(asked__gte=models.F("answered")), name="visit_target_not_ahead"
            ),
        ]


class Booking(Owned):
    """A portal's claim on a visit. A move there ends one and begins the next (`replaced_by`).

    Without a visit: one that could not be assigned (A48), with the portal's data sealed; or a
    cancellation that came before its booking (A57), remembered so that a late "booked" does not
    revive it.
    """

    class Status(models.TextChoices):
        BOOKED = "booked", _("booked")
        CANCELED = "canceled", _("cancelled")
        MOVED = "moved", _("moved")

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="bookings")
    external_id = models.CharField(max_length=100)
    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, null=True, related_name="bookings")
    listing = models.ForeignKey(Listing, on_delete=models.PROTECT, null=True, related_name="+")
    facility = models.CharField(max_length=100, blank=True)
    doctor = models.CharField(max_length=100, blank=True)
    address = models.CharField(max_length=100, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.BOOKED)
    booked_by = models.CharField(max_length=10, blank=True)  # contract.By
    start = models.DateTimeField(null=True)
    end = models.DateTimeField(null=True)
    replaced_by = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="replaces"
    )
    problem = models.CharField(max_length=300, blank=True)  # why it has no visit
    sealed_data = models.BinaryField(null=True)
    seen_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["listing", "start"], name="booking_listing_start"),
            models.Index(
                fields=["organisation", "start"],
                condition=Q(visit__isnull=True, status="booked"),
                name="booking_unassigned",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="booking_of_organisation"),
            models.UniqueConstraint(
                fields=["organisation", "account", "external_id"], name="booking_external_id"
            ),
            models.UniqueConstraint(
                fields=["organisation", "account", "visit"],
                condition=Q(status="booked", visit__isnull=False),
                name="one_live_booking_a_visit",
            ),
        ]


class InboxMessage(Owned):
    """A notification, kept as it came before anything is done with it."""

    class State(models.TextChoices):
        NEW = "new", _("waiting")
        DONE = "done", _("done")
        PARKED = "parked", _("parked")

    public_id = models.UUIDField(default=random_id, unique=True, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="messages")
    key = models.CharField(max_length=128)
    sealed_body = models.BinaryField()
    way = models.CharField(max_length=10)  # push, pull
    received_at = models.DateTimeField()
    deliveries = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=10, choices=State, default=State.NEW)
    name = models.CharField(max_length=60, blank=True)  # the portal's name of the event
    due_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=300, blank=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["account", "due_at"], condition=Q(state="new"), name="inbox_waiting"
            ),
            models.Index(
                fields=["account", "received_at"], condition=Q(state="parked"), name="inbox_parked"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "account", "key"], name="inbox_message_once"
            )
        ]


class Difference(Owned):
    """What patrol found to differ, and what was done about it (A37, A38)."""

    class Kind(models.TextChoices):
        SLOTS = "slots", _("other free times than told")
        BREAK = "break", _("a break that is not ours")
        BOOKING_HERE = "booking-here", _("a booking that was missing here")
        BOOKING_THERE = "booking-there", _("a booking that is missing there")
        BOOKING_CHANGED = "booking-changed", _("a booking that was changed there")

    class Done(models.TextChoices):
        TOLD_AGAIN = "told-again", _("told again")
        TAKEN_OVER = "taken-over", _("taken over")
        REMOVED = "removed", _("removed there")
        LEFT = "left", _("left for a person")

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="differences")
    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="differences")
    day = models.DateField(null=True)
    kind = models.CharField(max_length=20, choices=Kind)
    done = models.CharField(max_length=20, choices=Done)
    found_at = models.DateTimeField()
    data = models.JSONField(default=dict, blank=True)  # times and ids, never a person

    class Meta:
        indexes = [models.Index(fields=["organisation", "found_at"], name="difference_time")]
