"""`slotbridge serve`, `worker`, `seed` and `check` as an administrator starts them."""

import re
import shutil
import signal
import socket
import tempfile
from contextlib import ExitStack
from pathlib import Path

import httpx
import psycopg
import pytest

from slotbridge.cli import ports
from slotbridge.kit import postgres
from tests.cli import programs

pytestmark = [pytest.mark.processes, pytest.mark.enable_socket]


@pytest.fixture
def data():
    """Not tmp_path: the account that root lends to the database must be able to enter it."""
    folder = Path(tempfile.mkdtemp(prefix="slotbridge-test-"))
    folder.chmod(0o755)
    yield folder
    postgres.Server(folder / "postgres").remove()
    shutil.rmtree(folder)


def answers(url):
    try:
        return httpx.get(url, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def test_programs_that_start_at_once_share_one_migration_and_leave_when_told(data, tmp_path):
    with ExitStack() as closing:
        port = closing.enter_context(ports.kept(18000))
        url = closing.enter_context(programs.database("serve"))
        env = programs.environment(data, DATABASE_URL=url)
        outputs = {name: tmp_path / f"{name}.log" for name in ("serve", "one", "two")}
        serve = closing.enter_context(
            programs.started("serve", "--port", port, env=env, output=outputs["serve"])
        )
        workers = [
            closing.enter_context(programs.started("worker", env=env, output=outputs[name]))
            for name in ("one", "two")
        ]
        programs.until(lambda: answers(f"http://127.0.0.1:{port}/login/"))
        for name in ("one", "two"):
            programs.until(lambda name=name: "worker started" in outputs[name].read_text())

        refused = programs.run("serve", "--port", port, env=env)
        assert refused.returncode == 1
        assert f"Port {port} of 127.0.0.1 is in use" in refused.stderr

        with psycopg.connect(url) as session:
            applied = session.execute(
                "SELECT count(*), count(DISTINCT (app, name)) FROM django_migrations"
            ).fetchone()
        assert applied[0] == applied[1] > 0

        for process in (serve, *workers):
            process.send_signal(signal.SIGTERM)
        assert [process.wait(20) for process in (serve, *workers)] == [0, 0, 0]
        assert "worker stopped" in outputs["one"].read_text()
        assert "Traceback" not in "".join(file.read_text() for file in outputs.values())


def test_a_program_brings_the_database_it_needs_and_takes_it_away(data):
    env = programs.environment(data)
    server = postgres.Server(data / "postgres")

    first = programs.run("seed", env=env)
    assert (first.returncode, first.stderr) == (0, "")
    assert re.search(r"Lecznica Przykładowa: \d{4} slots, 8 patients", first.stdout)
    assert len(re.findall(r"^  \w+ +\w{4}-\w{4}-\w{4}$", first.stdout, re.MULTILINE)) == 3
    assert not server.status().running

    server.start()
    second = programs.run("seed", env=env)
    assert (second.returncode, second.stdout) == (1, "")
    assert "--force-more" in second.stderr
    assert server.status().running  # not started by the command, so not stopped by it


def test_check_says_what_to_do_and_fails_where_nothing_would_run(data):
    wrong = programs.run("check", env=programs.environment(data, SLOTBRIDGE_DEBUG="perhaps"))
    assert wrong.returncode == 1
    assert "SLOTBRIDGE_DEBUG: write yes or no" in wrong.stdout

    silent = "postgresql://me:geheim@127.0.0.1:1/x"
    unreachable = programs.run("check", env=programs.environment(data, DATABASE_URL=silent))
    assert unreachable.returncode == 1
    assert "FAILED  database: it does not answer" in unreachable.stdout
    assert "geheim" not in unreachable.stdout + unreachable.stderr

    with programs.database("check") as url:
        fresh = programs.run("check", env=programs.environment(data, DATABASE_URL=url))
    assert fresh.returncode == 0
    assert re.search(
        r"advice  tables: \d+ changes are waiting: `slotbridge serve` makes", fresh.stdout
    )

    stopped = programs.run("check", env=programs.environment(data))
    assert stopped.returncode == 0
    assert "is not running: `slotbridge serve`" in stopped.stdout


@pytest.mark.parametrize("words", [("worker",), ("serve",), ("why-not-shown", "x")])
def test_a_database_that_does_not_answer_is_said_in_a_sentence(data, words):
    silent = "postgresql://me:geheim@127.0.0.1:1/x"
    answer = programs.run(*words, env=programs.environment(data, DATABASE_URL=silent))
    assert answer.returncode != 0
    assert "Traceback" not in answer.stderr
    assert "geheim" not in answer.stdout + answer.stderr


def test_a_port_in_use_is_passed_over():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert not ports.is_free("127.0.0.1", port)
        with ports.kept(port) as other:
            assert other > port


def test_a_port_that_is_kept_is_free_for_our_programs_and_for_nobody_else():
    with ports.kept(18000) as port:
        assert ports.is_free("127.0.0.1", port)
        with ports.kept(port) as other:
            assert other > port
        with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
            stranger.bind(("127.0.0.1", port))
