import pytest

from tests.exchange_world import ExchangeWorld


@pytest.fixture
def world(db, frozen):
    """One practitioner, connected, four slots tomorrow at nine."""
    made = ExchangeWorld(frozen)
    made.open()
    made.settle()
    yield made
    made.close()


@pytest.fixture
def worlds(db, frozen):
    """Worlds with other settings, closed afterwards."""
    made = []

    def build(**how):
        made.append(ExchangeWorld(frozen, **how))
        return made[-1]

    yield build
    for world in made:
        world.close()
