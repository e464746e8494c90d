"""OAuth 2 client credentials: secrets checked, tokens given and looked up."""

import secrets
from datetime import timedelta
from hashlib import sha256
from hmac import compare_digest

from slotbridge.kit import clock
from slotbridge.sandbox.models import AccessToken, Client

LIFETIME = timedelta(seconds=3600)
# A token is honoured a moment longer: clocks differ, and a request may be on its way.
SKEW = timedelta(seconds=5)


class WrongCredentials(Exception):
    """No such client, or another secret: 401 (400 for credentials sent as a form)."""


def digest(secret: str) -> str:
    """What is kept of a secret. Ours are random and long, so a fast hash is enough."""
    return sha256(secret.encode()).hexdigest()


def check(client_id: str, client_secret: str) -> Client:
    """Raises WrongCredentials."""
    client = Client.objects.filter(client_id=client_id).first()
    known = client.secret_hash if client else ""
    if client is None or not compare_digest(known, digest(client_secret)):
        raise WrongCredentials
    return client


def give(client: Client) -> str:
    """A new token; older ones stay good until they expire."""
    now = clock.now()
    AccessToken.objects.filter(client=client, expires_at__lt=now - LIFETIME).delete()
    token = secrets.token_urlsafe(48)
    AccessToken.objects.create(client=client, digest=digest(token), expires_at=now + LIFETIME)
    return token


def owner(token: str) -> Client | None:
    """The client a token speaks for; None if it is unknown or has expired."""
    found = (
        AccessToken.objects.filter(digest=digest(token), expires_at__gt=clock.now() - SKEW)
        .select_related("client")
        .first()
    )
    return found.client if found else None


def revoke(client: Client) -> int:
    """Ends all tokens of a client; how many there were."""
    return AccessToken.objects.filter(client=client).delete()[0]


def renew_secret(client: Client) -> str:
    """A new secret, seen only now; the former one and its tokens end at once."""
    secret = secrets.token_urlsafe(32)
    Client.objects.filter(pk=client.pk).update(secret_hash=digest(secret))
    revoke(client)
    return secret
