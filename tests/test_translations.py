"""Every sentence that a person can read is there in every language of its program."""

import re

import pytest

from tests.messages import PROGRAMS

PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")
CATALOGUES = [
    pytest.param(program, language, id=f"{program.name}-{language}")
    for program in PROGRAMS
    for language in program.languages
]
each_catalogue = pytest.mark.parametrize(("program", "language"), CATALOGUES)


@each_catalogue
def test_every_string_is_translated_and_none_is_left_over(program, language):
    entries = {(each.msgid, each.msgid_plural): each for each in program.catalogue(language)}
    source = program.source_strings()

    missing = [pair for pair in source if pair not in entries or not entries[pair].translated()]
    left_over = entries.keys() - set(source)

    assert (missing, left_over) == ([], set())


@each_catalogue
def test_no_translation_is_a_guess(program, language):
    catalogue = program.catalogue(language)

    assert [entry.msgid for entry in catalogue if entry.fuzzy or entry.obsolete] == []


@each_catalogue
def test_translations_keep_the_placeholders(program, language):
    def wrong(entry):
        allowed = set(PLACEHOLDER.findall(entry.msgid + entry.msgid_plural))
        texts = [entry.msgstr, *entry.msgstr_plural.values()]
        return any(text and set(PLACEHOLDER.findall(text)) != allowed for text in texts)

    assert [entry.msgid for entry in program.catalogue(language) if wrong(entry)] == []


def test_the_programs_share_no_sentence_but_those_of_the_formats():
    floors = [floor for program in PROGRAMS for floor in program.floors]

    assert sorted(floor for floor in floors if floors.count(floor) > 1) == ["wire", "wire"]


@pytest.mark.parametrize(
    ("name", "pairs"),
    [
        (
            "hub",
            {
                ("Commercial services", ""),  # code, lazy
                ("New unit", ""),  # a filter's argument in a template
                ("Update", ""),  # {% translate %}
                ("%(n)s slot", "%(n)s slots"),  # {% blocktranslate count %}
                ("%(n)s slot added.", "%(n)s slots added."),  # ngettext
                ("Site of the portal", ""),  # a connector's setting
                # a marker under another name
                ("The links of this doctor and address were removed.", ""),
            },
        ),
        ("commands", {("It is shown.", "")}),
        ("sandbox", {("Write a phone number, for example +48 600 100 200.", "")}),
    ],
)
def test_the_search_finds_strings_of_each_shape(name, pairs):
    program = next(each for each in PROGRAMS if each.name == name)

    assert pairs <= set(program.source_strings())
