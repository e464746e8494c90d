"""A patient whose every word is a canary goes through every flow of patients and visits; none of
it sings in an exception, a log record, a visit's story, the audit or the outbox.
"""

import json
import logging
import traceback
from datetime import date, timedelta

import pytest
from django.core import serializers
from django.db import IntegrityError, transaction

from slotbridge.his import patients, visits
from slotbridge.his.models import AuditEntry, OutboxEntry, Patient, Slot, Visit, VisitEvent
from slotbridge.his.patients import PatientData
from tests.factories import CHANNEL, OrganisationFactory, SlotFactory

pytestmark = pytest.mark.django_db

WORDS = ("anarek", "anarkow", "44051401359", "600100200", "1944-05-14", "trelowa")
DATA = PatientData(
    given_name="Kanarek",
    family_name="Kanarkowski",
    email="kanarek@poczta.example",
    phone="600 100 200",
    birth_date=date(1944, 5, 14),
    national_id="44051401359",
    street="ul. Trelowa 1",
    consents={"marketing": True},
)


def refused(kind, function, **arguments):
    with pytest.raises(kind) as caught, transaction.atomic():
        function(**arguments)
    shown = traceback.format_exception(caught.value, chain=True)
    return "".join([*shown, repr(caught.value), str(vars(caught.value))])


def registered(given_name="Kanarek"):
    matched = patients.match_or_register(
        organisation=OrganisationFactory(),
        data=PatientData(given_name=given_name, email=DATA.email, phone="+48 600 100 200 "),
        channel=CHANNEL,
        by=CHANNEL,
    )
    return matched, repr(matched)


def through_every_flow():
    """Returns every text on the way that somebody could see."""
    patient = patients.register(organisation=OrganisationFactory(), data=DATA, by="anna")
    texts = [repr(patient), str(patient), repr(DATA)]
    slot, later = SlotFactory(channels=[CHANNEL]), SlotFactory()
    here = {"schedule": slot.schedule, "start": slot.start, "end": slot.end}
    booked = {"patient": patient, "comment": "Kanarek prosi o ciszę", "by": "anna"}
    visit = visits.book_visit(**here, **booked)
    texts += [repr(visit), str(visit)]
    texts.append(refused(visits.SlotTaken, visits.book_visit, **here, **booked))
    texts.append(
        refused(
            visits.NoSlot,
            visits.book_visit,
            **here | {"end": slot.end + timedelta(days=1)},
            **booked,
        )
    )
    other, shown = registered("Kanarka")
    texts.append(shown)
    clash = visits.book_visit(
        **here,
        **booked | {"patient": other.patient, "verify": other.verify, "by": CHANNEL},
        as_booked=other.as_booked,
        channel=CHANNEL,
        keep_clash=True,
    )
    there = {"schedule": later.schedule, "start": later.start, "end": later.end}
    moved = visits.move_visit(visit=clash, **there, by="anna")
    texts.append(refused(visits.SlotTaken, visits.move_visit, visit=moved, **here, by="anna"))
    new = patients.split_off(visit=moved, by="anna")
    texts.append(refused(patients.NothingBooked, patients.split_off, visit=moved, by="anna"))
    merge = patients.merge(survivor=patient, absorbed=new, by="anna")
    texts += [repr(merge), refused(patients.PatientMerged, patients.change, patient=new, by="a")]
    texts.append(
        refused(patients.CannotMerge, patients.merge, survivor=patient, absorbed=new, by="a")
    )
    patients.undo_merge(merge=merge, by="anna")
    patients.verify(patient=new, by="anna", family_name="Kanarkowa")
    patients.search(organisation=patient.organisation, text="Kanarkowski")
    visits.cancel_visit(visit=visit, reason="Kanarek odleciał", by="anna")
    texts.append(refused(visits.VisitOver, visits.cancel_visit, visit=visit, by="anna"))
    visits.mark_arrived(visit=moved, by="anna")
    visits.mark_fulfilled(visit=moved, by="anna")
    return texts


def test_no_text_on_the_way_tells_who_the_patient_is(caplog):
    caplog.set_level(logging.DEBUG)
    # The query log of a server under development is the developer's own.
    logging.getLogger("django.db.backends").setLevel(logging.INFO)

    texts = through_every_flow()

    texts += [record.getMessage() for record in caplog.records]
    for model in (VisitEvent, AuditEntry, OutboxEntry):
        rows = model.objects.all()
        assert rows.exists()
        texts += [json.dumps(row.data) for row in rows if hasattr(row, "data")]
        texts.append(serializers.serialize("json", rows))
    sung = [text for text in texts for word in WORDS if word.lower() in text.lower()]
    assert sung == []
    assert Visit.objects.filter(patient__given_name="Kanarek").exists()


def test_the_canary_would_sing():
    patient = patients.register(organisation=OrganisationFactory(), data=DATA, by="anna")
    row = serializers.serialize("json", Patient.objects.filter(pk=patient.pk))
    assert all(word in row.lower() for word in WORDS)


def test_the_database_s_own_words_are_not_chained_to_a_refusal():
    slot = SlotFactory()
    columns = {
        "schedule": slot.schedule,
        "start": slot.start,
        "end": slot.end,
        "patient": patients.register(organisation=slot.organisation, data=DATA, by="anna"),
        "by": "anna",
    }
    visits.book_visit(**columns)

    with pytest.raises(visits.SlotTaken) as caught:
        visits.book_visit(**columns)

    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert isinstance(caught.value.__context__, IntegrityError)
    assert Slot.objects.get() == slot
