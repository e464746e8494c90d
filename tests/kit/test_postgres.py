"""The embedded server in ordinary life: what it is, who may use it, what it says."""

import os
import pwd
import stat
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import psycopg
import pytest

from slotbridge.kit import postgres
from slotbridge.kit.postgres import trouble
from tests.kit.servers import REPOSITORY, ROOT, ask, has_ended

as_root = pytest.mark.skipif(not ROOT, reason="only root can lend the server another account")


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


def test_starting_a_running_server_again_leaves_it_alone(server):
    server.start()
    before = server.status()
    assert [server.start() for _ in range(10)] == [False] * 10
    assert (server.status().pid, server.status().since) == (before.pid, before.since)


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
