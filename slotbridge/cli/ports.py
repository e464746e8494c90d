"""Which TCP ports of this machine can be listened on, and keeping one until it is.

Granian listens with SO_REUSEPORT: a second server would share a port of the same account in
silence, and a port that we keep with that option can be listened on by our own programs.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

_HOST = "127.0.0.1"


def is_free(host: str, port: int) -> bool:
    """Whether a server of ours could listen there now, and nobody does."""
    try:
        with _bound(host, port, shared=True):
            pass
    except OSError:
        return False
    with socket.socket(_family(host)) as caller:
        caller.settimeout(1)
        return caller.connect_ex((host, port)) != 0


@contextmanager
def kept(preferred: int) -> Iterator[int]:
    """`preferred` or the next port after it that nobody has; within it, only programs of this
    account can listen there. Raises OSError if none of a thousand is free.
    """
    for port in range(preferred, min(preferred + 1000, 65536)):
        try:
            with _bound(_HOST, port, shared=False):
                pass
            keeper = _bound(_HOST, port, shared=True)
        except OSError:
            continue
        with keeper:
            yield port
            return
    raise OSError(f"no free port from {preferred} on")


def _bound(host: str, port: int, *, shared: bool) -> socket.socket:
    """A socket that has the port and does not listen."""
    made = socket.socket(_family(host))
    try:
        # Both are not held up by connections of a server that has just ended.
        option = socket.SO_REUSEPORT if shared else socket.SO_REUSEADDR
        made.setsockopt(socket.SOL_SOCKET, option, 1)
        made.bind((host, port))
    except OSError:
        made.close()
        raise
    return made


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
