"""An organisation's access to portals, what portals have, and whom of ours it stands for."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from slotbridge.his.models import Clinic, Practitioner, Service, Unit
from slotbridge.his.models.base import Owned, exactly_one, random_id


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

    class Writing(models.TextChoices):
        """Whether a running account writes at the portal: a first load can be rehearsed, and both
        sides be compared for a while, before anything is changed there.
        """

        LIVE = "live", _("live")
        REHEARSAL = "rehearsal", _("rehearsal")
        SHADOW = "shadow", _("shadow")

    public_id = models.UUIDField(default=random_id, unique=True, editable=False)
    channel = models.SlugField(max_length=30)
    kind = models.CharField(max_length=30)  # no choices: a new portal needs no migration
    state = models.CharField(max_length=20, choices=State, default=State.UNCONFIGURED)
    state_since = models.DateTimeField()
    reason = models.CharField(max_length=300, blank=True)  # of FAILED, REJECTED; English source

    writing = models.CharField(max_length=10, choices=Writing, default=Writing.LIVE)
    writing_since = models.DateTimeField(null=True)
    shadow_until = models.DateTimeField(null=True)

    login = models.CharField(max_length=200, blank=True)
    sealed_password = models.BinaryField(null=True)
    password_set_at = models.DateTimeField(null=True)
    forgets = models.BooleanField(default=False)  # both, once all is withdrawn (A9)
    settings = models.JSONField(default=dict, blank=True)
    # The notification address (R8, A7): found by digest, shown again from the sealed copy.
    hook_digest = models.CharField(max_length=64, unique=True)
    sealed_hook = models.BinaryField()
    sealed_header_key = models.BinaryField(null=True)
    # Where the portal says it sends from, and whether only that is taken (A61).
    published_addresses = models.JSONField(default=list, blank=True)
    published_read_at = models.DateTimeField(null=True)
    only_published = models.BooleanField(default=False)
    sealed_token = models.BinaryField(null=True)
    token_expires_at = models.DateTimeField(null=True)

    catalogue_due_at = models.DateTimeField(null=True)
    catalogue_read_at = models.DateTimeField(null=True)
    catalogue_counts = models.JSONField(default=dict, blank=True)

    lease_owner = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True)
    lease_number = models.BigIntegerField(default=0)  # grows with each lease: who lost it knows
    pull_due_at = models.DateTimeField(null=True)
    chores_due_at = models.DateTimeField(null=True)  # what is done now and then: sync.chores
    horizon_due_at = models.DateTimeField(null=True)  # when the portal takes one day more
    released_at = models.DateTimeField(null=True)  # when buried notifications were asked for
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

    @property
    def is_live(self) -> bool:
        """Whether it runs and writes at the portal."""
        return self.state == self.State.READY and self.writing == self.Writing.LIVE


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
    first_seen_at = models.DateTimeField(null=True)  # null: before this was kept
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
