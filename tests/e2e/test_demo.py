"""`slotbridge demo` as somebody types it: the story is told, and nothing is left behind."""

import re
import shutil
import signal
import tempfile
from pathlib import Path

import httpx
import psutil
import pytest

from slotbridge.kit import postgres
from tests.cli import programs

pytestmark = [pytest.mark.processes, pytest.mark.enable_socket]

DAY = r"\w{3} \d+ \w{3}, \d\d:\d\d"
STORY = [
    rf"Patient Jagna Nieznana books {DAY} with .* → HIS: visit planned, new patient registered",
    rf"Patient Jagna Nieznana moves it to {DAY} → HIS: the same visit, at its new time",
    r"Patient Jagna Nieznana cancels it → HIS: visit cancelled; the time is free on both sides",
    rf"Patient Łucja Pomyślana books {DAY} .* → HIS: visit planned, her record found by e-mail",
    rf"Receptionist plans a visit on {DAY} with .* → portal: the time is taken, and nobody",
    rf"Receptionist moves it to {DAY} → portal: the new time is taken, the old one offered",
    r"Receptionist cancels it → portal: the time is offered again",
    rf"Patient Iwo Dwojak books {DAY} with .* on ZnanyLekarz → Medihost: the time is gone",
    rf"Patient Marta Podwójna orders {DAY} .* → HIS: it waits for an answer; ZnanyLekarz: the time",
    r"Receptionist accepts it → Medihost: the patient has an appointment",
    r"Patient Marta Podwójna withdraws it by the link in the letter → HIS: visit cancelled",
    rf"Two patients choose {DAY} on both portals at once → HIS: both are kept, one marked",
    r"Receptionist rejects the order → Medihost: the patient is told",
]
# Of everybody in the demo: what would betray a patient in a log.
CANARIES = [
    "Jagna", "Nieznana", "Łucja", "Lucja", "lucja", "Pomyślana", "Zbysław", "Dowolny",
    "example.org", "600100", "600 100", "Dwojak", "Marta", "Podwójna", "Ola", "Równoczesn",
]  # fmt: skip


class Place:
    """A machine's worth of directories: the demo may write into one of them."""

    def __init__(self, folder):
        self.folder, self.data = folder, folder / "data"
        self.logs = self.data / "demo" / "logs"
        self.elsewhere = [folder / name for name in ("home", "tmp", "here")]
        for each in (self.data, *self.elsewhere):
            each.mkdir()

    def env(self):
        home, tmp, _here = self.elsewhere
        return programs.environment(
            self.data,
            HOME=home,
            TMPDIR=tmp,
            # A real installation's: the demo must not even look at it.
            DATABASE_URL="postgresql://nobody@127.0.0.1:1/real",
            SLOTBRIDGE_HOSTS="clinic.example",
            HTTP_PROXY="http://127.0.0.1:1",
        )

    def demo(self, *words):
        return programs.started(
            "demo", *words, env=self.env(), output=self.output, cwd=self.elsewhere[2]
        )

    @property
    def output(self):
        return self.folder / "output"

    def said(self):
        return self.output.read_text()

    def processes(self):
        """Everything that runs for this place, by its environment, directory or command."""
        return [each for each in psutil.process_iter() if self._is_here(each)]

    def _is_here(self, process):
        try:
            marks = [process.cwd(), *process.cmdline(), *process.environ().values()]
        except psutil.Error:
            return False
        return process.status() != psutil.STATUS_ZOMBIE and any(
            str(self.folder) in each for each in marks
        )

    def written_elsewhere(self):
        return [path for each in self.elsewhere for path in each.rglob("*")]


@pytest.fixture
def place():
    """Not tmp_path: the account that root lends to the database must be able to enter it."""
    folder = Path(tempfile.mkdtemp(prefix="slotbridge-test-"))
    folder.chmod(0o755)
    made = Place(folder)
    yield made
    for process in made.processes():
        process.kill()
    postgres.Server(made.data / "demo" / "postgres").remove()
    shutil.rmtree(folder)


def test_the_story_is_told_and_nothing_is_left(place):
    """R1: the whole integration, from registration to visits in both directions."""
    with place.demo("--once") as demo:
        assert demo.wait(240) == 0, place.said()

    told = [line for line in place.said().splitlines() if " → " in line]
    assert len(told) == len(STORY)
    for line, expected in zip(told, STORY, strict=True):
        assert re.search(r"^  ✓ +\d+\.\d\d s  " + expected, line)
    assert re.search(r"slots appear – \d+ times of \d+ slots, in 14 calendars", place.said())

    assert place.processes() == []
    assert place.written_elsewhere() == []
    assert not (place.data / "demo" / "postgres").exists()
    assert [each.name for each in place.data.iterdir()] == ["demo"]

    logs = {file.stem: file.read_text() for file in place.logs.iterdir()}
    assert logs.keys() == {
        "sandbox", "web", "worker", "medihost", "portal-add-clinic", "portal-add-operator",
    }  # fmt: skip
    assert "visit booked" in logs["worker"]
    assert [name for name in CANARIES if name in "".join(logs.values())] == []
    assert "Traceback" not in "".join(logs.values())
    assert re.search(r"/orders/[0-9a-f]", "".join(logs.values())) is None
    letters = [each.read_text() for each in (place.data / "demo" / "mail").iterdir()]
    assert len(letters) > 0, "what the portal writes to patients is kept, not sent"


def test_it_stays_until_a_program_dies_and_says_which(place):
    with place.demo() as demo:
        programs.until(lambda: "Ctrl-C" in place.said() or demo.poll() is not None, 240)
        shown = place.said()
        pages = re.search(r"Pages +│ (http://127\.0\.0\.1:\d+/)", shown)[1]
        password = re.search(r"recepcja +│ (\S+)", shown)[1]
        assert _logs_in(pages, "recepcja", password)
        # Another one finds the place taken, and does no harm to it.
        second = programs.run("demo", "--once", env=place.env(), cwd=place.elsewhere[2])
        assert (second.returncode, "A demo runs already" in second.stdout) == (1, True)
        assert _logs_in(pages, "recepcja", password)

        [worker] = [each for each in place.processes() if each.cmdline()[-1:] == ["worker"]]
        worker.kill()

        assert demo.wait(60) == 1
    assert "The program “worker” ended by itself (code -9). Its last words:" in place.said()
    assert place.processes() == []


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 130)])
def test_told_to_stop_in_the_middle_it_leaves_nothing_running(place, sent, code):
    with place.demo() as demo:
        programs.until(lambda: "Tables" in place.said() or demo.poll() is not None)
        demo.send_signal(sent)
        assert demo.wait(60) == code

    assert place.processes() == []
    assert not (place.data / "demo" / "postgres").exists()


def test_killed_outright_it_takes_its_programs_along(place):
    with place.demo() as demo:
        programs.until(lambda: "Tables" in place.said() or demo.poll() is not None)
        demo.kill()
        demo.wait()
    left = programs.until(
        lambda: [each for each in place.processes() if each.name() != "postgres"] == [], 30
    )

    assert left  # the database stays, for the next demo to clear away


def _logs_in(pages, username, password):
    with httpx.Client(base_url=pages, trust_env=False) as browser:
        browser.get("/login/")
        answer = browser.post(
            "/login/",
            data={
                "username": username,
                "password": password,
                "csrfmiddlewaretoken": browser.cookies["slotbridge_csrf"],
            },
        )
        return answer.status_code == 302 and browser.get("/").status_code in {200, 302}
