"""How long to wait before trying again."""

import random
from datetime import timedelta

FIRST = timedelta(seconds=2)
LONGEST = timedelta(minutes=15)


def wait(attempts: int, retry_after: timedelta | None = None) -> timedelta:
    """The wait after `attempts` failures in a row (1, 2, …): doubling, capped, with jitter.

    What the other side asked for (`retry_after`) is the least we wait. Jitter, of a quarter
    either way, keeps many accounts from knocking at one recovering portal together.
    """
    doubled: timedelta = FIRST * 2 ** min(max(attempts - 1, 0), 16)
    waiting = min(doubled, LONGEST) * random.uniform(0.75, 1.25)  # noqa: S311 - not a secret
    return max(waiting, retry_after or timedelta())
