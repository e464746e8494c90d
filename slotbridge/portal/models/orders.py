"""Orders of patients, times held while a form is filled in, and letters to people."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from slotbridge.portal.models.base import Row, random_id, time_range
from slotbridge.portal.models.clinics import Clinic
from slotbridge.portal.models.schedule import Resource


class Order(models.Model):
    """A patient's order for an appointment; the status only climbs 0 -> 1 -> 3 (8.2).

    `day` and `time` are the truth, local to the clinic; `start` and `end` follow from them, the
    duration and the clinic's zone, and let the database refuse two orders for one time (U-41).
    The clinic may move an order onto another one (8.3): it `is_overbooked` until that one is gone.
    """

    class Status(models.IntegerChoices):
        RECEIVED = 0, _("received")
        ACCEPTED = 1, _("accepted")
        REJECTED = 3, _("rejected")

    class Closer(models.TextChoices):
        NOBODY = "", "-"
        CLINIC = "clinic", _("the clinic")  # through the exchange
        STAFF = "staff", _("the clinic's staff on the portal")
        PATIENT = "patient", _("the patient")

    token = models.UUIDField(default=random_id, unique=True, editable=False)  # of the link
    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="orders")
    number = models.PositiveIntegerField()  # ID
    resource = models.ForeignKey(Resource, on_delete=models.PROTECT, related_name="orders")
    status = models.PositiveSmallIntegerField(choices=Status, default=Status.RECEIVED)
    user_id = models.BigIntegerField(default=0)  # 0: a guest (U-39)
    user_name = models.CharField(max_length=250)
    order_date = models.DateField()  # local to the clinic
    day = models.DateField()
    time = models.TimeField()
    duration = models.PositiveIntegerField()  # minutes
    start = models.DateTimeField()
    end = models.DateTimeField()
    is_overbooked = models.BooleanField(default=False)
    name1 = models.CharField(max_length=250)
    name2 = models.CharField(max_length=250)
    name3 = models.CharField(max_length=250, blank=True)
    aim = models.CharField(max_length=1000, blank=True)
    phone = models.CharField(max_length=100, blank=True)
    city = models.CharField(max_length=250, blank=True)
    address = models.CharField(max_length=500, blank=True)
    email = models.CharField(max_length=254, blank=True)
    comment = models.CharField(max_length=2000, blank=True)
    language = models.CharField(
        max_length=2, choices=Clinic.Language, default=Clinic.Language.RUSSIAN
    )  # of the letters
    consented_at = models.DateTimeField(null=True)
    filed_at = models.DateTimeField()
    changed_at = models.DateTimeField()  # LastChangedOn: whole seconds
    closed_by = models.CharField(max_length=10, choices=Closer, blank=True, default=Closer.NOBODY)
    reminded_at = models.DateTimeField(null=True)  # U-40
    moved_from = models.DateTimeField(null=True)  # `start` before the clinic moved it last (8.3)

    class Meta:
        indexes = [
            models.Index(fields=["clinic", "changed_at", "number"], name="orders_as_exported"),
            models.Index(fields=["clinic", "start"], name="orders_of_a_clinic"),
            models.Index(
                fields=["start"],
                condition=Q(status=0, reminded_at__isnull=True),
                name="orders_to_be_reminded_of",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["clinic", "number"], name="order_number"),
            models.CheckConstraint(condition=Q(status__in=[0, 1, 3]), name="order_status_0_1_3"),
            models.CheckConstraint(condition=Q(start__lt=F("end")), name="order_has_a_length"),
            ExclusionConstraint(
                # orders.file_order turns a breach into JustTaken
                name="no_two_orders_at_one_time",
                expressions=[
                    ("resource", RangeOperators.EQUAL),
                    (time_range(), RangeOperators.OVERLAPS),
                ],
                condition=Q(status__in=[0, 1], is_overbooked=False),
            ),
        ]

    def __str__(self) -> str:
        return f"order {self.pk}"


class Hold(Row):
    """A time kept for whoever is filling in the form (10 minutes). Expired ones are removed by
    whoever comes next. `caller` is a digest (portal.limits), "" of no visitor.
    """

    token = models.UUIDField(default=random_id, unique=True, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="+")
    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="holds")
    day = models.DateField()
    time = models.TimeField()
    duration = models.PositiveIntegerField()
    start = models.DateTimeField()
    end = models.DateTimeField()
    expires_at = models.DateTimeField()
    caller = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="no_two_holds_at_one_time",
                expressions=[
                    ("resource", RangeOperators.EQUAL),
                    (time_range(), RangeOperators.OVERLAPS),
                ],
            )
        ]


class RecentOrder(Row):
    """That a visitor filed an order: too many of one within an hour are refused (portal.limits).

    Beside the order and not on it: whose address it came from is soon forgotten.
    """

    clinic = models.ForeignKey(
        Clinic, on_delete=models.CASCADE, related_name="+", db_index=False
    )  # its index begins with it
    caller = models.CharField(max_length=64)  # a digest
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["clinic", "caller", "at"], name="recent_orders_of_a_caller")
        ]


class Letter(Row):
    """An e-mail that is due: the row is the work, its text is made from the order as it is sent.

    Kept until sent, so that a mail server's bad hour loses none.
    """

    class Kind(models.TextChoices):
        FILED = "filed"  # to the patient, with the link
        ACCEPTED = "accepted"
        REJECTED = "rejected"
        MOVED = "moved"
        WITHDRAWN = "withdrawn"
        NEW_ORDER = "new-order"  # to the clinic's staff
        UNANSWERED = "unanswered"  # to the clinic's staff, after two working hours (U-40)
        WITHHELD = "withheld"  # to the clinic's staff (U-19)

    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="+")
    order = models.ForeignKey(Order, on_delete=models.CASCADE, null=True, related_name="letters")
    kind = models.CharField(max_length=20, choices=Kind)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)  # or given up: then `problem` says why
    attempts = models.PositiveSmallIntegerField(default=0)
    problem = models.CharField(max_length=200, blank=True)  # never an address

    class Meta:
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(sent_at__isnull=True), name="letters_to_send"
            )
        ]
