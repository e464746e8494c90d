"""Where a server's files lie.

    home/            mode 0700, the owner's
      data/          PostgreSQL's data directory
      run/           the socket: whoever may enter the directory may enter the database
      server.log
      program-…/     a copy of the binaries, only where the server's account cannot reach them

When root works in a checkout that others cannot enter (root's home), the server's account could
reach none of it: then `home` is a link to a directory under /var/lib. Clients are root and go
through the link, so the address of a database never changes.
"""

import fcntl
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from slotbridge.kit.postgres import owner as owners
from slotbridge.kit.postgres.owner import Owner
from slotbridge.kit.postgres.trouble import DataDirectoryUnusable

# Linux allows 107 bytes for a socket's path, macOS 103; "/.s.PGSQL.5432" takes 14 of them.
_LONGEST_SOCKET_DIRECTORY = 88
_ELSEWHERE = Path("/var/lib")
# Not tempfile.gettempdir(): two processes with different TMPDIR must agree on one address.
_SHORT = Path("/tmp")  # noqa: S108 - mode 0700 and its owner checked before use


@dataclass(frozen=True)
class Place:
    """The paths of the server in `home`. Nothing here is created before `prepare`."""

    home: Path

    @property
    def mark(self) -> str:
        """A short name of this home, on the server's processes and its socket directory."""
        return f"slotbridge-{hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]}"

    @property
    def real(self) -> Path:
        """`home`, or what it links to: the path that the server's account uses."""
        return self.home.parent / self.home.readlink() if self.home.is_symlink() else self.home

    @property
    def data(self) -> Path:
        return self.real / "data"

    @property
    def log(self) -> Path:
        return self.real / "server.log"

    @property
    def socket(self) -> Path:
        """The socket's directory as clients name it: a function of `home`'s path alone.

        A comma would part one directory into two for libpq.
        """
        inside = self.home / "run"
        if len(os.fsencode(inside)) <= _LONGEST_SOCKET_DIRECTORY and "," not in str(inside):
            return inside
        return _SHORT / self.mark

    @property
    def server_socket(self) -> Path:
        """The same directory as the server names it."""
        return self.real / "run" if self.socket == self.home / "run" else self.socket

    def prepare(self) -> Owner:
        """Makes `home` unless it is there; returns the account that the server must run as.

        Several processes may do this at once: each step is one that only one of them can take,
        or that may be taken twice.
        """
        self.home.parent.mkdir(parents=True, exist_ok=True)
        owner = owners.owner_for(self.home)
        if owner.lent:
            owners.prove(owner)
        if self.home.is_symlink() and not self.home.exists():
            raise DataDirectoryUnusable(
                f"The database of {self.home} was kept in {self.real}, which is gone. Bring that "
                "directory back; or remove the link, to begin with an empty database."
            )
        if not self.home.exists():
            if owner.reaches(self.home.parent):
                self.home.mkdir(mode=0o700, exist_ok=True)
            else:
                self._make_elsewhere(owner)
        self._hand_over(owner)
        return owner

    def _make_elsewhere(self, owner: Owner) -> None:
        try:
            target = Path(tempfile.mkdtemp(prefix="slotbridge-", dir=_ELSEWHERE))
        except OSError as error:
            raise DataDirectoryUnusable(
                f"{owner.name}, the account that root lends to PostgreSQL, cannot enter "
                f"{self.home.parent}, and {_ELSEWHERE} is closed too ({error.strerror}). Set "
                "SLOTBRIDGE_DATA to a directory whose parents everybody may enter, such as "
                "/srv/slotbridge."
            ) from error
        try:
            os.chown(target, owner.uid, owner.gid)
            self.home.symlink_to(target)
        except FileExistsError:  # another starter was first
            target.rmdir()

    def _hand_over(self, owner: Owner) -> None:
        there = self.real.stat()
        if owner.lent and there.st_uid == 0 and not any(self.real.iterdir()):
            os.chown(self.real, owner.uid, owner.gid)
        elif there.st_uid != owner.uid:
            raise DataDirectoryUnusable(
                f"{self.home} belongs to {Owner(there.st_uid, 0, lent=False).name}, and the server "
                f"would run as {owner.name}. Start Slotbridge as the account that made it, or set "
                "SLOTBRIDGE_DATA to another directory."
            )
        if not owner.reaches(self.real):
            raise DataDirectoryUnusable(
                f"{owner.name}, the account of the database in {self.home}, cannot enter that "
                "directory: one of those above it was closed to other accounts. Open it (chmod "
                "o+x), or move the data and set SLOTBRIDGE_DATA."
            )

    def prepare_socket(self, owner: Owner) -> None:
        """Makes the socket's directory; refuses one that somebody else put there."""
        folder = self.server_socket
        owner.run(["/bin/mkdir", "-m", "700", folder])
        there = folder.lstat()
        private = stat.S_ISDIR(there.st_mode) and not there.st_mode & 0o077
        if there.st_uid != owner.uid or not private:
            raise DataDirectoryUnusable(
                f"{folder} should be a private directory of {owner.name}, for the database's "
                "socket, but somebody else made it or opened it to others. Remove it and start "
                "again."
            )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One process at a time starts or stops this server; a killed one frees the lock.

        The directory itself is locked: that needs no file, so a full or read-only disk does
        not stand in the way of a clear message.
        """
        handle = os.open(self.real, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)
