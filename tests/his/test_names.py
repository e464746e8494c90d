import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotbridge.his import names


def test_a_list_of_names_is_in_polish_order():
    in_order = [
        ("Adamska", "Zofia"),
        ("Ąkerman", "Anna"),
        ("Bąk", "Ewa"),
        ("Bżik", "Ewa"),
        ("Lis", "Jan"),
        ("Łąka", "Jan"),
        ("Nowak", "Zofia"),
        ("Nowak-Kowalska", "Anna"),
        ("Świt", "Ewa"),
        ("Zając", "Adam"),
        ("Zając", "Łucja"),
        ("Źrebiec", "Adam"),
        ("Żak", "Adam"),
        ("Королев", "Иван"),
        ("Чайкина", "Анна"),
    ]

    backwards = in_order[::-1]  # else equal keys would pass for order
    assert sorted(backwards, key=lambda name: names.sort_key(*name)) == in_order


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("ŁUCJA Świerczyńska", "lucja swierczynska"),
        ("Nowak–Kowalska", "nowak kowalska"),
        ("  O’Brien\t Ęwa ", "obrien ewa"),
        ("Þór Æsir Øst Straße", "thor aesir ost strasse"),
        ("Artém Müller", "artem muller"),
        ("Артём Королёв", "артем королев"),
        ("Андрей Їжак", "андрей їжак"),
        ("", ""),
    ],
)
def test_a_search_sets_diacritics_aside_and_keeps_cyrillic(typed, found):
    assert names.search_key(typed) == found


def test_a_search_key_joins_its_parts_and_drops_empty_ones():
    assert names.search_key("Jan", "", "Łąka") == "jan laka"


def test_the_same_person_is_recognised_in_other_spelling():
    assert names.same_name("Łucja", "Świerczyńska", "LUCJA", "swierczynska")
    assert names.same_name("Ewa", "Nowak-Kowalska", "Ewa", "Nowak Kowalska")
    assert not names.same_name("Jan", "Łąka", "Anna", "Łąka")
    assert not names.same_name("", "", "", "")


def test_a_first_name_and_a_surname_are_not_exchanged():
    assert not names.same_name("Adam", "Piotr", "Piotr", "Adam")


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("Jan.Laka@Poczta.Example", "jan.laka@poczta.example"),
        ("\u00a0 jan@poczta.example\u200b\ufeff\n", "jan@poczta.example"),
        ("jan+dziecko@poczta.example", "jan+dziecko@poczta.example"),
        ("j.a.n@poczta.example", "j.a.n@poczta.example"),
        ("anna@źrebię.example", "anna@xn--rebi-8va19c.example"),
        ("ANNA@ŹREBIĘ.example", "anna@xn--rebi-8va19c.example"),
        ("z\u0301ona@poczta.example", "źona@poczta.example"),
        ("a_b@my_host.example", "a_b@my_host.example"),
    ],
)
def test_one_address_has_one_key(typed, key):
    assert names.email_key(typed) == key


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " \u200b ",
        "brak",
        "@poczta.example",
        "jan@",
        "jan@poczta",
        "jan@poczta..example",
        "jan@inny@poczta.example",
        "jan laka@poczta.example",
        "jan\u200b.laka@poczta.example",
        "jan@\u2603\u200d.\u00ad",
        "a" * 250 + "@poczta.example",
    ],
)
def test_what_reaches_nobody_has_no_key(typed):
    assert names.email_key(typed) == ""


@given(st.text(max_size=300), st.text(max_size=300))
def test_keys_fit_their_columns_and_are_stable(family, given_name):
    assert len(names.sort_key(family, given_name)) <= 250
    assert len(names.search_key(family, given_name)) <= 250
    assert names.search_key(names.search_key(family)) == names.search_key(family)


@given(st.text(max_size=60))
def test_an_address_key_is_its_own_key(typed):
    key = names.email_key(f"{typed}@poczta.example")
    assert names.email_key(key) == key
