"""Ctrl-C, SIGTERM, a closed terminal: noticed anywhere, but never between inseparable acts."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopping:
    """Turns the first of these signals into a KeyboardInterrupt."""

    def __init__(self) -> None:
        self._is_asked = False
        self._is_held = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Within it, the signals are ours; what was there before comes back."""
        before = {each: signal.signal(each, self._hear) for each in _SIGNALS}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Within it nothing is interrupted; what came meanwhile takes effect at the end."""
        self._is_held = True
        try:
            yield
        finally:
            self._is_held = False
        self.check()

    def no_more(self) -> None:
        """From now on nothing is interrupted: the end is on its way, and has its own patience."""
        self._is_held = True

    def check(self) -> None:
        """Raises KeyboardInterrupt if one was asked for.

        An exception that a signal raises can be lost, in a destructor for example: whoever waits
        looks here, too.
        """
        if self._is_asked and not self._is_held:
            raise KeyboardInterrupt

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        self._is_asked = True
        self.check()
