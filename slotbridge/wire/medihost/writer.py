"""Writes a Medihost document exactly as the document's sample is spelled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from slotbridge.wire.medihost.model import Document, Order


def write(document: Document) -> bytes:
    """The document: UTF-8 with declaration, without BOM, attributes in the sample's order."""
    return b"".join(write_pieces(document))


def write_pieces(document: Document) -> Iterator[bytes]:
    """The same in pieces, for large ones."""
    raise NotImplementedError


def write_orders(client_key: str, orders: Iterable[Order]) -> Iterator[bytes]:
    """An answer of export.php (U-4) in pieces: only `Orders`, absent values left out."""
    raise NotImplementedError
