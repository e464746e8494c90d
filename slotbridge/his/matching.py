"""Whose booking is it? By e-mail address and nothing else (R25); in doubt a new record (R26).

A wrong new record costs a merge; a wrong match puts a visit into another person's file.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Q

from slotbridge.his import audit, locks, names, outbox, records, story
from slotbridge.his.models import Organisation, Patient, PatientCandidate, Visit
from slotbridge.his.records import PatientData, clean, normal, survivor_of

# Differences in these say that it may be another person; the rest is spelling and contact.
_WHO = frozenset({"given_name", "family_name", "birth_date", "national_id"})


@dataclass(frozen=True, slots=True, repr=False)
class Match:
    """Whom a booking belongs to. `verify` and `as_booked` (what the portal gave that differs
    from the record) go to the visit.
    """

    patient: Patient
    is_new: bool
    verify: list[str]
    as_booked: dict[str, str]

    def __repr__(self) -> str:
        return f"Match({self.patient.pk}, is_new={self.is_new}, verify={self.verify})"


class NothingBooked(LookupError):
    """The visit does not differ (any more) from its patient's record in this."""


@transaction.atomic
def match_or_register(
    *, organisation: Organisation, data: PatientData, channel: str, by: str
) -> Match:
    """The patient of a booking that came by `channel`: found by e-mail address, or new with both
    marks and those it might be (A49-A55). Nothing of a found record is overwritten; a missing
    phone number is filled in. Consents are stored with their source (A64).

    The match holds until the transaction ends: book the visit in it.
    """
    locks.keep_patients_apart(organisation.pk)
    key = names.email_key(data.email)
    if not key:
        return _new(organisation, data, channel, by, Patient.Verify.NO_EMAIL)
    locks.one_email(organisation.pk, key)
    found = _existing(Q(email_key=key), organisation.pk)
    if not found:
        return _new(organisation, data, channel, by)
    patient = found[0] if len(found) == 1 else _one_of(found, data)
    if patient is None:
        return _new(organisation, data, channel, by, Patient.Verify.SEVERAL_WITH_EMAIL)
    if data.phone and not patient.phone:
        patient = records.change(patient=patient, by=by, phone=data.phone)
    records.record_consents(patient, data.consents, channel)
    verify = [Visit.Verify.NAME_DIFFERS.value] if _is_doubtful(patient, data) else []
    return Match(patient, is_new=False, verify=verify, as_booked=_differences(patient, data))


@transaction.atomic
def split_off(*, visit: Visit, by: str) -> Patient:
    """The visit was for somebody else with the same e-mail address (A52): a new patient, with
    the name and dates as booked, to be verified. Its phone number is the booked one, or that of
    the record, from which a booking that gave one did not differ.

    Raises NothingBooked if the visit is not marked so.
    """
    visit = _locked(visit)
    old = visit.patient
    if old is None or Visit.Verify.NAME_DIFFERS not in visit.verify:
        raise NothingBooked(f"visit {visit.pk}")
    # What does not differ was booked as it stands in the record. A name part, an e-mail address
    # and a phone number come with every booking; the rest perhaps did not, and is not copied.
    of_record = PatientData(
        given_name=old.given_name, family_name=old.family_name, email=old.email, phone=old.phone
    )
    data = replace(of_record, **_columns(visit.as_booked))
    new = records.register(
        organisation=visit.organisation,
        data=data,
        by=by,
        origin_channel=visit.origin_channel,
        verify=[Patient.Verify.NAME_DIFFERS],
    )
    _add_candidates(new)
    visit.patient = new
    _settled(visit, {}, "patient", by, was=old.pk, now=new.pk)
    return new


@transaction.atomic
def take_over(*, visit: Visit, field: str, by: str) -> Patient:
    """Takes one column as booked into the patient's record (A54). Raises NothingBooked."""
    visit = _locked(visit)
    if visit.patient is None or field not in visit.as_booked:
        raise NothingBooked(f"visit {visit.pk}: {field}")
    value = _columns(visit.as_booked)[field]
    patient = records.change(patient=visit.patient, by=by, **{field: value})
    rest = {name: text for name, text in visit.as_booked.items() if name != field}
    _settled(visit, rest, "taken-over", by, column=field)
    return patient


@transaction.atomic
def keep_match(*, visit: Visit, by: str) -> Visit:
    """It is the same person, and our record is right: the differences are set aside (A52)."""
    visit = _locked(visit)
    _settled(visit, {}, "match-kept", by)
    return visit


def _new(organisation: Organisation, data: PatientData, channel: str, by: str, *why: str) -> Match:
    patient = records.register(
        organisation=organisation,
        data=data,
        by=by,
        origin_channel=channel,
        verify=[Patient.Verify.NEW_FROM_PORTAL, *why],
    )
    _add_candidates(patient)
    return Match(patient, is_new=True, verify=[], as_booked=_differences(patient, data))


def _existing(wanted: Q, organisation_id: int) -> list[Patient]:
    """Records that count (A53): what was merged leads to the survivor."""
    rows = Patient.objects.filter(wanted, organisation=organisation_id)
    rows = rows.select_related("merged_into").order_by("pk")
    survivors = {patient.pk: patient for patient in map(survivor_of, rows)}
    return [one for one in survivors.values() if one.is_active and not one.is_deceased]


def _one_of(found: Sequence[Patient], data: PatientData) -> Patient | None:
    """The one who also has the national id, or the name (A51); None if they name two people."""
    same_id = [one for one in found if _has_national_id(one, data)]
    same_name = [one for one in found if _has_name(one, data)]
    if same_id and same_name and not any(one in same_name for one in same_id):
        return None
    chosen = same_id or same_name
    return chosen[0] if len(chosen) == 1 else None


def _has_national_id(patient: Patient, data: PatientData) -> bool:
    given = normal("national_id", data.national_id)
    return bool(given) and patient.national_id == given


def _has_name(patient: Patient, data: PatientData) -> bool:
    return names.same_name(
        patient.given_name, patient.family_name, data.given_name, data.family_name
    )


def _is_doubtful(patient: Patient, data: PatientData) -> bool:
    """A52: another name or birth date; a national id of another person says as much."""
    has_name = bool(clean(data.given_name) or clean(data.family_name))
    births = (patient.birth_date, data.birth_date)
    return (
        (has_name and not _has_name(patient, data))
        or (all(births) and births[0] != births[1])
        or bool(patient.national_id and data.national_id and not _has_national_id(patient, data))
    )


def _differences(patient: Patient, data: PatientData) -> dict[str, str]:
    """What was given, as text, where the record has something else or could not hold all of it."""
    different: dict[str, str] = {}
    for column, value in data.columns().items():
        given = clean(value) if isinstance(value, str) else str(value)
        if not given or (column == "email" and names.email_key(given) == patient.email_key != ""):
            continue
        held = normal(column, value)
        is_cut = isinstance(held, str) and held != given and given.startswith(held)
        if is_cut or held != getattr(patient, column):
            different[column] = given
    return different


def _add_candidates(patient: Patient) -> None:
    """Whom the new record may be the same as, for whoever verifies it (A50, A51)."""
    wanted: dict[str, Q] = {}
    if patient.email_key:
        wanted["email"] = Q(email_key=patient.email_key)
    if patient.phone:
        wanted["phone"] = Q(phone=patient.phone)
    if patient.birth_date and patient.name_key:
        wanted["name-and-birth-date"] = Q(name_key=patient.name_key, birth_date=patient.birth_date)
    if patient.national_id:
        wanted["national-id"] = Q(national_id=patient.national_id)
    PatientCandidate.objects.bulk_create(
        PatientCandidate(
            organisation_id=patient.organisation_id,
            patient=patient,
            candidate=candidate,
            reason=reason,
        )
        for reason, condition in wanted.items()
        for candidate in _existing(condition & ~Q(pk=patient.pk), patient.organisation_id)
    )


def _columns(as_booked: dict[str, str]) -> dict[str, Any]:
    columns: dict[str, Any] = dict(as_booked)
    if "birth_date" in as_booked:
        columns["birth_date"] = date.fromisoformat(as_booked["birth_date"])
    return columns


def _locked(visit: Visit) -> Visit:
    locks.keep_patients_apart(visit.organisation_id)
    return Visit.objects.select_for_update(no_key=True).get(pk=visit.pk)


def _settled(visit: Visit, rest: dict[str, str], kind: str, by: str, **data: object) -> None:
    """Of what was booked only `rest` still differs."""
    visit.as_booked = rest
    if not _WHO.intersection(rest):
        visit.verify = [why for why in visit.verify if why != Visit.Verify.NAME_DIFFERS]
    visit.save(update_fields=["patient", "as_booked", "verify"])
    story.tell(visit, kind, by, **data)
    audit.record(
        organisation=visit.organisation, actor=by, action=f"visit.{kind}", target=visit, **data
    )
    outbox.record_visit(visit)
