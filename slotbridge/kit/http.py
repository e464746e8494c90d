"""HTTP clients for talking to portals: time-outs always, bodies and queries never logged."""

import ipaddress
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

USER_AGENT = "Slotbridge/0.1 (+https://slotbridge.example/integration)"
# A portal that has not answered by then has an unknown outcome (design promise 5).
TIMEOUT = httpx.Timeout(20.0, connect=5.0)

# httpx logs each request with its full URL at INFO; URLs may carry times of visits.
logging.getLogger("httpx").setLevel(logging.WARNING)
logging.getLogger("httpcore").setLevel(logging.WARNING)


class PrivateAddress(Exception):
    """A portal's address leads into this machine's own network: correct the address."""


_transport: httpx.BaseTransport | None = None


@contextmanager
def through(transport: httpx.BaseTransport) -> Iterator[None]:
    """Within it every client goes by `transport`: to another program in this very process."""
    global _transport  # noqa: PLW0603 - a process has one way out
    before, _transport = _transport, transport
    try:
        yield
    finally:
        _transport = before


@dataclass(slots=True)
class Meter:
    """How many requests were sent, answered or not, tokens and further pages among them."""

    requests: int = 0


_meter: ContextVar[Meter | None] = ContextVar("meter", default=None)


@contextmanager
def metered() -> Iterator[Meter]:
    """Counts what every client of this thread sends within it."""
    meter = Meter()
    before = _meter.set(meter)
    try:
        yield meter
    finally:
        _meter.reset(before)


def _count(_request: httpx.Request) -> None:
    meter = _meter.get()
    if meter is not None:
        meter.requests += 1


def client(base_url: str, *, transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """A client for one portal. Follows no redirect: a portal that redirects a POST is read
    wrongly by most clients (behaviour.md section 1), so a redirect is an answer of its own.
    """
    return httpx.Client(
        base_url=base_url,
        timeout=TIMEOUT,
        follow_redirects=False,
        headers={"User-Agent": USER_AGENT},
        event_hooks={"request": [_count]},
        transport=transport or _transport,
        limits=httpx.Limits(max_connections=4, max_keepalive_connections=2),
    )


def refuse_private(url: str) -> None:
    """Raises PrivateAddress if the host of `url` is, or resolves to, a non-public address.

    An administrator types a portal's address; without this the hub could be made to call
    services of its own network.
    """
    host = urlsplit(url).hostname or ""
    try:
        found = {info[4][0] for info in socket.getaddrinfo(host, None)}
    except OSError:
        return  # does not resolve: the call itself will fail and say so
    for address in found:
        if not ipaddress.ip_address(str(address).split("%")[0]).is_global:
            raise PrivateAddress(f"{host} leads to an address inside this network")
