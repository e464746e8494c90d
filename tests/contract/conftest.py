import pytest

from tests.contract.docplanner_world import World


@pytest.fixture
def world(frozen):
    world = World()
    yield world
    world.connector.close()
