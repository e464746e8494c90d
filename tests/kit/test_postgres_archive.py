"""Dump and restore: all or nothing, and nothing that was there is lost by mistake."""

import itertools
import stat
import threading

import psycopg
import pytest

from slotbridge.kit import postgres

PROGRAM = postgres.installed()
_number = itertools.count(1)
CANARY = "Wymyslona"


@pytest.fixture(scope="module")
def server():
    with postgres.temporary() as server:
        yield server


@pytest.fixture
def clinic(server):
    """A database with something in it, of every kind that a dump must carry."""
    name = f"clinic {next(_number)}"
    server.ensure_database(name)
    address = postgres.Address.of(server.url(name))
    say(address, "CREATE EXTENSION btree_gist; CREATE EXTENSION pg_trgm; CREATE SCHEMA more")
    say(address, "CREATE TABLE visit (id int PRIMARY KEY, who text, during tstzrange)")
    say(address, "ALTER TABLE visit ADD EXCLUDE USING gist (id WITH =, during WITH &&)")
    say(address, "CREATE TABLE more.note AS SELECT 'zażółć'::text AS words")
    say(address, "INSERT INTO visit SELECT n, 'gość ' || n FROM generate_series(1, 5000) n")
    return address


def say(address, statement):
    with address.session() as session:
        cursor = session.execute(statement)
        return cursor.fetchall() if cursor.description else []


def content(address):
    visits = "SELECT count(*), max(who) FROM visit"
    return say(address, visits) + say(address, "SELECT words FROM more.note")


def test_a_restored_database_holds_what_was_dumped_and_nothing_else(clinic, tmp_path):
    before = content(clinic)
    done = postgres.dump(clinic, tmp_path / "clinic.dump", PROGRAM)
    assert done.size == (tmp_path / "clinic.dump").stat().st_size
    say(
        clinic, "DELETE FROM visit; DROP TABLE more.note; CREATE SCHEMA junk; CREATE TABLE junk.a()"
    )

    postgres.restore(clinic, tmp_path / "clinic.dump", PROGRAM, replace=True)

    assert content(clinic) == before
    assert say(clinic, "SELECT FROM pg_namespace WHERE nspname = 'junk'") == []
    say(clinic, "ALTER TABLE visit DROP CONSTRAINT visit_pkey")
    twice = "(0, 'x', '[2026-03-02,2026-03-03)')"
    with pytest.raises(psycopg.errors.ExclusionViolation):
        say(clinic, f"INSERT INTO visit VALUES {twice}, {twice}")


def test_a_dump_goes_into_an_empty_database_unasked(server, clinic, tmp_path):
    postgres.dump(clinic, tmp_path / "clinic.dump", PROGRAM)
    server.ensure_database("moved here")
    moved = postgres.Address.of(server.url("moved here"))

    postgres.restore(moved, tmp_path / "clinic.dump", PROGRAM)

    assert content(moved) == content(clinic)


def test_a_full_database_is_replaced_only_when_told(clinic, tmp_path):
    postgres.dump(clinic, tmp_path / "clinic.dump", PROGRAM)
    say(clinic, "DELETE FROM visit WHERE id > 7")
    with pytest.raises(postgres.DatabaseNotEmpty, match="--force"):
        postgres.restore(clinic, tmp_path / "clinic.dump", PROGRAM)
    assert content(clinic)[0] == (7, "gość 7")


def test_a_dump_is_private_and_never_half_written(clinic, tmp_path):
    file = tmp_path / "clinic.dump"
    postgres.dump(clinic, file, PROGRAM)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]

    nobody = postgres.Address({**clinic.parameters, "dbname": "no such"})
    with pytest.raises(postgres.NoAnswer):
        postgres.dump(nobody, tmp_path / "other.dump", PROGRAM)
    with pytest.raises(postgres.DumpFailed):
        postgres.dump(clinic, tmp_path / "no such folder" / "clinic.dump", PROGRAM)
    assert list(tmp_path.iterdir()) == [file]


def test_an_older_dump_is_overwritten_only_when_told(clinic, tmp_path):
    file = tmp_path / "clinic.dump"
    file.write_text("the only copy")
    with pytest.raises(postgres.DumpExists):
        postgres.dump(clinic, file, PROGRAM)
    assert file.read_text() == "the only copy"
    postgres.dump(clinic, file, PROGRAM, overwrite=True)
    assert file.read_bytes().startswith(b"PGDMP")


@pytest.mark.parametrize("damage", ["torn", "flipped", "no dump", "empty", "missing"])
def test_a_bad_dump_leaves_everything_as_it_was(clinic, tmp_path, damage):
    file = tmp_path / "clinic.dump"
    postgres.dump(clinic, file, PROGRAM)
    whole = file.read_bytes()
    flipped = bytearray(whole)
    middle = whole.index(b"\x78\x9c") + 400  # within the compressed rows
    flipped[middle : middle + 8] = b"slotbrid"
    damaged = {"torn": whole[:-3000], "flipped": flipped, "no dump": b"hello", "empty": b""}
    file.unlink()
    if damage in damaged:
        file.write_bytes(damaged[damage])
    before = content(clinic)

    with pytest.raises(postgres.DumpUnusable, match=r"damaged|cannot be read"):
        postgres.restore(clinic, file, PROGRAM, replace=True)

    assert content(clinic) == before


def test_a_dump_that_postgresql_refuses_leaves_everything_and_names_nobody(clinic, tmp_path):
    say(clinic, f"INSERT INTO visit VALUES (9999, '{CANARY}')")
    say(
        clinic,
        "CREATE FUNCTION polite(who text) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS "
        "$$ BEGIN RETURN true; END $$; ALTER TABLE visit ADD CHECK (polite(who))",
    )
    refuse = f"IF who = '{CANARY}' THEN RAISE 'rude: %', who USING ERRCODE = 'check_violation';"
    say(
        clinic,
        "CREATE OR REPLACE FUNCTION polite(who text) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS "
        f"$$ BEGIN {refuse} END IF; RETURN true; END $$",
    )
    postgres.dump(clinic, tmp_path / "clinic.dump", PROGRAM)
    before = content(clinic)

    with pytest.raises(postgres.RestoreFailed, match="23514 CheckViolation") as refused:
        postgres.restore(clinic, tmp_path / "clinic.dump", PROGRAM, replace=True)

    assert CANARY not in str(refused.value)
    assert content(clinic) == before


def test_nothing_is_restored_under_other_sessions(clinic, tmp_path):
    postgres.dump(clinic, tmp_path / "clinic.dump", PROGRAM)
    with clinic.session(), clinic.session(), pytest.raises(postgres.DatabaseInUse, match="2 other"):
        postgres.restore(clinic, tmp_path / "clinic.dump", PROGRAM, replace=True)


def test_a_session_that_is_just_ending_does_not_stand_in_the_way(clinic, tmp_path):
    postgres.dump(clinic, tmp_path / "clinic.dump", PROGRAM)
    with psycopg.connect(**clinic.parameters) as leaving:
        closing = threading.Timer(0.3, leaving.close)
        closing.start()
        postgres.restore(clinic, tmp_path / "clinic.dump", PROGRAM, replace=True)
        closing.join()


def test_a_password_is_for_the_environment_only():
    address = postgres.Address.of("postgresql://me:geheim@db.example:5433/x?sslmode=require")
    assert "geheim" not in address.conninfo + repr(address)
    assert "sslmode=require" in address.conninfo
    assert address.environment["PGPASSWORD"] == "geheim"
