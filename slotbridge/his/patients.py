"""Patients: found, verified, and the door to their records (`records`), to whom a booking belongs
(`matching`), and to two records of one person (`merging`).
"""

from django.db import transaction
from django.db.models import Q

from slotbridge.his import audit, locks, names
from slotbridge.his.matching import (
    Match,
    NothingBooked,
    keep_match,
    match_or_register,
    split_off,
    take_over,
)
from slotbridge.his.merging import CannotMerge, LaterMerge, merge, undo_merge
from slotbridge.his.models import Organisation, Patient
from slotbridge.his.records import (
    PatientData,
    PatientMerged,
    change,
    locked,
    normal,
    register,
    survivor_of,
)
from slotbridge.kit import clock

__all__ = [
    "CannotMerge",
    "LaterMerge",
    "Match",
    "NothingBooked",
    "PatientData",
    "PatientMerged",
    "change",
    "keep_match",
    "match_or_register",
    "merge",
    "present",
    "register",
    "search",
    "split_off",
    "take_over",
    "undo_merge",
    "verify",
]


@transaction.atomic
def verify(*, patient: Patient, by: str, **values: object) -> Patient:
    """Saves the checked form and clears „wymagający weryfikacji”; the mark of origin stays (A56).
    Raises PatientMerged.
    """
    patient = change(patient=patient, by=by, **values) if values else locked(patient)
    patient.verify = []
    patient.verified_at = clock.now()
    patient.save(update_fields=["verify", "verified_at"])
    patient.candidates.all().delete()
    audit.record(
        organisation=patient.organisation, actor=by, action="patient.verify", target=patient
    )
    return patient


def present(patient: Patient) -> Patient:
    """The record that stands for this patient now (A53), and until the transaction ends: a merge
    waits for it.
    """
    locks.keep_patients_apart(patient.organisation_id)
    return survivor_of(Patient.objects.get(pk=patient.pk))


def search(*, organisation: Organisation, text: str, limit: int = 20) -> list[Patient]:
    """Patients by parts of their names (diacritics aside), or by a whole phone number, e-mail
    address or national id. What finds a merged record gives the surviving one.
    """
    words = names.search_key(text).split()
    if not words:
        return []
    wanted = Q()
    for word in words:
        wanted &= Q(name_key__contains=word)
    wanted |= Q(phone=normal("phone", text)) | Q(national_id=normal("national_id", text))
    if key := names.email_key(text):
        wanted |= Q(email_key=key)
    found = Patient.objects.filter(wanted, organisation=organisation)
    found = found.filter(Q(is_active=True) | Q(merged_into__isnull=False))
    rows = found.select_related("merged_into").order_by("name_key", "pk")[:limit]
    return list({patient.pk: patient for patient in map(survivor_of, rows)}.values())
