"""The same work in several processes at once, each with connections of its own."""

from collections.abc import Callable, Sequence
from importlib import import_module
from multiprocessing import get_context
from time import monotonic
from typing import Any

from benchmarks import preloaded

_PATIENCE = 120  # seconds until all are ready


def together(work: str, shares: Sequence[Any]) -> tuple[float, list[Any]]:
    """Calls `module:function` with each share in a process of its own; what it returns is called
    when all are ready. Returns the seconds from then until the last is done, and their answers.
    """
    processes = get_context("forkserver")
    processes.set_forkserver_preload([preloaded.__name__])
    barrier = processes.Barrier(len(shares))
    with processes.Pool(
        len(shares), initializer=_begin, initargs=(barrier,), maxtasksperchild=1
    ) as pool:
        done = pool.starmap(_one, [(work, share) for share in shares], chunksize=1)
    begun, ended, answers = zip(*done, strict=True)
    return max(ended) - min(begun), list(answers)


_barrier: Any = None


def _begin(barrier: Any) -> None:
    global _barrier  # noqa: PLW0603 - how multiprocessing hands a barrier to its processes
    _barrier = barrier


def _one(work: str, share: Any) -> tuple[float, float, Any]:
    """The clock is the machine's, so what two processes read can be compared."""
    module, function = work.split(":")
    go: Callable[[], Any] = getattr(import_module(module), function)(share)
    _barrier.wait(_PATIENCE)
    begun = monotonic()
    answer = go()
    return begun, monotonic(), answer
