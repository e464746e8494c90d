"""The command itself: starts everything, lets the story happen, and leaves nothing running."""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import django
import httpx
import typer
from django.conf import settings
from django.db import OperationalError, connections
from django.utils.translation import gettext as _

from slotbridge.cli import database, language, ports
from slotbridge.cli.demo.browser import PageBroken
from slotbridge.cli.demo.children import ChildDied, Children, TooLate
from slotbridge.cli.demo.portal import Portal, PortalRefused
from slotbridge.cli.demo.screen import Screen
from slotbridge.cli.demo.stopping import Stopping
from slotbridge.kit import http, postgres

if TYPE_CHECKING:
    from slotbridge.cli.demo.medihost import Medihost

HOST = "127.0.0.1"
WEB_PORT, PORTAL_PORT, MEDIHOST_PORT = 8000, 8100, 8200
START = 60.0  # seconds for a program to answer; on an idle machine it takes three
_LOOK_EVERY = 0.3
_INTERRUPTED = 130


def demo(
    *,
    once: Annotated[bool, typer.Option("--once", help="End after the story.")] = False,
) -> None:
    """Start a clinic and a portal on this machine, and see bookings travel between them.

    It has a database of its own, made afresh each time: no real data is read or changed.
    """
    with (
        ports.kept(WEB_PORT) as web,
        ports.kept(PORTAL_PORT) as portal,
        ports.kept(MEDIHOST_PORT) as medihost,
    ):
        code = _play_on(Ports(web, portal, medihost), once=once)
    raise typer.Exit(code)


@dataclass(frozen=True)
class Ports:
    """Of the hub's pages, the sandbox and Medihost."""

    web: int
    portal: int
    medihost: int


def _play_on(kept: Ports, *, once: bool) -> int:
    """The exit code."""
    os.environ["SLOTBRIDGE_PUBLIC_URL"] = f"http://{HOST}:{kept.web}"
    os.environ["SLOTBRIDGE_PORTAL_URL"] = f"http://{HOST}:{kept.medihost}"
    # These calls stay on this machine, whatever proxy the network has.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = f"{HOST},localhost"
    django.setup()
    language.speak()
    stopping = Stopping()
    with stopping.listening():
        return _Demo(Screen(), stopping, kept).run(once=once)


class AnotherDemo(Exception):
    """A demo has this data directory already: stop it, or choose another directory."""


class _Demo:
    def __init__(self, screen: Screen, stopping: Stopping, kept: Ports) -> None:
        self._screen, self._stopping, self._ports = screen, stopping, kept
        self._web = f"http://{HOST}:{kept.web}"
        self._portal = f"http://{HOST}:{kept.portal}"
        self._medihost = f"http://{HOST}:{kept.medihost}"
        self._data: Path = settings.DATA
        self._logs = self._data / "logs"
        self._children = Children(self._logs, stopping)
        self._stays = False

    def run(self, *, once: bool) -> int:
        """The exit code."""
        with ExitStack() as closing:
            try:
                rows = self._play(closing)
                if not once:
                    self._stay(rows)
            except KeyboardInterrupt:
                self._screen.plain(_("Stopping …"))
                return 0 if self._stays else _INTERRUPTED
            except (ChildDied, TooLate, PortalRefused, PageBroken, AnotherDemo) as problem:
                return self._explain(problem)
            except (postgres.Trouble, OperationalError, httpx.TransportError) as problem:
                return self._explain(problem)
            finally:
                self._stopping.no_more()
        return 0

    def _play(self, closing: ExitStack) -> list[tuple[str, str]]:
        """Starts, connects and tells; what `closing` holds afterwards is what is to be closed."""
        from slotbridge.cli import planting  # noqa: PLC0415 - models need django.setup()
        from slotbridge.cli.demo import connecting, medihost, story, two_portals  # noqa: PLC0415 - as above

        begun = time.monotonic()
        self._screen.title(_("Starting"))
        closing.enter_context(_alone(self._data))
        self._start_database(closing)
        self._start_programs(closing)
        with self._screen.step(_("An invented clinic")) as step:
            planted = planting.plant()
            step.result = _("%(slots)d slots, %(patients)d patients; nobody in it exists") % {
                "slots": planted.slots,
                "patients": planted.patients,
            }
        portal = Portal(self._portal, settings.SANDBOX_CONTROL_TOKEN)
        closing.callback(portal.close)
        second = medihost.Medihost(self._medihost, self._children)
        closing.callback(second.close)
        self._await_programs(portal, second)
        self._screen.title(_("Connecting, as the portal's procedure says"))
        both = connecting.connect(
            self._screen, portal, self._children, planted.organisation, self._portal
        )
        self._screen.title(_("A second portal: Medihost"))
        account = medihost.connect(
            self._screen, second, self._children, planted.organisation, self._medihost
        )
        story.Story(self._screen, both).tell()
        two_portals.TwoPortals(self._screen, both, second, account).tell()
        took = time.monotonic() - begun
        self._screen.plain("\n" + _("From nothing to here: %(seconds).1f s.") % {"seconds": took})
        return [
            (_("Pages"), f"{self._web}/"),
            *((f"  {login.username}", login.password) for login in planted.logins),
            (_("Portal"), f"{self._portal}/"),
            ("Medihost", f"{self._medihost}/"),
            (f"  {medihost.OPERATOR}", second.add_operator()),
            (_("Data"), str(self._data)),
            (_("Logs"), str(self._logs)),
            (_("Letters"), str(self._data / "mail")),
        ]

    # --- Starting --------------------------------------------------------------------------

    def _start_database(self, closing: ExitStack) -> None:
        server = settings.EMBEDDED_POSTGRES
        assert server is not None
        with self._screen.step(_("Database")) as step:
            server.remove()  # of a demo that was killed
            for old in (self._logs, self._data / "mail"):
                shutil.rmtree(old, ignore_errors=True)
            self._logs.mkdir(parents=True)
            closing.callback(server.remove)
            closing.callback(connections.close_all)
            server.start()
            for name in ("slotbridge", "sandbox", "portal"):
                server.ensure_database(name)
            step.result = f"PostgreSQL {server.program.version}"

    def _start_programs(self, closing: ExitStack) -> None:
        """The portals make their tables while we make the hub's."""
        closing.callback(self._children.stop)
        self._children.start("sandbox", "sandbox", "--port", str(self._ports.portal))
        self._children.start("medihost", "portal", "--port", str(self._ports.medihost))
        with self._screen.step(_("Tables")):
            database.ready()
        self._children.start("web", "serve", "--port", str(self._ports.web))
        self._children.start("worker", "worker")

    def _await_programs(self, portal: Portal, second: "Medihost") -> None:
        with self._screen.step(_("Programs")) as step:
            for one in (portal, second):
                self._children.until(one.is_up, within=START, what=_("The portal does not answer."))
            self._children.until(
                self._web_is_up, within=START, what=_("The clinic's pages do not answer.")
            )
            step.result = _("pages, worker and portals answer")

    def _web_is_up(self) -> bool:
        with http.client(self._web) as client:
            try:
                return client.get("/login/").is_success
            except httpx.TransportError:
                return False

    # --- Staying, and ending ---------------------------------------------------------------

    def _stay(self, rows: list[tuple[str, str]]) -> None:
        """Until Ctrl-C, or until a program dies."""
        self._stays = True
        self._screen.box(_("The demo runs until Ctrl-C; the next one starts afresh"), rows)
        while True:
            self._children.check()
            time.sleep(_LOOK_EVERY)

    def _explain(self, problem: Exception) -> int:
        """Says what went wrong. Where a program has died, that is why."""
        if isinstance(problem, AnotherDemo):
            self._screen.trouble(str(problem))
            return 1
        try:
            time.sleep(_LOOK_EVERY)  # its end is seen a moment after its silence
            self._children.look_for_dead()
        except ChildDied as died:
            problem = died
        if isinstance(problem, ChildDied):
            self._screen.trouble(
                _("The program “%(name)s” ended by itself (code %(code)d). Its last words:")
                % {"name": problem.name, "code": problem.code},
                problem.last_words,
            )
        else:
            self._screen.trouble(str(problem))
        if self._logs.exists():
            self._screen.plain(_("Logs: %(folder)s") % {"folder": self._logs})
        return 1


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """One demo at a time has `data`. Raises AnotherDemo."""
    data.mkdir(parents=True, exist_ok=True)
    handle = os.open(data, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise AnotherDemo(
            _(
                "A demo runs already, with its data in %(folder)s. Stop it with Ctrl-C where it"
                " was started, or set SLOTBRIDGE_DATA to another directory for a second one."
            )
            % {"folder": data}
        ) from None
    try:
        yield
    finally:
        os.close(handle)
