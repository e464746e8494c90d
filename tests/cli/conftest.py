import pytest
from django.utils import translation

from tests.world import World


@pytest.fixture
def world(frozen, db):
    made = World(frozen)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _own_language():
    """A command chooses the language of its process: here that is the suite's."""
    before = translation.get_language()
    yield
    translation.activate(before)
