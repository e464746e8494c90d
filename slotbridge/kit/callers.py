"""Who sends a request, and whether on a protected connection, seen through our own proxies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address

_UNKNOWN = IPv4Address(0)  # of a connection that has none, such as a socket file


@dataclass(frozen=True, slots=True)
class Caller:
    """`address` as the outermost of our proxies saw it; `is_secure`: it came by HTTPS."""

    address: Address
    is_secure: bool

    @property
    def is_private(self) -> bool:
        """On a connection that nobody else can read: HTTPS, or within this very machine."""
        return self.is_secure or self.address.is_loopback


def caller_of(
    *, peer: str, scheme: str, headers: Mapping[str, str], proxies: Sequence[str]
) -> Caller:
    """Whose request it is that came from `peer` by `scheme`.

    Forwarding headers are believed only from `proxies` (networks): anybody can write them.
    """
    address = _read(peer)
    is_secure = scheme == "https"
    if not is_within(address, proxies):
        return Caller(address, is_secure)
    proto = headers.get("X-Forwarded-Proto", "").split(",")[-1].strip().lower()
    if proto:
        is_secure = proto == "https"
    # Each proxy appends whom it saw: from the right, the first that is none of ours is the caller.
    for text in reversed(headers.get("X-Forwarded-For", "").split(",")):
        if not text.strip():
            continue
        address = _read(text)
        if not is_within(address, proxies):
            break
    return Caller(address, is_secure)


def is_within(address: Address, networks: Sequence[str]) -> bool:
    """Whether one of `networks` ("192.0.2.7", "192.0.2.0/24", "2001:db8::/32") holds it."""
    return any(address in ip_network(each, strict=False) for each in networks)


def _read(text: str) -> Address:
    """Without a zone or a port; an IPv4 address in IPv6 clothes is the IPv4 address."""
    bare = text.strip().partition("%")[0]
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ip_address(bare)
    except ValueError:
        return _UNKNOWN
    return getattr(address, "ipv4_mapped", None) or address
