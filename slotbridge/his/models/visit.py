from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from slotbridge.his.models.base import Owned, random_id, time_range
from slotbridge.his.models.catalogue import Service
from slotbridge.his.models.organisation import Clinic
from slotbridge.his.models.patient import Patient
from slotbridge.his.models.schedule import Funding, Schedule, Slot
from slotbridge.his.models.staff import Device, Practitioner, Room


class Visit(Owned):
    """A visit, planned or held, [start, end). A `proposed` one waits for the clinic's answer; one
    that expires is a hold.

    Two active visits without a clash never hold one practitioner, room or device at one time:
    the exclusion constraints below are promise 2. A visit with a `clash` is one that a portal has
    already confirmed to its patient: kept beside the first until a person settles it (A46-A47).
    """

    class Status(models.TextChoices):
        PROPOSED = "proposed", _("proposed")
        BOOKED = "booked", _("booked")
        ARRIVED = "arrived", _("arrived")
        FULFILLED = "fulfilled", _("done")
        CANCELLED = "cancelled", _("cancelled")
        NOSHOW = "noshow", _("no-show")

    ACTIVE = (Status.PROPOSED, Status.BOOKED, Status.ARRIVED, Status.FULFILLED)

    class Clash(models.TextChoices):
        NONE = "", _("none")
        TAKEN = "taken", _("the time was already taken here")
        NO_SLOT = "no-slot", _("there is no slot at this time")

    class Payment(models.TextChoices):
        """What we know of; `payment` may hold another word, as the portal said it."""

        TO_BE_PAID = "to-be-paid", _("to be paid online")
        PENDING = "pending", _("payment under way")
        PAID = "paid", _("paid online")
        NOT_PAID = "not-paid", _("not paid online")
        REFUNDED = "refunded", _("paid back")

    class Verify(models.TextChoices):
        NAME_DIFFERS = "name-differs", _("another name or birth date under this e-mail address")

    public_id = models.UUIDField(default=random_id, unique=True, editable=False)
    schedule = models.ForeignKey(Schedule, on_delete=models.PROTECT, related_name="visits")
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    slot = models.ForeignKey(
        Slot, on_delete=models.SET_NULL, null=True, blank=True, related_name="visits"
    )
    practitioner = models.ForeignKey(
        Practitioner, on_delete=models.PROTECT, null=True, blank=True, related_name="visits"
    )
    room = models.ForeignKey(
        Room, on_delete=models.PROTECT, null=True, blank=True, related_name="visits"
    )
    device = models.ForeignKey(
        Device, on_delete=models.PROTECT, null=True, blank=True, related_name="visits"
    )
    service = models.ForeignKey(
        Service, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    patient = models.ForeignKey(
        Patient, on_delete=models.PROTECT, null=True, blank=True, related_name="visits"
    )
    start = models.DateTimeField()
    end = models.DateTimeField()
    status = models.CharField(max_length=10, choices=Status, default=Status.BOOKED)
    expires_at = models.DateTimeField(null=True, blank=True)  # of a hold
    clash = models.CharField(max_length=10, choices=Clash, blank=True, default=Clash.NONE)
    origin_channel = models.SlugField(max_length=30, blank=True)  # "" is our own reception
    # Channels that this visit is exchanged with: those its slot was visible on when planned, and
    # the one it came from. Taking the box off a slot later does not take the visit out (A34).
    channels = ArrayField(models.SlugField(max_length=30), default=list, blank=True)
    price_minor = models.PositiveIntegerField(null=True, blank=True)  # as agreed (A30, A60)
    currency = models.CharField(max_length=3, blank=True)
    price_differs = models.BooleanField(default=False)  # A60
    comment = models.TextField(blank=True)
    verify = ArrayField(models.CharField(max_length=30, choices=Verify), default=list, blank=True)
    # The patient as the portal gave it, where that differs from our record (A52, A54):
    # {"given_name": …, "family_name": …, "phone": …, "birth_date": …}; shown to staff only.
    as_booked = models.JSONField(default=dict, blank=True)
    cancel_reason = models.CharField(max_length=300, blank=True)
    cancelled_by = models.SlugField(max_length=30, blank=True)  # a channel, "reception", "system"
    payment = models.CharField(max_length=40, blank=True)  # a Payment, or a portal's own word
    funding = models.CharField(max_length=10, choices=Funding, blank=True)  # "": not said
    is_confirmed = models.BooleanField(default=False)
    video_url = models.CharField(max_length=500, blank=True)  # of an online visit; staff only
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "practitioner", "start"], name="visit_person"),
            models.Index(fields=["organisation", "clinic", "start"], name="visit_clinic"),
            models.Index(fields=["organisation", "patient", "start"], name="visit_patient"),
            models.Index(fields=["slot"], condition=Q(slot__isnull=False), name="visit_slot"),
            models.Index(
                fields=["organisation", "start"], condition=~Q(clash=""), name="visit_clashes"
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "id"], name="visit_of_organisation"),
            models.CheckConstraint(
                condition=Q(start__lt=F("end")), name="visit_starts_before_it_ends"
            ),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True) | Q(status="proposed"),
                name="only_a_hold_expires",
            ),
            models.CheckConstraint(
                # A hold that was released or ran out is cancelled, and never had a patient.
                condition=Q(status__in=["proposed", "cancelled"]) | Q(patient__isnull=False),
                name="visit_has_a_patient_unless_held",
            ),
            models.CheckConstraint(
                condition=Q(practitioner__isnull=False)
                | Q(room__isnull=False)
                | Q(device__isnull=False),
                name="visit_with_somebody_or_something",
            ),
            models.CheckConstraint(
                condition=Q(price_minor__isnull=True) | ~Q(currency=""),
                name="price_has_a_currency",
            ),
            *[
                ExclusionConstraint(
                    # visits.book_visit and move_visit turn a breach into SlotTaken
                    name=f"visit_no_double_booking_{who}",
                    expressions=[
                        ("organisation", RangeOperators.EQUAL),
                        (who, RangeOperators.EQUAL),
                        (time_range(), RangeOperators.OVERLAPS),
                    ],
                    condition=Q(
                        status__in=["proposed", "booked", "arrived", "fulfilled"], clash=""
                    ),
                )
                for who in ("practitioner", "room", "device")
            ],
        ]

    @property
    def holds_money(self) -> bool:
        """Whether its patient has paid, as far as we know: a word that we do not know counts."""
        payments = self.Payment
        return self.payment not in {
            "", payments.TO_BE_PAID, payments.NOT_PAID, payments.REFUNDED,
        }  # fmt: skip

    @property
    def payment_text(self) -> str:
        return str(dict(self.Payment.choices).get(self.payment, self.payment))

    def __str__(self) -> str:
        return f"visit {self.pk}"


class VisitEvent(Owned):
    """The story of a visit, on our side and at portals. Append-only: a trigger refuses changes.

    `data` holds numbers, times and codes only, never a person's data.
    """

    visit = models.ForeignKey(Visit, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    kind = models.CharField(max_length=40)  # booked, moved, cancelled, told, answered, …
    actor = models.CharField(max_length=150)  # a user's name, a channel's code, or "system"
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes = [models.Index(fields=["visit", "at"], name="visit_event_story")]
