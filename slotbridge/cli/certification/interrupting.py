"""Ctrl-C, SIGTERM, a closed terminal: noticed while waiting, never in the middle of an act."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SLICE = 0.2  # seconds: how soon one is noticed

sleep = time.sleep


class Interrupting:
    def __init__(self) -> None:
        self._is_asked = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Within it the signals are ours; what was there before comes back."""
        before = {each: signal.signal(each, self._hear) for each in _SIGNALS}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    def pause(self, seconds: float) -> None:
        """Sleeps. Raises KeyboardInterrupt, once for what was asked meanwhile or before."""
        while seconds > 0 and not self._is_asked:
            sleep(min(seconds, _SLICE))
            seconds -= _SLICE
        if self._is_asked:
            self._is_asked = False
            raise KeyboardInterrupt

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        self._is_asked = True
