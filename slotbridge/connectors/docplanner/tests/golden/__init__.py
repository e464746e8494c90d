"""The contract's own example of every notification, one file each.

`python -m slotbridge.connectors.docplanner.tests.golden` writes them anew from the contract.
"""

from pathlib import Path

HERE = Path(__file__).parent
SOURCE = "contract-1.14.0.2026-11-21"


def body(event: str) -> bytes:
    return (HERE / f"{event}.{SOURCE}.json").read_bytes()


def events() -> list[str]:
    return sorted(path.name.split(".")[0] for path in HERE.glob(f"*.{SOURCE}.json"))
