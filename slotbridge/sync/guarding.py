"""One bad record stops only itself (promise 8)."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from django.db import OperationalError
from django.utils.translation import gettext_noop as _noop

from slotbridge.sync.contract import PortalError
from slotbridge.sync.queue import LeaseLost

log = structlog.stdlib.get_logger(__name__)

OURS = _noop(
    "This program could not do it: the log names the place. Tell its makers, then try again."
)


def guarded(work: Callable[[], None], park: Callable[[], object]) -> bool:
    """Does it; what nobody foresaw is parked and logged. True: there was something to do."""
    try:
        work()
    except (PortalError, LeaseLost, OperationalError):
        raise  # what the engine knows how to wait for; a deadlock among them
    except Exception:
        log.exception("work parked")
        park()
    return True
