"""What must be so for an installation to run. Needs django.setup()."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.core import checks as django_checks
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http.request import validate_host
from django.utils.translation import gettext as _

from slotbridge.kit import postgres
from slotbridge.kit.secretbox import WrongKey
from slotbridge.sync import accounts, lights
from slotbridge.sync.contract import AccountRejected, PortalError
from slotbridge.sync.models import Account
from slotbridge.sync.seals import box

OLDEST_POSTGRES = 15
EXTENSIONS = {"btree_gist", "pg_trgm", "unaccent"}
LOCAL = {"localhost", "127.0.0.1", "::1"}


class Grade(StrEnum):
    OK = "ok"
    ADVICE = "advice"  # it runs, and somebody should know
    FAILED = "FAILED"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `sentence` says how it is and what to do."""

    grade: Grade
    subject: str
    sentence: str

    @property
    def line(self) -> str:
        return f"{self.grade:<7} {self.subject}: {self.sentence}"


def _ok(subject: str, sentence: str) -> Finding:
    return Finding(Grade.OK, subject, sentence)


def _advice(subject: str, sentence: str) -> Finding:
    return Finding(Grade.ADVICE, subject, sentence)


def _failed(subject: str, sentence: str) -> Finding:
    return Finding(Grade.FAILED, subject, sentence)


def all_of_it() -> Iterator[Finding]:
    """Everything, in the order in which it should be put right."""
    yield from _settings()
    yield _public_url()
    yield from _secrets()
    server: postgres.Server | None = settings.EMBEDDED_POSTGRES
    try:
        if server is not None and not server.status().running:
            yield _stopped(server)
            return
    except postgres.Trouble as trouble:
        yield _failed(_("database"), str(trouble))
        return
    try:
        yield from _database()
    except DatabaseError:  # its text may hold the address with its password
        yield _failed(
            _("database"),
            _("it does not answer. Start it, or correct DATABASE_URL; `slotbridge db status`"
              " says more."),
        )  # fmt: skip


def _settings() -> Iterator[Finding]:
    found = [each for each in django_checks.run_checks() if each.is_serious()]
    for each in found:
        yield _failed(_("settings"), f"{each.msg} ({each.id})")
    if not found:
        yield _ok(
            _("settings"), _("read, the data directory is %(data)s.") % {"data": settings.DATA}
        )
    if settings.DEBUG:
        yield _advice(_("settings"), _("SLOTBRIDGE_DEBUG is on: error pages show data. Unset it."))


def _public_url() -> Finding:
    """Whether a portal can send notifications: the address starts with it (R8, A61)."""
    subject, url = _("public address"), urlsplit(settings.PUBLIC_URL)
    host = url.hostname or ""
    if url.scheme not in {"http", "https"} or not host:
        return _failed(subject, _("SLOTBRIDGE_PUBLIC_URL is not a web address: write https://…"))
    if not validate_host(host, settings.ALLOWED_HOSTS):
        return _failed(
            subject,
            _("requests to %(host)s are refused: add it to SLOTBRIDGE_HOSTS.") % {"host": host},
        )
    if host in LOCAL:
        return _advice(
            subject,
            _("portals cannot send notifications to %(url)s: set SLOTBRIDGE_PUBLIC_URL.")
            % {"url": settings.PUBLIC_URL},
        )
    if url.scheme != "https":
        return _advice(
            subject, _("notifications hold patients' data: make SLOTBRIDGE_PUBLIC_URL https.")
        )
    return _ok(subject, _("portals send notifications to %(url)s.") % {"url": settings.PUBLIC_URL})


def _secrets() -> Iterator[Finding]:
    subject, fine = _("secrets"), True
    for given, name in (
        (("SLOTBRIDGE_SECRET_KEY",), "secret_key.secret"),
        (("SLOTBRIDGE_SEALING_SECRETS", "SLOTBRIDGE_SEALING_SECRET"), "sealing_secret.secret"),
    ):
        file: Path = settings.DATA / name
        if any(os.environ.get(each, "").strip() for each in given) or not file.exists():
            continue
        if file.stat().st_mode & 0o077:
            fine = False
            yield _failed(subject, _("others can read %(file)s: chmod 600 it.") % {"file": file})
        if settings.EMBEDDED_POSTGRES is None:
            yield _advice(
                subject,
                _("kept in %(file)s: keep a copy, and give every machine the same %(variable)s.")
                % {"file": file, "variable": given[-1]},
            )
    if fine:
        yield _ok(subject, _("present, and for this account only."))


def _stopped(server: postgres.Server) -> Finding:
    """Its programs start it: being stopped is no fault."""
    return _advice(
        _("database"),
        _("PostgreSQL %(version)s in %(data)s is not running: `slotbridge serve` or `slotbridge db"
          " start` starts it. Then check again.")
        % {"version": server.program.version, "data": server.status().data},
    )  # fmt: skip


def _database() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version'),"
            " current_setting('server_version_num')::int, name FROM pg_available_extensions"
        )
        rows = cursor.fetchall()
    version, number = rows[0][:2]
    missing = EXTENSIONS - {row[2] for row in rows}
    subject = _("database")
    if number < OLDEST_POSTGRES * 10000:
        yield _failed(
            subject,
            _("PostgreSQL %(version)s is too old: %(oldest)d or newer is needed.")
            % {"version": version, "oldest": OLDEST_POSTGRES},
        )
        return
    if missing:
        yield _failed(
            subject,
            _("the server lacks extensions: install %(names)s (postgresql-contrib).")
            % {"names": ", ".join(sorted(missing))},
        )
        return
    yield _ok(subject, _("PostgreSQL %(version)s answers.") % {"version": version})
    tables = _tables()
    yield tables
    if tables.grade == Grade.OK:
        yield from _seals()
        yield from _portals()


def _tables() -> Finding:
    executor = MigrationExecutor(connection)
    graph = executor.loader.graph
    waiting = len(executor.migration_plan(graph.leaf_nodes()))
    ours = {config.label for config in apps.get_app_configs()}
    unknown = {
        each for each in executor.loader.applied_migrations if each[0] in ours
    } - graph.nodes.keys()
    if unknown:
        return _failed(
            _("tables"),
            _("made by a newer Slotbridge: run that one, or restore a dump of before."),
        )
    if waiting:
        return _advice(
            _("tables"),
            _("%(number)d changes are waiting: `slotbridge serve` makes them.")
            % {"number": waiting},
        )
    return _ok(_("tables"), _("up to date."))


def _seals() -> Iterator[Finding]:
    """Whether the sealing secret is the one that sealed what is in the database."""
    for account in Account.objects.order_by("pk"):
        sealed = [account.sealed_hook, account.sealed_password]
        try:
            for value in sealed:
                if value is not None:
                    box().open(value)
        except WrongKey:
            yield _failed(
                _("secrets"),
                _("login data of %(account)s were sealed with another secret: put that one into"
                  " SLOTBRIDGE_SEALING_SECRETS.")
                % {"account": _named(account)},
            )  # fmt: skip


def _portals() -> Iterator[Finding]:
    idle = {Account.State.UNCONFIGURED, Account.State.OFF}
    configured = Account.objects.select_related("organisation").exclude(state__in=idle)
    for account in configured.order_by("pk"):
        yield _portal(account)
    if not configured.exists():
        yield _advice(
            _("portals"),
            _("none is connected: enter its login under Administration, Configuration."),
        )


def _portal(account: Account) -> Finding:
    """Asks the portal itself; then what the worker's light says."""
    subject = _named(account)
    try:
        connector = accounts.connect(account)
        try:
            connector.check()
        finally:
            connector.close()
    except WrongKey:
        return _failed(subject, _("its password cannot be opened; see above."))
    except AccountRejected:
        return _failed(subject, _("the portal refuses login or password: enter them anew."))
    except PortalError as error:
        return _failed(
            subject, _("the portal does not answer as it should: %(what)s") % {"what": error}
        )
    light = lights.light_of(account)
    if light.colour == lights.Colour.FAILING:
        return _failed(subject, light.sentence)
    if light.colour == lights.Colour.LATE:
        return _advice(subject, light.sentence + " " + _("Is a worker running?"))
    return _ok(subject, _("answers.") + " " + light.sentence)


def _named(account: Account) -> str:
    return f"{account.channel} ({account.organisation.name})"
