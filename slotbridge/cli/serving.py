"""A WSGI application behind Granian, in the foreground."""

import socket

import typer
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from slotbridge.cli import ports

_PATIENCE = 15  # seconds until a worker that does not end is killed


def run(target: str, host: str, port: int, *, threads: int, workers: int = 1) -> None:
    """Serves `target` ("module:name") until SIGTERM or Ctrl-C; returns when its workers ended.

    A port that is in use ends the program with a sentence.
    """
    try:
        address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0]
    except OSError:
        typer.echo(f"{host} is not an address of this machine: choose another --host.", err=True)
        raise typer.Exit(1) from None
    if not ports.is_free(str(address), port):
        typer.echo(
            f"Port {port} of {host} is in use, or not ours to use: choose another --port.", err=True
        )
        raise typer.Exit(1)
    Granian(
        target,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        workers_kill_timeout=_PATIENCE,
        log_level=LogLevels.error,  # its warning about threads does not know what they are for
    ).serve()
