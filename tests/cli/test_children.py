"""The demo's programs: waited for in vain, dead, or deaf to a polite end."""

import os
import signal
import subprocess
import sys
import time

import pytest

from slotbridge.cli.demo.children import ChildDied, Children, TooLate, _Child
from slotbridge.cli.demo.stopping import Stopping
from tests.cli import programs


@pytest.fixture
def children(tmp_path):
    made = Children(tmp_path, Stopping())
    yield made
    made.stop()


def run_beside(children, tmp_path, code):
    """A program of the test's own among the children."""
    log = tmp_path / "other.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-uc", code],
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    children._children.append(_Child("other", process, log))
    return process


def test_what_does_not_happen_in_its_time_is_said_in_its_sentence(children):
    with pytest.raises(TooLate, match=r"^The portal does not answer\.$"):
        children.until(lambda: False, within=0.05, what="The portal does not answer.")


def test_what_happens_is_returned_at_once(children):
    begun = time.monotonic()

    assert children.until(lambda: 7, within=60, what="") == 7
    assert time.monotonic() - begun < 1


def test_a_program_that_dies_ends_the_waiting_with_its_last_words(children, tmp_path):
    run_beside(children, tmp_path, "print('the disk is full'); raise SystemExit(3)")

    with pytest.raises(ChildDied) as died:
        children.until(lambda: False, within=60, what="")

    assert (died.value.name, died.value.code) == ("other", 3)
    assert died.value.last_words == "the disk is full"


@pytest.mark.timeout(60)
def test_what_will_not_end_is_killed_with_all_it_started(children, tmp_path, monkeypatch):
    monkeypatch.setattr("slotbridge.cli.demo.children._PATIENCE", 0.5)
    deaf = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "os.fork()\n"
        "print('up')\n"
        "time.sleep(1000)"
    )
    process = run_beside(children, tmp_path, deaf)
    children.until(
        lambda: (tmp_path / "other.log").read_text().count("up") == 2, within=30, what="up"
    )

    children.stop()

    assert process.returncode == -signal.SIGKILL
    # The grandchild is reaped by somebody else, in a moment; then the group is gone.
    programs.until(lambda: not group_is_there(process.pid), 30, "the grandchild lives")


def group_is_there(pid):
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_told_to_stop_it_stops_at_the_next_look_even_if_the_exception_was_lost(tmp_path):
    stopping = Stopping()
    children = Children(tmp_path, stopping)
    with stopping.listening():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)  # somebody swallows it, as here

        with pytest.raises(KeyboardInterrupt):
            children.until(lambda: False, within=60, what="")


def test_between_inseparable_acts_nothing_is_interrupted():
    stopping, done = Stopping(), []

    def act():
        with stopping.held():
            signal.raise_signal(signal.SIGINT)
            done.append("both acts")

    with stopping.listening(), pytest.raises(KeyboardInterrupt):
        act()

    assert done == ["both acts"]


def test_the_end_itself_is_not_interrupted():
    stopping = Stopping()
    with stopping.listening():
        stopping.no_more()
        signal.raise_signal(signal.SIGINT)
        stopping.check()
