"""Commands speak the language of the terminal, and know all their sentences in Polish."""

import polib
import pytest

from slotbridge.cli import language
from tests import messages

CATALOGUE = messages.PACKAGE / "cli" / "locale" / "pl" / "LC_MESSAGES" / "django.po"


@pytest.mark.parametrize(
    ("environment", "spoken"),
    [
        ({"LANG": "pl_PL.UTF-8"}, "pl"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({}, "en"),
        ({"LANG": "pl_PL.UTF-8", "LC_MESSAGES": "C"}, "en"),
        ({"LANG": "C", "LC_MESSAGES": "", "LC_ALL": "pl_PL"}, "pl"),
    ],
)
def test_the_terminal_says_which_language(monkeypatch, environment, spoken):
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert language.spoken() == spoken


def test_every_sentence_of_the_commands_is_there_in_polish_and_none_is_left_over():
    source = {
        text
        for path in (messages.PACKAGE / "cli").rglob("*.py")
        for text, _plural in messages._in_code(path)
    }
    known = {entry.msgid: entry for entry in polib.pofile(str(CATALOGUE))}

    assert known.keys() == source
    assert [text for text, entry in known.items() if not entry.translated()] == []
    assert "It is shown." in source
