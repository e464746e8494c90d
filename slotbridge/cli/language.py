"""The language of a terminal: Polish where the environment says so, else English."""

import os

from django.utils import translation


def speak() -> None:
    """Chooses it for all that this process writes from now on. Needs Django's settings."""
    translation.activate(spoken())


def spoken() -> str:
    """By POSIX's order of the variables; the first that is set decides."""
    named = (os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    locale = next((value for value in named if value), "")
    return "pl" if locale.lower().startswith("pl") else "en"
