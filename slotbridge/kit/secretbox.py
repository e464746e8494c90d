"""Credentials and message bodies encrypted at rest (AES-128-CBC and HMAC: Fernet).

A database dump alone does not open what is sealed: the key is not in it. Keys are given newest
first; old ones still open, so a key can be replaced while the system runs.
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class WrongKey(Exception):
    """Sealed with a key that we no longer have: restore the key, or enter the value anew."""


class SecretBox:
    """Seals and opens text and bytes under one or more secrets of any length."""

    def __init__(self, secrets: Sequence[str]) -> None:
        if not secrets:
            raise ValueError("a secret box needs at least one secret")
        self._fernet = MultiFernet([Fernet(_key(secret)) for secret in secrets])

    def seal(self, value: str | bytes) -> bytes:
        return self._fernet.encrypt(value.encode() if isinstance(value, str) else value)

    def open(self, sealed: bytes | memoryview) -> bytes:
        """The bytes that were sealed. Raises WrongKey; the message never holds the value."""
        try:
            return self._fernet.decrypt(bytes(sealed))
        except InvalidToken:
            raise WrongKey("this was sealed with another key") from None

    def open_text(self, sealed: bytes | memoryview) -> str:
        return self.open(sealed).decode()


def _key(secret: str) -> bytes:
    # The secrets are long random strings made by us, so a fast derivation is enough.
    return urlsafe_b64encode(hashlib.sha256(b"slotbridge secretbox\0" + secret.encode()).digest())
