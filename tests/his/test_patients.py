from datetime import date

import pytest

from slotbridge.his import patients, records, visits
from slotbridge.his.models import AuditEntry, Consent, Patient, PatientMerge, Visit
from slotbridge.his.patients import PatientData
from slotbridge.kit import clock
from tests.factories import (
    CHANNEL,
    OrganisationFactory,
    PatientCandidateFactory,
    PatientFactory,
    SlotFactory,
    VisitFactory,
)

pytestmark = pytest.mark.django_db

PESEL = "44051401359"


def register(**given):
    columns = {"given_name": "Żaneta", "family_name": "Ćwikła"} | given
    return patients.register(
        organisation=OrganisationFactory(), data=PatientData(**columns), by="anna"
    )


def row(thing):
    return type(thing).objects.filter(pk=thing.pk).values().get()


class TestRegistering:
    def test_a_record_holds_what_was_given_and_keys_to_find_it_by(self):
        patient = register(
            email=" Zaneta@Poczta.EXAMPLE ", birth_date=date(1944, 5, 14), street="ul. Wymyślona 7"
        )

        assert (patient.email, patient.email_key) == (
            "Zaneta@Poczta.EXAMPLE",
            "zaneta@poczta.example",
        )
        assert patient.name_key == "zaneta cwikla"
        assert (patient.birth_date, patient.street) == (date(1944, 5, 14), "ul. Wymyślona 7")
        assert (patient.origin_channel, patient.verify) == ("", [])
        assert AuditEntry.objects.get(action="patient.register").object_id == patient.pk

    @pytest.mark.parametrize(
        ("typed", "kept"),
        [
            ("600 100 200", "+48600100200"),
            ("0048 600-100-200", "+48600100200"),
            ("+44 20 7946 0018", "+442079460018"),
            ("600 100 200 wew. 5", "600 100 200 wew. 5"),
            ("600 100", "600 100"),
            ("u sąsiadki", "u sąsiadki"),
            ("u sąsiadki, proszę pytać wieczorem", "u sąsiadki, proszę p"),
        ],
    )
    def test_a_phone_number_is_kept_in_e164_or_as_typed(self, typed, kept):
        assert register(phone=typed).phone == kept

    @pytest.mark.parametrize(
        ("typed", "kept", "kind"),
        [
            (PESEL, PESEL, "pesel"),
            (" 440514 01359 ", PESEL, "pesel"),
            ("44051401358", "44051401358", "other"),
            ("AB 123456", "AB 123456", "other"),
            ("", "", ""),
        ],
    )
    def test_a_pesel_is_checked_and_anything_else_kept_as_another_document(self, typed, kept, kind):
        patient = register(national_id=typed)

        assert (patient.national_id, patient.national_id_kind) == (kept, kind)

    @pytest.mark.parametrize(("given", "kept"), [("female", "female"), ("K", ""), ("", "")])
    def test_a_sex_that_is_no_code_is_unknown(self, given, kept):
        assert register(sex=given).sex == kept

    def test_what_no_column_can_hold_is_cleaned_and_cut(self):
        patient = register(given_name="Jan\x00\u200b\n  Maria", family_name="a" * 300)

        assert (patient.given_name, len(patient.family_name)) == ("Jan Maria", 100)

    def test_a_record_may_be_empty(self):
        assert register(given_name="", family_name="").full_name == ""


class TestConsents:
    @pytest.mark.usefixtures("frozen")
    def test_each_answer_is_stored_with_date_and_source(self):
        patient = register(consents={"data-privacy": True, "marketing": False})

        stored = Consent.objects.order_by("kind").values_list("kind", "is_given", "source")
        assert list(stored) == [
            ("data-privacy", True, "reception"),
            ("marketing", False, "reception"),
        ]
        assert {consent.at for consent in patient.consents.all()} == {clock.now()}

    def test_what_was_not_answered_is_not_assumed(self):
        register()

        assert not Consent.objects.exists()

    def test_the_same_answer_again_is_no_news_another_one_is(self):
        patient = register(consents={"marketing": True})

        records.record_consents(patient, {"marketing": True}, "reception")
        assert patient.consents.count() == 1
        records.record_consents(patient, {"marketing": False}, "reception")
        records.record_consents(patient, {"marketing": False}, CHANNEL)
        assert patient.consents.count() == 3


class TestChanging:
    def test_keys_follow_what_they_are_made_from(self):
        patient = patients.change(
            patient=register(national_id=PESEL),
            by="anna",
            family_name="Nowak",
            email="nowak@poczta.example",
            national_id="",
        )

        assert (patient.name_key, patient.email_key) == ("zaneta nowak", "nowak@poczta.example")
        assert (patient.national_id, patient.national_id_kind) == ("", "")

    def test_the_audit_names_columns_only(self):
        patient = patients.change(patient=register(), by="anna", is_deceased=True, city="Lipowo")

        assert patient.is_deceased
        entry = AuditEntry.objects.get(action="patient.change")
        assert entry.data == {"columns": ["city", "is_deceased"]}

    def test_an_unknown_column_is_a_programmer_s_mistake(self):
        with pytest.raises(TypeError, match="origin_channel"):
            patients.change(patient=register(), by="anna", origin_channel="x")

    def test_a_merged_record_is_not_changed(self):
        survivor = PatientFactory()
        old = PatientFactory(merged_into=survivor, is_active=False)

        with pytest.raises(patients.PatientMerged) as refused:
            patients.change(patient=old, by="anna", city="Lipowo")
        assert refused.value.survivor_id == survivor.pk

    def test_verifying_clears_the_task_and_keeps_the_origin(self):
        patient = PatientFactory(origin_channel=CHANNEL, verify=["new-from-portal", "no-email"])
        PatientCandidateFactory(patient=patient)

        verified = patients.verify(patient=patient, by="anna", national_id=PESEL)

        assert (verified.verify, verified.origin_channel) == ([], CHANNEL)
        assert (verified.national_id, verified.verified_at is None) == (PESEL, False)
        assert not verified.candidates.exists()

    def test_a_record_that_is_right_as_it_stands_is_verified_without_a_change(self):
        patient = patients.verify(patient=PatientFactory(verify=["no-email"]), by="anna")

        assert patient.verify == []
        assert not AuditEntry.objects.filter(action="patient.change").exists()


class TestSearching:
    @pytest.fixture
    def patient(self):
        return register(email="zaneta@poczta.example", phone="600100200", national_id=PESEL)

    @pytest.mark.parametrize(
        "text",
        [
            "cwikla",
            "Ćwikła Ż",
            "ŻANETA",
            "600-100-200",
            "Zaneta@poczta.example ",
            PESEL,
            "neta wik",
        ],
    )
    def test_a_patient_is_found_by_name_phone_email_and_pesel(self, patient, text):
        PatientFactory(given_name="Oleg", family_name="Lis", name_key="oleg lis")

        assert patients.search(organisation=patient.organisation, text=text) == [patient]

    @pytest.mark.parametrize("text", ["", "  ", "kowalska", "600100"])
    def test_nobody_is_found_by_nothing(self, patient, text):
        assert patients.search(organisation=patient.organisation, text=text) == []

    def test_a_merged_record_leads_to_the_survivor(self, patient):
        survivor = PatientFactory(name_key="zaneta nowak")
        patients.merge(survivor=survivor, absorbed=patient, by="anna")

        assert patients.search(organisation=patient.organisation, text="zaneta") == [survivor]

    def test_archived_records_and_other_organisations_stay_out(self, patient):
        patients.change(patient=patient, by="anna", is_active=False)
        other = OrganisationFactory(name="Inna lecznica")
        PatientFactory(organisation=other, name_key="zaneta cwikla")

        assert patients.search(organisation=patient.organisation, text="cwikla") == []

    def test_a_long_list_ends_at_its_limit_in_order_of_names(self):
        for name in ("lis c", "lis a", "lis b"):
            patient = PatientFactory(name_key=name)

        found = patients.search(organisation=patient.organisation, text="lis", limit=2)
        assert [one.name_key for one in found] == ["lis a", "lis b"]


class TestMerging:
    @pytest.fixture
    def pair(self):
        survivor = PatientFactory(phone="", email="", email_key="", street="Lipowa 1")
        absorbed = PatientFactory(
            national_id=PESEL,
            national_id_kind="pesel",
            birth_date=date(1944, 5, 14),
            city="Lipowo",
            verify=["no-email"],
            origin_channel=CHANNEL,
        )
        VisitFactory(patient=survivor)
        for _ in range(2):
            VisitFactory(slot=SlotFactory(), patient=absorbed)
        return survivor, absorbed

    def merge(self, survivor, absorbed):
        return patients.merge(survivor=survivor, absorbed=absorbed, by="anna")

    def test_visits_and_missing_data_come_to_the_survivor(self, pair):
        survivor, absorbed = pair

        done = self.merge(*pair)

        survivor.refresh_from_db()
        assert survivor.visits.count() == 3
        assert done.filled == ["birth_date", "email", "national_id", "phone"]
        assert (survivor.email_key, survivor.phone, survivor.national_id_kind) == (
            absorbed.email_key,
            absorbed.phone,
            "pesel",
        )
        assert survivor.verify == []
        absorbed.refresh_from_db()
        assert (absorbed.merged_into, absorbed.is_active) == (survivor, False)
        told = Visit.objects.get(pk=done.visits[0]).events.get()
        assert told.data == {"was": absorbed.pk, "now": survivor.pk, "merge": done.pk}

    def test_an_address_is_taken_whole_or_not_at_all(self, pair):
        survivor, _ = pair
        self.merge(*pair)
        survivor.refresh_from_db()
        assert (survivor.street, survivor.city) == ("Lipowa 1", "")

        other = PatientFactory(street="")
        self.merge(other, PatientFactory(street="Dębowa 2", city="Dęby"))
        other.refresh_from_db()
        assert (other.street, other.post_code, other.city) == ("Dębowa 2", "", "Dęby")

    def test_undone_both_are_exactly_as_before(self, pair):
        before = [row(one) for one in (*pair, *Visit.objects.order_by("pk"))]
        done = self.merge(*pair)
        assert [row(one) for one in (*pair, *Visit.objects.order_by("pk"))] != before

        undone = patients.undo_merge(merge=done, by="ola")

        assert [row(one) for one in (*pair, *Visit.objects.order_by("pk"))] == before
        assert undone.undone_at is not None
        assert patients.undo_merge(merge=done, by="ola") == undone

    def test_undoing_leaves_what_was_done_since(self, pair):
        survivor, absorbed = pair
        done = self.merge(*pair)
        patients.change(patient=survivor, by="anna", phone="600 100 200", national_id="AB 1")
        since = VisitFactory(slot=SlotFactory(), patient=survivor)

        patients.undo_merge(merge=done, by="ola")

        survivor.refresh_from_db()
        assert (survivor.phone, survivor.email) == ("+48600100200", "")
        assert (survivor.national_id, survivor.national_id_kind) == ("AB 1", "other")
        since.refresh_from_db()
        assert since.patient == survivor
        assert absorbed.visits.count() == 2

    def test_a_chain_of_merges_leads_to_the_last_and_is_undone_backwards(self, pair):
        first, second = pair
        third = PatientFactory()
        before = [row(one) for one in (first, second, third, *Visit.objects.order_by("pk"))]
        inner = self.merge(second, first)
        outer = self.merge(third, second)

        assert patients.present(first) == third
        assert third.visits.count() == 3
        with pytest.raises(patients.LaterMerge) as refused:
            patients.undo_merge(merge=inner, by="ola")
        assert refused.value.merge_id == outer.pk

        patients.undo_merge(merge=outer, by="ola")
        patients.undo_merge(merge=inner, by="ola")
        rows = [row(one) for one in (first, second, third, *Visit.objects.order_by("pk"))]
        assert rows == before

    def test_merges_into_one_survivor_are_undone_backwards_too(self):
        survivor, first, second = PatientFactory(), PatientFactory(), PatientFactory()
        earlier = self.merge(survivor, first)
        later = self.merge(survivor, second)

        with pytest.raises(patients.LaterMerge):
            patients.undo_merge(merge=earlier, by="ola")
        patients.undo_merge(merge=later, by="ola")
        assert patients.undo_merge(merge=earlier, by="ola").undone_at is not None

    def test_what_must_not_be_merged(self, pair):
        survivor, absorbed = pair
        stranger = PatientFactory(organisation=OrganisationFactory(name="Inna lecznica"))
        archived = PatientFactory(is_active=False)
        merged = PatientFactory()
        self.merge(survivor, merged)

        for one, two in [
            (survivor, survivor),
            (survivor, stranger),
            (survivor, archived),
            (survivor, merged),
            (merged, absorbed),
        ]:
            with pytest.raises(patients.CannotMerge):
                self.merge(one, two)
        assert PatientMerge.objects.count() == 1

    def test_a_later_booking_for_the_absorbed_record_is_the_survivor_s(self, pair):
        survivor, absorbed = pair
        self.merge(*pair)
        slot = SlotFactory()

        visit = visits.book_visit(
            schedule=slot.schedule, start=slot.start, end=slot.end, patient=absorbed, by="anna"
        )

        assert visit.patient == survivor


def test_no_text_about_a_patient_tells_who_it_is():
    data = PatientData(given_name="Kanarek", email="kanarek@poczta.example")
    patient = register(given_name="Kanarek")

    assert "anarek" not in f"{data!r} {data} {patient!r} {patient}"
    assert isinstance(patient, Patient)
