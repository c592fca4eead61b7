"""A clock for time limits that does not count the time in which its own process stood still."""

from __future__ import annotations

import time
from collections.abc import Callable

#: Between two looks at the clock, seconds: more means that this process stood still (SIGSTOP, a frozen container), and
#: then only so much of it counts.
GAP_S, COUNTED_S = 2.0, 0.2


class ObservedClock:
    """Monotonic time as far as somebody looked.

    What nobody observed says nothing of what was observed: whoever was stopped together with all that it watches finds
    nothing late when it goes on. To be asked at least once a second while something is timed.

    Args:
        clock: Monotonic clock, seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen = clock()
        self.skipped_s = 0.0
        """How much was not counted so far, seconds."""

    def __call__(self) -> float:
        now = self._clock()
        gap, self._seen = now - self._seen, now
        if gap > GAP_S:
            self.skipped_s += gap - COUNTED_S
        return now - self.skipped_s
