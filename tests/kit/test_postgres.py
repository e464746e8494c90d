"""The embedded server, against everything that a machine does to it. Real servers, real signals."""

import contextlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
import psycopg
import pytest

from slotbridge.kit import postgres
from slotbridge.kit.postgres import trouble

ROOT = os.geteuid() == 0
as_root = pytest.mark.skipif(not ROOT, reason="only root can lend the server another account")
REPOSITORY = Path(__file__).parents[2]


def quick_disk():
    """The memory disk, where making a cluster takes a tenth of the time; None: the usual place."""
    memory = Path("/dev/shm")
    if memory.is_dir() and shutil.disk_usage(memory).free > 2**30:
        return None if os.statvfs(memory).f_flag & os.ST_NOEXEC else memory
    return None


@pytest.fixture
def shelf():
    """A directory that every account may enter; pytest's own is closed to all but its user."""
    folder = Path(tempfile.mkdtemp(prefix="slotbridge-test-", dir=quick_disk()))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def new(shelf):
    """A server that was never started."""
    server = postgres.Server(shelf / "postgres", durable=False)
    yield server
    server.remove()


@pytest.fixture(scope="module")
def first_start():
    """The home of a server that was started once, and stopped."""
    with postgres.temporary() as server:
        server.stop()
        yield server.status().data.parent


@pytest.fixture
def server(new, first_start):
    """A server with a cluster of its own, not running."""
    home = new.status().data.parent
    subprocess.run(["cp", "-a", first_start, home], check=True)
    return new


def ask(server, question, database="postgres"):
    with psycopg.connect(server.url(database), autocommit=True) as connection:
        cursor = connection.execute(question)
        return cursor.fetchall() if cursor.description else []


def killed(server):
    """kill -9 of the server, and the moment until it has taken effect."""
    pid = server.status().pid
    os.kill(pid, signal.SIGKILL)
    while not has_ended(pid):
        time.sleep(0.01)


def has_ended(pid):
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture
def program(shelf):
    """The binaries where every account can run them, wherever the checkout lies."""
    return postgres.installed().copied_to(shelf)


def run_as_server(server, command, **options):
    """A process of the account that the server runs as."""
    there = server.status().data.stat()
    lent = {"user": there.st_uid, "group": there.st_gid, "extra_groups": []} if ROOT else {}
    return subprocess.Popen(command, **lent, **options)


def start_elsewhere(server, then="", count=1):
    """`start()` in other processes, all let go in the same moment; what each returned."""
    story = (
        "import sys, os\nfrom pathlib import Path\nfrom slotbridge.kit import postgres\n"
        f"server = postgres.Server(Path({str(server.status().data.parent)!r}), durable=False)\n"
        f"sys.stdin.read()\nprint(server.start(), flush=True)\n{then}"
    )
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", story],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
        )
        for _ in range(count)
    ]
    for starter in starters:
        starter.stdin.close()
    answers = [starter.stdout.read().strip() for starter in starters]
    for starter in starters:
        starter.wait()
        starter.stdout.close()
    return answers


def test_a_new_server_is_what_the_schema_needs(new):
    address = new.url("postgres")

    assert new.start() is True

    assert new.url("postgres") == address
    assert ask(new, "SHOW data_checksums") == [("on",)]
    assert ask(new, "SHOW server_encoding") == [("UTF8",)]
    assert ask(new, "SHOW listen_addresses") == [("",)]
    assert ask(new, "SELECT upper('żółw'), 'ł' ~* 'Ł'") == [("ŻÓŁW", True)]
    for extension in ("btree_gist", "unaccent", "pg_trgm"):
        ask(new, f"CREATE EXTENSION {extension}")
    assert ask(new, "SELECT unaccent('Łódź')") == [("Lodz",)]
    # With LC_CTYPE=C, pg_trgm would see no letter but "w" here.
    assert ask(new, "SELECT cardinality(show_trgm('żółw'))") == [(5,)]


def test_only_a_test_server_is_allowed_to_forget(shelf):
    kept = postgres.Server(shelf / "kept")
    try:
        kept.start()
        assert ask(kept, "SHOW fsync") == [("on",)]
        assert ask(kept, "SHOW full_page_writes") == [("on",)]
    finally:
        kept.remove()


def test_starting_twice_and_stopping_twice_do_no_harm(server):
    assert [server.start(), server.start()] == [True, False]
    assert server.status().running
    assert ask(server, "SHOW server_version") == [(server.status().version,)]
    assert [server.stop(), server.stop()] == [True, False]
    assert not server.status().running


def test_starting_a_running_server_again_takes_no_time(server):
    server.start()
    begun = time.perf_counter()
    for _ in range(10):
        server.start()
    assert (time.perf_counter() - begun) / 10 < 0.05


def test_the_files_are_closed_to_other_accounts(server):
    server.start()
    found = server.status()
    for folder in (found.data.parent, found.data, found.socket):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(found.log.stat().st_mode) == 0o600
    assert found.data.stat().st_uid != 0


def test_the_log_never_quotes_a_statement(server):
    server.start()
    for wrong in ("SELECT 'Wymyslona'::int", "SELECT 1/0 AS wymyslona", "Wymyslona"):
        with pytest.raises(psycopg.Error):
            ask(server, wrong)
    server.stop()
    assert "wymyslona" not in server.status().log.read_text().lower()


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


@pytest.mark.parametrize("name", ["deep" * 30, "one,two", "ż ó'ł", "50%/c"])
def test_any_directory_name_will_do(shelf, name):
    odd = postgres.Server(shelf / name / "postgres", durable=False)
    address = odd.url("ó d")
    try:
        odd.start()
        odd.ensure_database("ó d")
        assert ask(odd, "SELECT current_database()", database="ó d") == [("ó d",)]
        assert odd.url("ó d") == address
    finally:
        odd.remove()


def test_a_socket_directory_that_others_may_enter_is_refused(shelf):
    deep = postgres.Server(shelf / ("deep" * 30) / "postgres", durable=False)
    trap = deep.status().socket
    trap.mkdir(mode=0o777)
    trap.chmod(0o777)
    try:
        with pytest.raises(postgres.DataDirectoryUnusable, match="private directory"):
            deep.start()
    finally:
        trap.rmdir()
        deep.remove()


def test_a_database_is_made_once(server):
    server.start()
    made = []
    makers = [
        threading.Thread(target=lambda: made.append(server.ensure_database("clinic")))
        for _ in range(4)
    ]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert sorted(made) == [False, False, False, True]


def test_data_of_another_postgresql_is_left_alone(server):
    server.start()
    server.stop()
    (server.status().data / "PG_VERSION").write_text("17\n")
    with pytest.raises(postgres.UpgradeNeeded, match=r"written by PostgreSQL 17.*restore the dump"):
        server.start()


def test_damage_is_told_with_the_servers_last_words(server):
    server.start()
    server.stop()
    (server.status().data / "global" / "pg_control").unlink()
    with pytest.raises(postgres.ServerWillNotStart, match="pg_control"):
        server.start()


def test_a_directory_closed_for_writing_is_told(server):
    server.start()
    server.stop()
    closed = (server.status().data, server.status().data.parent)
    for folder in closed:
        folder.chmod(0o500)
    try:
        with pytest.raises(postgres.DataDirectoryUnusable, match="owner or permissions"):
            server.start()
    finally:
        for folder in closed:
            folder.chmod(0o700)
    assert server.start() is True


def test_a_file_where_the_directory_should_be_is_told(shelf):
    (shelf / "taken").write_text("")
    with pytest.raises(postgres.DataDirectoryUnusable):
        postgres.Server(shelf / "taken" / "postgres").start()


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ('FATAL:  could not write lock file "postmaster.pid": No space left on device', "DiskFull"),
        ("initdb: error: could not write file: Disk quota exceeded", "DiskFull"),
        ("FATAL:  could not create lock file: Read-only file system", "DataDirectoryUnusable"),
        ("FATAL:  could not open file: Permission denied", "DataDirectoryUnusable"),
        ('FATAL:  data directory "x" has wrong ownership', "DataDirectoryUnusable"),
        ("FATAL:  could not map anonymous shared memory", "ServerWillNotStart"),
    ],
)
def test_every_refusal_has_its_own_name(tmp_path, words, kind):
    found = trouble.explain(words, tmp_path)
    assert type(found).__name__ == kind
    assert words in str(found)
    assert str(tmp_path) in str(found)


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


@as_root
def test_root_finds_a_place_when_its_own_is_closed_to_others(shelf):
    closed = shelf / "closed"
    closed.mkdir(mode=0o700)
    server = postgres.Server(closed / "var" / "postgres", durable=False)
    address = server.url("postgres")
    try:
        assert server.start() is True
        assert ask(server, "SELECT 1") == [(1,)]
        assert server.url("postgres") == address
        assert (closed / "var" / "postgres").is_symlink()
        assert server.start() is False
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        place = server.status().data.parent
    finally:
        server.remove()
    assert not place.exists()
    assert not (closed / "var" / "postgres").is_symlink()


@as_root
def test_a_lost_place_is_told_and_never_replaced_by_an_empty_one(shelf):
    closed = shelf / "closed"
    closed.mkdir(mode=0o700)
    (closed / "postgres").symlink_to(shelf / "lost")
    with pytest.raises(postgres.DataDirectoryUnusable, match="which is gone"):
        postgres.Server(closed / "postgres").start()


@as_root
def test_root_copies_binaries_that_others_cannot_reach(shelf):
    closed = shelf / "closed"
    closed.mkdir(mode=0o700)
    hidden = postgres.installed().copied_to(closed)
    server = postgres.Server(shelf / "postgres", durable=False, program=hidden)
    try:
        server.start()
        words = psutil.Process(server.status().pid).cmdline()
        assert Path(words[0]).is_relative_to(shelf / "postgres")
        assert ask(server, "CREATE EXTENSION pg_trgm") == []
    finally:
        server.remove()


@as_root
def test_root_in_somebodys_checkout_runs_the_server_as_that_account(shelf):
    somebody = pwd.getpwnam("daemon")
    checkout = shelf / "checkout"
    checkout.mkdir()
    os.chown(checkout, somebody.pw_uid, somebody.pw_gid)
    server = postgres.Server(checkout / "var" / "postgres", durable=False)
    try:
        server.start()
        assert server.status().data.stat().st_uid == somebody.pw_uid
        assert psutil.Process(server.status().pid).uids().effective == somebody.pw_uid
    finally:
        server.remove()


ORDINARY = """
import os, sys
from pathlib import Path
from slotbridge.kit import postgres
home, program, uid = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
program = postgres.Program(program, postgres.installed().version)
os.setgroups([]); os.setgid(uid); os.setuid(uid)
server = postgres.Server(home, program=program)
try:
    print(server.start(), server.start(), server.ensure_database("clinic"))
    print(server.status().data.stat().st_uid, server.stop())
except postgres.Trouble as trouble:
    print(type(trouble).__name__)
"""


def ordinary(home, program, uid):
    """The story of an ordinary account; the interpreter itself may lie where only root can go."""
    command = [sys.executable, "-c", ORDINARY, home, program, str(uid)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@as_root
def test_an_ordinary_account_runs_its_own_server_and_only_its_own(shelf, server):
    program = postgres.installed().copied_to(shelf).root
    shelf.chmod(0o777)
    daemon = pwd.getpwnam("daemon").pw_uid

    assert ordinary(shelf / "mine", program, daemon) == ["True False True", f"{daemon} True"]

    server.start()
    assert ordinary(shelf / "postgres", program, daemon) == ["DataDirectoryUnusable"]
    assert server.status().running


@as_root
def test_an_account_without_a_name_is_told(shelf):
    program = postgres.installed().copied_to(shelf).root
    shelf.chmod(0o777)
    nameless = next(uid for uid in range(4000, 5000) if not has_name(uid))
    assert ordinary(shelf / "mine", program, nameless) == ["NoOrdinaryAccount"]


def has_name(uid):
    return uid in {entry.pw_uid for entry in pwd.getpwall()}


def test_a_temporary_server_leaves_nothing():
    with postgres.temporary() as server:
        found = server.status()
        assert found.running
    assert not found.data.parent.parent.exists()
    assert has_ended(found.pid)
