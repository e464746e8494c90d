"""A portal of scripted answers: it keeps every request."""

from collections import deque
from urllib.parse import parse_qs

import httpx
import pytest
import time_machine

from slotbridge.connectors.medihost.connector import MedihostConnector
from slotbridge.sync.contract import Access

KEY = "9DDDE578-5179-4CC4-A2A0-F681618ED9EA"
NO_ORDERS = '<?xml version="1.0" encoding="UTF-8"?><MediExchange><Orders/></MediExchange>'


class NoTokens:
    """A client key is no token: nothing is loaded or saved."""


class Portal(httpx.BaseTransport):
    """Gives the scripted answers in order; an exception among them is raised."""

    def __init__(self):
        self.requests: list[httpx.Request] = []
        self.answers: deque = deque()

    def will(self, status=200, text="", **more):
        self.answers.append(httpx.Response(status, text=text, **more))

    def will_fail(self, error):
        self.answers.append(error)

    def handle_request(self, request):
        request.read()
        self.requests.append(request)
        answer = self.answers.popleft()
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def form(self):
        """Fields of the last request's body."""
        return parse_qs(self.requests[-1].content.decode("ascii"), strict_parsing=True)

    @property
    def query(self):
        return parse_qs(self.requests[-1].url.query.decode(), strict_parsing=True)

    def connector(self, *, key=KEY, **settings):
        return MedihostConnector(Access("", key, settings, NoTokens()), transport=self)


@pytest.fixture
def portal():
    portal = Portal()
    yield portal
    assert not portal.answers, "a scripted answer was not asked for"


@pytest.fixture
def connector(portal):
    connector = portal.connector()
    yield connector
    connector.close()


@pytest.fixture(autouse=True)
def frozen():
    """Monday 2026-03-02 10:00 in Moscow."""
    with time_machine.travel("2026-03-02T07:00:00+00:00", tick=False) as clock:
        yield clock
