"""Source strings, found without gettext's programs; `make messages` brings catalogues up to date.

Each program has a catalogue of its own. A catalogue keeps the order of the sources. New strings
come in untranslated, strings that are gone go; nothing is guessed from a string that looks alike.
"""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import polib
from django.utils.translation.template import templatize

PACKAGE = Path(__file__).resolve().parent.parent / "slotbridge"
TRANSLATION = "django.utils.translation"
SINGULAR = {"gettext", "gettext_lazy", "gettext_noop"}
PLURAL = {"ngettext", "ngettext_lazy"}
WITHOUT_DJANGO = "_noop"  # how wire marks a text: it knows no gettext, whoever shows it does
TEMPLATES = ("*.html", "*.txt")  # pages and letters
LITERAL = r"""(u?'(?:[^'\\]|\\.)*'|u?"(?:[^"\\]|\\.)*")"""
IN_TEMPLATE = re.compile(rf"\b(?:gettext|ngettext|_)\({LITERAL}(?:,\s*{LITERAL})?")
PLURALS = re.compile(r"nplurals\s*=\s*(\d)")


@dataclass(frozen=True)
class Program:
    """A program whose sentences lie in `floors` of the package, and its catalogues' folder."""

    name: str
    floors: tuple[str, ...]
    folder: Path

    @property
    def languages(self):
        return sorted(each.name for each in self.folder.iterdir() if each.is_dir())

    def path_of(self, language):
        return self.folder / language / "LC_MESSAGES" / "django.po"

    def catalogue(self, language):
        return polib.pofile(str(self.path_of(language)), wrapwidth=98)

    def source_strings(self):
        """(singular, plural or "") of every string marked for translation, in order."""
        pairs = [pair for path in self._files("*.py") for pair in _in_code(path)]
        for pattern in TEMPLATES:
            pairs += [pair for path in self._files(pattern) for pair in _in_template(path)]
        return list(dict.fromkeys(pairs))

    def update(self, language):
        """Writes the language's catalogue anew; returns the strings that are not translated."""
        catalogue = self.catalogue(language)
        forms = int(PLURALS.search(catalogue.metadata["Plural-Forms"])[1])
        known = {(entry.msgid, entry.msgid_plural): entry for entry in catalogue}
        catalogue[:] = [
            known.get((singular, plural))
            or polib.POEntry(
                msgid=singular,
                msgid_plural=plural,
                msgstr_plural=dict.fromkeys(range(forms), "") if plural else {},
            )
            for singular, plural in self.source_strings()
        ]
        catalogue.save(str(self.path_of(language)))
        return [entry.msgid for entry in catalogue if not entry.translated()]

    def _files(self, pattern):
        return sorted(path for floor in self.floors for path in (PACKAGE / floor).rglob(pattern))


# The rest of the package is the hub's. What wire says is read on the portal's pages, in its
# answers, and on the terminal of a clinic that checks its documents.
OTHERS = (
    Program("commands", ("cli", "wire"), PACKAGE / "cli" / "locale"),
    Program("portal", ("portal", "wire"), PACKAGE / "portal" / "locale"),
    Program("sandbox", ("sandbox",), PACKAGE / "sandbox" / "locale"),
)
HUB = Program(
    "hub",
    tuple(
        sorted(
            {path.name for path in PACKAGE.iterdir() if path.is_dir()}
            - {floor for other in OTHERS for floor in other.floors}
        )
    ),
    PACKAGE / "locale",
)
PROGRAMS = (HUB, *OTHERS)


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
                if names.get(name) in SINGULAR or name == WITHOUT_DJANGO:
                    yield text, ""
                elif names.get(name) in PLURAL:
                    yield text, more[0].value


def _in_template(path):
    for singular, plural in IN_TEMPLATE.findall(templatize(path.read_text(), origin=str(path))):
        yield ast.literal_eval(singular), ast.literal_eval(plural) if plural else ""


def main():
    for program in PROGRAMS:
        for language in program.languages:
            missing = program.update(language)
            print(  # noqa: T201 - a tool of the terminal
                f"{program.name}, {language}: {len(missing)} to translate", *missing, sep="\n  "
            )


if __name__ == "__main__":
    from django.conf import settings

    settings.configure(USE_I18N=True)
    main()
