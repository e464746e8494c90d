"""What portals are to know of visits, their own claims on them, and what they told us."""

from __future__ import annotations

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from slotbridge.his.models import Visit
from slotbridge.his.models.base import Owned, random_id
from slotbridge.sync.models.accounts import Account
from slotbridge.sync.models.calendars import Listing


class VisitTarget(Owned):
    """What an account is to know of one visit, and what it knows. `doubt` is promise 5."""

    class Told(models.TextChoices):
        NOTHING = "", _("nothing")
        BOOKING = "booking", _("as a booking")
        BREAK = "break", _("as a break")
        BUSY = "busy", _("as occupied time")

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
    # A break only because its service was not to be had there: a booking once it is.
    lacks_service = models.BooleanField(default=False, db_default=False)
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
    # Details of the booking that were told there (A45): "present", "absent", or "".
    told_presence = models.CharField(max_length=10, blank=True)
    told_confirmed = models.BooleanField(default=False)
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

    public_id = models.UUIDField(db_default=RandomUUID(), unique=True, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="bookings")
    external_id = models.CharField(max_length=100)
    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, null=True, related_name="bookings")
    listing = models.ForeignKey(Listing, on_delete=models.PROTECT, null=True, related_name="+")
    facility = models.CharField(max_length=100, blank=True)
    doctor = models.CharField(max_length=100, blank=True)
    address = models.CharField(max_length=100, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.BOOKED)
    # Of an order (exchange.contract.OrderState): as the portal is known to have it, and what staff
    # answered to one that has no visit here. "" for what portals book by themselves.
    order_state = models.CharField(max_length=10, blank=True)
    answer = models.CharField(max_length=10, blank=True)
    booked_by = models.CharField(max_length=10, blank=True)  # contract.By
    start = models.DateTimeField(null=True)
    end = models.DateTimeField(null=True)
    replaced_by = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="replaces"
    )
    problem = models.CharField(max_length=300, blank=True)  # why it has no visit
    sealed_data = models.BinaryField(null=True)
    seen_at = models.DateTimeField()
    # What the portal says of it: shown beside what we know of the visit ourselves (A59).
    is_confirmed = models.BooleanField(default=False)
    presence = models.CharField(max_length=10, blank=True)  # "present", "absent", or ""
    pay_until = models.DateTimeField(null=True)  # cancelled there by itself if unpaid until then
    said_at = models.DateTimeField(null=True)  # of the newest notification of such details
    # A booking without a visit that staff cancel at the portal (A48). `cancel_due_at` is empty
    # where nothing is to be done; a doubt is a cancellation whose answer was lost (promise 5).
    cancel_reason = models.CharField(max_length=300, blank=True)
    cancel_due_at = models.DateTimeField(null=True)
    cancel_attempts = models.PositiveIntegerField(default=0)
    cancel_doubt_since = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["listing", "start"], name="booking_listing_start"),
            models.Index(
                fields=["account", "cancel_due_at"],
                condition=Q(cancel_due_at__isnull=False),
                name="booking_to_cancel",
            ),
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


class PatrolReport(Owned):
    """A comparison of one listing, three ways: what the HIS wants, what was told, what is there.

    One that finds what the one before found is put down in its row, as are all of a day that only
    compare. `found` counts by kind, `left` what waits for a person; kept for 30 days.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="patrols")
    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="patrols")
    at = models.DateTimeField()  # of the last that this row stands for
    since = models.DateTimeField(null=True)  # of the first
    rounds = models.PositiveIntegerField(default=1)  # how many they are
    took_ms = models.PositiveIntegerField(default=0)
    reads = models.PositiveIntegerField(default=0)
    is_shadow = models.BooleanField(default=False)  # nothing was changed on either side
    # Starts, bookings and breaks that either side has, and how many are not alike: of all rounds.
    compared = models.PositiveBigIntegerField(default=0)
    differing = models.PositiveBigIntegerField(default=0)
    found = models.JSONField(default=dict, blank=True)  # {Difference.Kind: count}
    left = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [models.Index(fields=["listing", "at"], name="patrols_of_a_listing")]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="patrol_of_organisation"),
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
        BREAK_GONE = "break-gone", _("a break of ours that is missing there")
        SERVICE = "service", _("another service or price than told")

    class Done(models.TextChoices):
        TOLD_AGAIN = "told-again", _("told again")
        TAKEN_OVER = "taken-over", _("taken over")
        REMOVED = "removed", _("removed there")
        LEFT = "left", _("left for a person")
        COMPARED = "compared", _("only compared")

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="differences")
    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="differences")
    report = models.ForeignKey(
        PatrolReport, on_delete=models.CASCADE, null=True, related_name="differences"
    )
    day = models.DateField(null=True)
    kind = models.CharField(max_length=20, choices=Kind)
    done = models.CharField(max_length=20, choices=Done)
    found_at = models.DateTimeField()
    data = models.JSONField(default=dict, blank=True)  # times and ids, never a person

    class Meta:
        indexes = [models.Index(fields=["organisation", "found_at"], name="difference_time")]
