"""The contract's own example of every notification, one file each.

`python -m slotbridge.connectors.docplanner.tests.golden` writes them anew from the contract.
"""

import json
from pathlib import Path

from slotbridge.connectors.docplanner import messages, site

HERE = Path(__file__).parent
SOURCE = "contract-1.14.0.2026-11-21"


def body(event: str) -> bytes:
    return (HERE / f"{event}.{SOURCE}.json").read_bytes()


def events() -> list[str]:
    return sorted(path.name.split(".")[0] for path in HERE.glob(f"*.{SOURCE}.json"))


def told(event, **changes):
    """The golden notification with parts of its data replaced; None removes one."""
    found = json.loads(body(event))
    for name, value in changes.items():
        found["data"][name] = value
        if value is None:
            del found["data"][name]
    return json.dumps(found).encode()


def booking_told(event="slot-booked", part="visit_booking", **changes):
    booking = json.loads(body(event))["data"][part]
    return told(event, **{part: booking | changes})


def read(told_body, **settings):
    """The event in a body, as a connector with these settings reads it."""
    return messages.read_message(told_body, site.read(settings))
