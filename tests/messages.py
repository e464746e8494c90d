"""Source strings, found without gettext's programs; `make messages` brings catalogues up to date.

A catalogue keeps the order of the sources. New strings come in untranslated, strings that are
gone go; nothing is guessed from a string that looks similar.
"""

import ast
import re
from pathlib import Path

import polib
from django.utils.translation.template import templatize

PACKAGE = Path(__file__).resolve().parent.parent / "slotbridge"
# The sandbox is a program of its own, with a catalogue of its own; commands speak to operators.
ELSEWHERE = {"sandbox", "cli"}
TRANSLATION = "django.utils.translation"
SINGULAR = {"gettext", "gettext_lazy", "gettext_noop"}
PLURAL = {"ngettext", "ngettext_lazy"}
LITERAL = r"""(u?'(?:[^'\\]|\\.)*'|u?"(?:[^"\\]|\\.)*")"""
IN_TEMPLATE = re.compile(rf"\b(?:gettext|ngettext|_)\({LITERAL}(?:,\s*{LITERAL})?")


def source_strings():
    """(singular, plural or "") of every string that is marked for translation, in order."""
    pairs = [pair for path in _files("*.py") for pair in _in_code(path)]
    pairs += [pair for path in _files("*.html") for pair in _in_template(path)]
    return list(dict.fromkeys(pairs))


def path_of(language):
    return PACKAGE / "locale" / language / "LC_MESSAGES" / "django.po"


def update(language):
    """Writes the language's catalogue anew; returns the strings that are not translated."""
    catalogue = polib.pofile(str(path_of(language)), wrapwidth=98)
    known = {(entry.msgid, entry.msgid_plural): entry for entry in catalogue}
    catalogue[:] = [
        known.get((singular, plural))
        or polib.POEntry(
            msgid=singular,
            msgid_plural=plural,
            msgstr_plural={0: "", 1: "", 2: ""} if plural else {},
        )
        for singular, plural in source_strings()
    ]
    catalogue.save(str(path_of(language)))
    return [entry.msgid for entry in catalogue if not entry.translated()]


def _files(pattern):
    return sorted(
        path
        for path in PACKAGE.rglob(pattern)
        if path.relative_to(PACKAGE).parts[0] not in ELSEWHERE
    )


def _in_code(path):
    tree = ast.parse(path.read_text())
    names = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == TRANSLATION
        for alias in node.names
    }
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=text), *more]):
                if names.get(name) in SINGULAR:
                    yield text, ""
                elif names.get(name) in PLURAL:
                    yield text, more[0].value


def _in_template(path):
    for singular, plural in IN_TEMPLATE.findall(templatize(path.read_text(), origin=str(path))):
        yield ast.literal_eval(singular), ast.literal_eval(plural) if plural else ""


if __name__ == "__main__":
    from django.conf import settings

    settings.configure(USE_I18N=True)
    for folder in sorted((PACKAGE / "locale").iterdir()):
        missing = update(folder.name)
        print(f"{folder.name}: {len(missing)} to translate", *missing, sep="\n  ")  # noqa: T201
