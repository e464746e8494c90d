"""Received documents with their results, deletions that wait for a person, and freshness."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from slotbridge.portal.models.base import Row, random_id
from slotbridge.portal.models.clinics import ClientKey, Clinic


class ReceivedDocument(Row):
    """A document as it came, sealed, and what was answered; kept for 30 days (U-28).

    Its number is the answer's ImportID. `result` holds no personal value.
    """

    class Outcome(models.TextChoices):
        OK = "ok"
        PARTIAL = "partial"
        ERROR = "error"

    public_id = models.UUIDField(default=random_id, unique=True, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="documents")
    key = models.ForeignKey(ClientKey, on_delete=models.SET_NULL, null=True, related_name="+")
    received_at = models.DateTimeField()
    took_ms = models.PositiveIntegerField(null=True)
    size = models.PositiveBigIntegerField()  # bytes of the document itself
    encoding = models.CharField(max_length=20, blank=True)
    sections = models.JSONField(default=list)  # SectionCounts as dicts
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)  # "": under way
    status = models.PositiveSmallIntegerField(null=True)  # of the HTTP answer
    result = models.TextField(blank=True)  # the MediExchangeResult that was answered

    class Meta:
        indexes = [
            models.Index(fields=["clinic", "received_at"], name="documents_of_a_clinic"),
            models.Index(fields=["received_at"], name="documents_of_all_clinics"),
        ]


class DocumentPart(Row):
    """A piece of a document: compressed, then sealed. Their plain bytes joined are the document."""

    document = models.ForeignKey(ReceivedDocument, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    sealed = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["document", "number"], name="part_of_a_document")
        ]


class SectionImport(Row):
    """When a section was last imported with success, for the freshness light (U-21, U-44)."""

    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="section_imports")
    section = models.CharField(max_length=20)  # wire.medihost.model.Section
    mode = models.CharField(max_length=4, blank=True)  # of Appointments: the last one's
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "section"], name="last_import_of_a_section")
        ]


class WithheldDeletion(Row):
    """Deletions that an import would have made and that looked like a fault (U-19).

    Open until a person releases them, which permits the next import to delete up to `count` rows,
    or until an import of the section needs none withheld.
    """

    public_id = models.UUIDField(default=random_id, unique=True, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="withheld")
    section = models.CharField(max_length=20)
    count = models.PositiveIntegerField()
    document = models.ForeignKey(
        ReceivedDocument, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)
    released_by = models.CharField(max_length=150, blank=True)
    ended_at = models.DateTimeField(null=True)  # used by an import, or no longer needed

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "section"],
                condition=Q(ended_at__isnull=True),
                name="one_withheld_deletion_a_section",
            )
        ]
