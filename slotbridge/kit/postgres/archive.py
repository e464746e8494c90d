"""Dump a database into one file, and restore it; of any PostgreSQL, ours or another's.

Both run the wheel's programs. A password goes by PGPASSWORD, never on a command line, and what
PostgreSQL says about a row is never shown: it could quote a patient.
"""

import contextlib
import os
import re
import secrets
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from slotbridge.kit.postgres.program import Program
from slotbridge.kit.postgres.trouble import DiskFull, Trouble, last_words

_CHUNK = 2**16
_IN_USE, _DISK_FULL = "55006", "53100"  # SQLSTATEs
_PARTING = 1.0  # seconds: a session that was just closed is counted a moment longer
_KNOWS_TRANSACTION_TIMEOUT = 170000
_TRANSACTION_TIMEOUT = b"SET transaction_timeout = 0;\n"

# Of whatever schema that is not PostgreSQL's own, and not an extension's.
_FILLED = """
SELECT count(*) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
AND nspname !~ '^pg_' AND nspname <> 'information_schema'
AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
"""
_OTHERS = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
AND backend_type = 'client backend' AND pid NOT IN (pg_backend_pid(), {pid})
"""
# The sessions are counted again inside: somebody may have come since.
_EMPTY_IT = """
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL lock_timeout = '10s';
DO $$
DECLARE schema record;
BEGIN
  IF ({others}) > 0 THEN RAISE EXCEPTION USING ERRCODE = 'object_in_use'; END IF;
  FOR schema IN SELECT nspname AS name FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
  LOOP EXECUTE format('DROP SCHEMA %I CASCADE', schema.name); END LOOP;
END $$;
CREATE SCHEMA public AUTHORIZATION pg_database_owner;
GRANT USAGE ON SCHEMA public TO PUBLIC;
"""


class NoAnswer(Trouble):
    """Correct DATABASE_URL, or start the server: nobody answers, or it does not let us in."""


class DumpExists(Trouble):
    """Choose another file name, or say that the old dump may go."""


class DumpFailed(Trouble):
    """Remove what the text names and dump again; no file was left."""


class DumpUnusable(Trouble):
    """Take another dump: this file is none, or is damaged. The database is as it was."""


class DatabaseNotEmpty(Trouble):
    """Restore into an empty database, or say that what is there may go."""


class DatabaseInUse(Trouble):
    """End the other sessions (web, worker, shells), then restore again."""


class RestoreFailed(Trouble):
    """Remove what the text names and restore again. The database is as it was."""


@dataclass(frozen=True)
class Address:
    """One database of a server, as libpq's parameters; its text never shows the password."""

    parameters: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, url: str) -> "Address":
        return cls({name: str(value) for name, value in conninfo_to_dict(url).items()})

    @property
    def database(self) -> str:
        return self.parameters.get("dbname", "")

    @property
    def conninfo(self) -> str:
        """What may stand on a command line, which every account of the machine can read."""
        named = {k: v for k, v in self.parameters.items() if k not in {"password", "sslpassword"}}
        return make_conninfo("", **named)

    @property
    def environment(self) -> dict[str, str]:
        """This process's environment and the password, for a program of PostgreSQL."""
        password = self.parameters.get("password")
        return dict(os.environ) | ({"PGPASSWORD": password} if password else {})

    @contextlib.contextmanager
    def session(self) -> Iterator[psycopg.Connection]:
        """A session in autocommit. Raises NoAnswer."""
        try:
            connection = psycopg.connect(make_conninfo("", **self.parameters), autocommit=True)
        except psycopg.OperationalError as error:
            raise NoAnswer(
                f"The database {self.database} cannot be reached: {str(error).strip()}"
            ) from None
        with connection:
            yield connection


@dataclass(frozen=True)
class Work:
    """What was done: the dump's size in bytes, and how many seconds it took."""

    size: int
    seconds: float


def dump(address: Address, file: Path, program: Program, *, overwrite: bool = False) -> Work:
    """Writes the whole database, as of one moment, into `file` (mode 0600, custom format).

    The name appears only when the dump is complete and on disk. Raises DumpExists, NoAnswer,
    DiskFull or DumpFailed.
    """
    begun = time.monotonic()
    file = file.absolute()
    _refuse_to_overwrite(file, overwrite=overwrite)
    with address.session():
        pass  # a wrong address is told by its own name
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}.part")
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        command = [
            str(program.binary("pg_dump")),
            "--format=custom",
            "--no-owner",
            "--no-privileges",
        ]
        done = subprocess.run(  # noqa: S603 - our own command
            [*command, f"--file={draft}", f"--dbname={address.conninfo}"],
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            env=address.environment | {"LC_ALL": "C"},
        )
        if done.returncode != 0:
            raise _dump_failure(done.stderr, file)
        _refuse_to_overwrite(file, overwrite=overwrite)
        draft.replace(file)
        return Work(file.stat().st_size, time.monotonic() - begun)
    except OSError as error:
        raise _dump_failure(error.strerror or str(error), file) from error
    finally:
        draft.unlink(missing_ok=True)


def _refuse_to_overwrite(file: Path, *, overwrite: bool) -> None:
    if file.exists() and not overwrite:
        raise DumpExists(
            f"{file} exists already. Choose another name, or add --force to overwrite it."
        )


def _dump_failure(said: str, file: Path) -> Trouble:
    if "No space left on device" in said or "Disk quota exceeded" in said:
        return DiskFull(
            f"The disk of {file.parent} is full, and the dump was not written. Make room there, "
            "or dump to another disk."
        )
    return DumpFailed(f"The dump to {file} was not written:{last_words(said)}")


def restore(address: Address, file: Path, program: Program, *, replace: bool = False) -> Work:
    """Makes the database what `file` holds, in one transaction: all of it or nothing.

    Raises DatabaseNotEmpty unless `replace`, DatabaseInUse, DumpUnusable, NoAnswer, DiskFull or
    RestoreFailed; after each of them the database is as it was.
    """
    begun = time.monotonic()
    size = _size_of_dump(file, program)
    with address.session() as connection:
        _refuse_company(address, connection)
        if _number(connection, _FILLED) and not replace:
            raise DatabaseNotEmpty(
                f"The database {address.database} is not empty. Add --force to replace all that "
                "is in it by the dump; a dump of it first does no harm."
            )
        _play(address, file, program, connection.info)
    with address.session() as connection:
        connection.execute("ANALYZE")  # a dump holds no statistics of the planner
    return Work(size, time.monotonic() - begun)


def _number(connection: psycopg.Connection, question: str) -> int:
    row = connection.execute(question.encode()).fetchone()
    return int(row[0]) if row else 0


def _refuse_company(address: Address, connection: psycopg.Connection) -> None:
    until = time.monotonic() + _PARTING
    while others := _number(connection, _OTHERS.format(pid=0)):
        if time.monotonic() > until:
            raise _in_use(address, others)
        time.sleep(0.05)


def _in_use(address: Address, others: int) -> DatabaseInUse:
    sessions = "another session is" if others == 1 else f"{others} other sessions are"
    return DatabaseInUse(
        f"Nothing was restored: {sessions} connected to the database {address.database}. Stop "
        "slotbridge's web and worker, and any shell, then restore again."
    )


def _size_of_dump(file: Path, program: Program) -> int:
    """The size of `file` in bytes, if it begins like a dump. Raises DumpUnusable."""
    try:
        size = file.stat().st_size
        listed = subprocess.run(  # noqa: S603 - our own command
            [program.binary("pg_restore"), "--list", file.absolute()],
            check=False,
            capture_output=True,
            stdin=subprocess.DEVNULL,
        )
    except OSError as error:
        raise DumpUnusable(f"{file} cannot be read: {error.strerror}.") from error
    if listed.returncode != 0:
        raise DumpUnusable(
            f"{file} is not a dump that slotbridge db dump wrote, or it is damaged. The database "
            "is as it was."
        )
    return size


def _play(address: Address, file: Path, program: Program, ours: psycopg.ConnectionInfo) -> None:
    """Feeds the dump's script to psql; COMMIT follows only when the whole file was readable."""
    script = [str(program.binary("pg_restore")), "--no-owner", "--no-privileges", "--file=-"]
    # sqlstate: an error names its class and its line, and quotes no row.
    player = [str(program.binary("psql")), "--no-psqlrc", "--quiet", "--output=/dev/null"]
    player += ["--set=ON_ERROR_STOP=1", "--set=VERBOSITY=sqlstate", "--file=-"]
    with (
        subprocess.Popen(  # noqa: S603 - our own command
            [*script, file.absolute()], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as reader,
        subprocess.Popen(  # noqa: S603 - our own command
            [*player, f"--dbname={address.conninfo}"],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=address.environment | {"LC_ALL": "C"},
        ) as writer,
    ):
        assert reader.stdout is not None
        assert writer.stdin is not None
        assert writer.stderr is not None
        whole = True
        with contextlib.suppress(BrokenPipeError):  # psql stopped at an error, which is read below
            others = _OTHERS.format(pid=ours.backend_pid)
            writer.stdin.write(_EMPTY_IT.format(others=others).encode())
            _pour(reader.stdout, writer.stdin, ours.server_version)
            whole = reader.wait() == 0
            if not whole:
                writer.kill()  # within a COPY, the end of input would be taken for its end
            writer.stdin.write(b"COMMIT;\n")
        with contextlib.suppress(BrokenPipeError):
            writer.stdin.close()
        reader.kill()
        said = writer.stderr.read().decode(errors="replace")
    if not whole:
        raise DumpUnusable(f"{file} is damaged or not whole. The database is as it was.")
    if writer.returncode != 0:
        raise _refusal(address, file, said)


def _pour(source: IO[bytes], target: IO[bytes], version: int) -> None:
    """Copies the script; a server before 17 does not know a setting that its head resets."""
    head = b""
    while _TRANSACTION_TIMEOUT not in head and len(head) < _CHUNK:
        line = source.readline()
        if not line:
            break
        head += line
    if version < _KNOWS_TRANSACTION_TIMEOUT:
        head = head.replace(_TRANSACTION_TIMEOUT, b"", 1)
    target.write(head)
    while chunk := source.read(_CHUNK):
        target.write(chunk)


def _refusal(address: Address, file: Path, said: str) -> Trouble:
    codes = re.findall(r"(?:ERROR|FATAL):\s+([0-9A-Z]{5})\b", said)
    if _IN_USE in codes:
        return _in_use(address, 1)
    if _DISK_FULL in codes:
        return DiskFull(
            "The database's disk is full; nothing was restored, the database is as it was. Make "
            "room there, then restore again."
        )
    names = [f"{code} {_name_of(code)}" for code in codes]
    return RestoreFailed(
        f"PostgreSQL refused the dump {file}; the database is as it was. The class of the error: "
        + (", ".join(names) or f"unknown{last_words(said)}")
    )


def _name_of(code: str) -> str:
    try:
        return psycopg.errors.lookup(code).__name__
    except KeyError:
        return ""
