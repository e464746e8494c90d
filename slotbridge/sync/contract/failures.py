"""How a portal fails: each named for what the caller does next."""

from __future__ import annotations

from datetime import timedelta


class PortalError(Exception):
    """Base of all. The text names the operation and the status, never what was sent."""


class TryLater(PortalError):
    """Nothing was done: the same again after a while (429, 5xx, no connection)."""

    def __init__(self, text: str, retry_after: timedelta | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class Refused(PortalError):
    """The portal will say the same next time: park it, and show a person why."""


class Gone(Refused):
    """What was named is not there (any more): a slot just taken, a booking moved away."""


class AccountRejected(PortalError):
    """Login or password were refused: stop talking, ask for new ones (A4)."""


class OutcomeUnknown(PortalError):
    """A write that must not be repeated blindly may or may not have been done: read first."""
