"""What the tests of the embedded server ask of it and do to it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import psycopg

ROOT = os.geteuid() == 0
REPOSITORY = Path(__file__).parents[2]


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
