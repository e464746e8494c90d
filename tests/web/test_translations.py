"""Every sentence that a person can read is there in Polish."""

import re

import polib
import pytest
from django.conf import settings
from django.utils import translation

from tests.messages import path_of, source_strings

LANGUAGES = [code for code, _name in settings.LANGUAGES if code != "en"]  # English is the source
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def catalogue(language):
    return polib.pofile(str(path_of(language)))


def test_the_search_finds_strings_of_each_shape():
    found = set(source_strings())

    assert {
        ("Commercial services", ""),  # code, lazy
        ("New unit", ""),  # a filter's argument in a template
        ("Update", ""),  # {% translate %}
        ("%(n)s slot", "%(n)s slots"),  # {% blocktranslate count %}
        ("%(n)s slot added.", "%(n)s slots added."),  # ngettext
        ("Site of the portal", ""),  # a connector's setting
        ("The links of this doctor and address were removed.", ""),  # a marker under another name
    } <= found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_string_is_translated_and_none_is_left_over(language):
    entries = {(entry.msgid, entry.msgid_plural): entry for entry in catalogue(language)}

    missing = [
        pair for pair in source_strings() if pair not in entries or not entries[pair].translated()
    ]
    left_over = entries.keys() - set(source_strings())

    assert (missing, left_over) == ([], set())


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_is_a_guess(language):
    assert [entry.msgid for entry in catalogue(language) if entry.fuzzy or entry.obsolete] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_keep_the_placeholders(language):
    def wrong(entry):
        allowed = set(PLACEHOLDER.findall(entry.msgid + entry.msgid_plural))
        texts = [entry.msgstr, *entry.msgstr_plural.values()]
        return any(text and set(PLACEHOLDER.findall(text)) != allowed for text in texts)

    assert [entry.msgid for entry in catalogue(language) if wrong(entry)] == []


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
