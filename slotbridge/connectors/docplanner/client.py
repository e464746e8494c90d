"""HTTP to the portal: one token at a time, and failures named for what the caller does next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import quote

import httpx

from slotbridge.connectors.docplanner import answers, fields
from slotbridge.connectors.docplanner.answers import Answer
from slotbridge.connectors.docplanner.operations import Operation
from slotbridge.connectors.docplanner.scopes import Spelling, understood
from slotbridge.kit import clock, http
from slotbridge.sync.contract import (
    Access,
    AccountRejected,
    Budget,
    OutcomeUnknown,
    Token,
    TryLater,
)

API = "/api/v3/integration"
TOKEN = "/oauth/v2/token"  # noqa: S105 - a path; the sign-on is v2 while the API is v3
ACCEPTED = "application/vnd.docplanner+json, application/json;q=0.9"
# A token is put aside a little before it ends: clocks differ, and a request may be on its way.
SPARE = timedelta(minutes=1)
UNSAID_LIFETIME = timedelta(minutes=5)
LONGEST_LIFETIME = timedelta(days=1)

Query = Sequence[tuple[str, str]]
Json = Mapping[str, object]

# No connection came about, so nothing was done, whatever was asked.
NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.ProxyError,
)


class Client:
    """Speaks to one site with one account's credentials.

    `budget` is what the last write's answer said of the writes left.
    """

    def __init__(
        self, access: Access, base_url: str, *, transport: httpx.BaseTransport | None = None
    ) -> None:
        self.budget: Budget | None = None
        self._access = access
        self._held: Token | None = None
        self._spelling = Spelling()
        self._http = http.client(base_url, transport=transport)
        self._http.headers["Accept"] = ACCEPTED

    def close(self) -> None:
        self._http.close()

    def call(
        self,
        operation: Operation,
        path: Mapping[str, str] | None = None,
        *,
        query: Query = (),
        body: Json | None = None,
    ) -> Answer:
        """The answer of one operation. Raises what answers.sort raises, and AccountRejected.

        A token that is refused is renewed once. No text of an error holds a path or a query: they
        carry the times of visits.
        """
        escaped = {name: quote(value, safe="") for name, value in (path or {}).items()}
        url = API + operation.path.format_map(escaped)
        for token in self._tokens():
            response = self._send(operation, url, token, query, body)
            if not operation.is_read:
                self._note_budget(response)
            if response.status_code != HTTPStatus.UNAUTHORIZED:
                return answers.sort(operation, response)
        raise AccountRejected(f"{operation.name}: 401 with a new token")

    def scoped(
        self,
        operation: Operation,
        path: Mapping[str, str] | None = None,
        *,
        scopes: Sequence[str],
    ) -> Answer:
        """`call` for one record with scopes, in the spelling that is known to be understood."""
        return self.call(operation, path, query=self._spelling.ways(scopes)[0])

    def collection(
        self,
        operation: Operation,
        path: Mapping[str, str] | None = None,
        *,
        query: Query = (),
        scopes: Sequence[str] = (),
        shows: Sequence[str] = (),
    ) -> list[Json]:
        """Every record of a collection. Raises as `call`.

        `shows` are the parts that `scopes` bring. Records without them were asked for in a spelling
        that the portal does not understand: the next is tried, once for a connection. Where none
        helps, the records come as they are.
        """
        if not scopes:
            return self._pages(operation, path, query)
        first: list[Json] | None = None
        for spelt in self._spelling.ways(scopes):
            found = self._pages(operation, path, [*query, *spelt])
            if not (found and shows):
                return found  # it does not tell how it was understood
            complete = understood(found, shows)
            self._spelling.learn(scopes, spelt, understood=complete)
            if complete:
                return found
            first = found if first is None else first
        return first or []

    def _pages(
        self, operation: Operation, path: Mapping[str, str] | None, query: Query
    ) -> list[Json]:
        """The records of all pages, if the portal splits the answer unasked.

        An answer that is no collection is TryLater: taken for an empty one it would turn every
        booking into a missing one.
        """
        found: list[Json] = []
        page = pages = 1
        while page <= pages:
            asked = [*query, ("page", str(page))] if page > 1 else query
            answer = self.call(operation, path, query=asked)
            records = fields.items(answer.data)
            if records is None:
                raise TryLater(f"{operation.name}: an answer that is no collection")
            found += records
            said = fields.identifier(fields.mapping(answer.data).get("pages"))
            pages = int(said) if said.isdecimal() and len(said) < 6 and records else pages
            page += 1
        return found

    def published(self, path: str) -> bytes:
        """A public file of the site, outside the API and without a token. Raises TryLater."""
        try:
            response = self._http.get(path, headers={"Accept": "*/*"})
        except httpx.RequestError as error:
            raise TryLater(f"{path}: {type(error).__name__}") from None
        if response.status_code != HTTPStatus.OK or answers.is_page(response):
            raise TryLater(f"{path}: {response.status_code}", answers.retry_after(response))
        return response.content

    def _send(
        self, operation: Operation, url: str, token: Token, query: Query, body: Json | None
    ) -> httpx.Response:
        try:
            # Not `.delete()`: it takes no body, and a cancellation's reason is one.
            return self._http.request(
                operation.method,
                url,
                params=list(query) or None,
                json=body,
                headers={"Authorization": f"Bearer {token.value}"},
            )
        except NEVER_SENT as error:
            raise TryLater(f"{operation.name}: {type(error).__name__}") from None
        except httpx.RequestError as error:  # its text may quote what was sent
            kind = type(error).__name__
            if operation.repeatable:
                raise TryLater(f"{operation.name}: {kind}") from None
            raise OutcomeUnknown(f"{operation.name}: {kind}") from None

    def _note_budget(self, response: httpx.Response) -> None:
        found = answers.budget(response)
        if found is not None or response.is_success:  # a firewall's answer says nothing
            self.budget = found

    # --- the token ---------------------------------------------------------------------------

    def _tokens(self) -> Iterator[Token]:
        """Tokens to try, each only after the one before was refused; the last is a new one.

        The kept one is looked at again before a new one is asked for: another machine may have
        renewed it. Asking too often counts as a robot (README, "firewall").
        """
        tried = self._held
        if tried and tried.expires_at > clock.now():
            yield tried
        kept = self._access.tokens.load()
        if kept and kept.expires_at > clock.now() and (not tried or kept.value != tried.value):
            self._held = kept
            yield kept
        self._held = self._ask_for_token()
        self._access.tokens.save(self._held)
        yield self._held

    def _ask_for_token(self) -> Token:
        """Raises AccountRejected if login or password are refused, TryLater."""
        if not (self._access.login and self._access.password):
            raise AccountRejected("token: login or password is missing")
        try:
            response = self._http.post(
                TOKEN,
                data={"grant_type": "client_credentials", "scope": "integration"},
                auth=httpx.BasicAuth(self._access.login, self._access.password),
                headers={"Accept": "application/json"},
            )
        except httpx.RequestError as error:
            raise TryLater(f"token: {type(error).__name__}") from None
        if response.status_code == HTTPStatus.OK:
            return _read_token(response)
        status = response.status_code
        refused = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
        if status in refused and not answers.is_page(response):
            raise AccountRejected(f"token: {status}")
        raise TryLater(f"token: {status}", answers.retry_after(response))


def _read_token(response: httpx.Response) -> Token:
    """Good for `expires_in` seconds, whatever the guide's text says (README, "token lifetime")."""
    body = fields.mapping(fields.json_or_none(response.content))
    value = body.get("access_token")
    if not (isinstance(value, str) and value.isascii() and value.isprintable() and value.strip()):
        raise TryLater("token: an answer without a token")
    said = fields.text(body.get("expires_in"))
    seconds = int(said[:9]) if said.isdecimal() else 0
    lifetime = min(timedelta(seconds=seconds) or UNSAID_LIFETIME, LONGEST_LIFETIME)
    return Token(value, clock.now() + lifetime - min(SPARE, lifetime / 10))
