"""How names are compared, and who gets which counterpart: no database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotbridge.sync import likeness
from slotbridge.sync.likeness import Candidate, How


@pytest.mark.parametrize(
    "spelt",
    [
        "dr n. med. Gniewko Źrebiec",
        "DR HAB. N. MED. GNIEWKO ŹREBIEC",
        "prof. dr hab. n. med. i n. o zdr. Gniewko Źrebiec",
        "Gniewko Zrebiec, lek. med.",
        "mgr Gniewko Źrebiec (fizjoterapeuta)",
    ],
)
def test_titles_case_diacritics_and_punctuation_are_set_aside(spelt):
    assert likeness.person_words(spelt) == ("gniewko", "zrebiec")


def test_a_name_that_looks_like_a_title_stays_if_nothing_else_is_left():
    assert likeness.person_words("lek. Doc") == ("lek", "doc")
    assert likeness.person_words("dr Ing") == ("dr", "ing")


def test_a_licence_number_is_its_digits_without_leading_zeros():
    assert likeness.licence("PWZ 0 900-0001") == likeness.licence("9000001") == "9000001"
    assert likeness.licence("brak") == ""


@pytest.mark.parametrize(
    ("street", "text", "found"),
    [
        ("ul. Wymyślona 7", "Przy Rynku, Wymyslona 7, 00-000 Lipowo", True),
        ("Wymyślona 7 lok. 3", "Przy Rynku, ul. Wymyślona 7/12, Lipowo", True),
        ("ul. Wymyślona 7", "ul. Wymyślona 17, Lipowo", False),
        ("ul. Wymyślona 7", "ul. Wymyślona 3/7, Lipowo", False),
        ("ul. 3 Maja 7", "ul. 3 Maja 8, Lipowo", False),
        ("ul. 3 Maja 7", "3 Maja 7, Lipowo", True),
        ("Plac Wolności 3", "pl. Wolności 3, Lipowo", True),
        ("Plac Wolności 3", "ul. Wolności 3, Lipowo", False),
        ("", "ul. Wymyślona 7, Lipowo", False),
    ],
)
def test_a_street_is_found_by_its_name_and_house_number(street, text, found):
    assert likeness.names_street(text, likeness.street_of(street)) is found


def only(ours, theirs):
    return list(likeness.by_name({1: [likeness.words(ours)]}, {2: likeness.words(theirs)}))


def test_same_words_count_more_than_similar_ones():
    assert only("Echo serca", "ECHO SERCA") == [Candidate(1, 2, 100, How.NAME)]
    assert only("Echo serca", "Serca: echo") == [Candidate(1, 2, 97, How.ORDER)]
    assert only("Usg tarczycy", "Usg tarczyc") == [Candidate(1, 2, 89, How.SIMILAR)]
    assert only("Echo serca", "Leczenie kanałowe") == []


def test_a_letter_more_is_never_sure():
    """Anna is not Hanna: what is only similar stays below what is accepted all at once."""
    [one] = only("Anna Kowalska", "Hanna Kowalska")
    assert one.score < likeness.SURE


def test_a_slip_in_the_first_letter_is_still_similar_whatever_the_order_of_words():
    assert only("Aneta Cwikla", "Żaneta Ćwikła")
    assert only("Ćwikła Żaneta", "Zaneta Cwikl")


def assign(found, holders=None, clash=lambda _one, _other: True):
    chosen, ties = likeness.assign(found, holders or {}, clash)
    return {record: one.item for record, one in chosen.items()}, ties


def test_the_best_pair_goes_first_and_the_next_one_gets_what_is_left():
    found = [
        Candidate(1, 10, 80, How.SIMILAR),
        Candidate(2, 10, 100, How.NAME),
        Candidate(1, 11, 70, How.SIMILAR),
    ]
    assert assign(found) == ({2: 10, 1: 11}, {})


def test_a_licence_number_goes_before_a_name():
    found = [Candidate(1, 10, 100, How.NAME), Candidate(2, 10, 100, How.LICENCE)]
    assert assign(found) == ({2: 10}, {})


def test_two_that_fit_one_equally_both_wait_and_nobody_less_alike_gets_it():
    found = [
        Candidate(1, 10, 100, How.NAME),
        Candidate(2, 10, 100, How.NAME),
        Candidate(3, 10, 70, How.SIMILAR),
    ]
    chosen, ties = assign(found)
    assert chosen == {}
    assert {record: tie.records for record, tie in ties.items()} == {1: (2,), 2: (1,)}


def test_what_may_be_shared_is_no_tie():
    found = [Candidate(1, 10, 100, How.NAME), Candidate(2, 10, 100, How.NAME)]
    assert assign(found, clash=lambda _one, _other: False) == ({1: 10, 2: 10}, {})


def test_one_that_has_two_equals_waits():
    found = [Candidate(1, 10, 100, How.NAME), Candidate(1, 11, 100, How.NAME)]
    chosen, ties = assign(found)
    assert chosen == {}
    assert ties[1].items == (10, 11)


def test_what_somebody_has_already_is_not_proposed():
    assert assign([Candidate(1, 10, 100, How.NAME)], {10: [7]}) == ({}, {})


PAIRS = st.builds(
    Candidate,
    record=st.integers(1, 6),
    item=st.integers(11, 16),
    score=st.sampled_from([60, 75, 89, 100]),
    how=st.sampled_from([How.NAME, How.LICENCE, How.SIMILAR]),
)


@given(st.lists(PAIRS, max_size=25), st.integers(0, 2))
def test_clashing_records_never_get_one_item_and_what_waits_waits_for_a_reason(found, modulus):
    def clash(one, other):
        return modulus == 0 or one % modulus == other % modulus

    found = list(likeness.best(found))
    chosen, ties = likeness.assign(found, {}, clash)

    assert not chosen.keys() & ties.keys()
    pairs = {(record, one.item) for record, one in chosen.items()}
    for record, item in pairs:
        assert not [r for r, i in pairs if i == item and r != record and clash(r, record)]
    assert all(len(tie.items) > 1 or tie.records for tie in ties.values())
    # Whoever got nothing would clash over each candidate with somebody who is at least as fit.
    for one in found:
        if one.record in chosen or one.record in ties:
            continue
        assert [
            other
            for other in found
            if other.item == one.item
            and other.weight >= one.weight
            and other.record in {*chosen, *ties}
            and clash(other.record, one.record)
        ]
