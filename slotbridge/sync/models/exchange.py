"""What an account that exchanges documents has told, what is due, and what became of it."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from slotbridge.his.models.base import Owned
from slotbridge.sync.models.accounts import Account


class Exchange(Owned):
    """The work of one account, by the clock and on change: due while `…_due_at` is past.

    `offer_asked` counts changes of what can be booked; single visits are due as VisitTarget.
    """

    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="exchange")
    offer_asked = models.BigIntegerField(default=1)
    offer_answered = models.BigIntegerField(default=0)
    offer_due_at = models.DateTimeField()
    offer_told_at = models.DateTimeField(null=True)
    offer_digest = models.CharField(max_length=64, blank=True)  # of what was told last
    # Days told with hours, by resource: {"12": ["2026-03-02", …]}. One that loses its hours is
    # told as not worked, for a portal takes a list that becomes much shorter for a fault.
    told_days = models.JSONField(default=dict, blank=True)
    busy_all_due_at = models.DateTimeField()
    busy_changes_due_at = models.DateTimeField()
    busy_all_told_at = models.DateTimeField(null=True)
    busy_told_at = models.DateTimeField(null=True)
    orders_due_at = models.DateTimeField()
    orders_since = models.DateTimeField(null=True)  # the portal's clock at the last good poll
    orders_read_at = models.DateTimeField(null=True)
    withheld = models.JSONField(default=dict, blank=True)  # {part: rows} that the portal keeps

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(offer_asked__gte=F("offer_answered")), name="exchange_not_ahead"
            )
        ]


class ExchangeEntry(Owned):
    """One exchange, for staff who ask what a portal was told and when. Counts and codes only,
    never a person's data; kept for 30 days.
    """

    class Outcome(models.TextChoices):
        OK = "ok", _("taken")
        PARTIAL = "partial", _("taken in part")
        REFUSED = "refused", _("refused")
        FAILED = "failed", _("no answer")

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="exchanges")
    at = models.DateTimeField()
    # contract.Part, "busy-all" for all occupied times, or "orders" for a poll
    parts = ArrayField(models.CharField(max_length=10))
    outcome = models.CharField(max_length=10, choices=Outcome)
    took_ms = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict, blank=True)
    problems = models.JSONField(default=list, blank=True)  # [{"part", "key", "text"}, …]

    class Meta:
        indexes = [models.Index(fields=["account", "at"], name="exchanges_of_an_account")]
