"""„Pacjenci”: search, the queue of those to verify, candidates (R26, A50-A56)."""

import pytest
from django.urls import reverse

from slotbridge.his import patients
from slotbridge.his.models import AuditEntry, Patient
from slotbridge.his.patients import PatientData
from tests.web.house import CHANNEL
from tests.web.reading import content, labels

LIST = reverse("patients")


def page_of(patient):
    return reverse("patient", args=[patient.public_id])


@pytest.fixture
def from_portal(house):
    """A booking without an e-mail address, with the phone of somebody we know (A50)."""
    house.patient("Kalina", "Brzoza", phone="+48600999888")
    data = PatientData(given_name="Kalina", family_name="Brzozowa", phone="600 999 888")
    return patients.match_or_register(
        organisation=house.organisation, data=data, channel=CHANNEL, by=CHANNEL
    ).patient


def fields(patient, **changed):
    return {"given_name": patient.given_name, "family_name": patient.family_name, **changed}


def test_the_queue_shows_whom_a_portal_has_registered_with_both_marks(from_portal, desk):
    """R26a, R26b."""
    text = content(desk.get(LIST))

    assert "Kalina Brzozowa" in text
    assert "zarejestrowany przez serwis ZnanyLekarz" in text
    assert "wymagający weryfikacji / uzupełnienia danych" in text


def test_an_empty_queue_says_so(house, desk):
    house.patient()

    assert "Nikt nie wymaga weryfikacji." in content(desk.get(LIST))


@pytest.mark.parametrize("typed", ["brzo", "BRZOZA kal", "600999888", "+48 600 999 888"])
def test_a_patient_is_found_by_name_without_diacritics_or_by_phone(house, desk, typed):
    house.patient("Kalina", "Brzózą", phone="+48600999888")
    house.patient("Jagna", "Łopian")

    text = content(desk.get(LIST, {"q": typed}))

    assert ("Kalina Brzózą" in text, "Jagna Łopian" in text) == (True, False)


def test_verifying_clears_the_task_and_keeps_the_mark_of_origin(from_portal, desk):
    """A56."""
    desk.post(page_of(from_portal), fields(from_portal, verify="1", phone="+48600999888"))

    text = content(desk.get(page_of(from_portal)))
    assert Patient.objects.get(pk=from_portal.pk).verify == []
    assert "wymagający weryfikacji" not in text
    assert "zarejestrowany przez serwis ZnanyLekarz" in text


def test_saving_only_leaves_the_task(from_portal, desk):
    desk.post(page_of(from_portal), fields(from_portal, city="Lipowo"))

    saved = Patient.objects.get(pk=from_portal.pk)
    assert (saved.city, bool(saved.verify)) == ("Lipowo", True)


def test_candidates_are_listed_merged_and_parted_again(from_portal, desk):
    known = Patient.objects.exclude(pk=from_portal.pk).get()
    assert "Kalina Brzoza" in content(desk.get(page_of(from_portal)))

    merge = reverse("patient-merge", args=[known.public_id])
    desk.post(merge, {"other": from_portal.public_id})
    assert Patient.objects.get(pk=from_portal.pk).merged_into == known
    answer = desk.get(page_of(from_portal))
    assert answer.headers["Location"] == page_of(known)

    desk.post(merge, {"other": from_portal.public_id, "undo": "1"})
    assert Patient.objects.get(pk=from_portal.pk).is_active


def test_a_record_is_not_merged_with_itself(from_portal, desk):
    page = desk.post(
        reverse("patient-merge", args=[from_portal.public_id]),
        {"other": from_portal.public_id},
        follow=True,
    )

    assert "Tych kart nie można połączyć." in content(page)


def test_reading_a_record_is_written_down_without_its_content(house, desk):
    patient = house.patient()

    desk.get(page_of(patient))

    entry = AuditEntry.objects.get(action="patient.read")
    assert (entry.object_id, entry.actor, entry.data) == (
        patient.pk,
        house.user("receptionist").username,
        {},
    )


def test_an_auditor_sees_a_record_but_no_button(house, logged_in):
    page = logged_in("auditor").get(page_of(house.patient()))

    assert "disabled" in labels(page)["Imię"].attributes
    assert "Zapisz" not in content(page)
