"""What processes that work together begin with: everything imported, nothing connected.

Python's fork server loads it once, so that each of them starts in milliseconds.
"""

import django

django.setup()

from slotbridge.connectors.docplanner import connector  # noqa: E402 - models need django.setup()
from slotbridge.his import visits  # noqa: E402 - as above
from slotbridge.sync import engine  # noqa: E402 - as above

__all__ = ["connector", "engine", "visits"]
