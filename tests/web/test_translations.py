"""Every sentence that a person can read is there in Polish. Found without gettext's programs."""

import ast
import re
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.utils import translation
from django.utils.translation.template import templatize

PACKAGE = settings.PACKAGE
LANGUAGES = [code for code, _name in settings.LANGUAGES if code != "en"]  # English is the source
MARKERS = {"gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy", "_"}
# The sandbox is a program of its own, with a catalogue of its own; commands speak to operators.
ELSEWHERE = {"sandbox", "cli"}
LITERAL = r"""(u?'(?:[^'\\]|\\.)*'|u?"(?:[^"\\]|\\.)*")"""
IN_TEMPLATE = re.compile(rf"\b(?:gettext|ngettext|_)\({LITERAL}(?:,\s*{LITERAL})?")
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def files(pattern):
    return [
        path
        for path in PACKAGE.rglob(pattern)
        if path.relative_to(PACKAGE).parts[0] not in ELSEWHERE
    ]


def strings_in_code(path: Path):
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=text), *more]):
                if name in MARKERS:
                    yield text, more[0].value if name.startswith("ngettext") else ""


def strings_in_template(path: Path):
    for singular, plural in IN_TEMPLATE.findall(templatize(path.read_text(), origin=str(path))):
        yield ast.literal_eval(singular), ast.literal_eval(plural) if plural else ""


def source_strings():
    found = {pair for path in files("*.py") for pair in strings_in_code(path)}
    return found | {pair for path in files("*.html") for pair in strings_in_template(path)}


def catalogue(language):
    return polib.pofile(str(PACKAGE / "locale" / language / "LC_MESSAGES" / "django.po"))


def test_the_search_finds_strings_of_each_shape():
    found = source_strings()

    assert {
        ("Commercial services", ""),  # code, lazy
        ("New unit", ""),  # a filter's argument in a template
        ("Update", ""),  # {% translate %}
        ("%(n)s slot", "%(n)s slots"),  # {% blocktranslate count %}
        ("%(n)s slot added.", "%(n)s slots added."),  # ngettext
        ("Site of the portal", ""),  # a connector's setting
    } <= found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_string_is_translated_and_none_is_left_over(language):
    entries = {(entry.msgid, entry.msgid_plural): entry for entry in catalogue(language)}

    missing = [
        pair for pair in source_strings() if pair not in entries or not entries[pair].translated()
    ]
    left_over = entries.keys() - source_strings()

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
