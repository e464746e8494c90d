"""`slotbridge portal` as an operator starts it, and a clinic's program that speaks to it."""

import re
import shutil
import signal
import tempfile
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from slotbridge.cli import ports
from slotbridge.kit import postgres
from slotbridge.wire.medihost.result import Outcome, read_result
from tests.cli import programs

pytestmark = [pytest.mark.processes, pytest.mark.enable_socket]

SAMPLES = programs.REPOSITORY / "tests" / "samples" / "medihost"
KEY_OF_SAMPLES = "9DDDE578-5179-4CC4-A2A0-F681618ED9EA"


@pytest.fixture
def data():
    """Not tmp_path: the account that root lends to the database must be able to enter it."""
    folder = Path(tempfile.mkdtemp(prefix="slotbridge-test-"))
    folder.chmod(0o755)
    yield folder
    postgres.Server(folder / "postgres").remove()
    shutil.rmtree(folder)


@pytest.fixture
def env(data):
    with programs.database("portal") as url:
        yield programs.environment(data, PORTAL_DATABASE_URL=url)


def is_up(url):
    try:
        return httpx.get(url, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def test_a_new_portal_takes_a_clinics_first_document(env, tmp_path):
    """From nothing: start, operator, clinic with its key, the sample by a form post as a MIS
    would, the same again with our own command, orders asked for.
    """
    log = tmp_path / "portal.log"
    with ExitStack() as closing:
        port = closing.enter_context(ports.kept(18200))
        url = f"http://127.0.0.1:{port}"
        portal = closing.enter_context(
            programs.started("portal", "--port", port, env=env, output=log)
        )
        programs.until(lambda: is_up(f"{url}/"), what="the portal does not come up")
        assert "`slotbridge portal add-operator LOGIN`" in log.read_text()

        operator = programs.run("portal", "add-operator", "olga", "--random", env=env)
        assert re.search(r"^olga can log in: .*/staff/$", operator.stdout, re.MULTILINE)
        again = programs.run("portal", "add-operator", "Olga", "--random", env=env)
        assert (again.returncode, again.stdout) == (1, "")
        assert again.stderr == "Somebody has this login: choose another one.\n"
        clinic = programs.run("portal", "add-clinic", "Клиника «Берёза»", env=env)
        assert clinic.returncode == 0
        key = clinic.stdout.split()[-1]

        sample = (SAMPLES / "mis-export.xml").read_text().replace(KEY_OF_SAMPLES, key)
        document = sample.partition("<Orders>")[0] + "</MediExchange>"
        answer = httpx.post(f"{url}/services/import.php", data={"xml": document}, trust_env=False)
        assert answer.status_code == 200
        result = read_result(answer.content)
        assert (result.outcome, result.messages) == (Outcome.OK, ())
        assert {each.name: each.added for each in result.sections} == {
            "ResourceGroups": 11,
            "Resources": 70,
            "Schedules": 27,
            "Appointments": 1,
        }

        file = tmp_path / "document.xml"
        file.write_text(document)
        explained = programs.run("medihost", "explain", file, env=env)
        assert explained.returncode == 0
        assert "Nothing was changed." in explained.stdout
        sent = programs.run("medihost", "send", file, "--to", url, env=env)
        assert sent.returncode == 0
        assert "HTTP 200\nok, ImportID " in sent.stdout
        fetched = programs.run(
            *("medihost", "fetch", "--from", url, "--since", "0"),
            env=env | {"SLOTBRIDGE_CLIENT_KEY": key},
        )
        assert fetched.returncode == 0
        assert "Orders: 0 (0 waiting, 0 accepted, 0 rejected)." in fetched.stdout

        dumped = programs.run("portal", "db", "dump", tmp_path / "portal.dump", env=env)
        assert (dumped.returncode, dumped.stderr) == (0, "")
        assert dumped.stdout.startswith("Dumped portal_")

        portal.send_signal(signal.SIGTERM)
        assert portal.wait(20) == 0
    said = log.read_text()
    assert "Traceback" not in said
    assert key not in said


def test_the_password_of_an_operator_is_asked_for_and_judged(env):
    asked = programs.run("portal", "add-operator", "olga", env=env, input="short\nshort\n")
    assert asked.returncode == 1
    assert asked.stderr.endswith("The password needs at least 10 characters.\n")
    assert "short" not in asked.stdout + asked.stderr


def test_a_database_that_does_not_answer_is_said_in_a_sentence(data):
    silent = "postgresql://me:geheim@127.0.0.1:1/x"
    answer = programs.run("portal", env=programs.environment(data, PORTAL_DATABASE_URL=silent))
    assert answer.returncode == 1
    assert answer.stderr == "The database does not answer. `slotbridge check` says more.\n"
