"""HTTP to the portal: two scripts, and failures named for what the caller does next.

The client key is in the query of export.php (U-1): no text of an error holds an address.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from slotbridge.connectors.medihost import results
from slotbridge.kit import clock, http
from slotbridge.sync.contract import AccountRejected, Refused, TryLater

IMPORT, EXPORT = "import.php", "export.php"
# An import waits up to 30 seconds for another one of the clinic (U-32), then does its own work.
PATIENCE = httpx.Timeout(50.0, connect=5.0)
LONGEST_WAIT = timedelta(hours=1)
LARGEST_ANSWER = 32 * 1024 * 1024  # U-29, the other way round
UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"  # how OpenSSL names it


@dataclass(frozen=True, slots=True)
class Answer:
    """A success. `date`: the portal's own clock as it answered; ours if it does not say."""

    content: bytes
    date: datetime

    def __repr__(self) -> str:
        return "Answer(…)"  # may hold patients


class Client:
    """Speaks to one portal with one clinic's key."""

    def __init__(
        self, key: str, base_url: str, *, transport: httpx.BaseTransport | None = None
    ) -> None:
        self.key = key.strip()
        self._http = http.client(base_url, transport=transport)
        self._http.timeout = PATIENCE

    def close(self) -> None:
        self._http.close()

    def send(self, document: bytes) -> Answer:
        """Posts a document in the form field `xml` (2.2). Raises what `_call` raises."""
        return self._call("POST", IMPORT, data={"xml": document.decode()})

    def fetch(self, start: datetime) -> Answer:
        """Orders changed from `start` on. Raises what `_call` raises."""
        query = {"client_key": self.key, "start": str(max(int(start.timestamp()), 0))}
        return self._call("GET", EXPORT, params=query)

    def _call(
        self,
        method: str,
        script: str,
        *,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
    ) -> Answer:
        """Raises TryLater, Refused and AccountRejected."""
        if not self.key:
            raise AccountRejected(f"{script}: the client key is missing")
        began = clock.now()
        # Some providers' proxies keep answers of GET.
        headers = {
            "Accept": "application/xml, text/xml;q=0.9, */*;q=0.1",
            "Cache-Control": "no-cache",
        }
        path = f"services/{script}"
        try:
            with self._http.stream(
                method, path, params=params, data=data, headers=headers
            ) as response:
                content = _read(script, response)
        except httpx.RequestError as error:  # its text may quote the address
            what = "the certificate is not trusted" if UNTRUSTED in str(error) else ""
            raise TryLater(f"{script}: {what or type(error).__name__}") from None
        if response.is_success:
            return Answer(content, _date(response) or began)
        result = results.result_in(content)
        raise results.failure(script, response.status_code, result, _retry_after(response))


def _read(script: str, response: httpx.Response) -> bytes:
    content = bytearray()
    for chunk in response.iter_bytes():
        content += chunk
        if len(content) > LARGEST_ANSWER:
            raise Refused(f"{script}: the answer is larger than {LARGEST_ANSWER} bytes")
    return bytes(content)


def _date(response: httpx.Response) -> datetime | None:
    return _moment(response.headers.get("Date", ""))


def _retry_after(response: httpx.Response) -> timedelta | None:
    """How long the portal asks us to wait, at most an hour; None if it does not say."""
    header = response.headers.get("Retry-After", "")
    if header.isascii() and header.isdecimal():
        return min(timedelta(seconds=int(header[:6])), LONGEST_WAIT)
    until = _moment(header)
    return min(max(until - clock.now(), timedelta()), LONGEST_WAIT) if until else None


def _moment(header: str) -> datetime | None:
    """An HTTP date, in UTC."""
    try:
        found = parsedate_to_datetime(header)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
