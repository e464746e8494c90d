"""Bookings of one unknown address at the same time make one patient, and a merge loses none."""

import threading
from functools import partial

import pytest
from django.db import transaction

from slotbridge.his import locks, patients, visits
from slotbridge.his.models import Patient, Visit
from slotbridge.his.patients import PatientData
from tests.factories import CHANNEL, OrganisationFactory, PatientFactory, SlotFactory
from tests.his.races.together import together

pytestmark = pytest.mark.django_db(transaction=True)

DATA = PatientData(given_name="Perpetua", family_name="Łąka", email="laka@poczta.example")


def in_one_moment(organisation):
    """Two matches of one address: the first has registered and not committed when the second
    looks; returns both.
    """
    registered, both_looked = threading.Event(), threading.Event()

    def match():
        return patients.match_or_register(
            organisation=organisation, data=DATA, channel=CHANNEL, by=CHANNEL
        )

    def first():
        with transaction.atomic():
            matched = match()
            registered.set()
            both_looked.wait(0.5)  # in vain, where the other has to wait for us
            return matched

    def second():
        registered.wait(10)
        try:
            return match()
        finally:
            both_looked.set()

    return together(first, second)


def test_two_bookings_of_an_unknown_address_register_one_patient():
    first, second = in_one_moment(OrganisationFactory())

    assert (first.is_new, second.is_new) == (True, False)
    assert Patient.objects.get() == first.patient == second.patient


def test_without_the_lock_they_register_two(monkeypatch):
    monkeypatch.setattr(locks, "one_email", lambda *_: None)

    first, second = in_one_moment(OrganisationFactory())

    assert (first.is_new, second.is_new) == (True, True)
    assert Patient.objects.count() == 2


def test_another_organisation_does_not_wait():
    one, other = OrganisationFactory(), OrganisationFactory(name="Inna lecznica")

    matches = together(
        *(
            partial(
                patients.match_or_register,
                organisation=organisation,
                data=DATA,
                channel=CHANNEL,
                by=CHANNEL,
            )
            for organisation in (one, other)
        )
    )

    assert [matched.is_new for matched in matches] == [True, True]


def merge_and_book(survivor, absorbed):
    """Books for a record while it is merged away; the booking has begun when the merge does."""
    slot = SlotFactory()
    booked, merged = threading.Event(), threading.Event()

    def book():
        with transaction.atomic():
            visit = visits.book_visit(
                schedule=slot.schedule,
                start=slot.start,
                end=slot.end,
                patient=absorbed,
                by="anna",
            )
            booked.set()
            merged.wait(0.5)
            return visit

    def merge():
        booked.wait(10)
        try:
            return patients.merge(survivor=survivor, absorbed=absorbed, by="ola")
        finally:
            merged.set()

    return together(book, merge)


def test_a_booking_under_way_while_its_patient_is_merged_comes_to_the_survivor():
    survivor, absorbed = PatientFactory.create_batch(2)

    visit, merge = merge_and_book(survivor, absorbed)

    assert Visit.objects.get().patient == survivor
    assert merge.visits == [visit.pk]


def test_without_the_lock_it_stays_with_the_record_that_is_gone(monkeypatch):
    monkeypatch.setattr(locks, "keep_patients_apart", lambda *_: None)

    survivor, absorbed = PatientFactory.create_batch(2)
    merge_and_book(survivor, absorbed)

    assert Visit.objects.get().patient == absorbed


def test_matches_and_merges_of_one_family_all_end():
    one, two = PatientFactory.create_batch(2, email=DATA.email, email_key=DATA.email)
    match = partial(
        patients.match_or_register,
        organisation=one.organisation,
        data=DATA,
        channel=CHANNEL,
        by=CHANNEL,
    )

    outcomes = together(
        match,
        partial(patients.merge, survivor=one, absorbed=two, by="anna"),
        match,
        partial(patients.merge, survivor=two, absorbed=one, by="ola"),
        match,
    )

    refused = [one for one in outcomes if isinstance(one, Exception)]
    assert [type(one) for one in refused] == [patients.CannotMerge]
