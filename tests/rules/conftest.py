import pytest

from tests.world import World


@pytest.fixture
def world(frozen, db):
    made = World(frozen)
    yield made
    made.close()
