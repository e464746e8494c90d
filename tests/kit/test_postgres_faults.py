"""Kills, zombies, strangers, starters at once, full and closed disks. Real signals, real disks."""

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time

import psutil
import psycopg
import pytest

from slotbridge.kit import postgres
from tests.kit.servers import (
    ask,
    has_ended,
    killed,
    run_as_server,
    start_elsewhere,
)


def test_the_server_outlives_a_killed_starter(server):
    assert start_elsewhere(server, then="os.kill(os.getpid(), 9)") == ["True"]
    assert ask(server, "SELECT 1") == [(1,)]
    assert server.start() is False


def test_starters_at_once_end_in_one_server(new):
    assert sorted(start_elsewhere(new, count=4)) == ["False", "False", "False", "True"]
    data = str(new.status().data)
    running = [one.info["cmdline"] or [] for one in psutil.process_iter(["cmdline"])]
    assert sum(data in words and "postgres" in words[0] for words in running) == 1


def test_a_killed_server_is_started_again_with_all_that_was_committed(server):
    server.start()
    ask(server, "CREATE TABLE kept AS SELECT 7 AS number")
    killed(server)

    assert server.start() is True

    assert ask(server, "SELECT number FROM kept") == [(7,)]


def test_an_orphan_of_a_killed_server_is_ended_before_the_next_start(server):
    server.start()
    with psycopg.connect(server.url("postgres"), autocommit=True) as busy:
        orphan = psutil.Process(busy.info.backend_pid)

        def spin():
            with contextlib.suppress(psycopg.OperationalError):
                busy.execute("DO $$ BEGIN LOOP END LOOP; END $$")

        spinner = threading.Thread(target=spin)
        spinner.start()
        time.sleep(0.2)
        killed(server)
        time.sleep(0.2)
        assert orphan.is_running(), "the trouble must be real: a busy session outlives its server"

        assert server.start() is True

        spinner.join(timeout=10)
        assert has_ended(orphan.pid)
    assert ask(server, "SELECT 1") == [(1,)]


def leave_pid_file_naming(server, pid):
    """What a power cut leaves: the lock files of a server whose pid now is another's."""
    server.start()
    locks = [server.status().data / "postmaster.pid", server.status().socket / ".s.PGSQL.5432.lock"]
    texts = [lock.read_text() for lock in locks]
    server.stop()
    for lock, text in zip(locks, texts, strict=True):
        rest = text.split("\n", 1)[1]
        lock.write_text(f"{pid}\n{rest}")
        os.chown(lock, server.status().data.stat().st_uid, -1)
        lock.chmod(0o600)


def test_a_pid_that_now_is_a_strangers_does_not_count(server, program):
    server.start()
    stranger = run_as_server(server, ["sleep", "60"])
    try:
        leave_pid_file_naming(server, stranger.pid)
        bare = run_as_server(
            server,
            [program.binary("postgres"), "-D", server.status().data],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert 'lock file "postmaster.pid" already exists' in bare.communicate()[1]

        assert not server.status().running
        assert server.start() is True

        assert stranger.poll() is None, "a stranger is left alone"
        assert ask(server, "SELECT 1") == [(1,)]
    finally:
        stranger.kill()
        stranger.wait()


def test_a_zombie_is_no_server(server, program):
    server.start()
    server.stop()
    found = server.status()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    words = ["-D", found.data, "-k", found.socket, "-c", "listen_addresses="]
    child = run_as_server(server, [program.binary("postgres"), *words], **quiet)
    while not server.status().running or server.start():
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    while not has_ended(child.pid):
        time.sleep(0.01)
    try:
        assert not server.status().running
        assert server.start() is True
        assert ask(server, "SELECT 1") == [(1,)]
    finally:
        child.wait()


def test_an_interrupted_first_start_is_begun_again(new, first_start):
    home = new.status().data.parent
    subprocess.run(["cp", "-a", first_start, home], check=True)
    (home / "data").rename(home / "data.new")  # initdb was killed before its last step

    assert new.start() is True

    assert not (home / "data.new").exists()
    assert ask(new, "SELECT 1") == [(1,)]


def test_data_deleted_under_a_running_server_means_a_new_server(shelf):
    # So long that the socket lies in a directory of its own, which the old server still holds.
    deep = postgres.Server(shelf / ("deep" * 30) / "postgres", durable=False)
    try:
        deep.start()
        first = deep.status()
        shutil.rmtree(first.data.parent)

        assert deep.start() is True

        assert ask(deep, "SELECT 1") == [(1,)]
        assert deep.status().pid != first.pid
        assert has_ended(first.pid)
    finally:
        deep.remove()


@contextlib.contextmanager
def small_disk(folder, megabytes):
    """A disk of its own. Without the right to mount one, only the classification is tested."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "slotbridge", folder]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("this account may not mount a disk of its own")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_disk_too_small_for_a_cluster_is_told(shelf):
    with small_disk(shelf / "disk", 20) as disk:
        small = postgres.Server(disk / "postgres", durable=False)
        with pytest.raises(postgres.DiskFull, match="Make room"):
            small.start()
        assert not small.status().data.exists()


@pytest.mark.parametrize("how", [killed, postgres.Server.stop])
def test_a_disk_that_filled_up_ends_in_a_server_or_a_sentence(shelf, how):
    with small_disk(shelf / "disk", 100) as disk:
        full = postgres.Server(disk / "postgres", durable=False)
        try:
            full.start()
            ask(full, "CREATE TABLE kept AS SELECT 7 AS number")
            how(full)
            filler = disk / "filler"
            subprocess.run(
                ["dd", "if=/dev/zero", f"of={filler}"], check=False, stderr=subprocess.DEVNULL
            )
            assert shutil.disk_usage(disk).free == 0

            try:
                full.start()  # a killed server left files it can write into again
                assert ask(full, "SELECT number FROM kept") == [(7,)]
                assert how is killed
            except postgres.DiskFull as sentence:
                assert "the disk is full (0 MB free)" in str(sentence)  # noqa: PT017

            filler.unlink()
            full.start()
            assert ask(full, "SELECT number FROM kept") == [(7,)]
        finally:
            full.remove()


def test_a_disk_mounted_read_only_is_told(shelf):
    with small_disk(shelf / "disk", 100) as disk:
        server = postgres.Server(disk / "postgres", durable=False)
        try:
            server.start()
            server.stop()
            subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
            with pytest.raises(postgres.DataDirectoryUnusable, match="read-only"):
                server.start()
            subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
            assert server.start() is True
        finally:
            server.remove()
