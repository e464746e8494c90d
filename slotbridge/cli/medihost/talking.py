"""HTTP to a portal, as a clinic's own program would speak to it (sections 2 and 11)."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote_plus, urlsplit

import httpx
from django.utils.translation import gettext as _

from slotbridge.kit import http
from slotbridge.wire.medihost.result import NotAResult, Result, read_result

PATIENCE = httpx.Timeout(120.0, connect=10.0)
LARGEST_ANSWER = 64 * 1024 * 1024
_SERVICES = re.compile(r"/services(?:/(?:import|export)(?:\.php)?)?$")


class CannotSend(Exception):
    """Nothing was sent; the text says why, and what to do."""


class NoAnswer(Exception):
    """Whether anything was done is not known: a newly built document later does no harm (U-31)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`result` is None where the portal answered with something else."""

    status: int
    content: bytes
    result: Result | None
    date: datetime | None
    retry_after: str = ""

    def __repr__(self) -> str:
        return f"Answer({self.status})"  # may hold patients


def address(typed: str, *, plain_http: bool) -> str:
    """The portal's base address, of one that may name a script. Raises CannotSend (U-6)."""
    base = _SERVICES.sub("", typed.strip().rstrip("/")).rstrip("/")
    try:
        parts = urlsplit(base)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname)
        is_address = is_address and not (parts.query or parts.fragment or parts.username)
    except ValueError:
        is_address = False
    if not is_address:
        raise CannotSend(_("This is not a portal's address: write https://…"))
    if parts.scheme == "http" and not (plain_http or _is_this_machine(parts.hostname or "")):
        raise CannotSend(
            _(
                "Over http:// anybody on the way can read the key and the patients' data."
                " Write https://, or add --plain-http."
            )
        )
    return base


def post(base: str, document: bytes) -> Answer:
    """The bytes as they are, in the form field `xml`. Raises NoAnswer."""
    body = b"xml=" + quote_plus(document).encode("ascii")
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return _call("POST", f"{base}/services/import.php", content=body, headers=headers)


def get(base: str, key: str, start: int, end: int | None) -> Answer:
    """Raises NoAnswer. `start`, `end` in seconds since 1970."""
    query = {"client_key": key, "start": str(start)}
    query |= {} if end is None else {"end": str(end)}
    headers = {"Cache-Control": "no-cache"}
    return _call("GET", f"{base}/services/export.php", params=query, headers=headers)


def _call(method: str, url: str, **request: object) -> Answer:
    content = bytearray()
    try:
        with (
            http.client("") as client,
            client.stream(method, url, timeout=PATIENCE, **request) as response,  # type: ignore[arg-type]  # httpx's own keywords
        ):
            for chunk in response.iter_bytes():
                content += chunk
                if len(content) > LARGEST_ANSWER:
                    raise NoAnswer(_("The answer does not end: this is no portal."))
    except httpx.RequestError as error:  # its text may quote the address with its key
        kind = type(error).__name__
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise NoAnswer(_("The portal's certificate is not trusted.")) from None
        raise NoAnswer(_("The portal does not answer (%(kind)s).") % {"kind": kind}) from None
    return Answer(
        response.status_code,
        bytes(content),
        _result(bytes(content)),
        _moment(response.headers.get("Date", "")),
        response.headers.get("Retry-After", ""),
    )


def _result(content: bytes) -> Result | None:
    try:
        return read_result(content)
    except NotAResult:
        return None


def _moment(header: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(header)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
