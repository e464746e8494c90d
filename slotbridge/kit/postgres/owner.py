"""The account that a server runs as. PostgreSQL refuses root, so root lends it another one."""

import os
import pwd
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from slotbridge.kit.postgres.trouble import Trouble

_PATIENCE = 120  # seconds for a command that is not the server itself; initdb takes one or two


class NoOrdinaryAccount(Trouble):
    """Start Slotbridge as an ordinary user: root cannot lend the server another account here."""


@dataclass(frozen=True)
class Owner:
    """An account by its numbers; `lent` when it is not the one this process has."""

    uid: int
    gid: int
    lent: bool

    @property
    def known(self) -> bool:
        """Whether the machine has a name for this account; a container may run without one."""
        try:
            return bool(pwd.getpwuid(self.uid))
        except KeyError:
            return False

    @property
    def name(self) -> str:
        return pwd.getpwuid(self.uid).pw_name if self.known else f"account {self.uid}"

    def run(
        self, command: Sequence[str | Path], environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Runs `command` as this account, away from our terminal, locale and PG* variables."""
        try:
            return subprocess.run(  # noqa: S603 - our own commands, never a user's words
                [str(word) for word in command],
                check=False,
                capture_output=True,
                text=True,
                errors="replace",
                stdin=subprocess.DEVNULL,
                timeout=_PATIENCE,
                cwd="/",
                start_new_session=True,  # Ctrl-C in a terminal is for us, not for the server
                env={"PATH": os.defpath, "LC_ALL": "C", **(environment or {})},
                user=self.uid if self.lent else None,
                group=self.gid if self.lent else None,
                extra_groups=[] if self.lent else None,
            )
        except subprocess.TimeoutExpired as error:
            raise Trouble(f"{Path(str(command[0])).name} did not end in {_PATIENCE} s") from error

    def reaches(self, folder: Path) -> bool:
        """Whether this account may enter `folder`. Asked by trying: modes do not tell all."""
        return self.run(["/bin/sh", "-c", 'cd -- "$1"', "sh", folder]).returncode == 0


def myself() -> Owner:
    return Owner(os.geteuid(), os.getegid(), lent=False)


def owner_for(folder: Path) -> Owner:
    """The account for a server whose files lie in `folder`, which need not exist yet.

    For root: the owner of the nearest directory that is not root's own (that account could
    replace the data anyway, and its own commands go on working), else "nobody". An account
    without a name cannot make a cluster, but it may go on with the one in its own `folder`.
    """
    if os.geteuid() != 0:
        return myself()
    for place in (folder, *folder.parents):
        there = place.stat() if place.exists() else None
        if there is None or there.st_uid == 0:
            continue
        owner = Owner(there.st_uid, there.st_gid, lent=True)
        if owner.known or place == folder:
            return owner
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise NoOrdinaryAccount(
            'PostgreSQL refuses to run as root, and this machine has no account "nobody" to run '
            "it as. Start Slotbridge as an ordinary user."
        ) from None
    return Owner(nobody.pw_uid, nobody.pw_gid, lent=True)


def prove_named(owner: Owner) -> None:
    """Raises NoOrdinaryAccount when initdb would refuse an account without a name."""
    if not owner.known:
        raise NoOrdinaryAccount(
            f"PostgreSQL makes a database only for an account with a name, and {owner.uid} has "
            "none in /etc/passwd. Start Slotbridge as an account that has one, or set "
            "DATABASE_URL to a PostgreSQL that runs elsewhere."
        )


def prove(owner: Owner) -> None:
    """Raises NoOrdinaryAccount when root may not become `owner`: a container can forbid it."""
    try:
        owner.run(["/bin/sh", "-c", ":"])
    except OSError as error:
        raise NoOrdinaryAccount(
            f"PostgreSQL refuses to run as root, and root may not become {owner.name} here "
            f"({error.strerror}). Start Slotbridge as an ordinary user."
        ) from error
