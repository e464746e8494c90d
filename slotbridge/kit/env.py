"""Typed readers of the environment. A wrong value stops the start and names its variable."""

import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit


class WrongSetting(SystemExit):
    """The environment holds a value that cannot be used; the program must not start."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"slotbridge: environment variable {name}: {why}")


def text(name: str, default: str) -> str:
    return os.environ.get(name, default).strip()


def words(name: str, default: str) -> list[str]:
    """A comma-separated list without blanks."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def flag(name: str, *, default: bool) -> bool:
    raw = text(name, "yes" if default else "no").lower()
    if raw in {"1", "yes", "true", "on"}:
        return True
    if raw in {"0", "no", "false", "off"}:
        return False
    raise WrongSetting(name, "write yes or no")


def number(name: str, default: int, *, least: int, most: int) -> int:
    raw = text(name, str(default))
    if not raw.isdecimal() or not least <= int(raw) <= most:
        raise WrongSetting(name, f"write a whole number from {least} to {most}")
    return int(raw)


def folder(name: str, default: Path) -> Path:
    return Path(text(name, str(default))).expanduser().absolute()


def database(name: str, url: str) -> dict[str, object]:
    """Django's DATABASES entry for a `postgresql://user:password@host:port/name?option=…` URL.

    `?host=/directory` means a unix socket. The URL itself is never repeated in the error: it
    holds a password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise WrongSetting(name, "this is not a database URL") from None
    if parts.scheme not in {"postgresql", "postgres"} or len(parts.path) < 2:
        raise WrongSetting(name, "write postgresql://user:password@host:port/database")
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path[1:]),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", "") or unquote(parts.hostname or ""),
        "PORT": options.pop("port", "") or str(port or ""),
        "OPTIONS": options,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
