"""Settings of `slotbridge demo`: the hub's, with a database and secrets of its own in <data>/demo.

The programs that the demo starts read this process's environment. What is set there for a real
installation (its database, its address, its secrets) must not reach them, so it is taken out here,
before any setting is read. The demo's command has set the address of the demo itself.
"""

import os

from slotbridge.config import home
from slotbridge.kit import postgres

_DATA = home.data_directory() / "demo"
_KEPT = {"SLOTBRIDGE_PUBLIC_URL", "SLOTBRIDGE_PORTAL_URL", "SLOTBRIDGE_LOG_LEVEL"}
for _name in [*os.environ]:
    if (_name.startswith("SLOTBRIDGE_") or _name.endswith("DATABASE_URL")) and _name not in _KEPT:
        del os.environ[_name]
# The portal of the demo, its sandbox, is on this machine.
os.environ |= {"SLOTBRIDGE_DATA": str(_DATA), "SLOTBRIDGE_PRIVATE_PORTALS": "yes"}

from slotbridge.config.settings import *  # noqa: E402, F403 - the hub's settings, read after that

# Nobody misses the data of a demo: nothing is flushed to disk.
EMBEDDED_POSTGRES = postgres.Server(_DATA / "postgres", durable=False)
SANDBOX_CONTROL_TOKEN = home.secret("SLOTBRIDGE_SANDBOX_CONTROL_TOKEN")
