"""The hub counts as Polish does; tests/test_translations.py asks whether all is translated."""

import pytest
from django.utils import translation


@pytest.mark.parametrize(
    ("count", "sentence"),
    [
        (1, "Dodano 1 termin."),
        (2, "Dodano 2 terminy."),
        (5, "Dodano 5 terminów."),
        (12, "Dodano 12 terminów."),
        (22, "Dodano 22 terminy."),
    ],
)
def test_polish_counts_in_three_forms(count, sentence):
    with translation.override("pl"):
        text = translation.ngettext("%(n)s slot added.", "%(n)s slots added.", count)

    assert text % {"n": count} == sentence
