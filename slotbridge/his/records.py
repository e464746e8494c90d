"""A patient's record: what it holds and in which form; registered, changed.

No exception, log line or audit entry here carries a person's data: they name rows and columns.
"""

import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date

import phonenumbers
from django.db import transaction
from stdnum.exceptions import ValidationError as NotAPesel
from stdnum.pl import pesel

from slotbridge.his import audit, locks, names
from slotbridge.his.models import Consent, Organisation, Patient
from slotbridge.kit import clock

# How numbers are read that start with no "+" or "00".
_REGION = "PL"
_FLAGS = frozenset({"is_active", "is_deceased"})
_LIMITS = {
    column.name: column.max_length
    for column in Patient._meta.fields  # noqa: SLF001 - Django's documented door to a model's description
}


@dataclass(frozen=True, slots=True, repr=False)
class PatientData:
    """A patient as a form or a portal gives them; every part may be empty (A55)."""

    given_name: str = ""
    family_name: str = ""
    email: str = ""
    phone: str = ""
    birth_date: date | None = None
    national_id: str = ""
    sex: str = ""
    street: str = ""
    post_code: str = ""
    city: str = ""
    consents: Mapping[str, bool] = field(default_factory=dict)  # only those that were answered

    def __repr__(self) -> str:
        return "PatientData(…)"  # this text reaches logs and error reports

    def columns(self) -> dict[str, object]:
        """What was given, by the name of the column; nothing that is empty."""
        given = {name: getattr(self, name) for name in COLUMNS}
        return {name: value for name, value in given.items() if value}


COLUMNS = tuple(item.name for item in fields(PatientData) if item.name != "consents")


class PatientMerged(Exception):
    """This record was merged into another: change that one. Carries its key."""

    def __init__(self, survivor_id: int) -> None:
        super().__init__(f"merged into patient {survivor_id}")
        self.survivor_id = survivor_id


@transaction.atomic
def register(
    *,
    organisation: Organisation,
    data: PatientData,
    by: str,
    origin_channel: str = "",
    verify: Iterable[str] = (),
) -> Patient:
    """A new record, whoever else is there: search first. `verify` says why somebody has to look
    (R26b); `origin_channel` is R26a and stays for good.
    """
    if key := names.email_key(data.email):
        locks.one_email(organisation.pk, key)
    patient = Patient(
        organisation=organisation,
        origin_channel=origin_channel,
        verify=list(verify),
        created_at=clock.now(),
    )
    assign(patient, data.columns())
    patient.save()
    record_consents(patient, data.consents, origin_channel or "reception")
    audit.record(
        organisation=organisation,
        actor=by,
        action="patient.register",
        target=patient,
        channel=origin_channel,
        verify=patient.verify,
    )
    return patient


@transaction.atomic
def change(*, patient: Patient, by: str, **values: object) -> Patient:
    """Changes these columns (those of PatientData, `is_active`, `is_deceased`). Raises
    PatientMerged.
    """
    patient = locked(patient)
    assign(patient, values)
    patient.save()
    audit.record(
        organisation=patient.organisation,
        actor=by,
        action="patient.change",
        target=patient,
        columns=sorted(values),
    )
    return patient


def survivor_of(patient: Patient) -> Patient:
    """Follows merges to the record that is left; the patient itself if there was none."""
    while patient.merged_into is not None:
        patient = patient.merged_into
    return patient


def locked(patient: Patient) -> Patient:
    """The present row, locked. Raises PatientMerged."""
    patient = Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
    if patient.merged_into_id is not None:
        raise PatientMerged(patient.merged_into_id)
    return patient


def record_consents(patient: Patient, consents: Mapping[str, bool], source: str) -> None:
    """Stores each answer with date and source (A64), unless the same was said there last. What
    was not answered is not stored: no consent is assumed.
    """
    last: dict[tuple[str, str], bool] = {
        (kind, said_at): is_given
        for kind, said_at, is_given in patient.consents.order_by("at", "pk").values_list(
            "kind", "source", "is_given"
        )
    }
    Consent.objects.bulk_create(
        Consent(
            organisation_id=patient.organisation_id,
            patient=patient,
            kind=kind,
            is_given=is_given,
            at=clock.now(),
            source=source,
        )
        for kind, is_given in consents.items()
        if last.get((kind, source)) is not is_given
    )


def normal(column: str, value: object) -> object:
    """The value as the column holds it: text without control characters and cut to what fits,
    a phone number in E.164, a PESEL in digits only.
    """
    if not isinstance(value, str):
        return value
    text = clean(value)
    if column == "phone":
        text = _e164(text) or text
    elif column == "national_id":
        text = _pesel(text) or text
    elif column == "sex":
        return text if text in Patient.Sex.values else Patient.Sex.UNKNOWN
    return text[: _LIMITS[column]].rstrip()


def clean(text: str) -> str:
    """In NFC, without what is invisible; inner white space becomes single spaces."""
    visible = (
        " " if unicodedata.category(letter) == "Cc" else letter
        for letter in unicodedata.normalize("NFC", text)
        if unicodedata.category(letter) != "Cf"
    )
    return " ".join("".join(visible).split())


def assign(patient: Patient, values: Mapping[str, object]) -> None:
    """Sets columns to their normal values, and those that are made from them. Saves nothing."""
    _refuse_unknown(values)
    for column, value in values.items():
        setattr(patient, column, value if column in _FLAGS else normal(column, value))
    patient.name_key = names.search_key(patient.given_name, patient.family_name)
    patient.email_key = names.email_key(patient.email)
    kinds = Patient.NationalIdKind
    if not patient.national_id:
        patient.national_id_kind = kinds.NONE
    elif _pesel(patient.national_id):
        patient.national_id_kind = kinds.PESEL
    else:
        # A wrong PESEL is kept as typed, for whoever verifies: no search takes it for a right one.
        patient.national_id_kind = kinds.OTHER


def _refuse_unknown(values: Collection[str]) -> None:
    if unknown := set(values) - set(COLUMNS) - _FLAGS:
        raise TypeError(f"no such column of a patient: {sorted(unknown)}")


def _e164(text: str) -> str:
    """Empty for what is no number, or has an extension that E.164 would lose."""
    try:
        number = phonenumbers.parse(text, _REGION)
    except phonenumbers.NumberParseException:
        return ""
    if number.extension or not phonenumbers.is_valid_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _pesel(text: str) -> str:
    try:
        return str(pesel.validate(text))
    except NotAPesel:
        return ""
