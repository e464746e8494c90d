"""The benchmarks at a tiny size, so that they cannot rot. No figure is judged here but counts."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from math import isfinite
from pathlib import Path

import psutil
import pytest

from benchmarks.__main__ import NAMES
from benchmarks.results import Result, percentile

REPOSITORY = Path(__file__).parents[1]
PATIENCE = 240  # seconds

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def folder():
    """Where a benchmark may leave nothing; open to the account that root's server runs as."""
    with tempfile.TemporaryDirectory(prefix="slotbridge-test-") as made:
        place = Path(made)
        place.chmod(0o755)
        yield place


def start(folder, *words):
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks", "--size", "tiny", *words],
        cwd=REPOSITORY,
        env=os.environ | {"TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def left_in(folder):
    """Files there, and processes that were started with its name."""
    named = [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(str(folder) in word for word in process.info["cmdline"] or ())
    ]
    return [*folder.iterdir(), *named]


@pytest.fixture(scope="module")
def found(folder, tmp_path_factory):
    figures = tmp_path_factory.mktemp("benchmarks") / "figures.json"
    benchmarks = start(folder, "--json", str(figures))
    said, _ = benchmarks.communicate(timeout=PATIENCE)
    assert benchmarks.returncode == 0, said
    return said, [Result(**each) for each in json.loads(figures.read_text())]


@pytest.mark.timeout(PATIENCE + 60)
@pytest.mark.parametrize(
    "named",
    [
        "listing-days told: first load",
        "listing-days told: one changed day",
        "a slot saved until the portal shows it, p50",
        "a slot saved until the portal shows it, p99",
        "portal writes: the whole day",
        "bookings on distinct slots",
        "peak memory of a worker",
        "free_slots of",
        "fan-out of",
        "import of",
        "peak memory of the portal",
        "export of 100 changed orders among",
        "free times of 30 days, of",
    ],
)
def test_each_benchmark_measures_something_against_its_floor(found, named):
    _said, results = found
    rows = [each for each in results if each.name.startswith(named)]

    assert rows
    assert all(each.measured > 0 and each.floor > 0 and isfinite(each.ratio) for each in rows)


@pytest.mark.timeout(PATIENCE + 60)
def test_a_days_changes_cost_the_fewest_writes_possible(found):
    _said, results = found
    writes = {each.name: each for each in results if each.unit == "writes"}

    assert len(writes) > 1
    assert {name: each.measured for name, each in writes.items()} == {
        name: each.floor for name, each in writes.items()
    }
    assert all(each.met is not False for each in writes.values())


@pytest.mark.timeout(PATIENCE + 60)
def test_it_says_what_it_did_in_one_table_and_leaves_nothing(found, folder):
    said, results = found

    assert all(f"{name}: " in said for name in NAMES)
    assert all(each.name in said for each in results)
    assert left_in(folder) == []


def test_ctrl_c_stops_everything_and_leaves_nothing(folder):
    benchmarks = start(folder, "slot_to_portal")
    assert "durable commit" in benchmarks.stdout.readline()

    benchmarks.send_signal(signal.SIGINT)
    said, _ = benchmarks.communicate(timeout=PATIENCE)

    assert benchmarks.returncode == 130, said
    assert said.endswith("Stopped; nothing is left running.\n")
    assert left_in(folder) == []


def test_a_benchmark_that_is_not_there_is_said_at_once(folder):
    benchmarks = start(folder, "bokings")
    said, _ = benchmarks.communicate(timeout=PATIENCE)

    assert benchmarks.returncode == 2
    assert "unknown: bokings" in said
    assert left_in(folder) == []


def test_nothing_done_where_nothing_was_to_be_done_is_the_best_ratio():
    assert Result("none", 0, 0, "writes").ratio == 1
    assert not isfinite(Result("some", 1, 0, "writes").ratio)


def test_a_percentile_of_one_sample_is_that_sample():
    assert percentile([7.0], 99) == 7.0
    assert percentile([1.0, 2.0, 3.0], 50) == 2.0
