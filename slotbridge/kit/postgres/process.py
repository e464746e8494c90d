"""Which process is the server of a data directory, and what a killed one left behind.

A pid proves nothing: it may be a zombie's, or given to a stranger since. A process is the
server's when its working directory is the data directory: PostgreSQL's never leave it.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

# Larger than any pid that Linux or macOS gives out.
_NOBODYS_PID = 2**22 + 1
_LINE_OF_STATE = 7


@dataclass(frozen=True)
class PidFile:
    """What postmaster.pid says."""

    pid: int
    ready: bool


def read(data: Path) -> PidFile | None:
    try:
        lines = (data / "postmaster.pid").read_text(errors="replace").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not lines or not lines[0].strip().isdecimal():
        return None  # being written this moment
    state = lines[_LINE_OF_STATE].strip() if len(lines) > _LINE_OF_STATE else ""
    return PidFile(int(lines[0]), state == "ready")


def alive(process: psutil.Process | int) -> bool:
    """Whether `process` (or this pid) still runs; a zombie does not."""
    try:
        if isinstance(process, int):
            process = psutil.Process(process)
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def postmaster(data: Path, mark: str) -> psutil.Process | None:
    """The live server of `data`; None when its pid is dead, a zombie's or a stranger's."""
    said = read(data)
    if said is None:
        return None
    try:
        process = psutil.Process(said.pid)
        return process if alive(process) and _belongs(process, data, mark) else None
    except (psutil.NoSuchProcess, OverflowError):
        return None


def remains(data: Path, mark: str) -> list[psutil.Process]:
    """Live processes of a server of `data`, postmaster or orphans of a killed one."""
    found = []
    for process in psutil.process_iter():
        try:
            if alive(process) and _belongs(process, data, mark):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def _belongs(process: psutil.Process, data: Path, mark: str) -> bool:
    if process.name() != "postgres":
        return False
    words = process.cmdline() or [""]
    named = str(data) in words or words[0].startswith(f"postgres: {mark}:")
    try:
        # The link itself, not the path it shows: in a container that path means another place.
        there = os.stat(f"/proc/{process.pid}/cwd")  # noqa: PTH116 - a Path would read no better
    except OSError:
        return named  # no /proc, or root without the right to look (a container's default)
    if there.st_nlink == 0:
        return named  # its data directory was deleted under it
    try:
        return os.path.samestat(there, data.stat())
    except FileNotFoundError:
        return False


def end(processes: list[psutil.Process], signal: int, patience: float) -> bool:
    """Sends `signal` to each and waits `patience` seconds; whether all have ended."""
    for process in processes:
        try:
            process.send_signal(signal)
        except psutil.NoSuchProcess:
            continue
    until = time.monotonic() + patience
    while any(alive(process) for process in processes):
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def disown(data: Path) -> None:
    """Takes a zombie's or a stranger's pid out of postmaster.pid, before a start.

    PostgreSQL would take it for a running server and refuse. The rest of the file stays: by the
    shared memory it names PostgreSQL itself makes sure that no orphan writes any more.
    """
    said = read(data)
    if said is None or not psutil.pid_exists(said.pid):
        return
    handle = os.open(data / "postmaster.pid", os.O_RDWR | os.O_NOFOLLOW)
    with os.fdopen(handle, "r+", errors="replace") as file:
        rest = file.read().splitlines(keepends=True)[1:]
        file.seek(0)
        file.write("".join([f"{_NOBODYS_PID}\n", *rest]))
        file.truncate()
