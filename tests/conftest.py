import os

import pytest
import time_machine
from django.conf import settings
from django.utils import translation

# Fixed keys: tests neither write secrets to disk nor share them with anybody.
settings.SECRET_KEY = "tests-only-" + "0" * 40
settings.SEALING_SECRETS = ["tests-only-" + "1" * 40]
# Several runs beside each other on one server: each with a suffix of its own.
SUFFIX = os.environ.get("SLOTBRIDGE_TEST_SUFFIX", "")
for alias, name in (
    ("default", "slotbridge_test"), ("sandbox", "sandbox_test"), ("portal", "portal_test"),
):  # fmt: skip
    settings.DATABASES[alias].setdefault("TEST", {})["NAME"] = name + SUFFIX


@pytest.fixture
def english():
    """Sentences as they stand in the source."""
    with translation.override("en"):
        yield


@pytest.fixture
def frozen():
    """A clock that stands at Monday 2026-03-02 08:00 in Warsaw and moves when told to."""
    with time_machine.travel("2026-03-02T07:00:00+00:00", tick=False) as clock:
        yield clock
