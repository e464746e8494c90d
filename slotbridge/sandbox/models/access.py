"""Who calls the API, what they may, what they are told, and what goes wrong on purpose."""

from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from slotbridge.sandbox.models.directory import Facility


def retry_minutes() -> list[int]:
    """Two more attempts, after 5 and 10 minutes, then buried (behaviour.md section 4, b)."""
    return [5, 10]


# Told only to a client that asked for them (behaviour.md section 4, "OI"); all others always.
OPTIONAL_EVENTS = (
    "booking-confirmed",
    "booking-payment-status-changed",
    "break-created",
    "break-moved",
    "break-removed",
    "address-service-created",
    "address-service-changed",
    "address-service-deleted",
    "address-commercial-type-changed",
    "address-assigned",
    "address-unassigned",
)


def optional_events() -> list[str]:
    """A new client hears of everything, so that nothing it must handle stays unseen."""
    return list(OPTIONAL_EVENTS)


class Client(models.Model):
    """One integration: credentials, its facilities, how it hears of events, its limits."""

    class Delivery(models.TextChoices):
        PUSH = "push"
        PULL = "pull"
        BOTH = "both"

    key = models.UUIDField(default=uuid4, unique=True, editable=False)
    name = models.CharField(max_length=200)
    client_id = models.CharField(max_length=80, unique=True)
    secret_hash = models.CharField(max_length=200)
    facilities = models.ManyToManyField(Facility, related_name="clients")
    delivery = models.CharField(max_length=4, choices=Delivery, default=Delivery.PULL)
    notification_url = models.CharField(max_length=500, blank=True)  # http: too, for one machine
    # An API key in a request header can be arranged with the portal.
    push_header = models.CharField(max_length=100, blank=True)
    push_header_value = models.CharField(max_length=200, blank=True)
    retry_minutes = ArrayField(models.PositiveIntegerField(), default=retry_minutes, blank=True)
    # The portal's own practice software; only it may give up an address's integration.
    is_pms = models.BooleanField(default=False)
    opted_in = ArrayField(models.CharField(max_length=60), default=optional_events, blank=True)
    muted_events = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    asks_slot_booking = models.BooleanField(default=False)
    asks_booking_moving = models.BooleanField(default=False)
    question_timeout_ms = models.PositiveIntegerField(default=2000)
    is_limited = models.BooleanField(default=True)  # off: no limit and no X-RateLimit headers
    writes_per_minute = models.PositiveIntegerField(default=40)
    reads_per_hour = models.PositiveIntegerField(default=8000)
    quirks = models.JSONField(default=dict, blank=True)  # slotbridge.sandbox.quirks.Quirks
    released_at = models.DateTimeField(null=True)
    # The 5-minute ping of its URL: three failures in a row send an alert.
    pinged_at = models.DateTimeField(null=True)
    ping_failures = models.PositiveIntegerField(default=0)
    alerted_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.name

    @property
    def is_pushed(self) -> bool:
        return self.delivery in {self.Delivery.PUSH, self.Delivery.BOTH}

    @property
    def is_pulled(self) -> bool:
        return self.delivery in {self.Delivery.PULL, self.Delivery.BOTH}


class AccessToken(models.Model):
    client = models.ForeignKey(Client, models.CASCADE, related_name="tokens")
    digest = models.CharField(max_length=64, unique=True)  # SHA-256; the token is not kept
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.client_id} until {self.expires_at}"


class RateWindow(models.Model):
    """How many calls of one kind a client made in the span that ends at `ends_at`."""

    client = models.ForeignKey(Client, models.CASCADE, related_name="windows")
    kind = models.CharField(max_length=5)  # read, write
    used = models.PositiveIntegerField(default=0)
    ends_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("client", "kind"), name="sandbox_one_window"),
        )

    def __str__(self) -> str:
        return f"{self.client_id} {self.kind}: {self.used}"


class ApiCall(models.Model):
    """A line of the adviser's call log: no query, no body, so no person is in it."""

    client = models.ForeignKey(Client, models.CASCADE, null=True, related_name="calls")
    at = models.DateTimeField()
    operation = models.CharField(max_length=60)
    method = models.CharField(max_length=7)
    path = models.CharField(max_length=300)
    status = models.PositiveIntegerField()
    milliseconds = models.PositiveIntegerField()
    fault = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ("-pk",)
        indexes = (models.Index(fields=("client", "-id"), name="sandbox_calls_of_client"),)

    def __str__(self) -> str:
        return f"{self.operation} {self.status}"


class Notification(models.Model):
    """One message for one client; told by push, by pull, or both, each on its own."""

    class Push(models.TextChoices):
        NONE = "none"
        DUE = "due"
        DELIVERED = "delivered"
        BURIED = "buried"

    client = models.ForeignKey(Client, models.CASCADE, related_name="notifications")
    name = models.CharField(max_length=60)
    body = models.JSONField()
    created_at = models.DateTimeField()
    visible_at = models.DateTimeField()
    position = models.BigIntegerField()  # the order of telling; a fault may change it
    is_held = models.BooleanField(default=False)  # until the next one overtakes it (fault)
    is_malformed = models.BooleanField(default=False)  # pushed as broken JSON (fault)
    is_lost = models.BooleanField(default=False)  # never told, only shown to the adviser (fault)
    push = models.CharField(max_length=9, choices=Push, default=Push.NONE)
    push_attempts = models.PositiveIntegerField(default=0)
    push_due_at = models.DateTimeField(null=True)
    push_status = models.PositiveIntegerField(null=True)  # the last answer; null: none came
    pull_until = models.DateTimeField(null=True)  # null: not for pulling
    pulled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("position",)
        indexes = (
            models.Index(fields=("push_due_at",), condition=Q(push="due"), name="sandbox_push_due"),
            models.Index(
                fields=("client", "position"),
                condition=Q(pulled_at=None),
                name="sandbox_pull_queue",
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} for {self.client_id}"


class FaultRule(models.Model):
    """Something to go wrong: see slotbridge.sandbox.faults."""

    client = models.ForeignKey(Client, models.CASCADE, null=True, related_name="faults")
    target = models.CharField(max_length=60)  # operation id or event name; "*": any of them
    effect = models.CharField(max_length=20)
    every = models.PositiveIntegerField(default=1)  # each k-th matching call
    seen = models.PositiveIntegerField(default=0)
    remaining = models.PositiveIntegerField(null=True)  # null: until removed
    status = models.PositiveIntegerField(default=500)  # effect "status"
    seconds = models.FloatField(default=0)  # effects "slow", "delayed" and the time-outs
    text = models.CharField(max_length=60, blank=True)  # effect "unknown": the event's name

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.effect} on {self.target}"
