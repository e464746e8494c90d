"""A portal of scripted answers: it checks every request against the contract and keeps it."""

import json
from collections import deque
from zoneinfo import ZoneInfo

import httpx
import pytest
import time_machine

from slotbridge.connectors.docplanner.connector import DocplannerConnector
from slotbridge.sync.contract import Access, ListingRef
from tests.contract_requests import RequestChecker

WARSAW = ZoneInfo("Europe/Warsaw")
CHECKER = RequestChecker()


class Tokens:
    """Where several connectors of one account keep their token."""

    def __init__(self):
        self.kept = None

    def load(self):
        return self.kept

    def save(self, token):
        self.kept = token


class Portal(httpx.BaseTransport):
    """Gives the scripted answers in order; an exception among them is raised."""

    def __init__(self):
        self.requests: list[httpx.Request] = []
        self.operations: list[str] = []
        self.token_requests: list[httpx.Request] = []
        self.answers: deque = deque()
        self.token_answers: deque = deque()
        self.tokens = Tokens()

    def will(self, status=200, json=None, **more):
        self.answers.append(httpx.Response(status, json=json, **more))

    def will_say(self, status, message, errors=()):
        self.will(status, {"errors": errors or [], "message": message})

    def will_fail(self, error):
        self.answers.append(error("scripted"))

    def token_will(self, status=200, json=None, **more):
        self.token_answers.append(httpx.Response(status, json=json, **more))

    def handle_request(self, request):
        if request.url.path == "/oauth/v2/token":
            self.token_requests.append(request)
            if self.token_answers:
                return self._next(self.token_answers)
            value = f"token-{len(self.token_requests)}"
            return httpx.Response(200, json={"access_token": value, "expires_in": 3600})
        if not request.url.path.startswith("/public/"):  # no part of the contract
            self.operations.append(CHECKER.check(request))
        self.requests.append(request)
        return self._next(self.answers)

    def sent(self, number=-1):
        """Method, path and JSON body of a request."""
        request = self.requests[number]
        body = json.loads(request.content) if request.content else None
        return request.method, request.url.raw_path.decode().split("?")[0], body

    def _next(self, answers):
        answer = answers.popleft()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def connector(self, **settings):
        access = Access("clinic", "s3cret", settings, self.tokens)
        return DocplannerConnector(access, transport=self)


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


@pytest.fixture
def listing():
    return ListingRef("1", "123", "111", WARSAW)


@pytest.fixture(autouse=True)
def frozen():
    """Monday 2026-03-02 08:00 in Warsaw."""
    with time_machine.travel("2026-03-02T07:00:00+00:00", tick=False) as clock:
        yield clock
