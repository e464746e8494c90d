import pytest
from django.utils import translation

from tests.world import World


@pytest.fixture
def world(frozen, db):
    made = World(frozen)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _language():
    """English, and whatever a command chooses for its process: afterwards the suite's again."""
    before = translation.get_language()
    translation.activate("en")
    yield
    translation.activate(before)
