from datetime import date

import pytest

from slotbridge.his import patients, visits
from slotbridge.his.matching import match_or_register
from slotbridge.his.models import Patient, PatientCandidate, Visit
from slotbridge.his.patients import PatientData
from tests.factories import CHANNEL, OrganisationFactory, PatientFactory, SlotFactory

pytestmark = pytest.mark.django_db

EMAIL = "rodzina@poczta.example"
PESEL = "44051401359"
OTHER_PESEL = "02070803628"


def person(given_name, family_name, **columns):
    """A record made as reception makes it, with the family's address unless told otherwise."""
    data = PatientData(given_name=given_name, family_name=family_name, **{"email": EMAIL} | columns)
    return patients.register(organisation=OrganisationFactory(), data=data, by="anna")


def match(given_name="Łucja", family_name="Źrebiec", **columns):
    data = PatientData(given_name=given_name, family_name=family_name, **{"email": EMAIL} | columns)
    return match_or_register(
        organisation=OrganisationFactory(), data=data, channel=CHANNEL, by=CHANNEL
    )


def candidates(patient):
    return set(PatientCandidate.objects.filter(patient=patient).values_list("candidate", "reason"))


def visit_of(matched):
    slot = SlotFactory(channels=[CHANNEL])
    return visits.book_visit(
        schedule=slot.schedule,
        start=slot.start,
        end=slot.end,
        patient=matched.patient,
        verify=matched.verify,
        as_booked=matched.as_booked,
        channel=CHANNEL,
        by=CHANNEL,
    )


class TestNobodyKnown:
    def test_an_unknown_address_makes_a_patient_with_both_marks(self):
        """R26, R26a, R26b."""
        matched = match(phone="600100200", consents={"data-privacy": True})

        patient = matched.patient
        assert (matched.is_new, matched.verify, matched.as_booked) == (True, [], {})
        assert (patient.origin_channel, patient.verify) == (CHANNEL, ["new-from-portal"])
        assert patient.phone == "+48600100200"
        assert patient.consents.get().source == CHANNEL
        assert candidates(patient) == set()

    def test_without_an_address_nobody_is_matched_but_likely_ones_are_named(self):
        by_phone = person("Oleg", "Lis", email="", phone="600100200")
        by_name = person("Lucja", "ZREBIEC", email="", birth_date=date(1944, 5, 14))
        by_id = person("Hazel", "Lis", national_id=PESEL)
        person("Łucja", "Źrebiec", email="", birth_date=date(1999, 1, 1))

        matched = match(
            email="nie mam", phone="600 100 200", birth_date=date(1944, 5, 14), national_id=PESEL
        )

        assert matched.is_new
        assert matched.patient.verify == ["new-from-portal", "no-email"]
        assert (matched.patient.email, matched.patient.email_key) == ("nie mam", "")
        assert candidates(matched.patient) == {
            (by_phone.pk, "phone"),
            (by_name.pk, "name-and-birth-date"),
            (by_id.pk, "national-id"),
        }

    def test_a_booking_with_nothing_at_all_is_not_lost(self):
        matched = match("", "", email="")

        assert (matched.is_new, matched.as_booked) == (True, {})
        assert matched.patient.verify == ["new-from-portal", "no-email"]

    def test_what_no_column_holds_stays_on_the_visit(self):
        matched = match(family_name="Ż" * 120, phone="u sąsiadki, proszę pytać wieczorem")

        assert matched.as_booked == {
            "family_name": "Ż" * 120,
            "phone": "u sąsiadki, proszę pytać wieczorem",
        }

    def test_the_dead_the_archived_and_other_organisations_do_not_count(self):
        patients.change(patient=person("Łucja", "Źrebiec"), by="anna", is_deceased=True)
        patients.change(patient=person("Łucja", "Źrebiec"), by="anna", is_active=False)
        other = OrganisationFactory(name="Inna lecznica")
        PatientFactory(organisation=other, email=EMAIL, email_key=EMAIL)

        matched = match()

        assert matched.is_new
        assert candidates(matched.patient) == set()


class TestOneKnown:
    @pytest.mark.parametrize(
        "typed", ["RODZINA@poczta.example", "\u00a0rodzina@Poczta.Example \u200b"]
    )
    def test_the_address_is_compared_without_case_and_blanks(self, typed):
        known = person("Łucja", "Źrebiec")

        matched = match(email=typed)

        assert (matched.patient, matched.is_new) == (known, False)
        assert (matched.verify, matched.as_booked) == ([], {})

    def test_case_and_diacritics_are_spelling_and_only_shown(self):
        known = person("Łucja", "Źrebiec")

        matched = match("lucja", "ZREBIEC")

        assert matched.verify == []
        assert matched.as_booked == {"given_name": "lucja", "family_name": "ZREBIEC"}
        known.refresh_from_db()
        assert known.given_name == "Łucja"

    @pytest.mark.parametrize(
        ("changed", "shown"),
        [
            ({"given_name": "Zosia"}, {"given_name": "Zosia"}),
            ({"birth_date": date(2019, 9, 9)}, {"birth_date": "2019-09-09"}),
            ({"national_id": OTHER_PESEL}, {"national_id": OTHER_PESEL}),
        ],
    )
    def test_another_person_under_the_address_is_matched_and_marked_on_the_visit(
        self, changed, shown
    ):
        known = person("Łucja", "Źrebiec", birth_date=date(1944, 5, 14), national_id=PESEL)

        matched = match(**changed)

        assert matched.patient == known
        assert matched.verify == ["name-differs"]
        assert matched.as_booked == shown
        known.refresh_from_db()
        assert known.verify == []

    def test_what_the_booking_does_not_say_does_not_differ(self):
        person("Łucja", "Źrebiec", birth_date=date(1944, 5, 14), national_id=PESEL)

        matched = match("", "")

        assert (matched.verify, matched.as_booked) == ([], {})

    def test_a_missing_phone_is_filled_in_and_nothing_overwritten(self):
        known = person("Łucja", "Źrebiec", city="Lipowo")

        first = match(phone="600100200", sex="female")
        second = match(phone="600100300")

        known.refresh_from_db()
        assert (known.phone, known.sex) == ("+48600100200", "")
        assert first.as_booked == {"sex": "female"}
        assert second.as_booked == {"phone": "600100300"}

    def test_consents_that_come_with_a_known_patient_are_stored(self):
        known = person("Łucja", "Źrebiec")

        match(consents={"marketing": False})

        consent = known.consents.get()
        assert (consent.kind, consent.is_given, consent.source) == ("marketing", False, CHANNEL)

    def test_a_merged_record_leads_through_the_chain_to_the_survivor(self):
        old = person("Łucja", "Źrebiec")
        middle = person("Łucja", "Źrebiec", email="druga@poczta.example")
        survivor = person("Łucja", "Źrebiec", email="trzecia@poczta.example")
        patients.merge(survivor=middle, absorbed=old, by="anna")
        patients.merge(survivor=survivor, absorbed=middle, by="anna")

        matched = match()

        assert matched.patient == survivor
        assert matched.as_booked == {"email": EMAIL}
        assert Patient.objects.count() == 3

    def test_a_survivor_who_died_does_not_count(self):
        old, survivor = person("Łucja", "Źrebiec"), person("Łucja", "Źrebiec")
        patients.merge(survivor=survivor, absorbed=old, by="anna")
        patients.change(patient=survivor, by="anna", is_deceased=True)

        assert match().is_new


class TestSeveralKnown:
    @pytest.fixture
    def mother(self):
        return person("Łucja", "Źrebiec", national_id=PESEL)

    @pytest.fixture
    def child(self):
        return person("Zosia", "Źrebiec", national_id=OTHER_PESEL)

    def test_the_name_decides(self, mother, child):
        assert match("zosia", "ZREBIEC").patient == child
        assert match("Łucja", "Źrebiec").patient == mother

    @pytest.mark.usefixtures("mother")
    def test_the_national_id_decides(self, child):
        matched = match("Zofia", "Źrebiec", national_id=OTHER_PESEL)

        assert (matched.patient, matched.verify) == (child, ["name-differs"])

    def test_the_national_id_tells_namesakes_apart(self, mother):
        person("Łucja", "Źrebiec", national_id=OTHER_PESEL)

        assert match(national_id=PESEL).patient == mother

    @pytest.mark.parametrize(
        "booked",
        [
            {"given_name": "Oleg", "family_name": "Lis"},
            {"given_name": "Łucja", "family_name": "Źrebiec", "national_id": OTHER_PESEL},
            {"given_name": "", "family_name": ""},
        ],
        ids=["neither", "name of one and id of the other", "no name"],
    )
    def test_in_doubt_a_new_patient_is_added_and_all_are_named(self, mother, child, booked):
        matched = match(**booked)

        assert matched.is_new
        assert matched.patient.verify == ["new-from-portal", "several-with-email"]
        assert {(mother.pk, "email"), (child.pk, "email")} <= candidates(matched.patient)

    @pytest.mark.usefixtures("mother")
    def test_two_namesakes_are_in_doubt(self):
        person("Łucja", "Źrebiec")

        assert match().is_new

    @pytest.mark.usefixtures("mother")
    def test_two_records_of_one_national_id_are_in_doubt(self):
        person("Łucja", "Źrebiec", national_id=PESEL)

        assert match(national_id=PESEL).is_new

    def test_two_records_that_were_merged_are_one(self, mother, child):
        patients.merge(survivor=mother, absorbed=child, by="anna")

        assert match("Ktoś", "Inny").patient == mother


class TestSettlingWho:
    @pytest.fixture
    def mother(self):
        return person("Łucja", "Źrebiec", phone="600100200", birth_date=date(1980, 1, 1))

    @pytest.fixture
    def visit(self, mother):
        assert mother.pk
        return visit_of(match("Zosia", phone="600100200", birth_date=date(2019, 9, 9)))

    def test_one_press_makes_a_new_patient_of_what_was_booked(self, mother, visit):
        new = patients.split_off(visit=visit, by="anna")

        assert (new.given_name, new.family_name, new.birth_date) == (
            "Zosia",
            "Źrebiec",
            date(2019, 9, 9),
        )
        assert (new.email_key, new.phone) == (EMAIL, "+48600100200")
        assert (new.origin_channel, new.verify) == (CHANNEL, ["name-differs"])
        assert candidates(new) == {(mother.pk, "email"), (mother.pk, "phone")}
        visit.refresh_from_db()
        assert (visit.patient, visit.verify, visit.as_booked) == (new, [], {})
        told = visit.events.get(kind="patient")
        assert told.data == {"was": mother.pk, "now": new.pk}
        assert match("Zosia").patient == new

    @pytest.mark.usefixtures("mother")
    def test_an_unmarked_visit_is_not_split_off(self):
        with pytest.raises(patients.NothingBooked):
            patients.split_off(visit=visit_of(match()), by="anna")

    def test_a_hold_is_nobody_s_to_split_off(self, visit):
        Visit.objects.filter(pk=visit.pk).update(status="cancelled", patient=None)

        with pytest.raises(patients.NothingBooked):
            patients.split_off(visit=visit, by="anna")

    def test_differences_are_taken_over_one_by_one(self, mother, visit):
        patients.take_over(visit=visit, field="given_name", by="anna")
        visit.refresh_from_db()
        assert visit.verify == ["name-differs"]

        patient = patients.take_over(visit=visit, field="birth_date", by="anna")

        assert (patient.pk, patient.given_name, patient.birth_date) == (
            mother.pk,
            "Zosia",
            date(2019, 9, 9),
        )
        visit.refresh_from_db()
        assert (visit.verify, visit.as_booked) == ([], {})
        with pytest.raises(patients.NothingBooked):
            patients.take_over(visit=visit, field="birth_date", by="anna")

    def test_a_difference_of_contact_alone_leaves_no_doubt(self, mother):
        visit = visit_of(match(phone="600100999"))

        patients.take_over(visit=visit, field="phone", by="anna")

        mother.refresh_from_db()
        assert mother.phone == "+48600100999"

    def test_our_record_may_be_right(self, mother, visit):
        kept = patients.keep_match(visit=visit, by="anna")

        assert (kept.patient, kept.verify, kept.as_booked) == (mother, [], {})
        mother.refresh_from_db()
        assert mother.given_name == "Łucja"


def test_a_match_does_not_tell_who_it_is():
    person("Łucja", "Źrebiec")

    told = repr(match("Kanarek", "Kanarkowy"))

    assert "anark" not in told
    assert "name-differs" in told
