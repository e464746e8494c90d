"""Which TCP ports of this machine can be listened on."""

import socket
from collections.abc import Collection


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now. Granian itself would share a port in silence."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # Not held up by connections of a server that has just ended.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def first_free(preferred: int, *, but: Collection[int] = (), host: str = "127.0.0.1") -> int:
    """`preferred` or the next free port after it. Raises OSError if none of a thousand is."""
    for port in range(preferred, min(preferred + 1000, 65536)):
        if port not in but and is_free(host, port):
            return port
    raise OSError(f"no free port from {preferred} on")
