"""`slotbridge …` in processes of their own, with databases of their own in the suite's cluster."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

REPOSITORY = Path(__file__).parents[2]
PATIENCE = 90  # seconds; the machine may be busy with the rest of the suite


def environment(data, **more):
    """As after a log-in: nothing of the suite's own but the way to the package."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SLOTBRIDGE_", "DJANGO_", "LC_", "LANG", "COVERAGE"))
        and not name.endswith("DATABASE_URL")
    }
    return kept | {
        "SLOTBRIDGE_DATA": str(data),
        "PYTHONPATH": str(REPOSITORY),
        "LANG": "C.UTF-8",
        **{name: str(value) for name, value in more.items()},
    }


def run(*words, env, **options):
    return subprocess.run(
        [sys.executable, "-m", "slotbridge", *map(str, words)],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        **options,
    )


@contextmanager
def started(*words, env, output, **options):
    """A program that runs; killed at the end if the test did not end it."""
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "slotbridge", *map(str, words)],
            env=env,
            stdout=file,
            stderr=subprocess.STDOUT,
            **options,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def until(look, within=PATIENCE, what=""):
    ends = time.monotonic() + within
    while not (found := look()):
        assert time.monotonic() < ends, what or "waited in vain"
        time.sleep(0.05)
    return found


@contextmanager
def database(name):
    """The address of an empty database in the suite's cluster, dropped at the end."""
    address = os.environ["DATABASE_URL"]
    name = f"{name}_{os.getpid()}"
    base, _, options = address.partition("?")
    with psycopg.connect(address, autocommit=True) as session:
        session.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield f"{base.rpartition('/')[0]}/{name}" + (f"?{options}" if options else "")
        finally:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            session.execute(drop)
