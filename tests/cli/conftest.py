import pytest
from django.utils import translation

from tests.world import World


@pytest.fixture
def world(frozen, db):
    made = World(frozen)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _language(settings):
    """English, also for requests within this process, whatever a command chooses for itself."""
    settings.LANGUAGE_CODE = "en"
    before = translation.get_language()
    translation.activate("en")
    yield
    translation.activate(before)
