"""What goes wrong with a server of ours, in sentences an administrator can act on."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FULL = ("No space left on device", "Disk quota exceeded")
_READ_ONLY = ("Read-only file system",)
_CLOSED = ("Permission denied", "Operation not permitted", "has wrong ownership")
_LINES_SHOWN = 8


class Trouble(Exception):
    """The database cannot do what was asked; the text says what happened, why and what to do."""


class DiskFull(Trouble):
    """Make room, or choose another directory; then start again."""


class DataDirectoryUnusable(Trouble):
    """Correct the directory's owner, permissions or mount, or choose another directory."""


class ServerWillNotStart(Trouble):
    """Read the server's last words, in the text, and remove what they name."""


class StillStarting(Trouble):
    """Wait and ask again: the server is alive, but not yet ready."""


class ServerWillNotStop(Trouble):
    """Ask the system's administrator: the process does not obey."""


def last_words(text: str) -> str:
    """The end of a log, indented to stand under a sentence; "" for an empty one."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return "".join(f"\n  | {line}" for line in lines[-_LINES_SHOWN:])


def explain(text: str, home: Path) -> Trouble:
    """The trouble that `text`, a log or an error output, tells about the server in `home`."""
    if any(sign in text for sign in _FULL):
        return DiskFull(
            f"PostgreSQL cannot write to {home}: the disk is full{_free(home)}. Nothing that was "
            "committed is lost. Make room there, or set SLOTBRIDGE_DATA to a directory on another "
            "disk, then start again." + last_words(text)
        )
    if any(sign in text for sign in _READ_ONLY):
        return DataDirectoryUnusable(
            f"PostgreSQL cannot write to {home}: it lies on a file system mounted read-only. "
            "Mount it for writing, or set SLOTBRIDGE_DATA to another directory." + last_words(text)
        )
    if any(sign in text for sign in _CLOSED):
        return DataDirectoryUnusable(
            f"PostgreSQL may not use {home}: its owner or permissions are not those it was made "
            "with. Start Slotbridge as the account that made it, give the directory back to that "
            "account, or set SLOTBRIDGE_DATA to another directory." + last_words(text)
        )
    return ServerWillNotStart(
        f"PostgreSQL did not start in {home}. Its last words:" + (last_words(text) or " none.")
    )


@contextmanager
def translated(home: Path) -> Iterator[None]:
    """Turns what the file system refuses inside the block into a Trouble."""
    try:
        yield
    except OSError as error:
        raise explain(_words(error), home) from error


def _words(error: OSError) -> str:
    name = f": {error.filename}" if error.filename else ""
    if error.errno in {errno.ENOTDIR, errno.EEXIST, errno.ELOOP}:
        return f"Permission denied, since something else stands there{name}"
    return f"{error.strerror or error}{name}"


def _free(home: Path) -> str:
    try:
        place = next(folder for folder in (home, *home.parents) if folder.exists())
        return f" ({shutil.disk_usage(os.path.realpath(place)).free // 2**20} MB free)"
    except OSError:
        return ""
