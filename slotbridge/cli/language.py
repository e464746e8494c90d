"""The language of a terminal: Polish or Russian where the environment says so, else English."""

import os

from django.utils import translation

SPOKEN = ("pl", "ru")  # those with a catalogue in cli/locale; English is in the source


def mark(text: str) -> str:
    """Marks a text that is translated when it is shown. Unlike gettext_noop it reads no settings:
    `slotbridge check` must be able to say that they are wrong.
    """
    return text


def speak() -> None:
    """Chooses it for all that this process writes from now on. Needs Django's settings."""
    translation.activate(spoken())


def spoken() -> str:
    """By POSIX's order of the variables; the first that is set decides."""
    named = (os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    locale = next((value for value in named if value), "")
    code = locale.lower().partition(".")[0].partition("_")[0]
    return code if code in SPOKEN else "en"
