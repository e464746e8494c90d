"""`slotbridge db …` as an administrator types it: real processes, a data directory of their own."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from slotbridge.kit import postgres

REPOSITORY = Path(__file__).parents[2]


class Installation:
    """A data directory and the commands given in it; without DATABASE_URL unless one is given."""

    def __init__(self, data, **environment):
        kept = {name: value for name, value in os.environ.items() if "DATABASE_URL" not in name}
        self.environment = kept | {"SLOTBRIDGE_DATA": str(data)} | environment
        self.environment["DJANGO_SETTINGS_MODULE"] = "slotbridge.config.settings"

    def db(self, *words, **options):
        return subprocess.run(
            [sys.executable, "-m", "slotbridge", "db", *map(str, words)],
            cwd=REPOSITORY,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            **options,
        )


@pytest.fixture(scope="module")
def data():
    folder = Path(tempfile.mkdtemp(prefix="slotbridge-test-"))
    folder.chmod(0o755)
    yield folder
    postgres.Server(folder / "postgres").remove()
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def ours(data):
    return Installation(data)


def test_start_status_and_stop_tell_what_they_did(ours, data):
    assert ours.db("status").returncode == 1
    assert "PostgreSQL started" in ours.db("start").stdout
    assert "runs already" in ours.db("start").stdout

    found = ours.db("status")
    assert found.returncode == 0
    assert str(data / "postgres" / "data") in found.stdout
    assert re.search(r"database slotbridge answers: PostgreSQL 18\.\d+", found.stdout)

    assert ours.db("stop").stdout == "PostgreSQL stopped.\n"
    assert ours.db("stop").stdout == "PostgreSQL was not running.\n"
    assert "not running" in ours.db("status").stdout


def test_a_database_is_dumped_and_restored(ours, tmp_path):
    file = tmp_path / "clinic.dump"
    made = "CREATE TABLE kept AS SELECT 7 AS number"
    assert ours.db("shell", "--", "-qc", made).returncode == 0

    dumped = ours.db("dump", file)
    assert re.search(r"Dumped slotbridge to .*clinic.dump: .* kB in \d\.\d s", dumped.stdout)
    refused = ours.db("dump", file)
    assert (refused.returncode, "--force" in refused.stderr) == (1, True)

    ours.db("shell", "--", "-qc", "UPDATE kept SET number = 8")
    refused = ours.db("restore", file)
    assert (refused.returncode, "is not empty" in refused.stderr) == (1, True)
    assert ours.db("restore", "--force", file).stdout.startswith("Restored slotbridge from")
    assert ours.db("shell", "--", "-Atc", "SELECT number FROM kept").stdout == "7\n"
    ours.db("stop")


def test_what_somebody_else_runs_is_neither_started_nor_stopped(tmp_path):
    with postgres.temporary() as theirs:
        url = theirs.url("postgres").replace("slotbridge@", "slotbridge:geheim@")
        hosted = Installation(tmp_path, DATABASE_URL=url)

        assert "run by somebody else" in hosted.db("start").stdout
        assert "run by somebody else" in hosted.db("stop").stdout
        assert theirs.status().running
        assert "database postgres answers" in hosted.db("status").stdout
        assert hosted.db("dump", tmp_path / "theirs.dump").returncode == 0
        assert not (tmp_path / "postgres").exists()

        # psql shows its own command line, which every account of the machine can read.
        seen = hosted.db("shell", "--", "-c", r"\! tr '\0' ' ' < /proc/$PPID/cmdline")
        assert "dbname=postgres" in seen.stdout
        assert "geheim" not in seen.stdout


def test_a_server_that_does_not_answer_is_told_without_its_password(tmp_path):
    gone = Installation(tmp_path, DATABASE_URL="postgresql://me:geheim@127.0.0.1:1/x")
    for command in (["status"], ["dump", "x.dump"], ["restore", REPOSITORY / "LICENSE"]):
        answer = gone.db(*command)
        assert answer.returncode == 1
        assert answer.stderr
        assert "geheim" not in answer.stdout + answer.stderr
        assert "Traceback" not in answer.stderr
