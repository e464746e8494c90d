import pytest
from django.test import Client
from django.utils import translation

from tests.factories import PASSWORD
from tests.web.house import House


@pytest.fixture(autouse=True)
def _polish():
    """Each test begins in the language of a first visit, whatever the one before has chosen."""
    with translation.override("pl"):
        yield


@pytest.fixture
def house(db, frozen):
    """A clinic on Monday 2026-03-02, 08:00, not yet connected to any portal."""
    return House()


@pytest.fixture
def logged_in(house):
    """A client logged in as somebody of the house with this role."""

    def client_of(role="administrator", **more):
        client = Client(headers={"accept-language": "pl"})
        assert client.login(username=house.user(role, **more).username, password=PASSWORD)
        return client

    return client_of


@pytest.fixture
def admin(logged_in):
    return logged_in("administrator")


@pytest.fixture
def desk(logged_in):
    return logged_in("receptionist")
