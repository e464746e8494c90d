"""`slotbridge sandbox` as it is started: a process of its own, over real HTTP."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest
from django.conf import settings

REPOSITORY = Path(__file__).parents[2]
TOKEN = "control-token-of-a-test-" + "0" * 16
PATIENCE = 40  # seconds

pytestmark = [pytest.mark.processes, pytest.mark.django_db(databases=["sandbox"])]


@pytest.fixture
def database(db):
    """A database of the process's own, on the suite's server; its URL."""
    named = settings.DATABASES["sandbox"]
    where = {"host": named["HOST"], "port": named["PORT"] or 5432, "user": named["USER"]}
    if named["PASSWORD"]:
        where["password"] = named["PASSWORD"]
    name = f"sandbox_process_{os.getpid()}"
    with psycopg.connect(**where, dbname="postgres", autocommit=True) as session:
        session.execute(f'CREATE DATABASE "{name}"')
    password = f":{named['PASSWORD']}" if named["PASSWORD"] else ""
    options = f"host={named['HOST']}&port={named['PORT'] or 5432}"
    yield f"postgresql://{named['USER']}{password}@/{name}?{options}"
    with psycopg.connect(**where, dbname="postgres", autocommit=True) as session:
        session.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def sandbox(database, tmp_path, socket_enabled):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "SANDBOX_DATABASE_URL": database,
        "SLOTBRIDGE_DATA": str(tmp_path),
        "SLOTBRIDGE_SANDBOX_CONTROL_TOKEN": TOKEN,
        "DJANGO_SETTINGS_MODULE": "slotbridge.config.sandbox",
    }
    command = [sys.executable, "-m", "slotbridge", "sandbox", "--port", str(port)]
    process = subprocess.Popen(command, cwd=REPOSITORY, env=environment)
    http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10)
    try:
        _await(http)
        yield process, http
    finally:
        http.close()
        for each in [*_children(process), process] if process.poll() is None else []:
            each.kill()
        process.wait(PATIENCE)


def _await(http):
    until = time.monotonic() + PATIENCE
    while True:
        try:
            if http.get("/_sandbox/health").status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < until, "the sandbox did not come up"
        time.sleep(0.1)


def _children(process):
    return psutil.Process(process.pid).children(recursive=True)


def test_it_serves_pages_and_api_holds_a_time_out_and_ends_on_sigterm(sandbox):
    process, http = sandbox
    control = {"Authorization": f"Bearer {TOKEN}"}
    seed = {"name": "Przychodnia Jaworowa", "doctors": []}
    made = http.post("/_sandbox/seed", json=seed, headers=control).json()
    token = http.post(
        "/oauth/v2/token",
        auth=(made["client_id"], made["client_secret"]),
        data={"grant_type": "client_credentials"},
    ).json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    facilities = http.get("/api/v3/integration/facilities", headers=bearer)

    assert facilities.json()["_items"][0]["id"] == made["facility_id"]
    assert "Znajdź lekarza" in http.get("/").text
    rule = {"target": "getFacilities", "effect": "timeout-after", "seconds": 1.5}
    assert http.post("/_sandbox/faults", json=rule, headers=control).status_code == 200
    with pytest.raises(httpx.ReadTimeout):
        http.get("/api/v3/integration/facilities", headers=bearer, timeout=0.5)
    assert http.get("/api/v3/integration/facilities", headers=bearer).status_code == 200

    started = _children(process)
    process.send_signal(signal.SIGTERM)
    process.wait(PATIENCE)
    assert started
    assert psutil.wait_procs(started, timeout=PATIENCE)[1] == []
