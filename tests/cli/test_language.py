"""Commands speak the language of the terminal; tests/test_translations.py asks for all of it."""

import pytest

from slotbridge.cli import language


@pytest.mark.parametrize(
    ("environment", "spoken"),
    [
        ({"LANG": "pl_PL.UTF-8"}, "pl"),
        ({"LANG": "ru_RU.UTF-8"}, "ru"),
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
